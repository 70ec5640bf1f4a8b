"""Days as the law counts them: working days, months, and the UK date of a moment (R-5 to R-9)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
LONDON = ZoneInfo("Europe/London")
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)  # a day outside is a slip of the pen


class ClockError(ValueError):
    """What was given cannot have happened. The words say what to put right."""


@dataclass(frozen=True)
class BankHolidays:
    """The bank holidays of one nation, and between which days they are known for certain (both included).

    Outside of these days `days` is a best guess. A range that ends before it begins says: nothing is certain.
    """

    days: frozenset[date]
    known_from: date
    known_until: date

    def works(self, day: date) -> bool:
        """Whether `day` is a working day (R-7)."""
        return day.weekday() < 5 and day not in self.days

    def working_day(self, day: date) -> date:
        """`day`, or the first working day after it (R-7)."""
        while not self.works(day):
            day += DAY
        return day

    def certain(self, first: date, last: date) -> bool:
        """Whether every day from `first` to `last` is known for certain (R-27)."""
        return self.known_from <= first and last <= self.known_until


def received_day(moment: datetime) -> date:
    """The UK date on which something came (R-9). Raises ClockError for a time without its zone."""
    if moment.utcoffset() is None:
        raise ClockError("A time needs its zone, for example 2026-07-31T23:30:00Z.")
    try:
        return moment.astimezone(UTC).astimezone(LONDON).date()
    except OverflowError:
        raise ClockError("That day cannot be right. Check the year.") from None


def add_months(day: date, months: int) -> date:
    """The same date `months` later, or the last day of that month where it has no such date (R-5, R-6)."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - DAY)


def check_day(day: date) -> None:
    """Raises ClockError where `day` is not a plain date, or is outside the years that can be meant."""
    if isinstance(day, datetime):
        raise ClockError("The clock counts days. Give the UK date, not a time.")
    if not EARLIEST <= day <= LATEST:
        raise ClockError(f"{day} cannot be right. Check the year.")

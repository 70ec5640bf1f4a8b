"""Dates as feeds write them, and whether they can be true. Nothing is refused for its date: it is kept and flagged."""

from __future__ import annotations

import datetime
import functools
import re
from dataclasses import dataclass

EARLIEST = datetime.date(1900, 1, 1)
LONGEST_PREGNANCY = datetime.timedelta(days=300)  # help can begin before a birth, but not before there is a child
OLDEST = 26  # years; a record can run to the twenty-fifth year

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T[0-9:.Z+-]*)?")
_BRITISH = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")

UNREADABLE = "unreadable-date"
IMPLAUSIBLE = "implausible-date"
BEFORE_BIRTH = "before-birth"


@functools.lru_cache(maxsize=1 << 12)  # the same days come again and again
def parse(text: str) -> datetime.date | None:
    """A day written 2024-03-31 (a time of day after it is ignored) or 31/03/2024; None for anything else."""
    if iso := _ISO.fullmatch(text):
        year, month, day = iso.groups()
    elif british := _BRITISH.fullmatch(text):
        day, month, year = british.groups()
    else:
        return None
    try:
        return datetime.date(int(year), int(month), int(day))
    except ValueError:
        return None


def latest_for(reference: datetime.date | None) -> datetime.date | None:
    """The last day that can be meant in a file drawn up on `reference`: a year after it. None if that is not known."""
    if reference is None or reference.year == datetime.MAXYEAR:
        return None
    return _years_after(reference, 1)


@dataclass(frozen=True)
class Bounds:
    """What the days of one child are held against: the file's last possible day and the day of birth."""

    reference: datetime.date | None = None
    birth: datetime.date | None = None

    def flags(self, day: datetime.date, *, start: datetime.date | None = None) -> tuple[str, ...]:
        """What looks wrong with a day; `start` is the day before which it cannot lie (the end of a plan)."""
        latest = latest_for(self.reference)
        if day < EARLIEST or (latest and day > latest) or (start and day < start):
            return (IMPLAUSIBLE,)
        if self.birth and day < self.birth:
            return (IMPLAUSIBLE,) if self.birth - day > LONGEST_PREGNANCY else (BEFORE_BIRTH,)
        return ()

    def flags_of(self, text: str, *, start: datetime.date | None = None, birth: bool = False) -> tuple[str, ...]:
        """What looks wrong with a day as it was written; `birth` when it is the day of birth itself."""
        day = parse(text)
        if day is None:
            return (UNREADABLE,)
        return self.birth_flags(day) if birth else self.flags(day, start=start)

    def birth_flags(self, day: datetime.date) -> tuple[str, ...]:
        """What looks wrong with a day of birth: also an age at which nobody is in a children's record."""
        too_old = self.reference is not None and day.year + OLDEST < self.reference.year
        return (IMPLAUSIBLE,) if too_old else Bounds(self.reference).flags(day)


def _years_after(day: datetime.date, years: int) -> datetime.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)

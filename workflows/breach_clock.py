"""The 72 hours within which the regulator is told of a breach: UK GDPR Article 33(1).

The one clock that counts hours. They run from the moment the breach became known, through nights, weekends and bank
holidays; nothing stops or extends them.
"""

from datetime import UTC, datetime, timedelta

from workflows.clock_terms import Clock, Why
from workflows.days import ClockError, received_day
from workflows.words import mark as _

HOURS = 72


def deadline(aware: datetime) -> datetime:
    """The moment, in UTC, at which the time ends for a breach that became known at `aware`.

    Raises ClockError for a time without its zone: an hour may be missing or double when the clocks change."""
    if aware.utcoffset() is None:
        raise ClockError("A time needs its zone, for example 2026-07-31T23:30:00Z.")
    try:
        return aware.astimezone(UTC) + timedelta(hours=HOURS)
    except OverflowError:
        raise ClockError("That day cannot be right. Check the year.") from None


def reading(aware: datetime) -> Clock:
    """The same as the other clocks say it, by UK dates: due on the day on which the 72 hours end."""
    first, last = received_day(aware), received_day(deadline(aware))
    why = Why(
        text=_("We have 72 hours from the moment we knew of it. Weekends and holidays count."),
        rule="UK GDPR Article 33(1)",
        first=first,
        last=last,
    )
    return Clock(law=None, received=first, start=first, excluded_days=0, due=last, why=(why,))

"""The days on which the demo's cases happened.

A ledger with every event on one day would show no clock, no timeline and no date that moved. So each act is done on its
own day: the portal has one clock, `db.now`, and here it is turned back while an act is done. Only the command that
makes the demo's data does this, before anything is served.
"""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from contextlib import contextmanager

from portal import db

SATURDAY = 5
OPENS = datetime.time(8, 30, tzinfo=datetime.UTC)


def working_day(today: datetime.date, ago: int) -> datetime.date:
    """The day `ago` days before today, moved back to a Friday where it is a weekend; today stays today."""
    day = today - datetime.timedelta(days=ago)
    return day - datetime.timedelta(days=max(0, day.weekday() - SATURDAY + 1)) if ago else day


def birthday(today: datetime.date, years: int, days: int) -> datetime.date:
    """The birth date of somebody who has been `years` old for `days` days (below a year)."""
    year = today.year - years
    leap = today.month == 2 and today.day == 29  # a year without it: the day before
    return today.replace(year=year, day=28 if leap else today.day) - datetime.timedelta(days=days)


@contextmanager
def on(day: datetime.date, minutes: int) -> Iterator[None]:
    """Does what follows on `day`, some minutes after the office opened, but never later than now."""
    real = db.now
    when = min(datetime.datetime.combine(day, OPENS) + datetime.timedelta(minutes=minutes), real())
    began = time.monotonic()
    db.now = lambda: when + datetime.timedelta(seconds=time.monotonic() - began)
    try:
        yield
    finally:
        db.now = real

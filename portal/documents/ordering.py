"""The order in which a released copy is read on the portal: by category, as on paper, or by time (design section 5).

Made of the frozen Pack alone: the same entries under the same numbers, so that what was approved is what is read. The
file stays by category, because it has one hash."""

from __future__ import annotations

import datetime

from portal.documents import information
from portal.documents.pack import Category, Entry, Pack
from workflows.words import mark as _

BY_CATEGORY, BY_TIME = "category", "time"
UNDATED = _("Without a date")


def order_of(asked: str | None) -> str:
    """The order that was asked for; by category for anything else."""
    return BY_TIME if asked == BY_TIME else BY_CATEGORY


def parts(pack: Pack, order: str) -> tuple[Category, ...]:
    """The parts of the copy in this order. By time each part is a year, the oldest first, then what has no date; what
    is of one day stays in the order of its numbers."""
    if order != BY_TIME:
        return pack.categories
    years: dict[str, list[Entry]] = {}
    for entry in sorted(pack.entries, key=_place):
        day = information.day_of(entry.when)
        years.setdefault(str(day.year) if day else UNDATED, []).append(entry)
    return tuple(Category(name=year, entries=tuple(entries)) for year, entries in years.items())


def kinds(pack: Pack, order: str) -> dict[int, str]:
    """By time, the category of each number: it stands in no heading there."""
    if order != BY_TIME:
        return {}
    return {entry.number: category.name for category in pack.categories for entry in category.entries}


def _place(entry: Entry) -> tuple[bool, datetime.date, int]:
    day = information.day_of(entry.when)
    return day is None, day or datetime.date.min, entry.number

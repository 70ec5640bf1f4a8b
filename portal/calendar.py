"""The bank holidays of the three nations, for the clock (R-26, R-27).

They come from the `holidays` package, so that nothing is fetched. An operator's file puts right what the
package cannot know yet: holidays are proclaimed at short notice.
"""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import holidays
from holidays.version import __version__ as holidays_version

from workflows.days import BankHolidays
from workflows.facts import Nation

# The package computes any year from the rules of today; that is a guess beyond the years that have been
# published. The government's own list, to which the pinned release was compared, runs from 2012 to 2028.
# Move KNOWN_UNTIL only together with a release that was compared to a longer list.
KNOWN_FROM = date(2012, 1, 1)
KNOWN_UNTIL = date(2028, 12, 31)
_GUESSED_UNTIL = 2100  # where the package ends
_NOTHING_KNOWN = date.min

_SUBDIVISION = {
    Nation.ENGLAND_AND_WALES: "ENG",
    Nation.SCOTLAND: "SCT",
    Nation.NORTHERN_IRELAND: "NIR",
}


class CalendarError(Exception):
    """The file of bank holidays cannot be used; the words say what to put right."""


@dataclass(frozen=True)
class Change:
    """What an operator adds to one nation's bank holidays and takes away from them."""

    add: frozenset[date] = frozenset()
    remove: frozenset[date] = frozenset()


@dataclass(frozen=True)
class HolidayCalendar:
    """Bank holidays by nation; `known_until` is the last day for which they are certain, in every nation."""

    known_until: date = KNOWN_UNTIL
    changes: Mapping[Nation, Change] = field(default_factory=dict)
    source: str = f"holidays {holidays_version}"

    @classmethod
    def load(cls, path: Path | None = None) -> HolidayCalendar:
        """The calendar with the operator's file, if there is to be one.

        A file that should be there and is not may have held a holiday that nobody else knows of: then no day
        is certain, and every due day is provisional. Raises CalendarError for a file that makes no sense.
        """
        if path is None:
            return cls()
        try:
            read = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            return cls(known_until=_NOTHING_KNOWN, source=f"{cls.source}; {path} is missing")
        except OSError as wrong:
            raise CalendarError(f"{path} cannot be opened: {wrong.strerror}.") from wrong
        except UnicodeDecodeError as wrong:
            raise CalendarError(f"{path} is not UTF-8 text. Save it again as UTF-8.") from wrong
        except tomllib.TOMLDecodeError as wrong:
            raise CalendarError(f"{path} is not valid TOML: {wrong}.") from wrong
        try:
            known_until, changes = _understand(read)
        except CalendarError as wrong:
            raise CalendarError(f"{path}: {wrong}") from wrong
        return cls(known_until, changes, f"{cls.source}, changed by {path.name}")

    def of(self, nation: Nation) -> BankHolidays:
        """What the clock needs for a controller in this nation."""
        change = self.changes.get(nation, Change())
        days = (_days(nation) | change.add) - change.remove
        return BankHolidays(days, known_from=KNOWN_FROM, known_until=self.known_until)

    @property
    def fingerprint(self) -> str:
        """Changes whenever a due day might: with the days of any nation, or how far they are known."""
        what = [self.known_until.isoformat()]
        what += [f"{nation}:{day}" for nation in Nation for day in sorted(self.of(nation).days)]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]


@functools.cache
def _days(nation: Nation) -> frozenset[date]:
    years = range(KNOWN_FROM.year, _GUESSED_UNTIL + 1)
    return frozenset(holidays.country_holidays("GB", subdiv=_SUBDIVISION[nation], years=years))


def _understand(read: dict[str, object]) -> tuple[date, dict[Nation, Change]]:
    unknown = sorted(set(read) - {"known_until", *Nation})
    if unknown:
        raise CalendarError(f"“{unknown[0]}” means nothing here. Use known_until, {', '.join(Nation)}.")
    known_until = _day(read["known_until"]) if "known_until" in read else KNOWN_UNTIL
    return known_until, {nation: _change(nation, read[nation]) for nation in Nation if nation in read}


def _change(nation: Nation, read: object) -> Change:
    if not isinstance(read, dict) or set(read) - {"add", "remove"}:
        raise CalendarError(f"[{nation}] takes two lists of days, add and remove, and nothing else.")
    change = Change(*(_day_list(nation, name, read.get(name, [])) for name in ("add", "remove")))
    if both := sorted(change.add & change.remove):
        raise CalendarError(f"[{nation}] both adds and removes {both[0]}. Keep one of the two.")
    # A slip here would take away nothing, and due days would silently stay too late.
    if none := sorted(change.remove - _days(nation)):
        raise CalendarError(f"[{nation}] removes {none[0]}, which is no bank holiday there. Check the day.")
    return change


def _day_list(nation: Nation, name: str, read: object) -> frozenset[date]:
    if not isinstance(read, list):
        raise CalendarError(f"[{nation}] {name} must be a list of days, for example [2027-06-14].")
    return frozenset(_day(one) for one in read)


def _day(read: object) -> date:
    if not isinstance(read, date) or isinstance(read, datetime):
        raise CalendarError(f"“{read}” is not a day. Write year, month and day without quotes: 2027-06-14.")
    if not KNOWN_FROM.year <= read.year <= _GUESSED_UNTIL:
        raise CalendarError(f"{read} cannot be right. Use a year from {KNOWN_FROM.year} to {_GUESSED_UNTIL}.")
    return read

"""`portal clock FILE.csv`: the statutory clock for a list of requests.

In: columns id, law, nation, received, events, in any order; others are ignored. Out: for each row one row, in
the same order: id, start, excluded_days, due, extension_notice_by, status (design.md section 9).
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TextIO, TypeVar

from portal.calendar import HolidayCalendar
from workflows.clock import Clock, ClockError, ClockEvent, Law, Nation, clock, received_day

COLUMNS_IN = ("id", "law", "nation", "received", "events")
COLUMNS_OUT = ("id", "start", "excluded_days", "due", "extension_notice_by", "status")
ALL_ANSWERED, SOME_NOT_READ, NOT_READ = 0, 1, 2

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_Word = TypeVar("_Word", bound=StrEnum)


class ClockFileError(Exception):
    """The file cannot be read at all; the words say what to put right."""


@dataclass(frozen=True)
class OutputRow:
    """One answer, as text. `status` begins with `error: ` where the row could not be read."""

    id: str
    start: str = ""
    excluded_days: str = ""
    due: str = ""
    extension_notice_by: str = ""
    status: str = ""

    @property
    def failed(self) -> bool:
        return self.status.startswith("error: ")

    def cells(self) -> tuple[str, ...]:
        return (self.id, self.start, self.excluded_days, self.due, self.extension_notice_by, self.status)


def run(path: Path, out: TextIO, calendar: HolidayCalendar | None = None, problems: TextIO | None = None) -> int:
    """Answers the rows of the file at `path` on `out`; without a calendar, by the holidays package alone.

    Returns the exit code: 0 all answered, 1 some row was not, 2 nothing could be read. What is wrong with the
    file as a whole goes to `problems` (standard error) in plain words.
    """
    try:
        rows = answer_rows(_lines(path), calendar or HolidayCalendar())
    except ClockFileError as wrong:
        print(f"{path}: {wrong}", file=problems or sys.stderr)
        return NOT_READ
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS_OUT)
    code = ALL_ANSWERED
    for row in rows:
        writer.writerow(row.cells())
        code = SOME_NOT_READ if row.failed else code
    return code


def answer_rows(lines: Iterable[str], calendar: HolidayCalendar) -> Iterator[OutputRow]:
    """An answer for each row after the header. Raises ClockFileError where the header lacks a column."""
    records = _records(list(lines))
    header = next(records, None)
    if header is None:
        raise ClockFileError(f"The file is empty. It needs a first line with {', '.join(COLUMNS_IN)}.")
    places = _places(header)
    return (_answer(record, header, places, calendar) for record in records)


@dataclass(frozen=True)
class _Record:
    """The cells of one row, and the number of its line. `fault` says why they cannot be trusted."""

    line: int
    cells: Sequence[str]
    fault: str | None = None


def _lines(path: Path) -> list[str]:
    try:
        # A byte that is not UTF-8 spoils its own row only.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return list(file)
    except OSError as wrong:
        raise ClockFileError(f"The file cannot be opened: {wrong.strerror}.") from wrong


def _records(lines: list[str]) -> Iterator[_Record]:
    """Row by row. After a quotation mark that is never closed reading goes on with the next line, so that one
    slip does not swallow the rows below it."""
    at = 0  # lines before this one are dealt with
    while at < len(lines):
        begun = at
        reader = csv.reader((lines[number] for number in range(begun, len(lines))), strict=True)
        try:
            for cells in reader:
                line, at = at + 1, begun + reader.line_num
                if any(cell.strip() for cell in cells):
                    yield _Record(line, cells)
        except csv.Error as wrong:
            cells = [cell.strip(' "\r\n') for cell in lines[at].split(",")]
            at += 1
            yield _Record(at, cells, f"line {at} is not CSV: {wrong}")


def _places(header: _Record) -> dict[str, int]:
    if header.fault:
        raise ClockFileError(f"The first line cannot be read: {header.fault}.")
    names = [cell.strip().lower() for cell in header.cells]
    missing = [name for name in COLUMNS_IN if name not in names]
    if missing:
        raise ClockFileError(
            f"These columns are missing: {', '.join(missing)}. The file must be comma-separated UTF-8 text "
            f"whose first line names {', '.join(COLUMNS_IN)}."
        )
    twice = [name for name in COLUMNS_IN if names.count(name) > 1]
    if twice:
        raise ClockFileError(f"These columns are there more than once: {', '.join(twice)}. Keep one of each.")
    return {name: names.index(name) for name in COLUMNS_IN}


def _answer(record: _Record, header: _Record, places: dict[str, int], calendar: HolidayCalendar) -> OutputRow:
    row_id = _printable(record.cells[places["id"]].strip()) if places["id"] < len(record.cells) else ""
    try:
        return _row(row_id, _clock(_named(record, header, places), calendar))
    except (ClockError, ClockFileError) as wrong:
        return OutputRow(row_id, status=f"error: {_printable(str(wrong))}")


def _named(record: _Record, header: _Record, places: dict[str, int]) -> dict[str, str]:
    if record.fault:
        raise ClockFileError(record.fault)
    if len(record.cells) < len(header.cells) and max(places.values()) >= len(record.cells):
        raise ClockFileError(f"line {record.line} has fewer cells than the first line")
    if any(cell.strip() for cell in record.cells[len(header.cells) :]):
        raise ClockFileError(f"line {record.line} has more cells than the first line")
    named = {name: record.cells[place].strip() for name, place in places.items()}
    if any(_printable(cell) != cell for cell in named.values()):
        raise ClockFileError(f"line {record.line} is not UTF-8 text")
    return named


def _clock(cells: dict[str, str], calendar: HolidayCalendar) -> Clock:
    law = _word(Law, "law", cells["law"])
    nation = _word(Nation, "nation", cells["nation"])
    received = _day("received", cells["received"])
    events = [_event(part.strip()) for part in cells["events"].split(";") if part.strip()]
    return clock(law, received, events, calendar.of(nation))


def _word(words: type[_Word], column: str, cell: str) -> _Word:
    try:
        return words(cell)
    except ValueError:
        known = ", ".join(words)
        raise ClockFileError(f"{column} is “{_short(cell)}”; it must be one of {known}") from None


def _event(text: str) -> ClockEvent:
    name, at, day = text.partition("@")
    if not at:
        raise ClockFileError(f"event “{_short(text)}” must be name@date")
    return ClockEvent(_short(name.strip()), _day(name.strip(), day.strip()))


def _day(what: str, cell: str) -> date:
    """A date, or the UK date of a timestamp (R-9)."""
    try:
        if _DAY.fullmatch(cell):
            return date.fromisoformat(cell)
        if _DAY.match(cell):
            return received_day(datetime.fromisoformat(cell))
    except ClockError:
        raise
    except ValueError:
        pass
    raise ClockFileError(
        f"{_short(what)} is “{_short(cell)}”; it must be a date like 2026-07-31 or a time with its zone like "
        "2026-07-31T23:30:00Z"
    )


def _row(row_id: str, stands: Clock) -> OutputRow:
    return OutputRow(
        id=row_id,
        start=_text(stands.start),
        excluded_days=_text(stands.excluded_days),
        due=_text(stands.due) or "stopped",
        extension_notice_by=_text(stands.extension_notice_by),
        status=stands.state,
    )


def _text(value: date | int | None) -> str:
    return "" if value is None else str(value)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 40 else text[:39] + "…"


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

"""Rows out of a CSV file with a header, one at a time, with bounded memory and line numbers.

UTF-8 with or without byte order mark, commas, quotes doubled inside quotes. A row whose cells do not fit the header
is given with its fault; what makes the rest of the file unreadable raises CsvBroken.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from portal.records.feeds.items import FeedUnreadable

LONGEST_LINE = 1 << 19  # bytes
LONGEST_CELL = 1 << 17
LONGEST_ROW = 1 << 20
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class CsvBroken(Exception):
    """The file cannot be read on from this line."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True)
class Row:
    """The cells that are not empty, by column, with the line on which the row begins."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    def get(self, column: str) -> str:
        return self.cells.get(column, "")

    def code(self, column: str) -> str:
        """A cell that holds one of a few words, in small letters."""
        return self.get(column).lower()


def rows(stream: BinaryIO, *, known: Iterable[str], needed: Iterable[str]) -> Iterator[Row]:
    """The rows below the header. Raises FeedUnreadable, in words for who made the file, for a header that will not
    do, and CsvBroken further down."""
    lines = _Lines(stream)
    reader = csv.reader(lines, strict=True)
    csv.field_size_limit(LONGEST_CELL)
    try:
        columns = _columns(next(reader, []), set(known), list(needed))
    except (CsvBroken, csv.Error) as error:
        raise FeedUnreadable(_words(error)) from None
    line = reader.line_num + 1
    while True:
        lines.of_row = 0
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise CsvBroken(line, _words(error)) from None
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield _row(line, columns, cells)
        line = reader.line_num + 1


class _Lines:
    """The lines of the file, none and no row of them longer than memory should hold."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.of_row = 0  # bytes since the last row ended; the reader of rows sets it back

    def __iter__(self) -> Iterator[str]:
        number = 0
        while line := self._stream.readline(LONGEST_LINE):
            number += 1
            self.of_row += len(line)
            if len(line) == LONGEST_LINE or self.of_row > LONGEST_ROW:
                raise CsvBroken(number, "A line or row is longer than any real one.")
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise CsvBroken(number, "The file is not UTF-8 here. Save it again as “CSV UTF-8”.") from None


def _columns(header: list[str], known: set[str], needed: list[str]) -> list[str]:
    if not header:
        raise FeedUnreadable("The file is empty.")
    columns = ["_".join(name.strip().lower().split()) for name in header]
    if len(columns) == 1 and any(mark in columns[0] for mark in ";\t|"):
        raise FeedUnreadable("The columns are not separated by commas. Save the file again as “CSV UTF-8”.")
    if twice := sorted({name for name in columns if columns.count(name) > 1}):
        raise FeedUnreadable(f"The first line names a column twice: {_listed(twice)}.")
    if missing := [name for name in needed if name not in columns]:
        raise FeedUnreadable(f"The first line must name the columns. Missing: {_listed(missing)}.")
    if unknown := [name for name in columns if name not in known]:
        raise FeedUnreadable(f"The first line names columns that are not known: {_listed(unknown)}.")
    return columns


def _listed(names: list[str]) -> str:
    return ", ".join((name or "(empty)")[:40] for name in names[:10])


def _row(line: int, columns: list[str], cells: list[str]) -> Row:
    if len(cells) > len(columns):
        return Row(line, dict(zip(columns, cells, strict=False)), "It has more cells than the first line has columns.")
    told = {column: text for column, cell in zip(columns, cells, strict=False) if (text := _text(cell))}
    bad = [column for column, cell in told.items() if _NO_TEXT.search(cell)]
    return Row(line, told, f"It holds characters that are no text, in {_listed(bad)}." if bad else "")


def _text(cell: str) -> str:
    return unicodedata.normalize("NFC", cell).replace("\r\n", "\n").replace("\r", "\n").strip()


def _words(error: Exception) -> str:
    if isinstance(error, CsvBroken):
        return f"Line {error.line}: {error.reason}"
    if "field larger" in str(error):
        return "A cell is longer than any real one, or a quote that opens here is never closed."
    if "new-line" in str(error):
        return "The lines do not end as they should. Save the file again as “CSV UTF-8”."
    return "The quotes do not fit: a quote inside a cell must be doubled, and each that opens must close."

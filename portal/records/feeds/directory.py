"""The directory as a plain CSV: what ContactPoint's record held (law.md section 11), and notes.

One row is one statement (column `record`); the rows of a child stand together. All or nothing for a child: one bad
row keeps the child out, and each bad row is told. docs/directory-csv.md says it to those who make the file.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO

from portal.records import identifiers, names
from portal.records.feeds import dates
from portal.records.feeds.csv_stream import CsvBroken, Row, rows
from portal.records.feeds.directory_items import Statements
from portal.records.feeds.directory_rows import COLUMNS, RECORDS
from portal.records.feeds.items import FeedChild, FeedProblem
from portal.records.feeds.seen import Seen

KEYS = ("local_id", "directory_id", "upn", "nhs_number")
MOST_ROWS = 5_000
MOST_TEXT = 1 << 25  # characters of one child


def read(stream: BinaryIO, *, today: datetime.date | None = None) -> Iterator[FeedChild | FeedProblem]:
    """The children of a directory file, one at a time. Days more than a year after `today` are flagged.

    Raises FeedUnreadable for a file without the right first line; later it yields a last problem with the line from
    which nothing was read. The child whose rows stood there stays out."""
    seen = Seen()
    key = ""
    try:
        for key, together in groupby(rows(stream, known=COLUMNS, needed=("record",)), key=_key):
            yield from _child_or_problems(key, list(_bounded(together)), seen, today)
    except CsvBroken as broken:
        reason = f"{broken.reason} Nothing after this line was read, and the rows of this child were left out."
        yield FeedProblem(broken.line, _called(key), reason)


def _key(row: Row) -> str:
    """What tells which child a row is about: the first of the child's identifiers that the row has."""
    return next((f"{name}:{identifiers.upn(row.get(name))}" for name in KEYS if row.get(name)), f"line:{row.line}")


def _bounded(together: Iterator[Row]) -> Iterator[Row]:
    """The rows of one child, as many as memory should hold; the rest is read past, and the child stays out."""
    count = size = 0
    full = False
    for row in together:
        count, size = count + 1, size + sum(map(len, row.cells.values()))
        if full:
            continue
        full = count > MOST_ROWS or size > MOST_TEXT
        yield Row(row.line, {}, "The child has more rows, or longer ones, than any real one.") if full else row


def _child_or_problems(
    key: str, together: list[Row], seen: Seen, today: datetime.date | None
) -> list[FeedChild | FeedProblem]:
    faults = _faults(key, together, seen)
    if not faults:
        child = _child(next(row for row in together if row.code("record") == "child"), together, today)
        if child.joins_by:
            return [child]
        faults = [(child.line, "It has no local_id, and no birth_date with a upn or nhs_number that is right.")]
    return [FeedProblem(line, _called(key), why, refused=number == 0) for number, (line, why) in enumerate(faults)]


def _faults(key: str, together: list[Row], seen: Seen) -> list[tuple[int, str]]:
    """Each line of a child with what is wrong with it; of the child as a whole only once its rows are right."""
    line = together[0].line
    faults = [(row.line, reason) for row in together if (reason := _fault(row))]
    if key.startswith("line:"):
        return faults or [(line, f"It says of no child: one of {', '.join(KEYS)} must be there.")]
    if earlier := seen.earlier(key, line):
        return [(line, f"The child’s rows do not stand together: the first is on line {earlier}."), *faults]
    if faults:
        return faults
    people = [row for row in together if row.code("record") == "child"]
    if len(people) != 1:
        return [(line, f"A child needs one row with record “child”; this one has {len(people)}.")]
    others = ((row.line, _other(row, people[0])) for row in together)
    return [(at, f"Its {name} is not that of the child.") for at, name in others if name]


def _other(row: Row, person: Row) -> str:
    """An identifier that the child's own row gives differently: the row may be another child's."""
    same = {name for name in KEYS if _plain_id(row, name) in ("", _plain_id(person, name))}
    return next((name for name in KEYS if name not in same), "")


def _plain_id(row: Row, name: str) -> str:
    return identifiers.nhs_number(row.get(name)).upper()


def _called(key: str) -> str:
    return "" if key.startswith("line:") else key.partition(":")[2]


def _fault(row: Row) -> str:
    """Why a row cannot be taken in, or ""."""
    if row.fault:
        return row.fault
    shape = RECORDS.get(row.code("record"))
    if shape is None:
        return f"Its record must be one of {', '.join(RECORDS)}."
    if missing := [column for column in shape.needed if not row.get(column)]:
        return f"A row with record “{row.get('record')}” needs {', '.join(missing)}."
    if strange := [column for column in row.cells if column not in shape.columns and column not in (*KEYS, "record")]:
        return f"A row with record “{row.get('record')}” has no {', '.join(strange)}."
    return shape.refuse(row)


def _child(person: Row, together: list[Row], today: datetime.date | None) -> FeedChild:
    birth = dates.parse(person.get("birth_date"))
    statements = Statements(dates.Bounds(today, birth))
    for row in together:
        statements.add(row)
    return FeedChild(
        line=together[0].line,
        authority="",
        local_id=identifiers.local_id(person.get("local_id")),
        upn=identifiers.upn(person.get("upn")),
        nhs_number=identifiers.nhs_number(person.get("nhs_number")),
        directory_id=identifiers.local_id(person.get("directory_id")),
        surname=person.get("surname"),
        forenames=person.get("forenames"),
        former_names=tuple(statements.former_names),
        birth_date=birth,
        sex=statements.sex,
        items=tuple(statements.found),
        people=statements.everyone,
        postcodes=tuple(filter(None, (names.postcode(text) for text in statements.postcodes))),
    )

"""A file into the record: all or nothing for a child, safe to run again, in the memory of one batch.

Children are written some at a time in one transaction. When a batch fails, its children go in one by one, so that
the one at fault stays out alone, and what was told as taken in is committed.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import sqlalchemy as sa
from tqdm import tqdm

from portal import audit, db
from portal.audit import Act
from portal.db import Database
from portal.records.feeds import READERS
from portal.records.feeds.items import FeedChild, FeedProblem, FeedUnreadable
from portal.records.feeds.matched import Outcome, Run, called
from portal.records.feeds.report import Report, Tally, unreadable_report
from portal.records.feeds.storing import store
from workflows.clock import received_day

__all__ = ["FeedUnreadable", "Report", "Tally", "run", "take_in", "unreadable_report"]

Found = FeedChild | FeedProblem
BATCH = 100  # children in one transaction: three keys each make the keyring's own batch of 300
NOT_STORED = "It could not be stored. Nothing of it was taken in; import the file again, and tell your supplier."


def run(database: Database, format_: str, path: Path, *, progress: bool = False) -> Report:
    """Brings the file at `path` in. `progress` draws a bar on standard error.

    Raises FeedUnreadable, with nothing taken in, for a file that cannot be opened or is not of this format."""
    report = Report(format_, str(path))
    try:
        stream = path.open("rb")
    except OSError as fault:
        raise FeedUnreadable(f"{os.strerror(fault.errno or 0)}. Check the name of the file.") from None
    with stream:
        found = READERS[format_](stream, today=received_day(db.now()))
        _take_in(database, report, _watched(found, stream) if progress and stream.seekable() else found)
    return report


def take_in(database: Database, format_: str, children: Iterable[Found]) -> Report:
    """Brings in children that were read already; what `run` does with those of a file."""
    report = Report(format_, "")
    _take_in(database, report, iter(children))
    return report


def _take_in(database: Database, report: Report, found: Iterator[Found]) -> None:
    lines: dict[uuid.UUID, int] = {}
    sources: set[str] = set()
    while batch := list(islice(found, BATCH)):
        report.problems += [one for one in batch if isinstance(one, FeedProblem)]
        children = [one for one in batch if isinstance(one, FeedChild)]
        for outcome in _stored(database, Run(report.format, lines, sources), children):
            report.children.add(outcome.children)
            report.entries.add(outcome.entries)
            report.problems += outcome.problems
            lines |= outcome.lines
            sources |= outcome.sources
    report.problems.sort(key=lambda problem: problem.line)
    with database.write() as session:
        audit.append(session, _act(report))


def _stored(database: Database, run_: Run, children: Sequence[FeedChild]) -> Iterator[Outcome]:
    """The outcome of each transaction, after its commit."""
    try:
        yield _in_one_transaction(database, run_, children)
    except (sa.exc.IntegrityError, sa.exc.DataError, UnicodeError):  # a database that is away ends the run instead
        if len(children) <= 1:
            yield Outcome(problems=[FeedProblem(one.line, called(one), NOT_STORED) for one in children])
            return
        for child in children:
            yield from _stored(database, run_, [child])


def _in_one_transaction(database: Database, run_: Run, children: Sequence[FeedChild]) -> Outcome:
    if not children:
        return Outcome()
    if database.vault is None:
        raise RuntimeError("this database has no vault")
    with database.vault.unlocked(), database.write() as session:
        return store(session, run_, children)


def _act(report: Report) -> Act:
    """One row of the log for the run: how many, and of which format; never the file's name, which can name a child."""
    detail: dict[str, str | int | list[str]] = {"format": report.format, "refused": report.refused}
    detail |= {f"children_{name}": count for name, count in report.children.as_json().items()}
    detail |= {f"entries_{name}": count for name, count in report.entries.as_json().items()}
    return Act(chain="import", act="import", actor="system", detail=detail)


def _watched(found: Iterable[Found], stream: BinaryIO) -> Iterator[Found]:
    """The same, with a bar over the bytes read so far: nobody knows how many children a file holds."""
    size = os.fstat(stream.fileno()).st_size
    with tqdm(total=size, unit="B", unit_scale=True, file=sys.stderr, dynamic_ncols=True) as bar:
        for number, one in enumerate(found):
            if number % BATCH == 0:
                bar.update(stream.tell() - bar.n)
            yield one
        bar.update(size - bar.n)

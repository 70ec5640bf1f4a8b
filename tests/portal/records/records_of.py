"""What the tests of the record share: one child of the directory, decisions about it, and what it says then."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import event
from sqlmodel import Session, col, select

from portal import db, records
from portal.records import Looking, OpenEntry, clashes, correcting
from portal.records.correcting import NewValue
from portal.records.feeds import FeedChild, FeedItem, importing
from portal.records.feeds.report import Report
from portal.records.models import Child, Entry, FeedClash
from portal.runtime import Runtime
from tests.builders import feed_child, item

CASE = uuid.UUID(int=77)
SCHOOL = item("school", "education", "School", "Kiln Lane")
NAME = item("child/name", "identity", "Name", "Wren Ashdown", identifies="name")
BIRTH = item("child/birth_date", "identity", "Date of birth", "2019-04-02", kind="date", identifies="birth_date")
TABLES = ("entry", "entry_version", "entry_mark", "feed_clash", "feed_mark", "lookup", "log", "source")


def directory(runtime: Runtime, *items: FeedItem, **more: object) -> Report:
    """The child as the directory gives it."""
    return come_in(runtime, feed_child(*(items or (SCHOOL,)), **more))


def come_in(runtime: Runtime, *children: FeedChild, format_: str = "directory") -> Report:
    return importing.take_in(runtime.database, format_, children)


def only_child(runtime: Runtime) -> uuid.UUID:
    with runtime.database.read() as session:
        return session.exec(select(Child.id)).one()


def looking(child_id: uuid.UUID, *, case_id: uuid.UUID = CASE, reader: str = "staff:1", because: str = "") -> Looking:
    return Looking(reader, "caseworker", "", case_id, child_id, "test", restricted_because=because)


def entry_of(runtime: Runtime, label: str = "School") -> OpenEntry:
    """The entry with this label, opened for a lawful reason."""
    return next(entry for entry in entries(runtime) if entry.label == label)


def entries(runtime: Runtime) -> list[OpenEntry]:
    child_id = only_child(runtime)
    with runtime.database.read() as session, runtime.vault.unlocked():
        ids = [entry.id for entry in records.heads(session, child_id)]
        return records.read(session, looking(child_id, because="consent"), ids)


def row_of(runtime: Runtime, entry_id: uuid.UUID) -> Entry:
    with runtime.database.read() as session:
        return session.get_one(Entry, (only_child(runtime), entry_id))


def where(runtime: Runtime, entry: OpenEntry, case_id: uuid.UUID = CASE) -> dict[str, uuid.UUID]:
    """The keywords that name an entry to a decision."""
    return {"child_id": only_child(runtime), "entry_id": entry.id, "case_id": case_id}


def correct(runtime: Runtime, label: str, value: NewValue | str, *, case_id: uuid.UUID = CASE) -> uuid.UUID:
    """Decides what the entry with this label says."""
    entry = entry_of(runtime, label)
    new = value if isinstance(value, NewValue) else NewValue(value=value)
    at = where(runtime, entry, case_id)
    with runtime.database.write() as session, runtime.vault.unlocked():
        return correcting.correct(session, **at, value=new, expected_version_id=entry.version_id)


def erase(runtime: Runtime, label: str, *, case_id: uuid.UUID = CASE) -> OpenEntry:
    """Destroys the entry with this label; answers what it said."""
    entry = entry_of(runtime, label)
    at = where(runtime, entry, case_id)
    with runtime.database.write() as session, runtime.vault.unlocked():
        correcting.erase(session, **at, expected_version_id=entry.version_id)
    return entry


def accept(runtime: Runtime, label: str, *, case_id: uuid.UUID = CASE) -> None:
    at = where(runtime, entry_of(runtime, label), case_id)
    with runtime.database.write() as session, runtime.vault.unlocked():
        correcting.accept_source(session, **at)


def clashes_of(runtime: Runtime, entry_id: uuid.UUID) -> list[FeedClash]:
    with runtime.database.read() as session:
        return list(clashes.of_entry(session, only_child(runtime), entry_id))


def ends(runtime: Runtime, entry_id: uuid.UUID) -> list[str | None]:
    """How each clash at the entry ended, None for the open one."""
    return [clash.ended for clash in clashes_of(runtime, entry_id)]


def counts(runtime: Runtime, *tables: str) -> dict[str, int]:
    with runtime.database.read() as session:
        return {table: session.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0 for table in tables or TABLES}


def found_by(runtime: Runtime, **asked: object) -> list[uuid.UUID]:
    """The records that a caseworker's search finds."""
    with runtime.database.read() as session, runtime.vault.unlocked():
        found = records.candidates(session, looking(uuid.UUID(int=0)), **asked)  # type: ignore[arg-type]
        return [one.child_id for one in found]


def who(runtime: Runtime) -> records.Identity:
    child_id = only_child(runtime)
    with runtime.database.read() as session, runtime.vault.unlocked():
        return records.identity(session, looking(child_id))


def sealed_cells(session: Session, entry_id: uuid.UUID) -> list[bytes | None]:
    query = sa.text("SELECT sealed FROM entry_version WHERE entry_id = :entry ORDER BY made_at, id")
    key = entry_id.hex if session.get_bind().dialect.name == "sqlite" else entry_id
    return list(session.scalars(query, {"entry": key}))


@contextlib.contextmanager
def queries(runtime: Runtime) -> Iterator[list[str]]:
    """The statements that reach the database in the block."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_more: object) -> None:
        seen.append(statement)

    event.listen(runtime.database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(runtime.database.engine, "before_cursor_execute", note)


def shielded(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        session.execute(sa.update(Child).where(col(Child.id) == only_child(runtime)).values(shielded_at=db.now()))

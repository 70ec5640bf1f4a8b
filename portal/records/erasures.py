"""Entries destroyed by decision: nothing of any version is left, the row stays as a tombstone (design section 8, 17).

A backup still holds what was destroyed. So each erasure is also written, as ids, to a list outside the database, and
whoever restores a backup replays that list.
"""

from __future__ import annotations

import datetime
import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import audit, db, jobs
from portal.audit import Act
from portal.db import Database
from portal.records import people_forgotten, recognised
from portal.records.models import Child, Entry, EntryMark, Version
from portal.vault import SealedRow, vault_of

LIST = "erased.jsonl"  # in the instance folder, beside the keyring
JOB = "note_erasure"


@dataclass(frozen=True)
class Erased:
    """One line of the list."""

    child_id: uuid.UUID
    entry_id: uuid.UUID
    at: datetime.datetime

    def as_args(self) -> dict[str, str]:
        return {"child_id": self.child_id.hex, "entry_id": self.entry_id.hex, "at": self.at.isoformat()}

    @classmethod
    def of(cls, told: dict[str, str]) -> Erased:
        at = datetime.datetime.fromisoformat(told["at"])
        return cls(uuid.UUID(told["child_id"]), uuid.UUID(told["entry_id"]), at)


def destroy(session: Session, child: Child, entry: Entry, at: datetime.datetime) -> None:
    """Destroys what every version and mark of an entry says, and what it told of who the child is; safe to run again.

    The rows are locked, and the log holds the look, because versions are opened to know what they told. The keyed
    hashes of what it said go too; that of its place in the feed stays, so that no feed brings it back."""
    session.flush()
    told = _told(session, entry)
    for kind in {str(one["identifies"]) for one in told if one.get("identifies")}:
        recognised.forget(session, child, kind, [recognised.value_of(one) for one in told])
    people_forgotten.look_for(session, entry, told)
    versions = (col(Version.child_id) == child.id, col(Version.entry_id) == entry.id)
    session.execute(sa.update(Version).where(*versions).values(sealed=None))
    mark = (col(EntryMark.child_id) == child.id, col(EntryMark.entry_id) == entry.id)
    session.execute(sa.update(EntryMark).where(*mark).values(sealed=None))
    session.execute(sa.update(EntryMark).where(*mark, col(EntryMark.lifted_at).is_(None)).values(lifted_at=at))
    if entry.erased_at is None:
        entry.erased_at, entry.fingerprint, entry.decided_value = at, b"", None
        entry.version += 1
        session.add(entry)
    session.flush()


def _told(session: Session, entry: Entry) -> list[dict[str, Any]]:
    """What every version said that is not destroyed yet."""
    query = sa.select(Version).where(col(Version.child_id) == entry.child_id, col(Version.entry_id) == entry.id)
    rows = session.scalars(query.where(col(Version.sealed).is_not(None))).all()
    return vault_of(session).get_many(cast("list[SealedRow]", rows), look=True)


def note(session: Session, erased: Erased) -> None:
    """Queues the line of the list in the transaction of the erasure."""
    jobs.enqueue(session, JOB, f"{JOB}:{erased.entry_id.hex}", erased.as_args())


@jobs.handler(JOB)
def _note(work: jobs.Work) -> None:
    """Adds the line, on disk before this returns; a line that is there already is not added again."""
    line = Erased.of(work.args)
    path: Path = work.runtime.settings.instance / LIST
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if line.entry_id in {one.entry_id for one in _lines(file)}:
            return
        torn = not _ends_whole(file)
        file.write((b"\n" if torn else b"") + json.dumps(line.as_args()).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name of a new file is on disk too
    finally:
        os.close(folder)


def listed(instance: Path) -> Iterator[Erased]:
    """The list of an installation in order, without lines that a crash left half-written."""
    path = instance / LIST
    if path.exists():
        with path.open("rb") as file:
            yield from _lines(file)


def replay(database: Database, instance: Path) -> int:
    """Destroys again what the list names, after a backup was put back; answers how many entries were."""
    return sum(_again(database, one) for one in listed(instance))


def _again(database: Database, one: Erased) -> bool:
    if database.vault is None:
        raise RuntimeError("this database has no vault")
    with database.vault.unlocked(), database.write() as session:
        child = db.lock(session, Child, id=one.child_id)
        entry = db.lock(session, Entry, child_id=one.child_id, id=one.entry_id)
        if child is None or entry is None or entry.erased_at is not None:
            return False
        chain = audit.child_chain(child.id)
        detail: dict[str, str | int | list[str]] = {"entry": entry.id.hex}
        told = Act(chain, "erase_again", "system", child_id=child.id, classes=(entry.cls,), detail=detail)
        audit.append(session, told)
        destroy(session, child, entry, one.at)
    return True


def _lines(file: BinaryIO) -> Iterator[Erased]:
    for line in file:
        try:
            yield Erased.of(json.loads(line))
        except (ValueError, KeyError, TypeError):
            continue


def _ends_whole(file: BinaryIO) -> bool:
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"

"""After an entry was destroyed: who was mentioned only there is taken off the list of people mentioned.

To know that, everything else that is kept of the record is opened, which the log says first; so a job does it. It holds
ids alone. Somebody who may be meant by a word elsewhere stays: a name too many hides more, never less."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from portal import audit, db, jobs
from portal.audit import Act
from portal.records import identities
from portal.records.models import Child, Entry, EntryMark, Mentioned, Version
from portal.records.names import key
from portal.vault import SealedRow, vault_of

JOB = "forget_people"
BATCH = 500
_WORD = re.compile(r"\w+")
_TEXTS = ("label", "value", "plain", "source", "author", "words")


def look_for(session: Session, entry: Entry, told: Sequence[Mapping[str, Any]]) -> None:
    """Queues the search for those whom this entry named, in the transaction that destroys it; `told` is what its
    versions said."""
    linked = {str(one) for said in told for one in said.get("people", ())}
    said = {word for one in told for word in _words_of(one)}
    query = select(Mentioned).where(col(Mentioned.child_id) == entry.child_id)
    rows = session.exec(query.order_by(col(Mentioned.id))).all()
    opened = vault_of(session).get_many(cast("list[SealedRow]", rows), look=True)
    for row, person in zip(rows, opened, strict=True):
        if row.id.hex in linked or any(_words(name) <= said for name in person["names"]):
            args = {"child": entry.child_id.hex, "person": row.id.hex}
            jobs.enqueue(session, JOB, f"{JOB}:{row.id.hex}:{entry.id.hex}", args)


@jobs.handler(JOB)
def _forget(work: jobs.Work) -> None:
    """Takes the person off where nothing that is kept names them any more."""
    child_id, person_id = uuid.UUID(work.args["child"]), uuid.UUID(work.args["person"])
    with work.database.write() as session:
        child = db.lock(session, Child, id=child_id)
        person = db.lock(session, Mentioned, child_id=child_id, id=person_id)
        if child is None or person is None:
            return
        audit.append(session, _act(child_id, "look_for_person"))
        names = vault_of(session).get(person, look=True)["names"]
        if not _is_named(session, child, person_id, names):
            session.delete(person)
            audit.append(session, _act(child_id, "forget_person"))


def _is_named(session: Session, child: Child, person_id: uuid.UUID, names: Iterable[str]) -> bool:
    """Whether anything links to the person, or says a word of their name that is none of the child's own."""
    own = {word for name in _own_names(session, child) for word in _words(name)}
    telling = {word for name in names for word in _words(name)} - own
    return any(
        person_id.hex in said.get("people", ()) or not telling.isdisjoint(_words_of(said))
        for said in _all_that_is_kept(session, child.id)
    )


def _own_names(session: Session, child: Child) -> Collection[str]:
    found = identities.identities(session, [child])[child.id]
    return (*found.names, *found.former_names)


def _all_that_is_kept(session: Session, child_id: uuid.UUID) -> Iterator[dict[str, Any]]:
    """What every version and every mark of the record says, a few at a time."""
    for table in (Version, EntryMark):
        yield from _opened(session, table, child_id)


def _opened(session: Session, table: type[SQLModel], child_id: uuid.UUID) -> Iterator[dict[str, Any]]:
    last = uuid.UUID(int=0)
    while True:
        query = sa.select(table).where(table.child_id == child_id, table.sealed.is_not(None), table.id > last)  # type: ignore[attr-defined]
        rows = session.scalars(query.order_by(table.id).limit(BATCH)).all()  # type: ignore[attr-defined]
        yield from vault_of(session).get_many(cast("list[SealedRow]", rows), look=True)
        if len(rows) < BATCH:
            return
        last = rows[-1].id  # type: ignore[attr-defined]


def _words_of(said: Mapping[str, Any]) -> set[str]:
    return {word for name in _TEXTS for word in _words(str(said.get(name) or ""))}


def _words(text: str) -> set[str]:
    return set(_WORD.findall(key(text)))


def _act(child_id: uuid.UUID, what: str) -> Act:
    chain = audit.child_chain(child_id)
    return Act(chain, what, "system", role="system", child_id=child_id, classes=("core", "location", "sensitive"))

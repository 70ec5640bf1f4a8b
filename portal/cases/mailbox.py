"""Which messages the other side has not opened yet."""

from __future__ import annotations

import uuid
from collections.abc import Collection

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import audit, db
from portal.cases import ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case, Message

FROM = {"staff": "from_requester", "family": "to_requester"}  # what each side has to read


def with_unread(session: Session, case_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the cases in which the requester has written something that staff have not read. One query."""
    if not case_ids:
        return set()
    unread = sa.select(col(Message.case_id)).where(
        col(Message.case_id).in_(list(case_ids)),
        col(Message.kind) == "from_requester",
        col(Message.read_at).is_(None),
    )
    return set(session.execute(unread.distinct()).scalars())


def unread_by(session: Session, case: Case, reader: Actor) -> bool:
    """Whether the other side has written something to this reader's side that was not opened yet."""
    query = sa.select(col(Message.id)).where(
        col(Message.case_id) == case.id, col(Message.kind) == FROM[reader.kind], col(Message.read_at).is_(None)
    )
    return session.execute(query.limit(1)).first() is not None


def mark_read(session: Session, case_id: uuid.UUID, *, by: Actor) -> int:
    """Marks what the other side wrote as read by this one, and answers how many messages that were."""
    case = ledger.locked(session, case_id)
    unread = (
        col(Message.case_id) == case.id,
        col(Message.kind) == FROM[by.kind],
        col(Message.read_at).is_(None),
    )
    done = session.execute(sa.update(Message).where(*unread).values(read_at=db.now()))
    audit.append(session, verbs.act(case, by, "messages_read"))
    return int(done.rowcount)  # type: ignore[attr-defined]

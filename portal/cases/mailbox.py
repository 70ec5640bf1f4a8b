"""Which messages the other side has not opened yet.

Staff say by a button that they have read what came in: it is work, and nobody should find it done because a page was
opened. A requester just opens the page, which may write nothing but the log: what they have read follows from it."""

from __future__ import annotations

import datetime
import uuid
from bisect import bisect_left
from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import audit, db
from portal.cases import ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case, Message

READ = "messages_read"


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


def mark_read(session: Session, case_id: uuid.UUID, *, by: Actor) -> int:
    """Marks what the requester wrote as read by staff, and answers how many messages that were."""
    case = ledger.locked(session, case_id)
    unread = (
        col(Message.case_id) == case.id,
        col(Message.kind) == "from_requester",
        col(Message.read_at).is_(None),
    )
    done = session.execute(sa.update(Message).where(*unread).values(read_at=db.now()))
    audit.append(session, verbs.act(case, by, READ))
    return int(done.rowcount)  # type: ignore[attr-defined]


def log_look(session: Session, case_id: uuid.UUID, *, by: Actor) -> None:
    """Logs that the requester opens their messages; in a transaction of its own, before they are shown.

    The case is held, as it is by whoever writes a message: so one that was begun before this look and is not stored
    yet cannot count as seen."""
    case = ledger.locked(session, case_id)
    audit.append(session, verbs.act(case, by, READ))


def unread_by(session: Session, case: Case, reader: Actor) -> bool:
    """Whether we have written something since this requester last opened their messages."""
    newest = sa.select(sa.func.max(col(Message.at))).where(
        col(Message.case_id) == case.id, col(Message.kind) == "to_requester"
    )
    wrote = session.execute(newest).scalar_one()
    return wrote is not None and not any(at >= wrote for at in _looks(session, case, str(reader)))


def opened_at(session: Session, case: Case, messages: Iterable[Message]) -> dict[uuid.UUID, datetime.datetime]:
    """When the requester first opened each of these messages to them; those not opened yet are left out."""
    looks = _looks(session, case, f"family:{case.requester_id.hex}") if case.requester_id else []
    first = {message.id: bisect_left(looks, message.at) for message in messages if message.kind == "to_requester"}
    return {message_id: looks[place] for message_id, place in first.items() if place < len(looks)}


def _looks(session: Session, case: Case, reader: str) -> list[datetime.datetime]:
    """When this reader opened the messages of the case, the earliest first."""
    return [one.at for one in audit.of_case(session, case.id, READ) if one.actor == reader]

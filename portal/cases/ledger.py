"""The ledger of a case: events are appended under the case's lock, and the case row is their cache."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db
from portal.cases.actors import Actor
from portal.cases.models import Case, Event
from portal.errors import Conflict, NotThere
from portal.vault import vault_of
from workflows.words import mark as _


class CaseNotFound(NotThere):
    """No such case, or none that this reader may see: the words are the same for both."""

    words = _("We cannot find this page. Check the reference, or go back to your list.")


class LostRace(Conflict):
    """Somebody else changed the case or row meanwhile; nothing was changed."""

    words = _("Somebody else changed this meanwhile. Nothing of yours was saved over it. Look at it again.")


@dataclass(frozen=True)
class Happened:
    """An event with its answers in plain values."""

    seq: int
    at: datetime.datetime
    on_date: datetime.date
    name: str
    clock: str | None
    from_state: str
    to_state: str
    actor: str
    answers: dict[str, Any]


def locked(session: Session, case_id: uuid.UUID) -> Case:
    """The case row, held until the transaction ends: every verb calls this first (design section 8, 6)."""
    case = db.lock(session, Case, id=case_id)
    if case is None:
        raise CaseNotFound
    return case


def history(session: Session, case: Case) -> list[Happened]:
    """All events of the case in order, opened with one keyring query."""
    rows: Sequence[Event] = session.exec(
        select(Event).where(col(Event.case_id) == case.id).order_by(col(Event.seq))
    ).all()
    payloads = vault_of(session).get_many(rows)
    return [
        Happened(row.seq, row.at, row.on_date, row.name, row.clock, row.from_state, row.to_state, row.actor, payload)
        for row, payload in zip(rows, payloads, strict=True)
    ]


def append(
    session: Session,
    case: Case,
    name: str,
    *,
    by: Actor,
    on_date: datetime.date,
    to_state: str | None = None,
    clock: str | None = None,
    answers: dict[str, Any] | None = None,
) -> Event:
    """Adds one event and moves the cached state. The case must be locked. Raises LostRace when its number is taken."""
    event = Event(
        case_id=case.id,
        seq=case.seq + 1,
        at=db.now(),
        on_date=on_date,
        name=name,
        clock=clock,
        from_state=case.state,
        to_state=to_state or case.state,
        actor=str(by),
        sealed=b"",
    )
    vault_of(session).put(event, plain(answers or {}))
    moved = session.execute(
        sa.update(Case)
        .where(col(Case.id) == case.id, col(Case.seq) == case.seq)
        .values(seq=event.seq, state=event.to_state)
        .execution_options(synchronize_session="fetch")
    )
    if db.changed_rows(moved) != 1:
        raise LostRace
    session.add(event)
    session.flush()
    case.seq, case.state = event.seq, event.to_state
    return event


def plain(answers: dict[str, Any]) -> dict[str, Any]:
    """Answers as JSON can hold them: dates as ISO text."""
    return {name: value.isoformat() if isinstance(value, datetime.date) else value for name, value in answers.items()}

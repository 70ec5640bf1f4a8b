"""Consultations: who was asked before something is given, what they were shown, and what they said (R-83, R-94).

Waiting for an answer never stops the statutory clock."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.facts import provides
from portal.cases.ledger import Happened, LostRace
from portal.cases.models import Case, Consultation
from portal.vault import vault_of
from workflows.table import StepRefused
from workflows.words import mark as _

KINDS = {
    "third_party": _("A person mentioned in the file"),
    "health": _("A health professional"),
    "social_work": _("A social work manager"),
    "education": _("A school lead"),
    "safeguarding": _("The safeguarding lead"),
    "legal": _("Legal"),
    "police": _("Police or youth offending team"),
    "other": _("Somebody else"),
}
OUTCOMES = {
    "waiting": _("Waiting for an answer"),
    "agrees": _("Agrees that it is given"),
    "objects": _("Objects"),
    "opinion_harm": _("Opinion: the serious harm test is met"),
    "opinion_no_harm": _("Opinion: the serious harm test is not met"),
    "no_answer": _("No answer came; decided without it"),
}


@dataclass(frozen=True)
class Asked:
    """One consultation in plain values."""

    id: uuid.UUID
    version: int
    kind: str
    asked_on: datetime.date
    answer_by: datetime.date | None
    answered_on: datetime.date | None
    outcome: str
    who: str
    excerpt: str
    reply: str


def consultations(session: Session, case: Case) -> list[Asked]:
    query = select(Consultation).where(col(Consultation.case_id) == case.id).order_by(col(Consultation.id))
    rows = session.exec(query).all()
    payloads = vault_of(session).get_many(rows)
    return [
        Asked(row.id, row.version, row.kind, row.asked_on, row.answer_by, row.answered_on, row.outcome, **told)
        for row, told in zip(rows, payloads, strict=True)
    ]


def ask(
    session: Session,
    case_id: uuid.UUID,
    *,
    kind: str,
    who: str,
    excerpt: str,
    asked_on: datetime.date,
    answer_by: datetime.date | None,
    by: Actor,
) -> uuid.UUID:
    """Records that somebody was asked, and the excerpt they were shown."""
    case = ledger.locked(session, case_id)
    if case.closed_at is not None:
        raise StepRefused(_("This case is closed. Open it again first."))
    if kind not in KINDS or not who.strip():
        raise StepRefused(_("Say who was asked."))
    row = Consultation(case_id=case.id, kind=kind, asked_on=asked_on, answer_by=answer_by, sealed=b"")
    vault_of(session).put(row, {"who": who, "excerpt": excerpt, "reply": ""})
    session.add(row)
    _note(session, case, "consulted", {"consultation": row.id.hex, "kind": kind}, by)
    return row.id


def record_reply(
    session: Session,
    case_id: uuid.UUID,
    consultation_id: uuid.UUID,
    *,
    version: int,
    outcome: str,
    reply: str,
    answered_on: datetime.date,
    by: Actor,
) -> None:
    """Records the reply with its day: an opinion on health data goes stale after six months (V-90)."""
    case = ledger.locked(session, case_id)
    row = db.lock(session, Consultation, case_id=case_id, id=consultation_id)
    if row is None:
        raise ledger.CaseNotFound
    if row.version != version:
        raise LostRace
    if outcome not in OUTCOMES or outcome == "waiting":
        raise StepRefused(_("Choose what the answer was."))
    if answered_on < row.asked_on or answered_on > clocking.uk_today():
        raise StepRefused(_("The answer cannot be earlier than the question, or in the future."))
    vault_of(session).put(row, {**vault_of(session).get(row), "reply": reply})
    row.outcome, row.answered_on, row.version = outcome, answered_on, version + 1
    session.add(row)
    _note(session, case, "consultation_answered", {"consultation": row.id.hex, "outcome": outcome}, by)


def health_opinion(session: Session, case_id: uuid.UUID) -> datetime.date | None:
    """The day of the newest health professional's opinion on this case, or None."""
    return session.scalar(
        sa.select(sa.func.max(Consultation.answered_on)).where(
            col(Consultation.case_id) == case_id,
            col(Consultation.kind) == "health",
            col(Consultation.outcome).in_(("opinion_harm", "opinion_no_harm")),
        )
    )


@provides
def provide(session: Session, case: Case, _events: Sequence[Happened]) -> dict[str, Any]:
    """How many consultations still wait for an answer."""
    waiting = session.scalar(
        sa.select(sa.func.count()).where(col(Consultation.case_id) == case.id, col(Consultation.outcome) == "waiting")
    )
    return {"consultations_waiting": waiting or 0}


def _note(session: Session, case: Case, name: str, answers: dict[str, Any], by: Actor) -> None:
    ledger.append(session, case, name, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, name))

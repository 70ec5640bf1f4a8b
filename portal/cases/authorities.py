"""Each requester's authority as a record of its own, kept in step with the ledger of the case (R-55, R-64).

What was seen stays, with its day; the papers themselves are destroyed once accepted (`evidence.destroy_papers`).
"""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal.cases import clocking, family, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.authority_models import Authority
from portal.cases.facts import facts_of
from portal.cases.models import Case, Event, Evidence
from portal.vault import vault_of
from workflows.clock import received_day
from workflows.findings import Standing
from workflows.table import Step, StepRefused
from workflows.words import mark as _

# What each step does to an authority that was accepted before; a step that is not here leaves it alone.
ENDING = frozenset({"authority_lapsed", "eighteenth_birthday", "record_right", "refuse_authority_evidence"})
DOUBTING = frozenset({"new_order"})


@dataclass(frozen=True)
class Kept:
    """An authority with what is sealed of it."""

    row: Authority
    told: dict[str, Any]

    def status(self, today: datetime.date) -> str:
        """How it stands today: one that ran out while nobody was past checking has no step that says so."""
        over = self.row.valid_until is not None and self.row.valid_until < today
        return "ended" if over else self.row.status


def of_case(session: Session, case_id: uuid.UUID) -> list[Kept]:
    """The authorities of a case, newest first."""
    query = select(Authority).where(col(Authority.case_id) == case_id).order_by(sa.desc(col(Authority.id)))
    rows = session.exec(query).all()
    return [Kept(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


@verbs.follows
def keep_in_step(session: Session, case: Case, step: Step) -> None:
    """Makes, begins, doubts or ends the record of an authority in the transaction of the step that did so."""
    if step.name == "accept_authority":
        _end(session, case)
        _enter(session, case)
    elif step.name == "authority_begins":
        _move(session, case, "later", to="counts")
    elif step.name in DOUBTING or (step.name == "back_to_checking" and _answers(session, case)["again"] != "identity"):
        _move(session, case, "counts", "later", to="in_doubt")
    elif step.name in ENDING:
        _end(session, case)


def _refuse_without_reasons(session: Session, case: Case, said: dict[str, Any]) -> None:
    """A person may see more than the law's answer to what is written down, but then says why."""
    events, today = ledger.history(session, case), clocking.uk_today()
    facts = facts_of(session, case, events, actor=Actor.system(), today=today)
    found = family.looked_at(session, case, events, facts=facts)
    against = found.recorded_by and found.answer.footing.standing is Standing.DOES_NOT_HOLD
    if against and not said.get("reasons"):
        words = _("On the facts that are written down the law says no. Say why it is enough, or put the facts right.")
        raise StepRefused(words, need="reasons")


def _enter(session: Session, case: Case) -> None:
    event, said = session.get_one(Event, (case.id, case.seq)), _answers(session, case)
    _refuse_without_reasons(session, case, said)
    first, until = _day(said.get("valid_from")), _day(said.get("valid_until"))
    row = Authority(
        case_id=case.id,
        requester_id=case.requester,
        seq=event.seq,
        status="later" if first and first > event.on_date else "counts",
        valid_from=first or event.on_date,
        valid_until=until,
        decided_on=event.on_date,
        decided_by=event.actor,
        sealed=b"",
    )
    kept = {name: said.get(name) for name in ("basis", "limits", "seen", "reasons", "orders", "first_to_person")}
    vault_of(session).put(row, {**kept, "papers": _papers(session, case)})
    session.add(row)
    session.flush()


def _papers(session: Session, case: Case) -> list[dict[str, Any]]:
    """Which papers had come to show it: kind and day, not their names, which people choose themselves (R-64)."""
    query = select(Evidence).where(col(Evidence.case_id) == case.id, col(Evidence.purpose) == "authority")
    rows = session.exec(query.order_by(col(Evidence.id))).all()
    told = vault_of(session).get_many(rows)
    return [
        {"kind": one.get("kind"), "pages": one.get("pages"), "came_on": received_day(row.at).isoformat()}
        for row, one in zip(rows, told, strict=True)
    ]


def _end(session: Session, case: Case) -> None:
    _move(session, case, "counts", "later", "in_doubt", to="ended", ended_on=clocking.uk_today())


def _move(session: Session, case: Case, *standing: str, to: str, **more: Any) -> None:
    query = sa.update(Authority).where(col(Authority.case_id) == case.id, col(Authority.status).in_(standing))
    session.execute(query.values(status=to, **more))


def _answers(session: Session, case: Case) -> dict[str, Any]:
    """What was answered in the step that was just taken."""
    return vault_of(session).get(session.get_one(Event, (case.id, case.seq)))


def _day(told: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(told) if told else None

"""What staff write down of a child's family, and what the law says of it: facts in the case's ledger, an answer from
the pure functions.

The requester says the same things in the form; both are read by `workflows.family.family_of`.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from portal import audit
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.ledger import Happened
from portal.cases.models import Case
from workflows.facts import AuthorityStatus, CaseFacts
from workflows.family import ORDER_WORDS, Told, family_of, orders_told
from workflows.table import StepRefused
from workflows.who_may_ask import Answer, signed_of, who_may_ask
from workflows.words import mark as _

RECORDED = "family_recorded"


@dataclass(frozen=True)
class Looked:
    """What is known of the family and what follows. `recorded_by` is empty where there is only what the requester
    said: that is a claim, and nobody has looked at it yet."""

    told: Told
    answer: Answer
    recorded_on: datetime.date | None = None
    recorded_by: str = ""


def record(session: Session, case_id: uuid.UUID, told: dict[str, Any], *, by: Actor, today: datetime.date) -> None:
    """Keeps the facts, sealed in the case's ledger. An order that was not known when the authority was accepted opens
    the question again in the same transaction (R-55)."""
    case = ledger.locked(session, case_id)
    if case.requester_id is None:
        raise StepRefused(_("Nobody asked in this case, so nobody’s authority is looked at."))
    if case.closed_at is not None:
        raise StepRefused(_("This case is closed. Open it again before you write down what you know."))
    events = ledger.history(session, case)
    before, facts = _recorded(events), facts_of(session, case, events, actor=by, today=today)
    ledger.append(session, case, RECORDED, by=by, on_date=today, answers={"family": told})
    clocking.refresh(session, case)
    audit.append(session, verbs.act(case, by, RECORDED))
    known = orders_told(before.answers["family"]) if before else []
    news = [order for order in orders_told(told) if order not in known]
    if news and facts.authority is AuthorityStatus.ACCEPTED and facts.orders_considered:
        words = "; ".join(_in_words(order) for order in news)
        verbs.take_step(session, case.id, "new_order", by=by, answers={"order": words}, today=today)


def looked_at(session: Session, case: Case, events: Sequence[Happened], *, facts: CaseFacts) -> Looked:
    """What the law says of what staff recorded; before that, of what the requester said."""
    recorded = _recorded(events)
    told = recorded.answers["family"] if recorded else said_by_requester(session, case)
    answer = answer_to(told, facts)
    if recorded is None:
        return Looked(told, answer)
    return Looked(told, answer, recorded.on_date, recorded.actor)


def answer_to(told: Told, facts: CaseFacts) -> Answer:
    """The law's answer to these facts, for the requester of this case."""
    family = family_of(told, nation=facts.nation, born=facts.subject_born, today=facts.today)
    return who_may_ask(family, kind=facts.requester_kind, prompt=facts.age_prompt, signed=signed_of(told))


def said_by_requester(session: Session, case: Case) -> Told:
    """What the requester told of the family in the form; empty where they told nothing."""
    told: Told = verbs.told(session, case)["subject"].get("family") or {}
    return told


def _recorded(events: Sequence[Happened]) -> Happened | None:
    return next((event for event in reversed(events) if event.name == RECORDED), None)


def _in_words(order: Told) -> str:
    kind = next((words for one, words in ORDER_WORDS.items() if one == order.get("kind")), "?")
    days = " – ".join(str(order.get(name) or "…") for name in ("from", "until"))
    return f"{kind} ({days})"


__all__ = ["RECORDED", "Looked", "answer_to", "looked_at", "record", "said_by_requester"]

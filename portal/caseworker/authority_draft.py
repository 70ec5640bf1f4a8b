"""The words that a step about authority begins with: made from what staff recorded, for the caseworker to change.

A footing is filled in only where the law says yes on facts that a member of staff wrote down. What a requester says of
themselves never fills in anything.
"""

from __future__ import annotations

import datetime

from flask_babel import gettext as _

from portal.cases import family
from portal.cases.facts import facts_of
from portal.cases.family import Looked
from portal.caseworker import staff_words
from portal.caseworker.desk import Desk
from workflows.ages import birthday
from workflows.family import ORDER_WORDS, Told, orders_told
from workflows.findings import Finding, Standing
from workflows.parental_responsibility import ADULT
from workflows.table import Step

STEPS = frozenset({"accept_authority", "refuse_authority_evidence", "propose_refusal"})


def looked(opened: Desk) -> Looked:
    """What is known of the family, and what the law says of it today."""
    facts = facts_of(opened.session, opened.case, opened.events, actor=opened.by, today=opened.today)
    return family.looked_at(opened.session, opened.case, opened.events, facts=facts)


def for_step(opened: Desk, step: Step) -> dict[str, object]:
    """Answers to begin the form of this step with, by the name of the question."""
    if step.name not in STEPS or opened.case.requester_id is None:
        return {}
    found = looked(opened)
    if not found.recorded_by:
        return {}
    footing = found.answer.footing
    match step.name:
        case "accept_authority" if footing.standing is Standing.HOLDS:
            return _to_accept(opened, found)
        case "refuse_authority_evidence":
            return {"missing": what_is_missing(footing)}
        case "propose_refusal":
            return {"reason": reasons(found)}
    return {}


def _to_accept(opened: Desk, found: Looked) -> dict[str, object]:
    footing = found.answer.footing
    facts = facts_of(opened.session, opened.case, opened.events, actor=opened.by, today=opened.today)
    # The eighteenth birthday ends it by itself; only an order's own last day is written down.
    grown = birthday(facts.subject_born, ADULT) if facts.subject_born else None
    until = footing.until if footing.until and footing.until + datetime.timedelta(days=1) != grown else None
    drafted: dict[str, object] = {
        "basis": footing.basis,
        "valid_until": until,
        "limits": "\n".join(_(limit) for limit in footing.limits),
        "reasons": reasons(found),
        "orders": orders_in_words(found.told),
        "first_to_person": "yes" if footing.basis == "subject-agreement" and footing.questions else "",
    }
    return {name: value for name, value in drafted.items() if value}


def reasons(found: Looked) -> str:
    """Rule, facts, what settles it and what is still open, as a person would write them down."""
    footing = found.answer.footing
    lines = [f"{_(footing.because)} ({footing.rule})"]
    if footing.evidence:
        lines.append(_("What settles it: %(papers)s.", papers=", ".join(_(paper) for paper in footing.evidence)))
    if footing.limits:
        lines.append(_("Limited: %(limits)s", limits=" ".join(_(limit) for limit in footing.limits)))
    if found.answer.questions:
        asked = " ".join(_(question.words) for question in found.answer.questions)
        lines.append(_("Still to be asked: %(questions)s", questions=asked))
    return "\n".join(lines)


def what_is_missing(footing: Finding) -> str:
    """In words for the requester: the papers, and nothing of why (R-92). After an adoption there is nothing to name."""
    if not footing.evidence:
        return ""
    return _("Please send one of these: %(papers)s.", papers="; ".join(_(paper) for paper in footing.evidence))


def orders_in_words(told: Told) -> str:
    """The orders that are recorded, each with its days; empty where nobody has asked for any."""
    orders = [_order(order) for order in orders_told(told)]
    return "\n".join(orders) or (_("There is none. It was asked for.") if told.get("any_order") == "no" else "")


def _order(told: Told) -> str:
    kind = next((_(words) for one, words in ORDER_WORDS.items() if one == told.get("kind")), "?")
    days = " – ".join(_day(told.get(name)) for name in ("from", "until"))
    return ". ".join(part for part in (f"{kind}, {days}", str(told.get("limits") or "")) if part)


def _day(told: object) -> str:
    return staff_words.day(datetime.date.fromisoformat(told)) if isinstance(told, str) and told else "…"

"""The ledger folded into facts: what is known of identity, authority, the child's view, proposals and approval.

One small rule per event name; an event without a rule changes no fact. Whatever was not said stays unknown.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from portal.cases.ledger import Happened
from workflows.authority import BY_SIGNATURE
from workflows.clock import EventName, received_day
from workflows.facts import (
    AuthorityStatus,
    ChildAnswer,
    Competence,
    Confirmed,
    IdentityStatus,
    Nation,
    PeopleDecision,
    RefusalGround,
    RegulatorDecision,
    RequesterKind,
)
from workflows.family import family_of
from workflows.kinds import WORKFLOWS

Facts = dict[str, Any]
Rule = Callable[[Facts, Happened], None]


# What voids an approval without being a step: the pack was made from another record.
OTHER_RECORD = frozenset({"record_attached", "record_detached", "record_corrected"})
# Whoever did one of these had a hand in what is given, and does not approve it (security.md 5).
PREPARING = frozenset(
    {
        "record_attached",
        "line_matched",
        "search_place_added",
        "search_place_answered",
        "consulted",
        "consultation_answered",
        "pack_requested",
        "leak_allowed",
        "confirm_parts",
        "send_to_approval",
        "send_to_approval_again",
    }
)
# A review of an answer is asked for, and is by nobody who did one of these before.
REVIEW_ASKED = frozenset({"ask_review", "record_review_asked"})
HAND_IN_ANSWER = frozenset({"line_proposed", "line_decided", "approve", "release"})


def fold(kind: str, events: Sequence[Happened]) -> Facts:
    """Facts that follow from the events of a case of this kind, oldest first."""
    voiding = _voiding(kind)
    facts: Facts = {"prepared_by": frozenset(event.actor for event in events if event.name in PREPARING)}
    for event in events:
        if event.name in voiding:
            facts.update(approved_by=None, confirmed=Confirmed(), seen_first=False)
        if rule := _RULES.get(event.name):
            rule(facts, event)
        _awaited(facts, event)
    facts["clarification_open"] = facts.get("clarification_asked_on") is not None
    facts["question_open"] = facts.get("question_asked_on") is not None
    return {**facts, **_reviewed(events)}


def voided_at(events: Sequence[Happened], kind: str) -> datetime.datetime | None:
    """When what was assembled or approved was last made void by an event, or None."""
    voiding = _voiding(kind)
    return next((event.at for event in reversed(events) if event.name in voiding), None)


def recalled_at(events: Sequence[Happened], kind: str) -> datetime.datetime | None:
    """When released packs were last called back, or None."""
    recalling = {step.name for step in WORKFLOWS[kind].steps if step.recalls}
    return next((event.at for event in reversed(events) if event.name in recalling), None)


def _reviewed(events: Sequence[Happened]) -> Facts:
    """Whether a review was asked for, and who had a hand in the answer before."""
    asked = next((event.seq for event in events if event.name in REVIEW_ASKED), None)
    if asked is None:
        return {"reviewed_again": False}
    before = (event for event in events if event.seq < asked and event.name in HAND_IN_ANSWER)
    return {"reviewed_again": True, "decided_by": frozenset(event.actor for event in before)}


def _voiding(kind: str) -> frozenset[str]:
    return OTHER_RECORD | {step.name for step in WORKFLOWS[kind].steps if step.voids_approval}


_ASKED = {
    EventName.IDENTITY_REQUESTED: "identity_asked_on",
    EventName.AUTHORITY_REQUESTED: "authority_asked_on",
    EventName.CLARIFICATION_ASKED: "clarification_asked_on",
}
_CAME = {
    EventName.IDENTITY_RECEIVED: "identity_asked_on",
    EventName.AUTHORITY_RECEIVED: "authority_asked_on",
    EventName.CLARIFICATION_ANSWERED: "clarification_asked_on",
}


def _awaited(facts: Facts, event: Happened) -> None:
    """What was asked of the requester and has not come, whatever the case's own standing says meanwhile: the clock
    waits for exactly this. A second request is a reminder of the first. Asked after the time ran out, it stops no
    clock and is awaited all the same."""
    name = EventName(event.clock) if event.clock else None
    if name in _ASKED:
        facts[_ASKED[name]] = facts.get(_ASKED[name]) or event.on_date
    elif name in _CAME:
        facts[_CAME[name]] = None


def _set(**values: Any) -> Rule:
    return lambda facts, _event: facts.update(values)


def _authority_accepted(facts: Facts, event: Happened) -> None:
    first, until = event.answers.get("valid_from"), event.answers.get("valid_until")
    facts.update(
        authority=AuthorityStatus.ACCEPTED,
        authority_basis=event.answers.get("basis"),
        authority_accepted_on=event.on_date,
        authority_valid_from=datetime.date.fromisoformat(first) if first else None,
        authority_valid_until=datetime.date.fromisoformat(until) if until else None,
        first_to_person=event.answers.get("first_to_person") is True,
        seen_first=False,
        authority_ended=False,
        orders_considered=True,
    )


def _doubted_again(facts: Facts, event: Happened) -> None:
    again = event.answers.get("again")
    if again in {"identity", "both"}:
        facts["identity"] = IdentityStatus.UNKNOWN
    if again in {"authority", "both"}:
        facts["authority"] = AuthorityStatus.UNKNOWN


def _right_recorded(facts: Facts, event: Happened) -> None:
    """Who asks in another right is another requester to us: nothing found about the first one counts for them."""
    facts.update(
        requester_kind=RequesterKind(event.answers["right"]),
        identity=IdentityStatus.UNKNOWN,
        authority=AuthorityStatus.UNKNOWN,
        authority_basis=None,
        authority_accepted_on=None,
        authority_valid_from=None,
        authority_valid_until=None,
        first_to_person=False,
        authority_ended=False,
        orders_considered=False,
        best_interests_decided_by=None,
    )


def _signature_ended(facts: Facts, event: Happened) -> None:
    """Whoever signed took it back: an authority that was accepted on signatures, this one among them, ends."""
    if event.answers["rests"] and facts.get("authority_basis") in BY_SIGNATURE:
        facts["authority_ended"] = True


def _family_recorded(facts: Facts, event: Happened) -> None:
    """The days on which what is recorded of the family says something else; no nation or age moves them."""
    family = family_of(event.answers["family"], nation=Nation.ENGLAND_AND_WALES, born=None, today=event.on_date)
    facts["family_turns"] = family.turns()


def _attached(facts: Facts, event: Happened) -> None:
    born = event.answers.get("born")
    if born:
        facts["subject_born"] = datetime.date.fromisoformat(born)


def _detached(facts: Facts, _event: Happened) -> None:
    facts.pop("subject_born", None)  # what the requester said counts again


# That it is plainly in the child's best interests was decided on what was known of the child then. Whatever the child
# says, whoever assesses the child and whatever a court orders, it has to be decided again.


def _assessed(facts: Facts, event: Happened) -> None:
    facts.update(
        competence=Competence(event.answers["competence"]),
        competence_assessed_by=event.actor,
        best_interests_decided_by=None,
    )


def _child_said(facts: Facts, event: Happened) -> None:
    """That it is not safe to ask again stands until they, or a second person of staff, say otherwise."""
    facts.update(
        child_answer=ChildAnswer(event.answers["answer"]), best_interests_decided_by=None, child_parts_kept_by=None
    )
    if event.answers.get("not_safe") is not None:
        facts["child_unsafe"] = bool(event.answers["not_safe"])


def _by(name: str) -> Rule:
    return lambda facts, event: facts.update({name: event.actor})


def _refusal_proposed(facts: Facts, event: Happened) -> None:
    facts.update(refusal_proposed_by=event.actor, refusal_ground=RefusalGround(event.answers["ground"]))


def _question_asked(facts: Facts, event: Happened) -> None:
    facts["question_asked_on"] = event.on_date


def _regulator_proposed(facts: Facts, event: Happened) -> None:
    decision = RegulatorDecision(event.answers["decision"])
    facts.update(regulator_proposed_by=event.actor, regulator_decision=decision)


def _people_decided(facts: Facts, event: Happened) -> None:
    facts["people_decision"] = PeopleDecision(event.answers["decision"])


def _told_on(name: str) -> Rule:
    return lambda facts, event: facts.update({name: datetime.date.fromisoformat(event.answers["told_on"])})


def _approved(facts: Facts, event: Happened) -> None:
    facts.update(approved_by=event.actor)
    _confirmed(facts, event)


def _confirmed(facts: Facts, event: Happened) -> None:
    day = received_day(event.at)
    facts["confirmed"] = Confirmed(orders=day, shield=day, moves=day, lives_with=day)


_NO_REFUSAL = _set(refusal_proposed_by=None, refusal_ground=None)
_NO_REGULATOR_DECISION = _set(regulator_proposed_by=None, regulator_decision=None)
_NO_PROPOSALS = _set(
    refusal_proposed_by=None, refusal_ground=None, nothing_held_proposed_by=None, receipt_day_proposed_by=None
)
_RULES: dict[str, Rule] = {
    "ask_identity": _set(identity=IdentityStatus.ASKED),
    "record_identity": _set(identity=IdentityStatus.RECEIVED),
    "accept_identity": _set(identity=IdentityStatus.ACCEPTED),
    "refuse_identity_evidence": _set(identity=IdentityStatus.ASKED),
    "ask_authority": _set(authority=AuthorityStatus.ASKED),
    "record_authority": _set(authority=AuthorityStatus.RECEIVED),
    "accept_authority": _authority_accepted,
    "authority_begins": _set(authority_valid_from=None),
    "signed_authority_ended": _signature_ended,
    "family_recorded": _family_recorded,
    "record_seen_first": _set(seen_first=True),
    "refuse_authority_evidence": _set(authority=AuthorityStatus.ASKED),
    "record_right": _right_recorded,
    "back_to_checking": _doubted_again,
    "eighteenth_birthday": _set(authority=AuthorityStatus.UNKNOWN, authority_ended=True),
    "authority_lapsed": _set(authority=AuthorityStatus.UNKNOWN, authority_ended=True),
    "new_order": _set(orders_considered=False, best_interests_decided_by=None),
    "record_attached": _attached,
    "record_detached": _detached,
    "assess_competence": _assessed,
    "ask_child": _set(child_answer=ChildAnswer.ASKED, best_interests_decided_by=None),
    "record_child_answer": _child_said,
    "child_answer_changed": _child_said,
    "allow_asking_again": _set(child_unsafe=False),
    "confirm_parts": _by("child_parts_kept_by"),
    "pack_requested": _set(child_parts_kept_by=None),  # it was confirmed of another pack
    "record_child_not_asked": _set(child_answer=ChildAnswer.NOT_ASKED, best_interests_decided_by=None),
    "decide_best_interests": _by("best_interests_decided_by"),
    "propose_receipt_day": _by("receipt_day_proposed_by"),
    "confirm_receipt_day": _set(receipt_day_proposed_by=None),
    "decline_receipt_day": _set(receipt_day_proposed_by=None),
    "propose_nothing_held": _by("nothing_held_proposed_by"),
    "confirm_nothing_held": _set(nothing_held_proposed_by=None),
    "decline_nothing_held": _set(nothing_held_proposed_by=None),
    "start_review": _set(nothing_held_proposed_by=None),
    "propose_refusal": _refusal_proposed,
    "decline_refusal": _NO_REFUSAL,
    "reopen": _NO_PROPOSALS,
    "withdraw": _NO_PROPOSALS,
    "record_withdrawal": _NO_PROPOSALS,
    "approve": _approved,
    "confirm_again": _confirmed,
    "ask_question": _question_asked,
    "answer_question": _set(question_asked_on=None),
    "record_question_answer": _set(question_asked_on=None),
    "describe": _set(breach_described=True),
    "propose_regulator_decision": _regulator_proposed,
    "decline_regulator_decision": _NO_REGULATOR_DECISION,
    "assess_again": _NO_REGULATOR_DECISION,
    "record_regulator_told": _told_on("regulator_told_on"),
    "decide_people_told": _people_decided,
    "record_people_told": _told_on("people_told_on"),
}

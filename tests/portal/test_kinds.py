"""Each kind of case by its own table: where a record is handled, what its clock counts, who may do the second part."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa

from portal import checking, db
from portal.cases import breaches, clocking, folding, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.ledger import Happened
from portal.cases.models import Case
from portal.runtime import Runtime
from tests import corrections
from tests.builders import BORN, Walk
from workflows.facts import CaseFacts, PeopleDecision, RegulatorDecision
from workflows.kinds import WORKFLOWS
from workflows.table import Role, StepRefused, Turn

MOMENT = datetime.datetime(2026, 9, 1, 12, tzinfo=datetime.UTC)


def happened(seq: int, name: str, actor: str = "staff:ann", **answers: str) -> Happened:
    return Happened(seq, MOMENT, MOMENT.date(), name, None, "weighing", "weighing", actor, answers)


def facts(walk: Walk) -> CaseFacts:
    with walk.runtime.database.read() as session:
        case = session.get_one(Case, walk.case_id)
        events = ledger.history(session, case)
        return facts_of(session, case, events, actor=walk.approver.actor, today=walk.today)


def no_faults(walk: Walk) -> None:
    assert list(checking.faults(walk.runtime)) == []


# Where a record is handled


@pytest.mark.parametrize("kind", sorted(WORKFLOWS))
def test_a_record_is_handled_only_in_the_states_that_its_kind_names(kind: str) -> None:
    workflow = WORKFLOWS[kind]
    for state in workflow.states:
        case = Case(kind=kind, state=state.name)
        assert verbs.may_search(case) == (state in workflow.searched_in)
        assert verbs.may_attach(case) == (state in workflow.attached_in)
        assert verbs.may_detach(case) == (state in workflow.detached_in)
        assert verbs.may_open(case) == (state in workflow.opened_in)


def test_the_record_of_a_challenge_stays_attached_while_its_entries_are_disputed(runtime: Runtime) -> None:
    walk = corrections.challenge_in(runtime, "weighing")
    by = walk.worker.actor
    assert verbs.look_for(walk.case, by).child_id == walk.case.child_id
    with pytest.raises(StepRefused, match="cannot be detached"):
        walk.act(lambda session: verbs.detach_record(session, walk.case_id, "Another child.", by=by))
    walk.step("back_to_checking", again="identity", reason="A doubt")
    with pytest.raises(StepRefused, match="settle who asks"):
        verbs.look_for(walk.case, by)


# What is folded


def test_a_question_stands_open_until_its_answer_and_moves_no_day(runtime: Runtime) -> None:
    walk = corrections.challenge_in(runtime, "finding")
    due = walk.case.due_on
    assert due is not None and not facts(walk).question_open
    walk.step("ask_question", question="Which school do you mean?")
    asked = facts(walk)
    assert (asked.question_open, asked.question_asked_on) == (True, walk.today)
    assert WORKFLOWS["correction"].turn(walk.case.state, asked) is Turn.REQUESTER
    assert (walk.case.due_on, walk.case.clock_status) == (due, "running")
    walk.step("answer_question", by=walk.requester, answer="The first one")
    assert not facts(walk).waits_for_requester
    walk.step("ask_question", question="And when?").step("record_question_answer", came_on=walk.today, answer="In May")
    assert facts(walk).question_open is False
    assert walk.case.due_on == due


@pytest.mark.parametrize("name", ["ask_review", "record_review_asked"])
def test_whoever_had_a_hand_in_the_answer_is_known_once_a_review_is_asked_for(name: str) -> None:
    first = [
        happened(1, "line_matched", "staff:mat"),
        happened(2, "line_proposed", "staff:ann"),
        happened(3, "line_decided", "staff:bob"),
        happened(4, "approve", "staff:cat"),
        happened(5, "release", "staff:dan"),
    ]
    assert folding.fold("correction", first) | {"reviewed_again": False} == folding.fold("correction", first)
    assert "decided_by" not in folding.fold("correction", first)
    again = folding.fold(
        "correction", [*first, happened(6, name, "family:mum"), happened(7, "line_decided", "staff:eve")]
    )
    assert again["reviewed_again"]
    assert again["decided_by"] == {"staff:ann", "staff:bob", "staff:cat", "staff:dan"}
    assert again["approved_by"] is None


def test_a_record_that_was_corrected_since_voids_what_was_made_from_it() -> None:
    events = [happened(1, "approve", "staff:bob"), happened(2, "record_corrected", "system")]
    assert folding.fold("subject_access", events)["approved_by"] is None
    assert folding.voided_at(events, "subject_access") == MOMENT
    assert folding.voided_at(events[:1], "subject_access") is None


@pytest.mark.parametrize("name", ["line_matched", "send_to_approval_again"])
def test_whoever_prepared_an_answer_is_known(name: str) -> None:
    assert folding.fold("correction", [happened(1, name, "staff:ines")])["prepared_by"] == {"staff:ines"}


def test_a_breach_is_folded_from_its_steps() -> None:
    events = [
        happened(1, "describe"),
        happened(2, "propose_regulator_decision", decision="tell"),
        happened(3, "confirm_regulator_decision", "staff:bob"),
        happened(4, "record_regulator_told", told_on="2026-09-02"),
        happened(5, "decide_people_told", decision="no-high-risk"),
        happened(6, "record_people_told", told_on="2026-09-03"),
    ]
    folded = folding.fold("breach", events)
    assert folded["breach_described"]
    assert (folded["regulator_proposed_by"], folded["regulator_decision"]) == ("staff:ann", RegulatorDecision.TELL)
    assert folded["regulator_told_on"] == datetime.date(2026, 9, 2)
    assert folded["people_decision"] is PeopleDecision.NO_HIGH_RISK
    assert folded["people_told_on"] == datetime.date(2026, 9, 3)
    for name in ("decline_regulator_decision", "assess_again"):
        again = folding.fold("breach", [*events, happened(7, name)])
        assert again["regulator_proposed_by"] is None and again["regulator_decision"] is None
        assert again["regulator_told_on"] == datetime.date(2026, 9, 2)  # what was told stays told


# The 72 hours


def breach(runtime: Runtime) -> Walk:
    origin = corrections.challenge_in(runtime, "weighing")
    now = db.now()
    found = {"about": "A note about a cousin.", "how": "It was filed here.", "whose": "One other child's."}
    with runtime.database.write() as session:
        case = breaches.open_breach(session, from_case=origin.case_id, **found, aware_at=now, by=origin.worker.actor)
    return Walk(runtime, case.id, origin.worker, origin.approver, "parent", origin.record)


def mails(walk: Walk) -> int:
    with walk.runtime.database.read() as session:
        return int(session.scalar(sa.text("SELECT count(*) FROM outbox")) or 0)


def described(walk: Walk) -> Walk:
    return walk.step("describe", what="A mix-up", whose="One child", effects="None known", done="Taken out")


def test_a_breach_is_due_when_the_72_hours_end_until_the_regulator_was_told(runtime: Runtime) -> None:
    walk = breach(runtime)
    before = mails(walk)
    ends = clocking.received_day(walk.case.created_at + datetime.timedelta(hours=72))
    assert (walk.case.due_on, walk.case.clock_status, walk.case.wake_on) == (ends, "running", None)
    assert facts(walk).breach_due_on == ends
    described(walk).step("propose_regulator_decision", decision="tell", reason="It names a refuge")
    walk.step("confirm_regulator_decision", by=walk.approver.actor)
    assert walk.case.due_on == ends  # to decide is not to tell
    walk.step("record_regulator_told", told_on=walk.today)
    assert (walk.case.due_on, walk.case.clock_status) == (None, "met")
    walk.step("decide_people_told", by=walk.approver.actor, decision="no-high-risk", reason="It came back unread")
    walk.step("close")
    assert walk.case.closed_at is not None
    assert mails(walk) == before
    no_faults(walk)


def test_where_two_people_see_no_risk_nothing_is_due_until_it_is_assessed_again(runtime: Runtime) -> None:
    walk = described(breach(runtime))
    due = walk.case.due_on
    walk.step("propose_regulator_decision", decision="no-risk", reason="Never opened")
    assert walk.case.due_on == due
    walk.step("confirm_regulator_decision", by=walk.approver.actor)
    assert (walk.case.due_on, walk.case.clock_status) == (None, "met")
    walk.step("assess_again", reason="It was opened after all")
    assert (walk.case.due_on, walk.case.clock_status) == (due, "running")
    no_faults(walk)


def test_a_birthday_does_not_wake_a_case_in_which_nobody_acts_for_the_child(runtime: Runtime) -> None:
    walk = breach(runtime)
    child_id, by = walk.case.child_id, walk.worker.actor
    assert child_id is not None
    walk.act(lambda session: verbs.detach_record(session, walk.case_id, "To look at it again.", by=by))
    walk.act(lambda session: verbs.attach_record(session, walk.case_id, child_id, BORN, by=by))
    assert walk.case.wake_on is None


def test_nobody_outside_finds_a_case_that_nobody_asked_for(runtime: Runtime) -> None:
    walk = breach(runtime)
    nobody = Actor("family", None, Role.REQUESTER)
    with runtime.database.read() as session, pytest.raises(ledger.CaseNotFound):
        verbs.visible_case(session, walk.case.reference, nobody)

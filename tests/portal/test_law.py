"""What the law asks of a case's whole life: no clock that waits for nobody, no approval that outlives what it was given
for, no record opened before it is known who asks, and a child's no that is heard at any time."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
import time_machine

from portal import checking
from portal.cases import consulting, folding, ledger, verbs, worklist
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.ledger import Happened
from portal.cases.models import Case
from portal.documents import release
from portal.people.models import Staff
from portal.runtime import Runtime
from tests import builders
from tests.builders import Walk
from workflows import guards
from workflows.facts import CaseFacts, ChildAnswer, RequesterKind
from workflows.table import StepRefused

NOON = datetime.time(12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
WEIGHED = dict.fromkeys(
    ("maturity", "nature", "orders", "confidence", "consequences", "detriment", "views"), "Looked at."
)
START = datetime.date(2026, 9, 1)


@pytest.fixture
def at() -> Callable[..., None]:
    """Moves the walk, and the portal's own clock, to a day."""
    travellers: list[time_machine.travel] = []

    def go(day: datetime.date, walk: Walk | None = None, hour: int = 12) -> None:
        for one in travellers:
            one.stop()
        moment = datetime.datetime.combine(day, NOON).replace(hour=hour)
        travellers[:] = [time_machine.travel(moment, tick=True)]
        travellers[0].start()
        if walk:
            walk.today = day

    yield go
    for one in travellers:
        one.stop()


def facts(walk: Walk) -> CaseFacts:
    with walk.runtime.database.read() as session:
        case = session.get_one(Case, walk.case_id)
        events = ledger.history(session, case)
        return facts_of(session, case, events, actor=walk.approver.actor, today=walk.today)


def attach(walk: Walk, record: builders.Record) -> None:
    by = walk.worker.actor
    walk.act(lambda session: verbs.attach_record(session, walk.case_id, record.child_id, record.born, by=by))


def detach(walk: Walk) -> None:
    walk.act(lambda session: verbs.detach_record(session, walk.case_id, "The cousin.", by=walk.worker.actor))


def no_faults(walk: Walk) -> None:
    assert list(checking.faults(walk.runtime)) == []


# The record


def test_another_record_voids_what_was_made_from_the_first(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "approval")
    builders.approve(walk)
    with pytest.raises(StepRefused, match="Send the case back"):
        detach(walk)
    walk.step("send_back", reason="It is the cousin's record.")
    detach(walk)
    with runtime.database.read() as session:
        case = session.get_one(Case, walk.case_id)
        last = ledger.history(session, case)[-1]
        assert folding.voided_at(ledger.history(session, case), case.kind) == last.at
    assert facts(walk).approved_by is None
    with pytest.raises(StepRefused, match="Attach the record"):
        walk.step("send_to_approval")
    no_faults(walk)


def test_the_birth_date_of_a_wrong_record_leaves_with_it_and_so_does_its_day(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "finding")
    before = walk.case.wake_on
    born = walk.today.replace(year=walk.today.year - 17, day=1)
    attach(walk, builders.rich_child(runtime, name="Alder Ashdown", born=born, local_id="LA-0002"))
    assert facts(walk).subject_born == born
    assert walk.case.wake_on == born.replace(year=born.year + 18) != before
    detach(walk)
    assert facts(walk).subject_born == builders.BORN
    assert walk.case.wake_on == before


@pytest.mark.parametrize("state", ["received", "checking"])
def test_no_record_is_searched_attached_or_opened_before_it_is_settled_who_asks(runtime: Runtime, state: str) -> None:
    walk, record = builders.case_in(runtime, state), builders.rich_child(runtime)
    with pytest.raises(StepRefused, match="settle who asks"):
        verbs.look_for(walk.case, walk.worker.actor, search=True)
    with pytest.raises(StepRefused):
        attach(walk, record)
    assert walk.case.child_id is None


def test_a_case_that_is_checked_again_opens_no_record(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    verbs.look_for(walk.case, walk.worker.actor)
    walk.step("back_to_checking", again="identity", reason="Another voice on the phone")
    with pytest.raises(StepRefused, match="settle who asks"):
        verbs.look_for(walk.case, walk.worker.actor)
    detach(walk)  # a wrong record can be taken off at once


# Clocks that wait for nobody


def test_what_is_said_to_have_come_before_we_asked_is_refused_and_leaves_no_dead_clock(runtime: Runtime, at) -> None:
    at(START)
    walk = builders.case_in(runtime, "checking")
    at(START + 3 * DAY, walk)
    walk.step("ask_identity", doubt="not-known", proof="A letter")
    at(START + 5 * DAY, walk)
    with pytest.raises(StepRefused, match="before we asked"):
        walk.step("record_identity", came_on=START + 2 * DAY)
    walk.step("record_identity", came_on=START + 3 * DAY)
    assert walk.case.due_on is not None


@pytest.mark.parametrize(
    ("what", "answers"),
    [("identity", {"known_by": "known"}), ("authority", {"basis": "mother", "orders": "None"})],
)
def test_the_clock_runs_again_once_what_was_awaited_is_settled_without_it(
    runtime: Runtime, what: str, answers: dict[str, str]
) -> None:
    walk = builders.case_in(runtime, "finding")
    walk.step("back_to_checking", again=what, reason="A doubt")
    asked = {"doubt": "not-known" if what == "identity" else "not-on-record"}
    proof = "A letter" if what == "identity" else "parental-responsibility"
    walk.step(f"ask_{what}", **asked, proof=proof)
    if what == "identity":
        walk.step("record_identity", came_on=walk.today).step("accept_identity", known_by="known")
        walk.step("start_finding").step("back_to_checking", again=what, reason="A doubt")
        walk.step("ask_identity", **asked, proof=proof)
    assert walk.case.clock_status == "stopped"
    walk.act(lambda session: _forget(session, walk, what))
    walk.step(f"accept_{what}", **answers)
    assert walk.case.due_on is not None
    assert getattr(facts(walk), f"{what}_asked_on") is None


def _forget(session, walk: Walk, what: str) -> None:
    """The standing falls back while the question is still out, as after an eighteenth birthday."""
    case = ledger.locked(session, walk.case_id)
    ledger.append(session, case, "back_to_checking", by=walk.worker.actor, on_date=walk.today, answers={"again": what})


def test_an_order_that_ends_while_proof_is_awaited_leaves_no_dead_clock(runtime: Runtime, at) -> None:
    at(START)
    walk = builders.case_in(runtime, "checking")
    walk.step("accept_identity", known_by="known")
    walk.step("accept_authority", basis="mother", orders="One", valid_until=START + 9 * DAY).step("start_finding")
    at(START + 10 * DAY, walk)
    walk.step("ask_authority", doubt="ended", proof="court-order")
    walk.step("authority_lapsed", by=Actor.system())
    assert walk.case.clock_status == "stopped"
    assert guards.authority_awaited(facts(walk)) is None  # what was asked for can still come
    walk.step("accept_authority", basis="mother", orders="A new one")
    assert (walk.case.clock_status, walk.case.due_on) == ("running", datetime.date(2026, 10, 12))


@pytest.mark.parametrize("later", [0, 4])
def test_turning_down_a_proof_stops_the_clock_until_the_rest_comes(runtime: Runtime, at, later: int) -> None:
    at(START)
    walk = builders.case_in(runtime, "checking")
    walk.step("ask_identity", doubt="not-known", proof="A letter").step("record_identity", came_on=START)
    assert walk.case.due_on is not None
    at(START + later * DAY, walk, hour=13)
    walk.step("refuse_identity_evidence", missing="A newer letter")
    assert walk.case.clock_status == "stopped"
    assert facts(walk).waits_for_requester
    at(START + 9 * DAY, walk)
    walk.step("record_identity", came_on=START + 9 * DAY).step("accept_identity", known_by="papers")
    assert walk.case.due_on == datetime.date(2026, 10, 12)  # the 10th is a Saturday
    no_faults(walk)


def test_a_question_asked_after_the_time_ran_out_can_be_answered(runtime: Runtime, at) -> None:
    at(START)
    walk = builders.case_in(runtime, "finding")
    at(START + 40 * DAY, walk)
    walk.step("ask_clarification", about="which-dates", question="Which years?", necessary="Six boxes")
    assert walk.case.due_on == datetime.date(2026, 10, 1)
    assert facts(walk).clarification_open
    walk.step("answer_clarification", by=walk.requester, answer="All of them")
    assert not facts(walk).clarification_open
    walk.step("ask_clarification", about="which-dates", question="And where?", necessary="Three stores")


def test_once_the_copy_is_out_nothing_is_overdue(runtime: Runtime, at) -> None:
    at(START)
    walk = builders.case_in(runtime, "ready")
    at(START + 60 * DAY, walk)
    assert (walk.case.due_on, walk.case.clock_status) == (None, "met")
    no_faults(walk)
    with runtime.database.read() as session:
        assert worklist.page(session, walk.worker.actor, "overdue", today=walk.today).lines == []
    walk.step("stop_release", reason="A mistake")
    with runtime.database.read() as session:
        assert len(worklist.page(session, walk.worker.actor, "overdue", today=walk.today).lines) == 1


def test_the_days_of_a_summer_night_are_british(runtime: Runtime) -> None:
    with time_machine.travel(datetime.datetime(2026, 7, 31, 23, 30, tzinfo=datetime.UTC), tick=True):
        walk = builders.case_in(runtime, "finding")
        builders.search_places(walk, "nothing")
        walk.act(lambda session: verbs.write_message(session, walk.case_id, "note", "Late", by=walk.worker.actor))
        asked = {"kind": "health", "who": "A nurse", "excerpt": "", "asked_on": walk.today, "answer_by": None}
        walk.act(lambda session: consulting.ask(session, walk.case_id, by=walk.worker.actor, **asked))
    with runtime.database.read() as session:
        days = {event.on_date for event in ledger.history(session, session.get_one(Case, walk.case_id))}
    assert days == {datetime.date(2026, 8, 1)}


# The child's own view


def happened(seq: int, name: str, actor: str = "staff:ann", **answers: str) -> Happened:
    moment = datetime.datetime(2026, 9, 1, 12, seq, tzinfo=datetime.UTC)
    return Happened(seq, moment, moment.date(), name, None, "checking", "checking", actor, answers)


@pytest.mark.parametrize(
    "after",
    [
        ("ask_child", {}),
        ("record_child_answer", {"answer": "no-view"}),
        ("child_answer_changed", {"answer": "no-view"}),
        ("record_child_not_asked", {}),
        ("assess_competence", {"competence": "competent"}),
        ("new_order", {}),
    ],
    ids=lambda one: one[0],
)
def test_whatever_changes_about_the_child_the_best_interests_are_decided_again(after) -> None:
    name, answers = after
    events = [
        happened(1, "assess_competence", competence="competent"),
        happened(2, "record_child_not_asked"),
        happened(3, "decide_best_interests", "staff:bob"),
    ]
    assert folding.fold("subject_access", events)["best_interests_decided_by"] == "staff:bob"
    assert folding.fold("subject_access", [*events, happened(4, name, **answers)])["best_interests_decided_by"] is None


def test_a_no_after_closing_calls_the_copy_back(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "closed")
    assert len(copies(walk)) == 1
    walk.step("child_answer_changed", answer="no")
    assert walk.case.state == "checking"
    assert copies(walk) == []
    walk.step("assess_competence", competence="not-competent", **WEIGHED)
    assert copies(walk) == []  # what was called back comes back by a new release alone


@pytest.mark.parametrize(("name", "answers"), [("new_order", {"order": "No contact"}), ("reopen", {"reason": "Why"})])
def test_an_order_after_closing_and_opening_again_call_the_copy_back(runtime: Runtime, name: str, answers) -> None:
    walk = builders.case_in(runtime, "closed")
    walk.step(name, **answers)
    assert copies(walk) == []
    assert walk.case.closed_at is None
    if name == "new_order":
        walk.step("accept_authority", basis="mother", orders="Read").step("new_order", order="One more")
        assert not facts(walk).orders_considered


def copies(walk: Walk) -> list[object]:
    with walk.runtime.database.read() as session:
        return list(release.released(session, session.get_one(Case, walk.case_id), today=walk.today))


# Who asks, and who decides


def test_it_is_about_me_is_put_right_and_everything_is_checked_again(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review", kind="self")
    walk.step("record_right", right="parent", reason="The voice is a grown man's")
    now = facts(walk)
    assert (walk.case.state, now.requester_kind) == ("checking", RequesterKind.PARENT)
    assert guards.identity_accepted(now) and guards.authority_settled(now)
    assert walk.case.wake_on == builders.BORN.replace(year=builders.BORN.year + 18)
    with pytest.raises(StepRefused):
        walk.step("start_finding")


def test_another_right_ends_the_waiting_for_the_proof_of_the_first(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "checking")
    walk.step("ask_authority", doubt="not-on-record", proof="parental-responsibility")
    assert walk.case.clock_status == "stopped"
    walk.step("record_right", right="self", reason="It is the young person, seen in person")
    assert walk.case.due_on is not None


PREPARED = ["record_attached", "search_place_added", "search_place_answered", "consulted", "consultation_answered"]


@pytest.mark.parametrize("name", [*PREPARED, "pack_requested", "leak_allowed", "send_to_approval"])
def test_whoever_had_a_hand_in_it_does_not_approve_it(name: str) -> None:
    folded = folding.fold("subject_access", [happened(1, name, "staff:ines")])
    seen = CaseFacts(
        today=START, actor="staff:ines", reviewed_by=frozenset({"staff:ann"}), prepared_by=folded["prepared_by"]
    )
    assert guards.actor_did_not_prepare(seen)
    assert folding.fold("subject_access", [happened(1, "note", "staff:ines")])["prepared_by"] == frozenset()


def test_whoever_held_a_case_for_weeks_and_gave_it_away_today_does_not_approve_it(runtime: Runtime, at) -> None:
    at(START)
    walk = builders.case_in(runtime, "checking")
    long, new = walk.approver, walk.worker
    give(walk, long)
    at(START + 20 * DAY, walk)
    give(walk, new)
    assert {str(long.actor), str(new.actor)} <= facts(walk).prepared_by
    at(START + 22 * DAY, walk)
    assert str(long.actor) not in facts(walk).prepared_by
    assert str(new.actor) in facts(walk).prepared_by


def give(walk: Walk, to: builders.Staff) -> None:
    walk.act(lambda session: verbs.assign(session, walk.case_id, session.get_one(Staff, to.id), by=walk.worker.actor))


def test_nothing_but_what_is_wholly_exempt_is_refused_as_exempt(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    builders.decide_all(walk)
    assert facts(walk).review_given
    said = {"ground": "all-exempt", "reason": "Why", "explanation": "The law keeps it private."}
    with pytest.raises(StepRefused, match="gives something"):
        walk.step("propose_refusal", **said)


def test_a_child_who_is_asked_is_weighed_at_any_age(runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "checking")
    walk.step("accept_identity", known_by="known").step("accept_authority", basis="mother", orders="None")
    assert guards.child_heard(facts(walk)) is None
    walk.step("record_child_answer", answer="no")
    assert facts(walk).child_answer is ChildAnswer.NO
    assert guards.child_heard(facts(walk))

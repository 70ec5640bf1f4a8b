"""The table of a correction against everything that must hold, tried exhaustively."""

from collections import deque
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from tests.workflows import tables
from tests.workflows.tables import TODAY, answers_to, reached_without
from workflows.clock import BankHolidays, ClockEvent, Law, clock
from workflows.days import add_months
from workflows.facts import (
    AuthorityStatus,
    CaseFacts,
    ChildAnswer,
    Competence,
    Confirmed,
    IdentityStatus,
    PackState,
    RefusalGround,
    RequesterKind,
)
from workflows.kinds import WORKFLOWS, step_of
from workflows.kinds import subject_access as access
from workflows.kinds.correction import BEFORE_APPROVAL, CHILD, LOOKING_AGAIN, OPEN, OUT, UNANSWERED, WORKFLOW, WORKING
from workflows.table import Addressee, Role, StepRefused, Turn

BORN_6, BORN_14, BORN_18 = date(2020, 1, 1), date(2012, 1, 1), date(2008, 11, 23)

# A case in which everything is as it should be, about a child of six.
GOOD = CaseFacts(
    today=TODAY,
    actor="dee",
    requester_kind=RequesterKind.PARENT,
    subject_born=BORN_6,
    identity=IdentityStatus.ACCEPTED,
    authority=AuthorityStatus.ACCEPTED,
    authority_basis="mother",
    authority_accepted_on=date(2026, 11, 2),
    orders_considered=True,
    record_attached=True,
    search_lines=4,
    search_lines_open=0,
    reviewed_by=frozenset({"ann"}),
    prepared_by=frozenset({"ann"}),
    pack=PackState.APPROVED,
    pack_leaks=0,
    approved_by="bob",
    confirmed=Confirmed(orders=TODAY, shield=TODAY, moves=TODAY, lives_with=TODAY),
    confirmed_since=date(2026, 11, 16),
    received_on=date(2026, 11, 2),
    notice_deadline=date(2026, 12, 2),
    extended=False,
    clarification_open=False,
    question_open=False,
    lines=2,
    lines_unmatched=0,
    lines_undecided=0,
    lines_proposed=0,
    something_refused=True,
    sources_waiting=0,
    recipients_open=0,
)
AGAIN = replace(GOOD, reviewed_again=True, decided_by=frozenset({"ann", "bob"}), approved_by="eve")


def take(state, name, role, facts, **given):
    return tables.take(WORKFLOW, state, name, role, facts, **given)


def refused(state, name, role, facts, **given):
    return tables.refused(WORKFLOW, state, name, role, facts, **given)


def open_steps(state, role, facts):
    return {one.step.name for one in WORKFLOW.steps_for(state, role, facts) if one.refused is None}


# Every state, step and role against every combination of facts that matters


def test_each_step_is_open_to_its_own_roles_in_its_own_states_only():
    for state, step, role in product(WORKFLOW.states, WORKFLOW.steps, Role):
        offered = {one.step.name for one in WORKFLOW.steps_for(state.name, role, GOOD)}
        assert (step.name in offered) == (state in step.from_states and role in step.roles)
        if step.name not in offered:
            assert refused(state.name, step.name, role, GOOD)


WHO = {
    "requester_kind": (RequesterKind.UNKNOWN, RequesterKind.SELF, RequesterKind.PARENT),
    "identity": (IdentityStatus.RECEIVED, IdentityStatus.ACCEPTED),
    "authority": (AuthorityStatus.RECEIVED, AuthorityStatus.ACCEPTED),
    "authority_ended": (False, True),
    "subject_born": (None, BORN_6, BORN_14, BORN_18),
    "competence": tuple(Competence),
    "child_answer": (ChildAnswer.UNKNOWN, ChildAnswer.YES, ChildAnswer.NO, ChildAnswer.SOME, ChildAnswer.TALK),
}
LINES = {
    "lines": (0, 2),
    "lines_unmatched": (None, 0, 1),
    "lines_undecided": (None, 0, 1),
    "lines_proposed": (None, 0, 1),
}


def combinations(*tables_of_facts):
    merged = {name: values for table in tables_of_facts for name, values in table.items()}
    for values in product(*merged.values()):
        yield replace(GOOD, **dict(zip(merged, values, strict=True)))


def not_shown_to_be_entitled(facts):
    """What the law says against telling this requester anything, written down apart from the guards (R-49)."""
    yield facts.identity is not IdentityStatus.ACCEPTED
    if facts.requester_kind is RequesterKind.SELF:
        return
    yield facts.requester_kind is RequesterKind.UNKNOWN
    yield facts.authority is not AuthorityStatus.ACCEPTED or facts.authority_ended
    yield facts.subject_born in (None, BORN_18)
    if facts.subject_born != BORN_6 or facts.child_answer in (ChildAnswer.NO, ChildAnswer.SOME, ChildAnswer.TALK):
        yield facts.competence is Competence.NOT_ASSESSED
    if facts.competence is Competence.COMPETENT:
        yield facts.child_answer not in (ChildAnswer.YES, ChildAnswer.SOME)


def beyond_the_parts(facts):
    """A child who can decide said yes to some of it, and nobody confirmed that the answer keeps to that."""
    limited = facts.competence is Competence.COMPETENT and facts.child_answer is ChildAnswer.SOME
    yield limited and facts.requester_kind is not RequesterKind.SELF and facts.child_parts_kept_by is None


def unmatched(facts):
    yield facts.lines == 0
    yield facts.lines_unmatched != 0


def undecided(facts):
    yield from unmatched(facts)
    yield facts.lines_undecided != 0
    yield facts.lines_proposed != 0


def compare(name, facts, forbidden, seen):
    opened = WORKFLOW.step(name).closed(facts) is None
    assert opened != forbidden, (name, facts)
    seen.add(opened)


def test_the_check_is_passed_for_nobody_who_is_not_shown_to_be_entitled():
    seen = set()
    for facts in combinations(WHO):
        compare("pass_check", facts, any(not_shown_to_be_entitled(facts)), seen)
    for facts in combinations(LINES):
        compare("pass_check", facts, any(unmatched(facts)), seen)
    assert seen == {True, False}


@pytest.mark.parametrize(
    ("attached", "searched", "open_places", "passes"),
    [
        (True, 0, None, True),
        (False, 4, 0, True),  # none is held, and that is an answer
        (False, 4, 1, False),
        (False, 0, 0, False),
        (None, 4, 0, False),
    ],
)
def test_the_check_needs_the_record_or_the_whole_search_that_found_none(attached, searched, open_places, passes):
    facts = replace(GOOD, record_attached=attached, search_lines=searched, search_lines_open=open_places)
    assert (refused("finding", "pass_check", Role.CASEWORKER, facts) is None) == passes


PACKS = {
    "pack": tuple(PackState),
    "pack_leaks": (None, 0, 1),
    "approved_by": (None, "ann", "bob", "eve"),
    "reviewed_again": (False, True),
}


def test_no_answer_is_released_on_any_facts_against_which_the_law_speaks():
    seen = set()
    for facts in combinations(WHO):
        compare("release", facts, any(not_shown_to_be_entitled(facts)) or any(beyond_the_parts(facts)), seen)
        facts = replace(facts, child_parts_kept_by="ann")
        compare("release", facts, any(not_shown_to_be_entitled(facts)), seen)
    for facts in combinations(LINES):
        compare("release", facts, any(undecided(facts)), seen)
    for facts in combinations(PACKS):
        facts = replace(facts, decided_by=frozenset({"ann", "bob"}) if facts.reviewed_again else frozenset())
        uninvolved = {"eve"} if facts.reviewed_again else {"bob", "eve"}
        whole = facts.pack is PackState.APPROVED and facts.pack_leaks == 0
        compare("release", facts, not (whole and facts.approved_by in uninvolved), seen)
    assert seen == {True, False}


@pytest.mark.parametrize("name", ["send_to_approval", "send_to_approval_again", "approve"])
def test_nothing_undecided_goes_to_approval(name):
    seen = set()
    for facts in combinations(WHO):
        assembled = replace(facts, pack=PackState.ASSEMBLED, approved_by=None)
        compare(name, assembled, any(not_shown_to_be_entitled(facts)) or any(beyond_the_parts(facts)), seen)
    for facts in combinations(LINES):
        compare(name, replace(facts, pack=PackState.ASSEMBLED), any(undecided(facts)), seen)
    for pack, leaks in product(PackState, (None, 0, 1)):
        facts = replace(GOOD, pack=pack, pack_leaks=leaks)
        compare(name, facts, pack is not PackState.ASSEMBLED or leaks != 0, seen)
    assert seen == {True, False}


def test_an_answer_goes_out_from_approval_only_and_by_staff_only():
    for state, role in product(WORKFLOW.states, Role):
        allowed = state.name in ("approval", "approval_again") and role in (Role.CASEWORKER, Role.APPROVER)
        assert (refused(state.name, "release", role, GOOD) is None) == allowed


# The shape of the table


def test_nothing_is_weighed_before_the_check_is_passed():
    assert reached_without(WORKFLOW, "pass_check") == {"received", "checking", "finding", "refused", "withdrawn"}
    assert [state.name for state in WORKFLOW.step("pass_check").from_states] == ["finding"]


def test_nothing_is_answered_without_a_release_and_nothing_released_without_approval():
    assert not reached_without(WORKFLOW, "release") & {"ready", "collected", "closed", "reconsidering"}
    assert not reached_without(WORKFLOW, "send_to_approval") & {"approval", "ready", "reconsidering"}
    assert "approval_again" not in reached_without(WORKFLOW, "send_to_approval_again")
    assert "reconsidering" not in reached_without(WORKFLOW, "ask_review", "record_review_asked")


def test_final_states_are_left_only_by_opening_the_case_again():
    final = [state for state in WORKFLOW.states if state.final]
    leaving = {step.name for step in WORKFLOW.steps if any(state in step.from_states for state in final)}
    assert leaving == {"reopen", "ask_review", "record_review_asked", "child_answer_changed", "new_order"}
    assert all(WORKFLOW.step(name).reopens for name in leaving)


def test_a_record_is_looked_for_and_opened_only_once_it_is_settled_who_asks():
    assert [state.name for state in WORKFLOW.searched_in] == ["finding"]
    assert [state.name for state in WORKFLOW.attached_in] == ["finding"]
    assert [state.name for state in WORKFLOW.detached_in] == ["checking", "finding"]
    unsettled = {"received", "checking", "closed", "refused", "withdrawn"}
    assert {state.name for state in WORKFLOW.states} - {state.name for state in WORKFLOW.opened_in} == unsettled


def test_who_asks_is_checked_by_the_steps_of_a_request():
    shared = (*access.OPENING, *access.IDENTITY, *access.AUTHORITY, *access.CHILD)
    for step in shared:
        own = WORKFLOW.step(step.name)
        assert (own.guards, own.checks, own.roles, own.clock, own.settles, own.letter, own.letter_to) == (
            step.guards,
            step.checks,
            step.roles,
            step.clock,
            step.settles,
            step.letter,
            step.letter_to,
        )
        assert [need.name for need in own.needs] == [need.name for need in step.needs]


def test_a_reference_leads_to_the_steps_of_its_own_kind():
    assert step_of("cor-7K3M-92QX", "pass_check") is WORKFLOW.step("pass_check")
    assert step_of("SAR-7K3M-92QX", "approve") is access.WORKFLOW.step("approve")
    assert step_of("SAR-7K3M-92QX", "pass_check") is None
    assert step_of("XXX-7K3M-92QX", "approve") is None


# Every path: steps by several people, and what the world does meanwhile, breadth first

PEOPLE = (
    ("ann", Role.CASEWORKER),
    ("ann", Role.APPROVER),
    ("bob", Role.APPROVER),
    ("cyd", Role.CASEWORKER),
    ("eve", Role.APPROVER),
    ("clock", Role.SYSTEM),
    ("mum", Role.REQUESTER),
)
WALKED = {
    "start_checking",
    "accept_identity",
    "accept_authority",
    "start_finding",
    "pass_check",
    "send_to_approval",
    "send_back",
    "approve",
    "release",
    "collect",
    "ask_review",
    "send_to_approval_again",
    "send_back_again",
    "void_approval",
    "void_approval_again",
    "new_order",
    "stop_release",
    "close",
    "withdraw",
}
NOT_DECIDED = {"lines_undecided": 1, "something_refused": False, "reviewed_by": frozenset()}


def folded(step, facts):
    """What the ledger and the lines make of a step, as far as it matters here."""
    changes = {}
    fallen = (PackState.ASSEMBLED, PackState.APPROVED) + (PackState.RELEASED,) * step.recalls
    if step.voids_approval and facts.pack in fallen:
        changes["pack"] = PackState.VOID
    if step.voids_approval:
        changes["approved_by"] = None
    match step.name:
        case "accept_identity":
            changes["identity"] = IdentityStatus.ACCEPTED
        case "accept_authority":
            changes |= {"authority": AuthorityStatus.ACCEPTED, "orders_considered": True}
        case "approve":
            changes |= {"pack": PackState.APPROVED, "approved_by": facts.actor}
        case "release":
            changes["pack"] = PackState.RELEASED
        case "new_order":
            changes["orders_considered"] = False
        case "ask_review":
            involved = facts.reviewed_by | {facts.approved_by} - {None}
            changes |= {"reviewed_again": True, "decided_by": involved, "lines_undecided": 1}
    return replace(facts, actor=None, **changes)


def happenings(state, facts):
    """What changes without a step of the case: lines are decided by either caseworker, an answer is written."""
    if state in ("weighing", "reconsidering"):
        if facts.lines_undecided:
            for who in {"ann", "cyd"} - facts.decided_by:
                hands = facts.reviewed_by | {who}
                yield replace(facts, lines_undecided=0, something_refused=True, reviewed_by=hands)
        elif facts.pack is not PackState.ASSEMBLED:
            yield replace(facts, pack=PackState.ASSEMBLED, approved_by=None)


def moves(state, facts):
    for actor, role in PEOPLE:
        seen = replace(facts, actor=actor)
        for offered in WORKFLOW.steps_for(state, role, seen):
            step = offered.step
            if step.name not in WALKED or offered.refused:
                continue
            try:
                taken = WORKFLOW.take(state, step.name, role=role, facts=seen, answers=answers_to(step))
            except StepRefused:
                continue
            yield step, taken.to_state.name, seen, folded(step, seen)


@pytest.fixture(scope="module")
def walked():
    """Every (state, facts) that can be reached, and every step taken on the way."""
    start = (
        "received",
        replace(
            GOOD,
            actor=None,
            identity=IdentityStatus.UNKNOWN,
            authority=AuthorityStatus.UNKNOWN,
            orders_considered=False,
            pack=PackState.NONE,
            approved_by=None,
            prepared_by=frozenset(),
            **NOT_DECIDED,
        ),
    )
    seen, waiting, taken = {start}, deque([start]), []
    while waiting:
        state, facts = waiting.popleft()
        after = [(state, changed) for changed in happenings(state, facts)]
        for step, to, before, changed in moves(state, facts):
            taken.append((step.name, state, to, before))
            after.append((to, changed))
        for node in after:
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen, taken


def test_the_walk_takes_every_step_it_is_given(walked):
    _seen, taken = walked
    assert {name for name, *_rest in taken} == WALKED


def test_no_path_passes_the_check_or_releases_while_it_is_open_who_asks(walked):
    _seen, taken = walked
    for name, _state, _to, before in taken:
        if name in ("pass_check", "release", "approve", "collect"):
            assert not any(not_shown_to_be_entitled(before)) and before.orders_considered


def test_no_path_releases_what_one_person_decided_and_approved_or_what_is_undecided(walked):
    _seen, taken = walked
    for name, _state, _to, before in taken:
        assert name != "approve" or before.actor not in before.reviewed_by
    releases = [before for name, _state, _to, before in taken if name == "release"]
    assert {before.reviewed_again for before in releases} == {True, False}
    for before in releases:
        assert before.approved_by in {"ann", "bob", "eve"} - before.reviewed_by
        assert before.lines_undecided == 0


def test_no_path_lets_those_who_were_involved_answer_a_second_time(walked):
    _seen, taken = walked
    second = [(name, before) for name, _state, _to, before in taken if before.reviewed_again]
    approvals = [before for name, before in second if name == "approve"]
    assert approvals
    for before in approvals:
        assert before.actor not in before.decided_by
    for name, before in second:
        assert name != "ask_review"
        if name == "release":
            assert before.approved_by not in before.decided_by


def test_no_path_leaves_an_approval_standing_where_lines_can_change(walked):
    seen, _taken = walked
    for state, facts in seen:
        if state in ("checking", "finding", "weighing", "reconsidering"):
            assert facts.pack is not PackState.APPROVED and facts.approved_by is None


def test_whatever_has_happened_somebody_can_still_do_something(walked):
    seen, _taken = walked
    for state, facts in seen:
        onward = [
            offered.step
            for actor, role in PEOPLE
            for offered in WORKFLOW.steps_for(state, role, replace(facts, actor=actor))
            if offered.refused is None and offered.step.to is not None
        ]
        assert onward, (state, facts)


# What the requester reads


def test_from_checking_to_the_answer_the_requester_reads_one_and_the_same():
    assert {(state.told, state.turn) for state in WORKING} == {("We are looking into it.", Turn.AUTHORITY)}
    assert len({state.next for state in WORKING}) == 1
    assert [state.name for state in WORKING] == ["checking", "finding", "weighing", "approval"]
    assert len({(state.told, state.next, state.turn) for state in LOOKING_AGAIN}) == 1


def test_no_step_between_them_is_told_unless_something_is_asked_or_answered():
    inside = [
        step.name
        for step in WORKFLOW.steps
        if step.told and step.to in (None, *WORKING) and set(step.from_states) & set(WORKING)
    ]
    assert set(inside) == {
        "confirm_receipt_day",
        "ask_identity",
        "record_identity",
        "accept_identity",
        "refuse_identity_evidence",
        "ask_authority",
        "record_authority",
        "refuse_authority_evidence",
        "ask_question",
        "answer_question",
        "record_question_answer",
        "extend",
    }


def test_no_word_to_the_requester_tells_of_a_question_to_the_child():
    for step in CHILD:
        assert step.told is None and step.to is None and step.clock is None
        assert step.letter is None or step.letter_to is Addressee.CHILD
    for name in ("child_answer_changed", "new_order", "eighteenth_birthday", "authority_lapsed", "stop_release"):
        assert WORKFLOW.step(name).told is None and WORKFLOW.step(name).letter is None
    words = [step.told for step in WORKFLOW.steps if step.told]
    words += [text for state in WORKFLOW.states for text in (state.told, state.next)]
    assert not any("child" in text.lower() for text in words)


def test_a_childs_no_and_a_missing_proof_end_in_the_same_step_and_words():  # W-18
    proposed = replace(GOOD, refusal_proposed_by="ann")
    no_proof = replace(proposed, refusal_ground=RefusalGround.NO_AUTHORITY, authority=AuthorityStatus.ASKED)
    child_no = replace(
        proposed,
        refusal_ground=RefusalGround.CHILD_DECIDES,
        competence=Competence.COMPETENT,
        child_answer=ChildAnswer.NO,
    )
    no_right = replace(proposed, refusal_ground=RefusalGround.MAY_NOT_ACT, authority=AuthorityStatus.UNKNOWN)
    for state, facts in product(BEFORE_APPROVAL, (no_proof, child_no, no_right)):
        ends = {step.name for step in WORKFLOW.steps if step.to and step.to.final}
        final = open_steps(state.name, Role.APPROVER, facts) & ends
        assert final == {"refuse_for_authority"}


def test_it_is_the_requesters_turn_while_a_question_is_open():
    assert WORKFLOW.turn("weighing", GOOD) is Turn.AUTHORITY
    assert WORKFLOW.turn("weighing", replace(GOOD, question_open=True)) is Turn.REQUESTER


# The clock


def test_no_question_stops_the_clock_and_no_step_asks_to_have_it_stopped():
    assert {step.clock for step in WORKFLOW.steps if step.clock} == {
        "identity-requested",
        "identity-received",
        "authority-requested",
        "authority-received",
        "extended",
    }
    awaited = replace(GOOD, identity_asked_on=TODAY, authority_asked_on=TODAY, question_asked_on=TODAY)
    for name in ("ask_question", "answer_question", "record_question_answer"):
        assert WORKFLOW.step(name).clock_event(awaited) is None
    assert not any("clarif" in step.name for step in WORKFLOW.steps)


def test_neither_an_open_question_nor_a_silent_source_closes_a_step():
    standings = [
        replace(GOOD, pack=pack, record_attached=attached, actor=actor)
        for pack, attached, actor in product(PackState, (True, False), ("bob", "dee"))
    ]
    waiting = ({"question_open": True, "question_asked_on": TODAY}, {"sources_waiting": 3}, {"sources_waiting": None})
    for state, role, facts in product(WORKFLOW.states, Role, standings):
        running = open_steps(state.name, role, facts)
        for changes in waiting:
            assert running - open_steps(state.name, role, replace(facts, **changes)) <= {"ask_question"}


def test_an_answer_can_come_in_every_state_the_question_can_be_open_in():
    asked = replace(GOOD, question_open=True, question_asked_on=TODAY)
    for state in OPEN:
        assert take(state.name, "answer_question", Role.REQUESTER, asked) == state.name
        assert take(state.name, "record_question_answer", Role.CASEWORKER, asked) == state.name
        assert refused(state.name, "answer_question", Role.REQUESTER, GOOD)
        assert refused(
            state.name, "record_question_answer", Role.CASEWORKER, replace(asked, question_asked_on=date(2026, 11, 24))
        )
    assert refused("weighing", "ask_question", Role.CASEWORKER, asked)
    assert refused("weighing", "ask_question", Role.CASEWORKER, replace(GOOD, question_open=None))


HOLIDAYS = BankHolidays(frozenset({date(2026, 12, 25), date(2026, 12, 28)}), date(2026, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize("months", [1, 3])
def test_the_day_is_never_later_than_the_law_allows(months):
    for number in range(90):
        received = date.fromordinal(date(2026, 10, 1).toordinal() + number)
        asked = [ClockEvent("clarification-asked", received), ClockEvent("clarification-answered", received)]
        told = [ClockEvent("extended", received)] if months == 3 else []
        allowed = HOLIDAYS.working_day(add_months(received, months))
        assert clock(Law.RECTIFICATION, received, [*asked, *told], HOLIDAYS).due == allowed


def test_the_answer_meets_the_month_and_a_review_does_not_begin_another():
    assert {state.name for state in WORKFLOW.states if state.answered} == {state.name for state in OUT}
    for state in UNANSWERED:
        assert not state.answered


# Questions, reviews, those who are told, ends


def test_a_review_needs_something_refused_and_is_had_once():
    for state in ("ready", "collected", "closed"):
        assert take(state, "ask_review", Role.REQUESTER, GOOD) == "reconsidering"
        assert take(state, "record_review_asked", Role.CASEWORKER, GOOD) == "reconsidering"
        for changes in ({"something_refused": False}, {"something_refused": None}, {"reviewed_again": True}):
            facts = replace(GOOD, **changes)
            assert refused(state, "ask_review", Role.REQUESTER, facts)
            assert refused(state, "record_review_asked", Role.CASEWORKER, facts)
    for state in (*UNANSWERED, *LOOKING_AGAIN):
        assert refused(state.name, "ask_review", Role.REQUESTER, GOOD)


@pytest.mark.parametrize("name", ["send_to_approval_again", "approve", "confirm_again"])
def test_whoever_was_involved_the_first_time_does_no_part_of_the_review(name):
    facts = replace(AGAIN, pack=PackState.APPROVED if name == "confirm_again" else PackState.ASSEMBLED)
    state = "reconsidering" if name == "send_to_approval_again" else "approval_again"
    role = Role.CASEWORKER if name == "send_to_approval_again" else Role.APPROVER
    assert refused(state, name, role, replace(facts, actor="dee")) is None
    assert "involved" in refused(
        state, name, role, replace(facts, actor="bob", reviewed_by=frozenset({"x"}), prepared_by=frozenset())
    )
    assert refused(state, name, role, replace(facts, actor="dee", decided_by=frozenset()))


def test_a_case_is_closed_once_everybody_who_must_be_told_is():
    for state, name in (("collected", "close"), ("ready", "close_uncollected")):
        assert take(state, name, Role.CASEWORKER, GOOD) == "closed"
        for still in (None, 1):
            assert refused(state, name, Role.CASEWORKER, replace(GOOD, recipients_open=still))


def test_every_refusal_takes_two_people_and_a_ground_that_this_kind_knows():
    known = {choice.value for choice in WORKFLOW.step("propose_refusal").needs[0].choices}
    assert not known & {RefusalGround.ALL_EXEMPT, RefusalGround.ALL_EXEMPT_NEUTRAL}
    refusing = [step for step in WORKFLOW.steps if step.to is not None and step.to.name == "refused"]
    assert {step.name for step in refusing} == {"refuse", "refuse_for_identity", "refuse_for_authority"}
    for step in refusing:
        assert step.roles == (Role.APPROVER,) and "approval" not in {state.name for state in step.from_states}
        for ground in RefusalGround:
            assert step.closed(replace(GOOD, actor="ann", refusal_proposed_by="ann", refusal_ground=ground))
    for ground in (RefusalGround.ALL_EXEMPT, RefusalGround.ALL_EXEMPT_NEUTRAL):
        exempt = replace(GOOD, refusal_proposed_by="ann", refusal_ground=ground, review_given=0, review_undecided=0)
        assert all(step.closed(exempt) for step in refusing)
    excessive = replace(GOOD, refusal_proposed_by="ann", refusal_ground=RefusalGround.EXCESSIVE)
    assert take("weighing", "refuse", Role.APPROVER, excessive) == "refused"


def test_every_unanswered_challenge_can_be_taken_back_and_no_answered_one():
    for state in WORKFLOW.states:
        assert (refused(state.name, "withdraw", Role.REQUESTER, GOOD) is None) == (state in UNANSWERED)
    for state in OPEN:
        ends = any(state in step.from_states and step.to and step.to.final for step in WORKFLOW.steps)
        assert ends or state in LOOKING_AGAIN


def test_what_takes_an_answer_back_ends_its_download_and_what_undoes_a_case_voids_its_approval():
    for step in WORKFLOW.steps:
        takes_back = step.to is not None and step.to.name == "checking"
        takes_back = takes_back and any(state in (*OUT, WORKFLOW.state("closed")) for state in step.from_states)
        assert step.recalls == (takes_back or step.name == "record_right"), step.name
        assert step.voids_approval or not step.recalls
    for name in ("send_back", "send_back_again", "void_approval", "void_approval_again", "back_to_checking", "reopen"):
        assert WORKFLOW.step(name).voids_approval
    for name in ("ask_review", "record_review_asked"):  # the first answer stays out
        assert WORKFLOW.step(name).voids_approval and not WORKFLOW.step(name).recalls


def test_whatever_is_out_is_called_back_and_who_asks_in_another_right_is_checked_again():
    for state in WORKFLOW.states:
        assert (refused(state.name, "stop_release", Role.CASEWORKER, GOOD) is None) == (state in OUT)
        assert (refused(state.name, "record_right", Role.CASEWORKER, GOOD) is None) == (state in WORKING)
        checked_again = state in (*OUT, *WORKING[1:])
        for name in ("eighteenth_birthday", "authority_lapsed"):
            gone = replace(GOOD, subject_born=BORN_18, authority_ended=True)
            assert (refused(state.name, name, Role.SYSTEM, gone) is None) == checked_again


@pytest.mark.parametrize("name", ["orders", "shield", "moves", "lives_with"])
def test_an_approver_confirms_four_things_or_does_not_approve(name):
    facts = replace(GOOD, pack=PackState.ASSEMBLED, approved_by=None)
    assert take("approval", "approve", Role.APPROVER, facts) == "approval"
    assert refused("approval", "approve", Role.APPROVER, facts, **{name: False})


def test_every_step_offered_but_closed_says_why_in_a_sentence():
    for workflow in WORKFLOWS.values():
        for state, role in product(workflow.states, Role):
            for offered in workflow.steps_for(state.name, role, CaseFacts(today=TODAY)):
                assert offered.refused is None or offered.refused.endswith(".")

"""The subject access table against everything that must hold, tried exhaustively."""

from collections import deque
from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from tests.workflows import tables
from tests.workflows.tables import TODAY, answers_to
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
from workflows.kinds.subject_access import BEFORE_APPROVAL, CHILD, OPEN, UNANSWERED, WORKFLOW, WORKING
from workflows.table import Addressee, Role, StepRefused, Turn

TOMORROW = date(2026, 11, 24)
BORN_6 = date(2020, 1, 1)
BORN_14 = date(2012, 1, 1)
BORN_18 = date(2008, 11, 23)
BORN_18_TOMORROW = date(2008, 11, 24)
RELEASES = {"release", "release_part"}

# A case in which everything is as it should be, about a child of six.
GOOD = CaseFacts(
    today=TODAY,
    actor="cat",
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
    review_undecided=0,
    consultations_waiting=0,
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
)


def take(state, name, role, facts, **given):
    return tables.take(WORKFLOW, state, name, role, facts, **given)


def refused(state, name, role, facts, **given):
    return tables.refused(WORKFLOW, state, name, role, facts, **given)


# Every state, step and role against every combination of facts that matters


def test_each_step_is_open_to_its_own_roles_in_its_own_states_only():
    for state, step, role in product(WORKFLOW.states, WORKFLOW.steps, Role):
        offered = {one.step.name for one in WORKFLOW.steps_for(state.name, role, GOOD)}
        assert (step.name in offered) == (state in step.from_states and role in step.roles)
        if step.name not in offered:
            assert refused(state.name, step.name, role, GOOD)


FACTS_THAT_MATTER = {
    "requester_kind": (
        RequesterKind.UNKNOWN,
        RequesterKind.SELF,
        RequesterKind.PARENT,
        RequesterKind.REPRESENTATIVE,
    ),
    "identity": (IdentityStatus.RECEIVED, IdentityStatus.ACCEPTED),
    "authority": (AuthorityStatus.RECEIVED, AuthorityStatus.ACCEPTED),
    "authority_ended": (False, True),
    "subject_born": (None, BORN_6, BORN_14, BORN_18_TOMORROW, BORN_18),
    "competence": tuple(Competence),
    # with "some of it", whether a reviewer confirmed that what is given keeps to the parts
    "child": (
        (ChildAnswer.UNKNOWN, None),
        (ChildAnswer.YES, None),
        (ChildAnswer.NO, None),
        (ChildAnswer.SOME, None),
        (ChildAnswer.SOME, "ann"),
        (ChildAnswer.TALK, None),
        (ChildAnswer.NOT_ASKED, None),
    ),
    "review_undecided": (None, 0, 2),
    "pack": (PackState.ASSEMBLED, PackState.APPROVED, PackState.VOID),
    "approved_by": (None, "ann", "bob"),
}


def violations(facts):
    """What the law says against a release on these facts, written down apart from the guards."""
    yield facts.identity is not IdentityStatus.ACCEPTED
    yield facts.review_undecided != 0
    yield facts.pack is not PackState.APPROVED
    yield facts.approved_by is None or facts.approved_by in facts.reviewed_by
    if facts.requester_kind is RequesterKind.SELF:
        return
    yield facts.requester_kind is RequesterKind.UNKNOWN
    yield facts.authority is not AuthorityStatus.ACCEPTED or facts.authority_ended
    yield facts.subject_born is None
    yield facts.subject_born == BORN_18 or (facts.subject_born == BORN_18_TOMORROW and facts.today == TOMORROW)
    if facts.subject_born != BORN_6 or facts.child_answer in (ChildAnswer.NO, ChildAnswer.SOME, ChildAnswer.TALK):
        yield facts.competence is Competence.NOT_ASSESSED
    if facts.competence is Competence.COMPETENT:
        yield facts.child_answer not in (ChildAnswer.YES, ChildAnswer.SOME)
        yield facts.child_answer is ChildAnswer.SOME and facts.child_parts_kept_by in (None, facts.approved_by)


def test_nothing_is_released_on_any_facts_against_which_the_law_speaks():
    outcomes = {True: 0, False: 0}
    step = WORKFLOW.step("release")
    assert WORKFLOW.step("release_part").guards == step.guards
    for values in product(*FACTS_THAT_MATTER.values()):
        given = dict(zip(FACTS_THAT_MATTER, values, strict=True))
        answer, kept_by = given.pop("child")
        facts = replace(GOOD, child_answer=answer, child_parts_kept_by=kept_by, **given)
        released = step.closed(facts) is None
        assert released != any(violations(facts)), facts
        outcomes[released] += 1
    assert all(outcomes.values())


def test_only_an_approved_case_can_be_released_and_only_by_staff():
    for state, name, role in product(WORKFLOW.states, RELEASES, Role):
        allowed = state.name == "approval" and role in (Role.CASEWORKER, Role.APPROVER)
        assert (refused(state.name, name, role, GOOD) is None) == allowed


# Every path: steps by three people, and what the world does meanwhile, breadth first


PEOPLE = (("ann", Role.CASEWORKER), ("ann", Role.APPROVER), ("bob", Role.APPROVER), ("clock", Role.SYSTEM))
WALKED = {
    "start_checking",
    "accept_identity",
    "accept_authority",
    "assess_competence",
    "record_child_answer",
    "confirm_parts",
    "start_finding",
    "start_review",
    "back_to_finding",
    "send_to_approval",
    "send_back",
    "approve",
    "release",
    "release_part",
    "collect",
    "eighteenth_birthday",
    "authority_lapsed",
    "child_answer_changed",
    "new_order",
    "back_to_checking",
    "void_approval",
    "stop_release",
    "find_more",
    "close",
    "reopen",
    "propose_refusal",
    "refuse_for_authority",
}
CHOSEN = {
    "competence": tuple(Competence)[1:],
    "answer": ("yes", "no", "some"),
    "again": ("both",),
    "basis": ("mother", "subject-agreement"),
    "ground": ("child-decides",),
    "because": ("pack",),
}


def folded(step, facts, answers):
    """What the ledger makes of a step, as far as it matters here."""
    changes = {}
    fallen = (PackState.ASSEMBLED, PackState.APPROVED) + (PackState.RELEASED,) * step.recalls
    if step.voids_approval and facts.pack in fallen:
        changes |= {"pack": PackState.VOID, "approved_by": None}
    match step.name:
        case "accept_identity":
            changes["identity"] = IdentityStatus.ACCEPTED
        case "accept_authority":
            changes |= {
                "authority": AuthorityStatus.ACCEPTED,
                "authority_basis": answers["basis"],
                "authority_accepted_on": facts.today,
                "orders_considered": True,
                "authority_ended": False,
            }
        case "assess_competence":
            changes["competence"] = Competence(answers["competence"])
        case "record_child_answer" | "child_answer_changed":
            changes |= {"child_answer": ChildAnswer(answers["answer"]), "child_parts_kept_by": None}
        case "confirm_parts":
            changes["child_parts_kept_by"] = facts.actor
        case "approve":
            changes |= {"pack": PackState.APPROVED, "approved_by": facts.actor}
        case "release" | "release_part":
            changes["pack"] = PackState.RELEASED
        case "new_order":
            changes["orders_considered"] = False
        case "back_to_checking":
            changes |= {"identity": IdentityStatus.UNKNOWN, "authority": AuthorityStatus.UNKNOWN}
        case "propose_refusal":
            changes |= {
                "refusal_proposed_by": facts.actor,
                "refusal_ground": RefusalGround(answers["ground"]),
            }
    return replace(facts, actor=None, **changes)


def happenings(state, facts):
    """What changes without a step: a pack is assembled, a night passes, a court ends an authority."""
    if state == "review" and facts.pack is not PackState.ASSEMBLED:
        yield replace(facts, pack=PackState.ASSEMBLED, approved_by=None, child_parts_kept_by=None)
    if facts.today == TODAY:
        yield replace(facts, today=TOMORROW)
    if not facts.authority_ended:
        yield replace(facts, authority_ended=True)


def moves(state, facts):
    for actor, role in PEOPLE:
        seen = replace(facts, actor=actor)
        for offered in WORKFLOW.steps_for(state, role, seen):
            step = offered.step
            if step.name not in WALKED or offered.refused:
                continue
            choices = [need.name for need in step.needs if need.name in CHOSEN]
            for values in product(*(CHOSEN[name] for name in choices)):
                parts = {"parts": "School"} if "some" in values else {}
                answers = answers_to(step, **dict(zip(choices, values, strict=True)), **parts)
                try:
                    taken = WORKFLOW.take(state, step.name, role=role, facts=seen, answers=answers)
                except StepRefused:
                    continue
                yield step, taken.to_state.name, seen, folded(step, seen, answers)


@pytest.fixture(scope="module")
def walked():
    """Every (state, facts) that can be reached, and every step taken on the way, for a child who turns 18
    tomorrow."""
    start = (
        "received",
        replace(
            GOOD,
            actor=None,
            subject_born=BORN_18_TOMORROW,
            identity=IdentityStatus.UNKNOWN,
            authority=AuthorityStatus.UNKNOWN,
            authority_basis=None,
            authority_accepted_on=None,
            orders_considered=False,
            pack=PackState.NONE,
            approved_by=None,
            confirmed=Confirmed(orders=TODAY, shield=TODAY, moves=TODAY, lives_with=TODAY),
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


def adult_authority(facts):
    return facts.authority_basis == "subject-agreement" and facts.authority_accepted_on == TOMORROW


def test_no_path_leads_to_a_release_against_the_law(walked):
    _seen, taken = walked
    releases = [before for name, _state, _to, before in taken if name in RELEASES]
    assert releases
    for facts in releases:
        if facts.today == TOMORROW:
            assert adult_authority(facts)
            facts = replace(facts, today=TODAY)
        else:
            assert facts.competence is not Competence.NOT_ASSESSED
        assert facts.approved_by == "bob"
        if facts.today == TODAY and not adult_authority(facts):
            assert not any(violations(facts))


def test_no_path_approves_what_the_same_person_prepared(walked):
    _seen, taken = walked
    assert {before.actor for name, _state, _to, before in taken if name == "approve"} == {"bob"}


def test_no_path_leaves_an_approval_standing_before_approval(walked):
    seen, _taken = walked
    for state, facts in seen:
        if state in ("checking", "review"):
            assert facts.pack is not PackState.APPROVED


def test_final_states_are_left_only_by_opening_the_case_again(walked):
    _seen, taken = walked
    final = {state.name for state in WORKFLOW.states if state.final}
    assert {name for name, state, to, _before in taken if state in final and to != state} == {
        "reopen",
        "find_more",
        "child_answer_changed",
        "new_order",
    }
    for state, step in product(WORKFLOW.states, WORKFLOW.steps):
        assert not (state.final and state in step.from_states and not step.reopens)


def test_whatever_has_happened_somebody_can_still_do_something(walked):
    seen, _taken = walked
    for state, facts in seen:
        open_steps = [
            offered.step
            for actor, role in (*PEOPLE, ("mum", Role.REQUESTER))
            for offered in WORKFLOW.steps_for(state, role, replace(facts, actor=actor))
            if offered.refused is None and (offered.step.to is not None)
        ]
        assert open_steps, (state, facts)


def test_the_same_night_does_not_stop_a_case_twice(walked):
    _seen, taken = walked
    for name, state, to, _before in taken:
        if name in ("eighteenth_birthday", "authority_lapsed"):
            assert state != "checking" and to == "checking"


# What the requester reads


def test_from_checking_to_ready_the_requester_reads_one_and_the_same():
    assert len({(state.told, state.next, state.turn) for state in WORKING}) == 1
    assert {state.name for state in WORKING} == {"checking", "finding", "review", "approval"}


def test_no_word_to_the_requester_tells_of_a_question_to_the_child():
    for step in CHILD:
        assert step.told is None and step.to is None and step.clock is None
        assert step.letter is None or step.letter_to is Addressee.CHILD
    for name in (
        "child_answer_changed",
        "new_order",
        "eighteenth_birthday",
        "authority_lapsed",
        "stop_release",
    ):
        assert WORKFLOW.step(name).told is None and WORKFLOW.step(name).letter is None
    told = [step.told for step in WORKFLOW.steps if step.told] + [state.told for state in WORKFLOW.states]
    told += [state.next for state in WORKFLOW.states]
    assert not any("child" in words.lower() for words in told)


def test_a_childs_no_and_a_missing_proof_end_in_the_same_words():  # W-18
    no_proof = replace(
        GOOD,
        refusal_proposed_by="ann",
        refusal_ground=RefusalGround.NO_AUTHORITY,
        authority=AuthorityStatus.ASKED,
    )
    child_no = replace(
        GOOD,
        refusal_proposed_by="ann",
        refusal_ground=RefusalGround.CHILD_DECIDES,
        competence=Competence.COMPETENT,
        child_answer=ChildAnswer.NO,
    )
    no_right = replace(no_proof, refusal_ground=RefusalGround.MAY_NOT_ACT, authority=AuthorityStatus.UNKNOWN)
    unsaid = replace(no_proof, refusal_ground=RefusalGround.ALL_EXEMPT_NEUTRAL, review_given=0)
    unsaid = replace(unsaid, authority=AuthorityStatus.ACCEPTED)
    for facts in (no_proof, child_no, no_right, unsaid):
        open_steps = {
            offered.step.name
            for offered in WORKFLOW.steps_for("checking", Role.APPROVER, facts)
            if offered.refused is None and offered.step.to and offered.step.to.final
        }
        assert open_steps == {"refuse_for_authority"}


def told_by(*names):
    return [WORKFLOW.step(name).told for name in names if WORKFLOW.step(name).told]


def test_the_timeline_of_a_childs_no_is_that_of_a_person_who_may_not_act():
    before, after = ("start_checking", "accept_identity"), ("propose_refusal", "refuse_for_authority")
    child = ("accept_authority", "assess_competence", "ask_child", "record_child_answer")
    assert told_by(*before, *child, *after) == told_by(*before, *after)
    no_right = replace(GOOD, authority=AuthorityStatus.UNKNOWN, refusal_proposed_by=None)
    assert take("checking", "propose_refusal", Role.CASEWORKER, no_right, ground="may-not-act") == "checking"
    proposed = replace(no_right, refusal_proposed_by="ann", refusal_ground=RefusalGround.MAY_NOT_ACT)
    assert take("checking", "refuse_for_authority", Role.APPROVER, proposed) == "refused"


def test_no_word_says_that_we_found_the_requester_entitled():
    for name in ("accept_authority", "record_right", "start_finding", "assess_competence"):
        assert WORKFLOW.step(name).told is None
    told = " ".join(step.told for step in WORKFLOW.steps if step.told)
    assert "what shows" not in told and "checked that you may" not in told


def test_the_turn_does_not_show_that_a_child_is_being_asked():
    asked = replace(GOOD, child_answer=ChildAnswer.ASKED)
    assert WORKFLOW.turn("checking", asked) is WORKFLOW.turn("checking", GOOD) is Turn.AUTHORITY


# The clock


def test_waiting_for_a_child_a_third_party_or_a_professional_is_no_event_of_the_clock():
    assert {step.clock for step in WORKFLOW.steps if step.clock} == {
        "identity-requested",
        "identity-received",
        "authority-requested",
        "authority-received",
        "clarification-asked",
        "clarification-answered",
        "extended",
    }


def test_an_open_question_closes_no_step_but_a_second_question():
    # Every standing of the case, so that a step that is closed for another reason cannot hide the change.
    standings = [
        replace(GOOD, pack=pack, record_attached=attached, actor=actor)
        for pack, attached, actor in product(PackState, (True, False), ("bob", "cat"))
    ]
    for state, role, facts in product(WORKFLOW.states, Role, standings):
        running = {one.step.name for one in WORKFLOW.steps_for(state.name, role, facts) if one.refused is None}
        paused_facts = replace(facts, clarification_open=True, clarification_asked_on=TODAY)
        paused = {one.step.name for one in WORKFLOW.steps_for(state.name, role, paused_facts) if one.refused is None}
        assert running - paused <= {"ask_clarification"}


def test_an_answer_can_come_in_every_state_the_question_can_be_open_in():
    for state in (*BEFORE_APPROVAL, *UNANSWERED):
        facts = replace(GOOD, clarification_open=True, clarification_asked_on=TODAY)
        assert take(state.name, "answer_clarification", Role.REQUESTER, facts) == state.name


def test_proof_is_asked_for_only_with_a_reason_for_doubt():
    unknown = replace(GOOD, identity=IdentityStatus.UNKNOWN, authority=AuthorityStatus.UNKNOWN)
    for name in ("ask_identity", "ask_authority"):
        assert take("checking", name, Role.CASEWORKER, unknown) == "checking"
        assert refused("checking", name, Role.CASEWORKER, unknown, doubt="to-be-sure")


def test_a_backlog_or_mere_volume_is_no_reason_for_more_time():
    values = {choice.value for choice in WORKFLOW.step("extend").needs[0].choices}
    assert not values & {"backlog", "volume"}
    assert refused("review", "extend", Role.CASEWORKER, GOOD, because="backlog")
    assert take("review", "extend", Role.CASEWORKER, GOOD) == "review"


def test_a_question_about_format_does_not_stop_the_clock():
    assert refused("finding", "ask_clarification", Role.CASEWORKER, GOOD, about="format")
    assert take("finding", "ask_clarification", Role.CASEWORKER, GOOD) == "finding"


@pytest.mark.parametrize("what", ["identity", "authority"])
def test_turning_down_a_proof_asks_for_it_again(what):
    step = WORKFLOW.step(f"refuse_{what}_evidence")
    assert step.clock == f"{what}-requested" == WORKFLOW.step(f"ask_{what}").clock


@pytest.mark.parametrize(("name", "what"), [("accept_identity", "identity"), ("accept_authority", "authority")])
def test_accepting_what_is_still_awaited_ends_the_waiting(name, what):
    step = WORKFLOW.step(name)
    assert step.clock_event(replace(GOOD, **{f"{what}_asked_on": TODAY})) == f"{what}-received"
    assert step.clock_event(GOOD) is None
    awaited = replace(GOOD, **{what: GOOD.identity.UNKNOWN if what == "identity" else AuthorityStatus.UNKNOWN})
    awaited = replace(awaited, **{f"{what}_asked_on": TODAY})
    assert take("checking", f"record_{what}", Role.CASEWORKER, awaited) == "checking"


def test_the_day_of_receipt_is_moved_by_two_people():
    assert take("review", "propose_receipt_day", Role.CASEWORKER, GOOD) == "review"
    proposed = replace(GOOD, receipt_day_proposed_by="ann")
    assert refused("review", "confirm_receipt_day", Role.APPROVER, replace(proposed, actor="ann"))
    assert take("review", "confirm_receipt_day", Role.APPROVER, proposed) == "review"
    assert refused("review", "propose_receipt_day", Role.CASEWORKER, proposed)


# Who may ask, nothing held, approval


def test_nothing_is_released_to_the_parent_of_a_14_year_old_without_the_childs_authority():  # W-8
    facts = replace(GOOD, subject_born=BORN_14)
    assert refused("approval", "release", Role.APPROVER, facts)
    assert refused("approval", "approve", Role.APPROVER, replace(facts, pack=PackState.ASSEMBLED))
    assert refused("checking", "ask_authority", Role.CASEWORKER, facts)
    agreed = replace(facts, competence=Competence.COMPETENT, child_answer=ChildAnswer.YES)
    assert take("approval", "release", Role.APPROVER, agreed) == "ready"


def test_looking_begins_while_the_childs_view_is_still_open():
    assert take("checking", "start_finding", Role.CASEWORKER, replace(GOOD, subject_born=BORN_14)) == "finding"


NOT_NOTHING = [
    {"search_lines_open": 1},
    {"search_lines": 0},
    {"record_attached": True},
    {"record_attached": None},
    {"nothing_held_proposed_by": None},
    {"actor": "ann"},
    {"authority_ended": True},
    {"subject_born": BORN_14},
]


@pytest.mark.parametrize("change", NOT_NOTHING)
def test_nothing_held_needs_the_whole_search_and_a_second_person(change):
    facts = replace(GOOD, record_attached=False, nothing_held_proposed_by="ann")
    assert take("finding", "confirm_nothing_held", Role.APPROVER, facts) == "nothing_held"
    assert refused("finding", "confirm_nothing_held", Role.APPROVER, replace(facts, **change))


def test_without_its_record_nothing_is_sent_to_approval_approved_or_released():
    assembled = replace(GOOD, pack=PackState.ASSEMBLED, approved_by=None)
    for facts, state, name in (
        (assembled, "review", "send_to_approval"),
        (assembled, "approval", "approve"),
        (GOOD, "approval", "release"),
        (GOOD, "approval", "release_part"),
    ):
        role = Role.CASEWORKER if name == "send_to_approval" else Role.APPROVER
        assert refused(state, name, role, facts) is None
        for attached in (False, None):
            assert refused(state, name, role, replace(facts, record_attached=attached))


@pytest.mark.parametrize("name", ["child_answer_changed", "new_order"])
def test_a_copy_that_is_out_can_be_called_back_after_closing(name):
    assert take("closed", name, Role.CASEWORKER, replace(GOOD, pack=PackState.RELEASED)) == "checking"
    assert WORKFLOW.step(name).recalls and WORKFLOW.step("reopen").recalls


@pytest.mark.parametrize("name", ["orders", "shield", "moves", "lives_with"])
def test_an_approver_confirms_four_things_or_does_not_approve(name):
    facts = replace(GOOD, pack=PackState.ASSEMBLED, approved_by=None)
    assert take("approval", "approve", Role.APPROVER, facts) == "approval"
    assert refused("approval", "approve", Role.APPROVER, facts, **{name: False})


def test_stale_confirmations_are_made_again_without_going_back():
    stale = replace(GOOD, confirmed_since=TOMORROW, today=TOMORROW)
    assert refused("approval", "release", Role.CASEWORKER, stale)
    assert take("approval", "confirm_again", Role.APPROVER, stale) == "approval"


UNDOING = [
    "eighteenth_birthday",
    "authority_lapsed",
    "child_answer_changed",
    "new_order",
    "back_to_checking",
    "void_approval",
    "stop_release",
    "send_back",
    "reopen",
    "record_right",
]


def test_what_takes_a_copy_back_from_the_requester_ends_its_download():
    for step in WORKFLOW.steps:
        takes_back = step.to is not None and step.to.name == "checking"
        takes_back = takes_back and any(state.name in ("ready", "collected", "closed") for state in step.from_states)
        assert step.recalls == (takes_back or step.name == "record_right")  # whatever part is out was another's
        assert step.voids_approval or not step.recalls


@pytest.mark.parametrize("name", UNDOING)
def test_what_undoes_a_case_voids_its_approval_and_leads_back(name):
    step = WORKFLOW.step(name)
    assert step.voids_approval and step.to is not None and step.to.name in ("checking", "review")


def test_every_open_case_can_be_ended_and_every_unanswered_one_taken_back():
    for state in OPEN:
        assert any(state in step.from_states and step.to and step.to.final for step in WORKFLOW.steps)
    for state in UNANSWERED:
        assert take(state.name, "withdraw", Role.REQUESTER, GOOD) == "withdrawn"
        assert refused(state.name, "withdraw", Role.REQUESTER, GOOD, sure=False)


def test_every_refusal_takes_two_people():
    for step in WORKFLOW.steps:
        if step.to is not None and step.to.name == "refused":
            assert step.roles == (Role.APPROVER,)
            for ground in RefusalGround:
                alone = replace(GOOD, actor="ann", refusal_proposed_by="ann", refusal_ground=ground)
                assert step.closed(alone)


def test_every_step_offered_but_closed_says_why_in_a_sentence():
    for state, role in product(WORKFLOW.states, Role):
        for offered in WORKFLOW.steps_for(state.name, role, CaseFacts(today=TODAY)):
            assert offered.refused is None or offered.refused.endswith(".")

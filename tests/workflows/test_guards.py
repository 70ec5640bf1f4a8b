"""Guards refuse what is unknown, say what to do, and turn on the right day."""

import inspect
from dataclasses import fields, replace
from datetime import date

import pytest

from workflows import authority, guards
from workflows.facts import (
    AuthorityStatus,
    CaseFacts,
    ChildAnswer,
    Competence,
    Confirmed,
    IdentityStatus,
    Nation,
    PackState,
    RefusalGround,
    RequesterKind,
)

TODAY = date(2026, 11, 23)
PARENT = CaseFacts(
    today=TODAY,
    actor="bob",
    requester_kind=RequesterKind.PARENT,
    subject_born=date(2019, 3, 1),
    identity=IdentityStatus.ACCEPTED,
    authority=AuthorityStatus.ACCEPTED,
    authority_basis="mother",
    authority_accepted_on=date(2026, 11, 2),
    orders_considered=True,
)
AT_14 = replace(PARENT, subject_born=date(2012, 3, 1))
COMPETENT = replace(AT_14, competence=Competence.COMPETENT, competence_assessed_by="ann")

UNKNOWN = CaseFacts(today=TODAY)
# Guards that open a step because something is *not* there yet; all others must refuse on unknown facts.
OPEN_ON_UNKNOWN = {
    "identity_may_be_asked",
    "identity_can_be_decided",
    "authority_may_be_asked",
    "acts_for_another",
    "child_unanswered",
    "child_not_waiting_to_talk",
    "safe_to_ask",
    "parts_kept",
    "no_proposal_open",
    "receipt_day_not_proposed",
    "seen_by_the_person_first",  # a second lock on what `authority_settled` keeps shut
}


def all_guards():
    for name, guard in inspect.getmembers(guards, inspect.isfunction):
        public = guard.__module__ == guards.__name__ and not name.startswith("_")
        asks_facts = list(inspect.signature(guard).parameters) == ["facts"]
        if public and asks_facts and name not in ("subject_age", "at_prompt_age"):
            yield name, guard


@pytest.mark.parametrize(("name", "guard"), list(all_guards()))
def test_unknown_facts_open_nothing_and_each_reason_is_a_sentence(name, guard):
    reason = guard(UNKNOWN)
    assert (reason is None) == (name in OPEN_ON_UNKNOWN)
    assert reason is None or (reason.endswith(".") and "{" not in reason)


def test_every_fact_but_the_day_has_a_default_that_is_unknown():
    assert [
        one.name
        for one in fields(CaseFacts)
        if inspect.signature(CaseFacts).parameters[one.name].default is inspect.Parameter.empty
    ] == ["today"]


SETTLED = [
    ("a parent whose authority is accepted", {}, True),
    (
        "someone asking for themselves",
        {"requester_kind": RequesterKind.SELF, "authority": AuthorityStatus.UNKNOWN},
        True,
    ),
    ("someone whose right is not recorded", {"requester_kind": RequesterKind.UNKNOWN}, False),
    ("proof asked for", {"authority": AuthorityStatus.ASKED}, False),
    ("proof come but not looked at", {"authority": AuthorityStatus.RECEIVED}, False),
    ("an order nobody read", {"orders_considered": False}, False),
    ("an authority that ended", {"authority_ended": True}, False),
    ("the last day of an authority", {"authority_valid_until": TODAY}, True),
    ("the day after an authority", {"authority_valid_until": date(2026, 11, 22)}, False),
]


@pytest.mark.parametrize(("who", "change", "settled"), SETTLED)
def test_authority_must_be_settled_and_still_stand(who, change, settled):
    assert (guards.authority_settled(replace(PARENT, **change)) is None) == settled


BIRTHDAYS = [
    # born, basis, accepted on, release is not barred
    (date(2008, 11, 24), "mother", date(2026, 11, 2), True),
    (date(2008, 11, 23), "mother", date(2026, 11, 2), False),
    (date(2008, 11, 23), "mother", TODAY, False),
    (date(2008, 11, 23), "subject-agreement", date(2026, 11, 22), False),
    (date(2008, 11, 23), "subject-agreement", TODAY, True),
    (date(2008, 11, 23), "no-such-footing", TODAY, False),
    (date(2008, 11, 23), None, None, False),
    (date(1990, 1, 1), "deputyship", date(2026, 11, 2), True),
    (None, "mother", date(2026, 11, 2), False),
]


@pytest.mark.parametrize(("born", "basis", "accepted", "free"), BIRTHDAYS)
def test_on_the_eighteenth_birthday_only_a_fresh_authority_counts(born, basis, accepted, free):
    facts = replace(PARENT, subject_born=born, authority_basis=basis, authority_accepted_on=accepted)
    assert (guards.not_grown_up_since(facts) is None) == free
    assert (guards.grown_up_since(facts) is None) == (born is not None and not free)


def test_someone_asking_for_themselves_is_never_stopped_by_a_birthday():
    facts = replace(PARENT, requester_kind=RequesterKind.SELF, subject_born=date(2008, 11, 23))
    assert guards.may_be_told(facts) is None
    assert guards.grown_up_since(facts) is not None
    assert guards.may_be_told(replace(facts, subject_born=None)) is None


def test_a_child_born_on_29_february_is_18_on_1_march():
    facts = replace(PARENT, subject_born=date(2008, 2, 29), today=date(2026, 2, 28))
    assert guards.not_grown_up_since(facts) is None
    assert guards.not_grown_up_since(replace(facts, today=date(2026, 3, 1))) is not None


PROMPTS = [
    # nation, setting, born, an assessment is needed on 23 November 2026
    (Nation.ENGLAND_AND_WALES, 12, date(2014, 11, 24), False),
    (Nation.ENGLAND_AND_WALES, 12, date(2014, 11, 23), True),
    (Nation.ENGLAND_AND_WALES, 13, date(2014, 11, 23), False),
    (Nation.ENGLAND_AND_WALES, 99, date(2010, 11, 23), True),  # 16: R-67
    (Nation.SCOTLAND, 99, date(2014, 11, 24), False),  # W-7
    (Nation.SCOTLAND, 99, date(2014, 11, 23), True),
    (Nation.NORTHERN_IRELAND, 12, None, True),
]


@pytest.mark.parametrize(("nation", "prompt", "born", "needed"), PROMPTS)
def test_the_prompt_age_asks_for_an_assessment_and_decides_nothing(nation, prompt, born, needed):
    facts = replace(PARENT, nation=nation, age_prompt=prompt, subject_born=born)
    assert guards.at_prompt_age(facts) is needed
    assert (guards.child_heard(facts) is not None) is needed
    assert guards.child_heard(replace(facts, competence=Competence.NOT_COMPETENT)) is None


HEARD = [
    (ChildAnswer.UNKNOWN, None, False),
    (ChildAnswer.ASKED, None, False),
    (ChildAnswer.ASKED, "bob", False),
    (ChildAnswer.YES, None, True),
    (ChildAnswer.NO, None, False),
    (ChildAnswer.NO, "bob", False),
    (ChildAnswer.SOME, None, True),  # to the parts they named: see below
    (ChildAnswer.TALK, None, False),
    (ChildAnswer.TALK, "bob", False),
    (ChildAnswer.NOT_ASKED, None, False),
    (ChildAnswer.NOT_ASKED, "ann", False),
    (ChildAnswer.NOT_ASKED, "bob", True),
    (ChildAnswer.NO_VIEW, None, False),
    (ChildAnswer.NO_VIEW, "bob", True),
]


@pytest.mark.parametrize(("answer", "best_interests_by", "heard"), HEARD)
def test_a_competent_child_decides_and_a_no_is_never_overruled(answer, best_interests_by, heard):
    facts = replace(COMPETENT, child_answer=answer, best_interests_decided_by=best_interests_by)
    assert (guards.child_heard(facts) is None) == heard


def test_a_competent_child_below_the_prompt_age_decides_too():
    assert guards.child_heard(replace(PARENT, competence=Competence.COMPETENT)) is not None


def test_a_14_year_old_is_asked_by_us_and_not_through_the_parent():  # W-8
    assert guards.may_be_told(AT_14) is not None
    assert guards.authority_may_be_asked(AT_14) is not None
    assert guards.authority_may_be_asked(replace(COMPETENT, child_answer=ChildAnswer.NO)) is not None
    assert guards.authority_may_be_asked(replace(AT_14, authority=AuthorityStatus.UNKNOWN)) is None


KEPT = [
    # answer, competence, confirmed by, approved by, kept
    (ChildAnswer.SOME, Competence.COMPETENT, None, None, False),
    (ChildAnswer.SOME, Competence.COMPETENT, None, "bob", False),
    (ChildAnswer.SOME, Competence.COMPETENT, "ann", None, True),
    (ChildAnswer.SOME, Competence.COMPETENT, "ann", "bob", True),
    (ChildAnswer.SOME, Competence.COMPETENT, "bob", "bob", False),
    (ChildAnswer.SOME, Competence.NOT_COMPETENT, None, "bob", True),
    (ChildAnswer.YES, Competence.COMPETENT, None, "bob", True),
]


@pytest.mark.parametrize(("answer", "competence", "by", "approver", "kept"), KEPT)
def test_a_yes_to_some_of_it_is_kept_to_by_two_people(answer, competence, by, approver, kept):
    changes = {"child_answer": answer, "competence": competence, "child_parts_kept_by": by, "approved_by": approver}
    facts = replace(COMPETENT, **changes)
    assert (guards.parts_kept(facts) is None) == kept
    assert guards.parts_kept(replace(facts, requester_kind=RequesterKind.SELF)) is None
    limited = answer is ChildAnswer.SOME and competence is Competence.COMPETENT
    assert (guards.parts_to_keep(facts) is None) == limited


def test_a_yes_to_some_of_it_says_to_what():
    assert guards.parts_named(PARENT, {"answer": "some", "parts": " "})
    assert guards.parts_named(PARENT, {"answer": "some", "parts": "School"}) is None
    assert guards.parts_named(PARENT, {"answer": "talk-first"}) is None


def test_a_child_who_wants_to_talk_first_is_not_passed_over_as_unasked():
    assert guards.child_not_waiting_to_talk(replace(COMPETENT, child_answer=ChildAnswer.TALK))
    assert guards.child_unanswered(replace(COMPETENT, child_answer=ChildAnswer.TALK)) is None
    assert guards.child_unanswered(replace(COMPETENT, child_answer=ChildAnswer.SOME))


@pytest.mark.parametrize("answer", [ChildAnswer.NO, ChildAnswer.ASKED, ChildAnswer.SOME, ChildAnswer.TALK])
def test_a_young_child_who_was_asked_or_said_no_is_assessed_at_any_age(answer):
    facts = replace(PARENT, child_answer=answer)
    assert not guards.at_prompt_age(facts)
    assert guards.child_heard(facts) is not None
    assert guards.child_heard(replace(facts, competence=Competence.NOT_COMPETENT)) is None


def test_a_settled_authority_is_not_asked_for_again():
    assert guards.authority_may_be_asked(PARENT) is not None
    assert guards.identity_may_be_asked(PARENT) is not None


SINCE = date(2026, 11, 16)
CONFIRMED = Confirmed(orders=SINCE, shield=SINCE, moves=TODAY, lives_with=TODAY)


@pytest.mark.parametrize("name", ["orders", "shield", "moves", "lives_with"])
@pytest.mark.parametrize("day", [None, date(2026, 11, 15), date(2026, 11, 24)])
def test_each_of_the_four_confirmations_must_be_fresh(name, day):
    facts = replace(PARENT, confirmed=CONFIRMED, confirmed_since=SINCE)
    assert guards.freshly_confirmed(facts) is None
    assert guards.freshly_confirmed(replace(facts, confirmed=replace(CONFIRMED, **{name: day}))) is not None
    assert guards.freshly_confirmed(replace(facts, confirmed_since=None)) is not None


SECOND_PERSON = [
    ("bob", {"ann"}, set(), True),
    ("ann", {"ann"}, set(), False),
    ("bob", {"ann", "bob"}, set(), False),
    ("bob", {"ann"}, {"bob"}, False),
    ("bob", set(), set(), False),
    (None, {"ann"}, set(), False),
]


@pytest.mark.parametrize(("approver", "reviewers", "preparers", "allowed"), SECOND_PERSON)
def test_who_reviewed_or_prepared_does_not_approve(approver, reviewers, preparers, allowed):
    facts = replace(
        PARENT,
        actor=approver,
        approved_by=approver,
        pack=PackState.APPROVED,
        reviewed_by=frozenset(reviewers),
        prepared_by=frozenset(preparers),
    )
    assert (guards.actor_did_not_prepare(facts) is None) == allowed
    assert (guards.approved_by_another(facts) is None) == allowed


@pytest.mark.parametrize(
    ("lines", "still_open", "complete"), [(3, 0, True), (3, 1, False), (0, 0, False), (3, None, False)]
)
def test_a_search_plan_is_complete_when_each_of_its_lines_is_answered(lines, still_open, complete):
    facts = replace(PARENT, search_lines=lines, search_lines_open=still_open)
    assert (guards.search_complete(facts) is None) == complete


NOTICE = [
    ({"notice_deadline": TODAY, "extended": False}, True),
    ({"notice_deadline": date(2026, 11, 22), "extended": False}, False),
    ({"notice_deadline": None, "extended": False}, False),
    ({"notice_deadline": TODAY, "extended": True}, False),
    ({"notice_deadline": TODAY, "extended": None}, False),
]


@pytest.mark.parametrize(("change", "allowed"), NOTICE)
def test_time_is_extended_once_and_only_by_notice_in_time(change, allowed):
    assert (guards.may_extend(replace(PARENT, **change)) is None) == allowed


@pytest.mark.parametrize(
    ("asked", "long_enough"), [(date(2026, 10, 23), True), (date(2026, 10, 24), False), (None, False)]
)
def test_silence_closes_a_request_only_after_a_reasonable_time(asked, long_enough):
    facts = replace(PARENT, clarification_open=True, clarification_asked_on=asked)
    assert (guards.clarification_unanswered_long(facts) is None) == long_enough


NONE_GIVEN = {"review_undecided": 0, "review_given": 0}
GROUNDS = [
    (RefusalGround.NO_IDENTITY, {"identity": IdentityStatus.ASKED}, True),
    (RefusalGround.NO_IDENTITY, {"identity": IdentityStatus.UNKNOWN}, False),  # never asked: R-63
    (RefusalGround.NO_IDENTITY, {}, False),
    (RefusalGround.NO_IDENTITY, {"identity": IdentityStatus.UNKNOWN, "identity_asked_on": TODAY}, True),
    (RefusalGround.NO_AUTHORITY, {"authority": AuthorityStatus.ASKED}, True),
    (RefusalGround.NO_AUTHORITY, {"authority": AuthorityStatus.UNKNOWN, "authority_asked_on": TODAY}, True),
    (RefusalGround.NO_AUTHORITY, {}, False),
    (RefusalGround.MAY_NOT_ACT, {"authority": AuthorityStatus.UNKNOWN}, True),  # W-4: known without asking
    (RefusalGround.MAY_NOT_ACT, {"orders_considered": False}, True),
    (RefusalGround.MAY_NOT_ACT, {}, False),
    (RefusalGround.MAY_NOT_ACT, {"requester_kind": RequesterKind.SELF, "authority": AuthorityStatus.UNKNOWN}, False),
    (RefusalGround.NO_AUTHORITY, {"authority": AuthorityStatus.UNKNOWN}, False),
    (RefusalGround.CHILD_DECIDES, {"competence": Competence.COMPETENT, "child_answer": ChildAnswer.NO}, True),
    (
        RefusalGround.CHILD_DECIDES,
        {"competence": Competence.COMPETENT, "child_answer": ChildAnswer.YES},
        False,
    ),
    (RefusalGround.CHILD_DECIDES, {}, False),
    (RefusalGround.ALL_EXEMPT, {"review_undecided": 0, "review_given": 0}, True),
    (RefusalGround.ALL_EXEMPT, {"review_undecided": 1, "review_given": 0}, False),
    (RefusalGround.ALL_EXEMPT, {"review_undecided": 0, "review_given": 1}, False),
    (RefusalGround.ALL_EXEMPT, {"review_undecided": 0}, False),
    (RefusalGround.ALL_EXEMPT, {**NONE_GIVEN, "identity": IdentityStatus.UNKNOWN}, False),
    (RefusalGround.ALL_EXEMPT, {**NONE_GIVEN, "authority": AuthorityStatus.UNKNOWN}, False),
    (RefusalGround.ALL_EXEMPT, {**NONE_GIVEN, "child_answer": ChildAnswer.NO}, False),
    (RefusalGround.ALL_EXEMPT_NEUTRAL, NONE_GIVEN, True),
    (RefusalGround.SUBJECT_HAS_DIED, {}, True),
    (RefusalGround.SUBJECT_HAS_DIED, {"identity": IdentityStatus.UNKNOWN}, False),
    (RefusalGround.SUBJECT_HAS_DIED, {"authority": AuthorityStatus.UNKNOWN}, False),
    (RefusalGround.ALL_EXEMPT_NEUTRAL, {}, False),
    (RefusalGround.EXCESSIVE, {}, True),
]


@pytest.mark.parametrize(("ground", "change", "holds"), GROUNDS)
def test_a_ground_for_refusal_must_hold_when_proposed_and_when_decided(ground, change, holds):
    facts = replace(PARENT, refusal_ground=ground, refusal_proposed_by="ann", **change)
    assert (guards.ground_holds(facts, {"ground": ground.value}) is None) == holds
    assert (guards.refusal_on(ground)(facts) is None) == holds
    assert guards.refusal_on(ground)(replace(facts, actor="ann")) is not None


FOOTINGS = [
    ("mother", {}, True),
    ("father-registered-ew", {}, True),
    ("father-registered-ew", {"nation": Nation.SCOTLAND}, False),
    ("father-registered-scotland", {"nation": Nation.SCOTLAND}, True),
    ("mother", {"requester_kind": RequesterKind.REPRESENTATIVE}, False),
    ("mother", {"subject_born": date(2000, 1, 1)}, False),
    ("subject-agreement", {"subject_born": date(2000, 1, 1)}, True),
    ("mother", {"subject_born": None}, False),
    ("nonsense", {}, False),
]


@pytest.mark.parametrize(("code", "change", "fits"), FOOTINGS)
def test_a_footing_must_be_one_this_person_can_have_here(code, change, fits):
    assert (guards.basis_fits(replace(PARENT, **change), {"basis": code}) is None) == fits


def test_each_footing_names_the_evidence_that_settles_it_once():
    assert len({one.code for one in authority.BASES}) == len(authority.BASES)
    assert all(one.evidence and one.label and one.kinds and one.rule.startswith("R-") for one in authority.BASES)


@pytest.mark.parametrize("name", ["identity", "authority", "clarification"])
def test_what_we_asked_for_cannot_have_come_before_we_asked(name):
    early = guards.not_before_asked(name)
    facts = replace(PARENT, **{f"{name}_asked_on": date(2026, 11, 10)})
    assert early(facts, {"came_on": date(2026, 11, 9)})
    assert early(facts, {"came_on": date(2026, 11, 10)}) is None
    assert early(PARENT, {"came_on": date(2026, 11, 9)}) is None


def test_days_still_to_come_or_before_the_request_are_refused():
    facts = replace(PARENT, received_on=date(2026, 11, 10))
    coming, early = guards.not_in_the_future("day"), guards.not_before_receipt("day")
    assert coming(facts, {"day": date(2026, 11, 24)}) and coming(facts, {"day": TODAY}) is None
    assert early(facts, {"day": date(2026, 11, 9)}) and early(facts, {"day": date(2026, 11, 10)}) is None

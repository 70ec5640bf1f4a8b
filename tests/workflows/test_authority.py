"""Who may ask (R-40 to R-68), on the day before and the day of each limit; never a yes by default."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest

from workflows import authority
from workflows.ages import birthday
from workflows.facts import Nation, RequesterKind
from workflows.family import FamilyFacts, Favour, Order, OrderKind, Relation, family_of
from workflows.findings import Standing
from workflows.parental_responsibility import next_turn, parental_responsibility
from workflows.who_may_ask import (
    Presumption,
    Route,
    School,
    SignedAuthority,
    childs_say,
    pupil_record_routes,
    signed_authority,
    signed_of,
    who_may_ask,
)

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
YES, NO, OPEN = Standing.HOLDS, Standing.DOES_NOT_HOLD, Standing.NOT_KNOWN
EW, SCOTLAND, NI = Nation.ENGLAND_AND_WALES, Nation.SCOTLAND, Nation.NORTHERN_IRELAND
ME, ANOTHER, AUTHORITY = Favour.REQUESTER, Favour.ANOTHER, Favour.AUTHORITY
CHILD = FamilyFacts(today=TODAY, nation=EW, born=date(2019, 3, 1), any_order=False)
FATHER = replace(CHILD, relation=Relation.FATHER, married=False, registered=False)
MOTHER = replace(CHILD, relation=Relation.MOTHER)


def order(kind, favour=ME, from_=date(2025, 1, 1), **more):
    return Order(kind=kind, favour=favour, from_=from_, **more)


def given(family, **more):
    return parental_responsibility(replace(family, **more))


def standing(family, **more):
    return given(family, **more).standing


# Fathers (R-50, R-51, W-1, W-3)

OLD = date(2002, 1, 1)  # a birth that lies before every nation's day


@pytest.mark.parametrize(
    ("nation", "day", "expected"),
    [
        (EW, date(2003, 11, 30), NO),  # W-1
        (EW, date(2003, 12, 1), YES),
        (NI, date(2002, 4, 14), NO),  # W-3
        (NI, date(2002, 4, 15), YES),
        (SCOTLAND, date(2006, 5, 3), NO),
        (SCOTLAND, date(2006, 5, 4), YES),
    ],
)
def test_a_father_who_is_named_holds_it_from_the_day_of_registration_of_his_nation(nation, day, expected):
    # The child is grown up today; the rule is asked while it was a child.
    found = given(FATHER, today=date(2012, 1, 1), born=OLD, nation=nation, registered=True, registered_on=day)
    assert found.standing is expected
    if expected is YES:
        assert authority.basis(found.basis).nations == frozenset({nation})
        assert found.evidence


@pytest.mark.parametrize(("nation", "first"), [(EW, date(2003, 12, 1)), (SCOTLAND, date(2006, 5, 4))])
def test_who_was_born_on_that_day_or_later_cannot_have_been_registered_before_it(nation, first):
    known = {"nation": nation, "today": first + 365 * DAY, "registered": True, "registered_on": None}
    assert standing(FATHER, born=first, **known) is YES
    before = given(FATHER, born=first - DAY, **known)
    assert before.standing is OPEN
    assert [one.words for one in before.questions] == ["On which day was the birth registered?"]


@pytest.mark.parametrize("day", [CHILD.born - DAY, TODAY + DAY])
def test_a_day_of_registration_that_cannot_be_settles_nothing(day):
    assert standing(FATHER, registered=True, registered_on=day) is OPEN


def test_a_registration_abroad_is_looked_at_by_the_rules_of_the_nation_lived_in():
    found = given(FATHER, registered=True, registered_abroad=True, registered_on=TODAY)
    assert (found.standing, found.rule) == (OPEN, "R-50")


@pytest.mark.parametrize(
    ("nation", "days_after_birth", "expected", "rule"),
    [
        (EW, 0, YES, "R-50"),
        (EW, 1, OPEN, "R-50"),
        (SCOTLAND, 400, YES, "R-51"),
        (NI, 0, YES, "R-51"),
        (NI, 1, OPEN, "R-51"),
    ],
)
def test_a_marriage_counts_from_the_birth_and_in_scotland_whenever_it_was(nation, days_after_birth, expected, rule):
    found = given(FATHER, nation=nation, married=True, married_on=CHILD.born + days_after_birth * DAY)
    assert (found.standing, found.rule) == (expected, rule)
    assert found.questions if expected is OPEN else found.basis == "father-married"


def test_an_unmarried_father_who_is_not_named_holds_nothing_until_there_is_an_agreement_or_an_order():
    assert standing(FATHER) is NO
    assert standing(FATHER, agreement=True) is OPEN
    assert standing(FATHER, agreement=True, agreement_registered=False) is NO
    assert given(FATHER, agreement=True, agreement_registered=True).basis == "agreement"
    assert given(FATHER, orders=(order(OrderKind.PARENTAL_RESPONSIBILITY),)).basis == "pr-order"


# Others


def test_a_mother_holds_it_from_birth_and_only_an_order_is_left_to_ask_for():
    assert given(MOTHER).settled
    unasked = given(MOTHER, any_order=None)
    assert unasked.standing is YES
    assert not unasked.settled
    assert [one.rule for one in unasked.questions] == ["R-55"]


@pytest.mark.parametrize(
    ("treatment", "registered", "expected"),
    [(True, None, YES), (None, True, YES), (False, None, OPEN), (None, None, OPEN), (False, False, NO)],
)
def test_a_second_female_parent(treatment, registered, expected):
    asked = replace(CHILD, relation=Relation.SECOND_FEMALE_PARENT, at_treatment=treatment, registered=registered)
    assert (given(asked).standing, given(asked).rule) == (expected, "R-52")


@pytest.mark.parametrize(
    "relation", [Relation.STEP_PARENT, Relation.FOSTER_CARER, Relation.GRANDPARENT, Relation.OTHER_RELATIVE]
)
def test_nobody_else_holds_it_by_themselves_but_an_order_can_give_it(relation):
    asked = replace(CHILD, relation=relation)
    assert (given(asked).standing, given(asked).rule) == (NO, "R-52")
    assert given(asked, orders=(order(OrderKind.LIVES_WITH),)).basis == "lives-with-order"
    assert given(asked, orders=(order(OrderKind.SPECIAL_GUARDIANSHIP),)).basis == "special-guardian"
    assert standing(asked, orders=(order(OrderKind.SPENDS_TIME),)) is NO


def test_a_step_parent_can_have_an_agreement_and_a_grandparent_cannot():
    assert standing(replace(CHILD, relation=Relation.STEP_PARENT), agreement=True, agreement_registered=True) is YES
    assert standing(replace(CHILD, relation=Relation.GRANDPARENT), agreement=True, agreement_registered=True) is NO


# Orders have days


def test_an_order_counts_from_its_first_day_to_its_last_and_says_so():
    made = order(OrderKind.LIVES_WITH, from_=TODAY, until=TODAY + 9 * DAY)
    asked = replace(CHILD, relation=Relation.GRANDPARENT, orders=(made,))
    before = given(asked, today=TODAY - DAY)
    assert (before.standing, before.starts) == (NO, TODAY)
    assert (given(asked).standing, given(asked).until) == (YES, TODAY + 9 * DAY)
    assert standing(asked, today=TODAY + 9 * DAY) is YES
    assert standing(asked, today=TODAY + 10 * DAY) is NO
    assert next_turn(replace(asked, today=TODAY - DAY)) == TODAY
    assert next_turn(asked) == TODAY + 10 * DAY
    assert next_turn(replace(asked, today=TODAY + 10 * DAY)) == birthday(CHILD.born, 18)


def test_an_order_that_a_court_ended_counts_no_more_from_that_day():
    asked = replace(
        CHILD, relation=Relation.GRANDPARENT, orders=(order(OrderKind.PARENTAL_RESPONSIBILITY, ended_on=TODAY),)
    )
    assert standing(asked, today=TODAY - DAY) is YES
    assert standing(asked) is NO


def test_an_order_without_a_first_day_gives_nothing_yet_and_is_asked_about():
    found = given(FATHER, orders=(order(OrderKind.PARENTAL_RESPONSIBILITY, from_=None),))
    assert found.standing is OPEN
    assert "From which day does the order count?" in [one.words for one in found.questions]


def test_an_order_of_which_nobody_knows_for_whom_it_is_stands_beside_the_answer_as_a_question():
    found = given(MOTHER, orders=(order(OrderKind.LIVES_WITH, Favour.UNKNOWN),))
    assert found.standing is YES
    assert [one.words for one in found.questions] == ["For whom was the order made?"]


@pytest.mark.parametrize("nation", [SCOTLAND, NI])
def test_an_order_that_a_nation_does_not_know_gives_nothing_by_guessing(nation):
    asked = replace(CHILD, nation=nation, relation=Relation.GRANDPARENT)
    assert standing(asked, orders=(order(OrderKind.SPECIAL_GUARDIANSHIP),)) is OPEN


# Limited, suspended, ended


def test_under_a_care_order_a_parent_holds_it_and_the_limit_and_the_childs_interests_are_asked_about():  # W-6
    found = given(MOTHER, orders=(order(OrderKind.CARE, AUTHORITY),))
    assert found.standing is YES
    assert {one.rule for one in found.questions} == {"R-53", "R-53, R-47"}
    limited = given(MOTHER, orders=(order(OrderKind.INTERIM_CARE, AUTHORITY),), limited_by_authority=True)
    assert limited.limits
    free = given(MOTHER, orders=(order(OrderKind.CARE, AUTHORITY),), limited_by_authority=False)
    assert not free.limits
    assert [one.rule for one in free.questions] == ["R-53, R-47"]


@pytest.mark.parametrize(
    ("made", "limited"),
    [
        (order(OrderKind.SPECIAL_GUARDIANSHIP, ANOTHER), True),
        (order(OrderKind.PLACEMENT, AUTHORITY), True),
        (order(OrderKind.EMERGENCY_PROTECTION, AUTHORITY), False),
        (order(OrderKind.RESTRICTION), True),
    ],
)
def test_an_order_for_somebody_else_leaves_a_parent_holding_it_with_something_to_ask(made, limited):
    found = given(MOTHER, orders=(made,))
    assert found.standing is YES
    assert found.questions
    assert bool(found.limits) is limited
    assert given(MOTHER, orders=(made,), today=TODAY - 999 * DAY).limits == ()


def test_what_a_court_forbids_is_told_in_its_own_words():
    assert given(MOTHER, orders=(order(OrderKind.RESTRICTION, limits="No contact with the school"),)).limits == (
        "No contact with the school",
    )


def test_a_suspension_rests_it_for_its_days_and_a_removal_ends_it():
    rests = order(OrderKind.SUSPENSION, from_=TODAY, until=TODAY + DAY)
    days = [standing(MOTHER, today=TODAY + n * DAY, orders=(rests,)) for n in (-1, 0, 1, 2)]
    assert days == [YES, NO, NO, YES]
    removed = order(OrderKind.REMOVAL, from_=TODAY)
    assert [standing(MOTHER, today=TODAY + n * DAY, orders=(removed,)) for n in (-1, 0, 900)] == [YES, NO, NO]
    again = order(OrderKind.PARENTAL_RESPONSIBILITY, from_=TODAY + 10 * DAY)
    assert standing(MOTHER, today=TODAY + 10 * DAY, orders=(removed, again)) is YES


# Adoption and placement (R-54, W-4)


@pytest.mark.parametrize("relation", [Relation.MOTHER, Relation.FATHER, Relation.SECOND_FEMALE_PARENT])
def test_an_adoption_ends_what_birth_parents_held_from_its_day(relation):
    known = {"relation": relation, "registered": True, "registered_on": CHILD.born, "at_treatment": True}
    adopted = (order(OrderKind.ADOPTION, ANOTHER, TODAY),)
    assert standing(CHILD, **known, today=TODAY - DAY, orders=adopted) is YES
    found = given(CHILD, **known, orders=adopted)
    assert (found.standing, found.rule) == (NO, "R-54")


def test_an_adoption_by_the_parents_own_partner_takes_nothing_from_the_parent():
    assert standing(MOTHER, orders=(order(OrderKind.ADOPTION, Favour.PARTNER),)) is YES


def test_an_adoption_of_which_the_day_or_the_adopter_is_not_known_leaves_nobody_a_yes():
    assert standing(MOTHER, orders=(order(OrderKind.ADOPTION, ANOTHER, None),)) is OPEN
    assert standing(MOTHER, orders=(order(OrderKind.ADOPTION, Favour.UNKNOWN),)) is OPEN


def test_an_order_made_before_an_adoption_ended_with_it_and_one_made_after_it_counts():
    asked = replace(CHILD, relation=Relation.GRANDPARENT)
    adopted = order(OrderKind.ADOPTION, ANOTHER, date(2025, 6, 1))
    before, after = (order(OrderKind.LIVES_WITH, from_=date(2025, month, 1)) for month in (5, 7))
    assert standing(asked, orders=(adopted, before)) is NO
    assert standing(asked, orders=(adopted, before, after)) is YES


def test_adopters_hold_it_by_the_order_and_prospective_ones_while_the_child_is_placed():
    adopter = replace(CHILD, relation=Relation.ADOPTER)
    assert standing(adopter) is OPEN
    assert given(adopter, orders=(order(OrderKind.ADOPTION),)).basis == "adopter"
    placed = replace(CHILD, relation=Relation.PROSPECTIVE_ADOPTER)
    assert standing(placed) is OPEN
    assert standing(placed, orders=(order(OrderKind.PLACEMENT, AUTHORITY),)) is OPEN
    assert given(placed, orders=(order(OrderKind.PLACEMENT),)).basis == "placement-order"


# The authority


@pytest.mark.parametrize(
    "kind", [OrderKind.CARE, OrderKind.INTERIM_CARE, OrderKind.PLACEMENT, OrderKind.EMERGENCY_PROTECTION]
)
def test_an_authority_holds_it_under_an_order_and_an_emergency_order_is_limited(kind):
    found = given(replace(CHILD, relation=Relation.LOCAL_AUTHORITY), orders=(order(kind, AUTHORITY),))
    assert (found.standing, found.basis) == (YES, "care-order")
    assert bool(found.limits) is (kind is OrderKind.EMERGENCY_PROTECTION)
    scots = given(replace(CHILD, relation=Relation.LOCAL_AUTHORITY, nation=SCOTLAND), orders=(order(kind, AUTHORITY),))
    assert scots.standing is OPEN


def test_looking_after_a_child_by_agreement_gives_the_authority_none():
    asked = replace(CHILD, relation=Relation.LOCAL_AUTHORITY)
    assert standing(asked, accommodated=True) is NO
    assert standing(asked) is OPEN


# Age and death (R-57, R-58, R-67, R-68, W-7, W-8)


def test_it_ends_on_the_eighteenth_birthday_and_lasts_to_the_day_before():
    grown = birthday(CHILD.born, 18)
    assert (given(MOTHER, today=grown - DAY).standing, given(MOTHER).until) == (YES, grown - DAY)
    assert (given(MOTHER, today=grown).standing, given(MOTHER, today=grown).rule) == (NO, "R-57")
    assert next_turn(replace(MOTHER, today=grown - DAY)) == grown
    assert next_turn(replace(MOTHER, today=grown)) is None


def test_without_a_date_of_birth_nobody_has_a_yes():
    assert all(standing(CHILD, relation=one, born=None) is OPEN for one in Relation)


def test_after_a_death_another_law_counts_for_everybody():
    for kind in (RequesterKind.SELF, RequesterKind.PARENT, RequesterKind.REPRESENTATIVE, RequesterKind.DEPUTY):
        found = who_may_ask(replace(MOTHER, died=True), kind=kind).footing
        assert (found.standing, found.rule) == (NO, "R-68")


@pytest.mark.parametrize(
    ("nation", "years", "expected"),
    [
        (SCOTLAND, 12, (Presumption.NOT_YET, Presumption.ABLE)),  # W-7
        (EW, 12, (Presumption.NOT_YET, Presumption.ASSESS)),
        (EW, 16, (Presumption.ASSESS, Presumption.ABLE)),
        (NI, 16, (Presumption.ASSESS, Presumption.ASSESS)),
        (EW, 18, (Presumption.ABLE, Presumption.GROWN_UP)),
    ],
)
def test_what_age_alone_says_turns_on_the_birthday(nation, years, expected):
    born = date(2010, 5, 4)
    day = birthday(born, years)
    found = [childs_say(nation=nation, born=born, today=one, prompt=12).presumption for one in (day - DAY, day)]
    assert tuple(found) == expected


def test_the_prompt_age_is_a_setting_that_asks_later_or_earlier_and_never_past_the_law():
    at_13 = {"born": date(2013, 5, 4), "today": date(2026, 11, 23)}
    assert childs_say(nation=EW, prompt=14, **at_13).presumption is Presumption.NOT_YET
    assert childs_say(nation=EW, prompt=13, **at_13).presumption is Presumption.ASSESS
    assert childs_say(nation=SCOTLAND, prompt=14, **at_13).presumption is Presumption.ABLE
    assert childs_say(nation=EW, born=None, today=TODAY).presumption is Presumption.UNKNOWN


def test_at_14_a_parent_who_holds_it_still_needs_the_childs_agreement():  # W-8
    answer = who_may_ask(replace(MOTHER, born=date(2012, 3, 1)), kind=RequesterKind.PARENT)
    assert answer.footing.standing is YES
    assert "R-45" in {one.rule for one in answer.questions}
    assert who_may_ask(MOTHER, kind=RequesterKind.PARENT).questions == ()


def test_the_right_is_the_persons_own_at_any_age():
    for born in (date(2026, 1, 1), date(2012, 3, 1), date(1990, 3, 1)):
        answer = who_may_ask(replace(CHILD, born=born), kind=RequesterKind.SELF)
        assert (answer.footing.standing, answer.footing.rule) == (YES, "R-40, R-65")


# Acting for somebody

SIGNED = SignedAuthority(signed_on=TODAY, signer_holds=True)


@pytest.mark.parametrize(
    ("signed", "expected", "basis"),
    [
        (SIGNED, YES, "parent-agreement"),
        (replace(SIGNED, by_the_person=True, understood=True), YES, "subject-agreement"),
        (replace(SIGNED, signed_on=None), OPEN, None),
        (replace(SIGNED, signed_on=TODAY + DAY), OPEN, None),
        (replace(SIGNED, signer_holds=None), OPEN, None),
        (replace(SIGNED, until=TODAY), YES, "parent-agreement"),
        (replace(SIGNED, until=TODAY - DAY), NO, None),
        (replace(SIGNED, taken_back_on=TODAY), NO, None),
        (replace(SIGNED, taken_back_on=TODAY + DAY), YES, "parent-agreement"),
    ],
)
def test_a_signed_authority_counts_while_it_lasts_and_gives_no_more_than_its_signer_has(signed, expected, basis):
    found = signed_authority(signed, today=TODAY)
    assert (found.standing, found.basis) == (expected, basis)


def test_where_it_is_in_doubt_what_a_child_understood_the_child_gets_it_first():
    found = signed_authority(replace(SIGNED, by_the_person=True), today=TODAY)
    assert found.standing is YES
    assert not found.settled
    assert found.limits == ("Send it to the person first, and to the representative after.",)


def test_what_a_parent_signed_carries_a_representative_to_the_eighteenth_birthday_and_no_further():
    told = {"signed_by": "holder", "signed_on": TODAY.isoformat(), "signer_holds": "yes"}
    for born, expected in ((date(2008, 11, 24), YES), (date(2008, 11, 23), OPEN)):
        known = replace(CHILD, born=born)
        answer = who_may_ask(known, kind=RequesterKind.REPRESENTATIVE, signed=signed_of(told))
        assert answer.footing.standing is expected
    grown = replace(CHILD, born=date(2008, 11, 23))
    own = signed_of({**told, "signed_by": "person", "understood": "yes"})
    assert who_may_ask(grown, kind=RequesterKind.REPRESENTATIVE, signed=own).footing.basis == "subject-agreement"
    assert signed_of({"signed_on": "2026-01-01"}) is None


def test_a_social_worker_acts_for_an_authority_that_holds_it_by_its_order_alone():
    asked = replace(CHILD, relation=Relation.LOCAL_AUTHORITY, orders=(order(OrderKind.CARE, AUTHORITY),))
    assert who_may_ask(asked, kind=RequesterKind.REPRESENTATIVE).footing.basis == "care-order"


@pytest.mark.parametrize("kind", [RequesterKind.REPRESENTATIVE, RequesterKind.DEPUTY, RequesterKind.UNKNOWN])
def test_nobody_acts_for_another_by_saying_so(kind):
    for born in (date(2019, 3, 1), date(2000, 3, 1)):
        answer = who_may_ask(replace(MOTHER, born=born), kind=kind)
        assert answer.footing.standing is OPEN
        assert answer.questions


# Education law (R-31, R-32, R-59, W-10, W-11)


def test_a_grandparent_with_care_has_the_educational_route_alone():  # W-10
    found = pupil_record_routes(nation=EW, school=School.MAINTAINED, holds_responsibility=False, cares=True)
    assert (found.open, found.school_days) == ({Route.EDUCATIONAL_RECORD}, 15)


def test_at_an_academy_a_parent_has_the_subject_access_route_and_no_15_days():  # W-11
    found = pupil_record_routes(nation=EW, school=School.ACADEMY, holds_responsibility=True)
    assert (found.open, found.rule, found.school_days) == ({Route.SUBJECT_ACCESS}, "R-32", None)


@pytest.mark.parametrize(
    ("nation", "school", "educational"),
    [
        (EW, School.MAINTAINED, True),
        (EW, School.INDEPENDENT, False),
        (EW, School.UNKNOWN, False),
        (NI, School.MAINTAINED, True),
        (NI, School.INDEPENDENT, False),
        (SCOTLAND, School.INDEPENDENT, True),
    ],
)
def test_which_schools_the_right_reaches_differs_by_nation(nation, school, educational):
    found = pupil_record_routes(nation=nation, school=school, holds_responsibility=True)
    assert (Route.EDUCATIONAL_RECORD in found.open) is educational
    assert Route.SUBJECT_ACCESS in found.open


def test_who_neither_holds_it_nor_cares_for_the_child_has_neither_route():
    assert pupil_record_routes(nation=EW, school=School.MAINTAINED, holds_responsibility=False).open == frozenset()


# All together


def test_a_yes_always_names_a_footing_that_can_be_chosen_and_evidence_and_nothing_unknown_is_a_yes():
    """Every combination of who, where, and which single order: never a yes by default, never a yes without proof."""
    kinds = [None, *OrderKind]
    for nation, relation, kind, favour in product(Nation, Relation, kinds, Favour):
        orders = (order(kind, favour),) if kind else ()
        found = parental_responsibility(replace(CHILD, nation=nation, relation=relation, orders=orders))
        assert found.rule.startswith("R-")
        assert found.because
        if found.standing is YES:
            footing = authority.basis(found.basis)
            assert footing in authority.usable_bases(RequesterKind.PARENT, nation, subject_is_adult=False)
            assert found.evidence
        elif found.standing is OPEN:
            assert found.questions
        if relation is Relation.UNKNOWN and kind is None:
            assert found.standing is OPEN


def test_answers_are_read_the_same_from_text_and_what_cannot_be_read_counts_as_not_said():
    told = {
        "relation": "father",
        "registered": "yes",
        "registered_on": "2019-03-20",
        "married": "unsure",
        "orders": [{"kind": "care", "favour": "authority", "from": "2025-01-01", "until": "", "limits": " "}],
    }
    family = family_of(told, nation=EW, born=CHILD.born, today=TODAY)
    assert family == replace(
        CHILD,
        any_order=None,
        relation=Relation.FATHER,
        registered=True,
        registered_on=date(2019, 3, 20),
        orders=(order(OrderKind.CARE, AUTHORITY),),
    )
    nonsense = {
        "relation": "king",
        "registered": "perhaps",
        "registered_on": "31 June",
        "orders": ["x", {"kind": "no"}],
    }
    assert family_of(nonsense, nation=EW, born=None, today=TODAY) == FamilyFacts(today=TODAY, nation=EW)

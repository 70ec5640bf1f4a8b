"""The exemption register keeps off the list whatever the law does not know here, and its words keep quiet."""

from dataclasses import replace
from datetime import date

import pytest

from workflows.exemptions import (
    BY_CODE,
    REGISTER,
    THIRD_PARTY_QUESTIONS,
    Consulted,
    DataKind,
    Right,
    ThirdPartyTest,
    Told,
    Wish,
    choosable,
    consultation_fault,
    may_be_told,
    must_hold_health_opinion,
    needs_second_person,
    opinion_usable,
    phrase_for,
    third_party_fault,
    third_party_open,
)
from workflows.facts import Nation, RequesterKind

TODAY = date(2026, 11, 22)
FRESH = date(2026, 11, 2)
HERE = {
    "requester_kind": RequesterKind.PARENT,
    "subject_age": 9,
    "nation": Nation.ENGLAND_AND_WALES,
    "data_kind": DataKind.SOCIAL_WORK,
    "today": TODAY,
}
HEALTH = {"data_kind": DataKind.HEALTH}
SCOTLAND = {"nation": Nation.SCOTLAND}
WISH = {"recorded_wish": Wish.SAID_NO}
SELF = {"requester_kind": RequesterKind.SELF}
DEPUTY = {"requester_kind": RequesterKind.DEPUTY, "subject_age": 30}

CHOOSABLE = [
    # code, what differs from a parent asking in England about a child of nine, may it be chosen
    ("EX-CA", {}, True),
    ("EX-CA", DEPUTY, True),
    ("EX-CA", SELF, False),
    ("EX-CA", {"requester_kind": RequesterKind.REPRESENTATIVE}, False),
    ("EX-CA", {"requester_kind": RequesterKind.UNKNOWN}, False),
    ("EX-CA", SCOTLAND, False),
    ("EX-CA", {"right": Right.RECTIFICATION}, False),
    ("EX-CA", {"subject_age": 18}, False),
    ("EX-CA", {"subject_age": None}, False),
    ("EX-S10", WISH, True),
    ("EX-S10", {}, False),
    ("EX-S10", WISH | HEALTH, False),
    ("EX-S10", WISH | {"data_kind": DataKind.EDUCATION}, False),
    ("EX-S10", WISH | SELF, False),
    ("EX-S10", WISH | {"subject_age": 17}, True),
    ("EX-S10", WISH | {"subject_age": 18}, False),
    ("EX-S10", WISH | {"subject_age": None}, False),
    ("EX-S10", WISH | SCOTLAND | {"subject_age": 15}, True),
    ("EX-S10", WISH | SCOTLAND | {"subject_age": 16}, False),
    ("EX-S10", WISH | DEPUTY, True),
    ("EX-H4", WISH | HEALTH, True),
    ("EX-H4", HEALTH, False),
    ("EX-H4", WISH, False),
    ("EX-H5", HEALTH | {"health_opinion": FRESH}, True),
    ("EX-H5", HEALTH, False),
    ("EX-H5", HEALTH | {"health_opinion": date(2026, 5, 22)}, False),
    ("EX-H6", HEALTH, True),
    ("EX-H6", HEALTH | {"already_known": True}, False),
    ("EX-H6", HEALTH | {"health_opinion": FRESH}, False),
    ("EX-H6", {}, False),
    ("EX-S9", {"right": Right.RECTIFICATION}, True),
    ("EX-S11", {}, True),
    ("EX-S11", SELF, True),
    ("EX-S12", {}, False),
    ("EX-S12", SCOTLAND, True),
    ("EX-E19", {"data_kind": DataKind.EDUCATION}, True),
    ("EX-E19", {}, False),
    ("EX-TP", {}, True),
    ("EX-TP", {"right": Right.RECTIFICATION}, False),
    ("EX-TP", SELF | {"already_known": True}, False),  # W-14
    ("EX-TP", {"requester_kind": RequesterKind.UNKNOWN}, False),
    ("EX-MU", {}, False),
    ("EX-SP", {}, False),
    ("EX-XX", {}, False),
]


@pytest.mark.parametrize(("code", "change", "allowed"), CHOOSABLE)
def test_a_code_can_be_chosen_only_where_the_law_knows_it(code, change, allowed):
    reason = choosable(code, **(HERE | change))
    assert (reason is None) == allowed
    assert reason is None or reason.endswith(".")


def test_the_register_holds_every_code_of_the_law_once():
    assert len(REGISTER) == 27
    assert len(BY_CODE) == len(REGISTER)


@pytest.mark.parametrize(
    ("opinion", "usable"),
    [
        (date(2026, 5, 22), False),  # V-90
        (date(2026, 5, 23), True),
        (TODAY, True),
        (date(2026, 11, 23), False),
        (None, False),
    ],
)
def test_a_health_opinion_counts_for_six_months(opinion, usable):
    assert opinion_usable(opinion, TODAY) is usable


def test_six_months_before_the_end_of_august_is_the_end_of_february():
    assert not opinion_usable(date(2026, 2, 28), date(2026, 8, 31))
    assert opinion_usable(date(2026, 3, 1), date(2026, 8, 31))


@pytest.mark.parametrize(
    ("kind", "opinion", "known", "free"),
    [
        (DataKind.HEALTH, None, False, False),
        (DataKind.HEALTH, date(2026, 5, 22), False, False),
        (DataKind.HEALTH, date(2026, 5, 23), False, True),
        (DataKind.HEALTH, None, True, True),
        (DataKind.SOCIAL_WORK, None, False, True),
    ],
)
def test_health_data_waits_for_a_health_professional_or_is_known_already(kind, opinion, known, free):
    reason = must_hold_health_opinion(kind, health_opinion=opinion, already_known=known, today=TODAY)
    assert (reason is None) == free


@pytest.mark.parametrize("code", [one.code for one in REGISTER if one.told is not Told.YES])
def test_a_code_that_may_not_be_told_reads_like_the_commonest_one_that_may(code):
    assert not may_be_told(code)
    assert phrase_for(code) == phrase_for("EX-TP")
    assert may_be_told("EX-TP")


def test_the_phrases_are_few_and_name_no_code():
    phrases = {phrase_for(one.code) for one in REGISTER}
    assert len(phrases) <= 3
    assert not any("EX-" in phrase or "Sch" in phrase for phrase in phrases)


def test_the_codes_a_letter_to_a_parent_must_not_betray_may_not_be_told():
    for code in ("EX-H4", "EX-S10", "EX-CA", "EX-AD", "EX-CR"):
        assert BY_CODE[code].told is Told.NO


def test_an_unknown_code_is_treated_as_the_strictest():
    assert not may_be_told("EX-XX")
    assert needs_second_person("EX-XX")
    assert phrase_for("EX-XX") == phrase_for("EX-CA")


def test_serious_harm_child_abuse_and_adoption_take_two_people():
    two = {one.code for one in REGISTER if needs_second_person(one.code)}
    assert two == {"EX-H5", "EX-S11", "EX-E19", "EX-CA", "EX-AD"}


NEIGHBOUR = ThirdPartyTest(
    identifiable=True,
    consented=False,
    asked=False,
    why_not_asked="Asking would show that they were named.",
    refused=False,
    confidence_owed=True,
    able_to_consent=True,
    reasonable_anyway=False,
    reasons="They reported a concern and expected not to be named.",
)


def test_a_neighbour_who_reported_a_concern_can_be_withheld():  # W-13
    assert third_party_fault(NEIGHBOUR) is None


THIRD_PARTY = {
    "a social worker in role (W-12)": {"professional_in_role": True},
    "a sister whose name is known (W-14)": {"known_to_requester": True},
    "someone nobody could recognise": {"identifiable": False},
    "someone who agreed": {"consented": True},
    "someone it is reasonable to name": {"reasonable_anyway": True},
    "someone not asked for no reason": {"why_not_asked": " "},
    "someone without reasons written down": {"reasons": ""},
    "someone of whom it is not known whether they agreed": {"consented": None},
    "someone of whom it is not known whether it was in confidence": {"confidence_owed": None},
}


@pytest.mark.parametrize("who", THIRD_PARTY)
def test_another_person_is_not_withheld_without_the_whole_test(who):
    assert third_party_fault(replace(NEIGHBOUR, **THIRD_PARTY[who])) is not None


def test_each_question_of_the_third_party_test_is_asked():
    assert {name for name, _words in THIRD_PARTY_QUESTIONS} == set(ThirdPartyTest.__dataclass_fields__)


OPEN = {
    "identifiable": {"identifiable": None, "reasons": ""},
    "consented": {"consented": None},
    "why_not_asked": {"why_not_asked": " "},
    "reasons": {"reasons": ""},
    "": {"asked": True, "why_not_asked": ""},
}


@pytest.mark.parametrize("question", OPEN)
def test_the_first_open_question_of_the_third_party_test_is_named(question):
    assert third_party_open(replace(NEIGHBOUR, **OPEN[question])) == question


# code, (kind of consultation, settled) of each that is named, why it would be wrong to ask, whether that does
CONSULTED = [
    ("EX-CR", [], "", False),
    ("EX-CR", [("police", True)], "", True),
    ("EX-CR", [("police", False)], "", False),
    ("EX-CR", [("legal", True)], "", False),
    ("EX-CR", [("legal", True), ("police", True)], "", True),
    ("EX-CR", [("police", False), ("police", True)], "", True),
    ("EX-CR", [], "It would warn him.", False),  # only the row of EX-TP says "unless inappropriate"
    ("EX-H6", [("health", True)], "", True),
    ("EX-S11", [("safeguarding", True)], "", False),
    ("EX-TP", [], "", False),
    ("EX-TP", [], " ", False),
    ("EX-TP", [], "She fears them.", True),
    ("EX-TP", [("third_party", True)], "", True),
    ("EX-MP", [], "", True),
    ("EX-H4", [], "", True),  # the wish is recorded by itself
]


@pytest.mark.parametrize(("code", "named", "why_not", "enough"), CONSULTED)
def test_whoever_the_register_names_was_consulted(code, named, why_not, enough):
    asked = [Consulted(kind=kind, settled=settled) for kind, settled in named]
    assert (consultation_fault(code, asked, why_not_asked=why_not) is None) is enough

"""Every code a family may meet has words of ours."""

import csv

import pytest

from portal.records import words
from portal.records.feeds.census_layout import LEAVES

SHOWN = {
    "assessment_factors",
    "category_of_abuse",
    "contact_source",
    "disability",
    "ethnicity",
    "gender",
    "primary_need",
    "reason_for_closure",
    "referral_source",
    "sex",
    "sex_current",
    "upn_unknown",
}


@pytest.fixture(scope="module")
def published(shared_data):
    with (shared_data / "codesets.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["set"] in SHOWN]


def test_every_published_code_has_words_of_ours(published):
    missing = [(row["set"], row["code"]) for row in published if not words.plain(row["set"], row["code"])]
    assert {row["set"] for row in published} == SHOWN
    assert missing == []


def test_long_labels_are_said_in_our_own_words(published):
    copied = [row["code"] for row in published if words.plain(row["set"], row["code"]) == row["label"].strip(".")]
    assert not [code for code in copied if len(code) < 3 and code[0].isdigit() and code[-1].isalpha()]


def test_every_code_set_the_census_uses_is_known():
    assert {leaf.code_set for leaf in LEAVES.values() if leaf.code_set} <= set(words.CODES)


def test_words_are_short_enough_to_be_read():
    told = [text for code_set in words.CODES.values() for text in code_set.values()]
    assert max(len(text.split()) for text in told) <= 22
    assert not [text for text in told if text.isupper() or ";" in text]


@pytest.mark.parametrize("written", ["rc1", "RC1", " RC 1"])
def test_a_code_is_known_however_it_is_written(written):
    assert words.plain("reason_for_closure", written) == "The child was adopted"


@pytest.mark.parametrize(("code_set", "code"), [("ethnicity", "ZZZZ"), ("no such set", "1"), ("sex", "")])
def test_a_code_that_is_not_known_has_no_words(code_set, code):
    assert words.plain(code_set, code) == ""

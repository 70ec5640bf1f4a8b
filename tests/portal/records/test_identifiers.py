"""Check digits and letters, and names as look-ups see them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.records import identifiers, names


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("9434765919", True),  # law.md W-19
        ("9434765918", False),
        ("4010232137", True),
        ("943476591", False),
        ("94347659190", False),
        ("1111111111", False),  # passes the sum, and is what people type when they do not know
        ("9999999999", False),
        ("\u0669434765919", False),
        ("", False),
    ],
)
def test_an_nhs_number_is_valid_only_with_its_check_digit(number, right):
    assert identifiers.is_nhs_number(number) is right


@pytest.mark.parametrize(
    ("number", "right"),
    [
        ("A123456789012", True),  # law.md W-20
        ("B123456789012", False),
        ("A123456789123", False),  # as in the sample return of the census
        ("I123456789012", False),
        ("A12345678901", False),
        ("A1234567890123", False),
        ("A12345678901I", False),
        ("", False),
    ],
)
def test_a_upn_is_valid_only_with_its_check_letter(number, right):
    assert identifiers.is_upn(number) is right


@given(st.text("0123456789", min_size=11, max_size=11), st.sampled_from("0123456789ABXZ"))
def test_every_upn_temporary_or_not_has_exactly_one_right_letter(digits, last):
    letters = [letter for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if identifiers.is_upn(f"{letter}{digits}{last}")]
    assert len(letters) == 1


@given(st.text("0123456789", min_size=9, max_size=9))
def test_nine_digits_take_at_most_one_check_digit(digits):
    assert sum(identifiers.is_nhs_number(f"{digits}{last}") for last in range(10)) <= 1


def test_two_ways_of_writing_an_identifier_become_one():
    assert identifiers.nhs_number(" 943 476-5919 ") == "9434765919"
    assert identifiers.upn("a1234 56789012") == "A123456789012"
    assert identifiers.local_id("\uff24fEX 0001\u00a0") == "DfEX0001"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIÂN  O’Brien-Hughes", "sian obrien hughes"),
        ("Zoë", "ZOE"),
        ("Łoś", "los"),
        ("Groß", "GROSS"),
        ("St. John", "st john"),
    ],
)
def test_two_ways_of_writing_a_name_give_one_key(one, other):
    assert names.key(one) == names.key(other) != ""


def test_a_name_in_another_script_keeps_its_letters():
    assert names.key("Ольга") and names.key("Ольга") != names.key("Мария")
    assert names.phonetic("Ольга") != names.phonetic("Мария")


def test_a_surname_of_two_parts_is_found_by_each():
    assert names.parts("Ashe-Fernleigh") == ("ashe fernleigh", "ashe", "fernleigh")
    assert names.parts(" - ") == ()


def test_surnames_that_sound_alike_share_a_phonetic_key():
    assert names.phonetic("Smythe") == names.phonetic("SMITH")
    assert names.phonetic("Smith") != names.phonetic("Fernleigh")


@pytest.mark.parametrize(
    ("text", "key"),
    [("zz1 4ab", "ZZ14AB"), ("ZZ14AB ", "ZZ14AB"), ("Z1A 1AA", "Z1A1AA"), ("ZZ1", ""), ("not known", ""), ("", "")],
)
def test_a_postcode_has_one_key_and_what_is_none_has_no_key(text, key):
    assert names.postcode(text) == key

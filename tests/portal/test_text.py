"""Text that people type: what is kept as it is, what is mended, what is refused."""

# ruff: noqa: RUF001  names of many scripts are what is tested

import unicodedata

import pytest

from portal.text import LONGEST, TextRefused, clean_text, printable


@pytest.mark.parametrize(
    "name",
    [
        "Siân Ŵyn Llŷr",
        "Nguyễn Thị Ngọc Ánh",
        "בְּרֵאשִׁ֖ית",
        "مُحَمَّد",
        "क्षत्रिय",
        "נועה\u200fלוי",
        "می\u200cخواهم",
        "👩\u200d👧",
        "\U0001f3f4\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f",
        "two\nlines\tand a tab",
    ],
)
def test_names_of_every_script_stay_as_they_are(name):
    composed = unicodedata.normalize("NFC", name)
    assert clean_text(name) == composed
    assert printable(name) == composed


@pytest.mark.parametrize(
    "bad", ["a\0b", "a\x07b", "a\x1bb", "\ud800", "\ue000", "\U000f0000", "\ufffe", "\ufdd0", "\U0001ffff", "\x9f"]
)
def test_controls_and_what_is_no_character_are_refused_and_printed_as_a_sign(bad):
    with pytest.raises(TextRefused):
        clean_text(bad)
    assert "\ufffd" in printable(bad)


def test_what_turns_the_reading_order_round_is_taken_out():
    assert clean_text("pay \u202e005\u202c to \u2066Ann\u2069") == "pay 005 to Ann"


@pytest.mark.parametrize("end", ["\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_every_line_end_is_a_line_feed(end):
    assert clean_text(f"a{end}b") == "a\nb"


def test_at_most_four_marks_stay_on_a_letter():
    assert clean_text("x" + "\u0301\u0302" * 30 + "y") == "x\u0301\u0302\u0301\u0302y"


def test_a_hundred_thousand_marks_are_refused_or_capped():
    flood = "e" + "\u0301\u0316\u0327\u0345" * 25_000
    with pytest.raises(TextRefused):
        clean_text(flood)
    assert len(clean_text(flood, longest=200_000)) <= 5
    assert len(printable(flood)) <= 5


def test_marks_hidden_behind_removed_signs_are_counted_together():
    assert len(clean_text("x" + "\u0323\u202e" * 40)) <= 5


def test_what_cannot_be_seen_is_capped_too():
    assert len(clean_text("x" + "\u200d\u200c" * 5_000 + "y")) == 10


def test_a_flood_of_empty_lines_is_printed_as_two():
    assert printable("a" + "\r\n \t" * 9_000 + "b") == "a\n\n\nb"
    assert printable("a\n\n\nb") == "a\n\n\nb"


def test_what_was_cleaned_once_stays_the_same():
    once = clean_text("e\u0301\u0302" + "\u0301" * 9 + "\r\n\u2066x")
    assert clean_text(once) == once
    assert printable(once) == once


def test_too_long_a_text_is_refused():
    assert len(clean_text("x" * LONGEST)) == LONGEST
    with pytest.raises(TextRefused, match="too long"):
        clean_text("x" * (LONGEST + 1))

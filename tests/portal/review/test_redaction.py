"""Words are numbered, spans are removed, and what is left tells nothing of what was there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.review.redaction import (
    Gap,
    Redaction,
    Redactions,
    Text,
    VersionChanged,
    cut,
    fingerprint,
    removed,
)
from portal.review.words_of_text import (
    UnknownWord,
    canonical,
    number,
    numbers_in,
    phrases,
    sentences,
    spans_of,
)

PHRASES = {"A": "About somebody else.", "B": "About somebody else.", "C": "Removed for another reason."}
LETTERS = st.text(alphabet="ab é.,/\n\t-’4", max_size=60) | st.text(max_size=60)


def phrase_for(code: str) -> str:
    return PHRASES[code]


def shown(text: str, *spans: tuple[int, int, str]) -> str:
    redactions = Redactions.of(text, (Redaction(*span) for span in spans))
    parts = cut(text, redactions, phrase_for)
    return "".join(part.text if isinstance(part, Text) else "[" + part.phrase[0] + "]" for part in parts)


def words_shown(text: str, numbers: list[int], code: str = "A") -> str:
    words = number(text)
    return shown(text, *((start, end, code) for start, end in spans_of(words, numbers)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("  \n ", []),
        ("Her aunt, Ada.", ["Her", "aunt,", "Ada."]),
        ("mother/aunt", ["mother/", "aunt"]),
        ("Ada—Bea", ["Ada—", "Bea"]),
        (", , x", [",", ",", "x"]),
        ("a\u00a0b\r\nc", ["a", "b", "c"]),
        ("Cafe\u0301 e", ["Café", "e"]),
        ("東京 x", ["東", "京", "x"]),
        ("ada@example.org", ["ada@example.org"]),
    ],
)
def test_words_are_numbered_from_one(text, words):
    found = number(text)
    assert [word.text for word in found] == words
    assert [word.number for word in found] == list(range(1, len(words) + 1))


@given(LETTERS)
def test_all_words_together_are_the_text_without_its_space(text):
    assert "".join(word.text for word in number(text)) == "".join(canonical(text).split())


@pytest.mark.parametrize(
    ("numbers", "spans"),
    [
        ([], ()),
        ([1], ((0, 3),)),
        ([2, 1, 2], ((0, 9),)),
        ([1, 3], ((0, 3), (11, 14))),
        ([1, 2, 3], ((0, 14),)),
    ],
)
def test_neighbouring_words_make_one_span_with_the_space_between(numbers, spans):
    assert spans_of(number("Her aunt,  Ada"), numbers) == spans


@pytest.mark.parametrize("wrong", [0, -1, 4, 10**9])
def test_a_word_that_is_not_there_is_refused(wrong):
    with pytest.raises(UnknownWord):
        spans_of(number("one two three"), [1, wrong])


@pytest.mark.parametrize(
    ("start", "end", "numbers"), [(0, 1, [1]), (2, 5, [1, 2]), (3, 4, []), (4, 7, [2]), (0, 20, [1, 2, 3])]
)
def test_a_span_touches_these_words(start, end, numbers):
    assert list(numbers_in(number("one two three"), start, end)) == numbers


def test_sentences_end_at_full_stops_and_lines_but_not_at_short_forms():
    text = "Mr. Example came. He met J. Doe (at 3 p.m. today)! Then\nshe left"
    words = number(text)
    told = [" ".join(words[index - 1].text for index in group) for group in sentences(text)]
    assert told == ["Mr. Example came.", "He met J. Doe (at 3 p.m. today)!", "Then", "she left"]


def test_phrases_end_at_commas_too():
    text = "When she came, Ada said: no. Then she left"
    assert [list(group) for group in phrases(text)] == [[1, 2, 3], [4, 5], [6], [7, 8, 9]]


@given(LETTERS)
def test_every_word_is_in_one_sentence_and_one_phrase(text):
    everything = [word.number for word in number(text)]
    assert [index for group in sentences(text) for index in group] == everything
    assert [index for group in phrases(text) for index in group] == everything


@pytest.mark.parametrize(
    ("spans", "result"),
    [
        ([(0, 2, "A"), (2, 4, "A")], [(0, 4, "A")]),
        ([(0, 2, "A"), (2, 4, "C")], [(0, 2, "A"), (2, 4, "C")]),
        ([(0, 5, "A"), (3, 8, "A")], [(0, 8, "A")]),
        ([(0, 9, "A"), (3, 5, "C")], [(0, 3, "A"), (3, 5, "C"), (5, 9, "A")]),
        ([(3, 5, "C"), (0, 9, "A")], [(0, 9, "A")]),
        ([(6, 8, "A"), (0, 2, "A")], [(0, 2, "A"), (6, 8, "A")]),
    ],
)
def test_what_overlaps_is_settled_in_favour_of_the_later_code(spans, result):
    found = Redactions.of("0123456789", (Redaction(*span) for span in spans))
    assert found.spans == tuple(Redaction(*span) for span in result)


def test_giving_a_part_back_leaves_the_rest_removed():
    redactions = Redactions.of("0123456789", [Redaction(0, 9, "A")]).remove("0123456789", 3, 5)
    assert redactions.spans == (Redaction(0, 3, "A"), Redaction(5, 9, "A"))
    assert redactions.remove("0123456789", 0, 10).spans == ()


def test_words_are_added_and_given_back_by_number():
    text = "one two three four"
    redactions = Redactions.of(text).add_words(text, [2, 3, 4], "A").remove_words(text, [3])
    assert removed(text, redactions) == ("two ", " four")


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 2), (-1, 2)])
def test_a_span_without_anything_in_it_is_refused(start, end):
    with pytest.raises(ValueError, match="span"):
        Redaction(start, end, "A")


def test_a_span_beyond_the_text_is_refused():
    with pytest.raises(ValueError, match="beyond"):
        Redactions.of("abc", [Redaction(0, 4, "A")])


@pytest.mark.parametrize(
    "act",
    [
        lambda text, redactions: redactions.check(text),
        lambda text, redactions: redactions.add(text, Redaction(0, 1, "A")),
        lambda text, redactions: redactions.remove(text, 0, 1),
        cut,
        removed,
    ],
)
def test_redactions_of_another_version_are_never_used(act):
    redactions = Redactions.of("Ada was here", [Redaction(0, 3, "A")])
    with pytest.raises(VersionChanged):
        act("Bea was here", redactions)


def test_the_same_letters_written_otherwise_are_the_same_version():
    assert fingerprint("Cafe\u0301") == fingerprint("Café") != fingerprint("Cafe")


@pytest.mark.parametrize(
    ("text", "numbers", "result"),
    [
        ("Ada said no", [1], "[A] said no"),
        ("He met Ada", [3], "He met [A]"),
        ("He met Ada today", [], "He met Ada today"),
        ("Ada", [1], "[A]"),
        ("  Ada  ", [1], "[A]"),
        ("Name:      Ada      Age: 4", [2], "Name: [A] Age: 4"),
        ("with Ada - Bea - Cat.", [2, 4, 6], "with [A]"),
        ("- Ada\n- Bea\n- Cat\nend", [2, 4, 6], "- [A]\nend"),
        ("Ada then Bea", [1, 3], "[A] then [A]"),
        ("one\n\n\nAda\n\ntwo", [2], "one\n[A]\ntwo"),
    ],
)
def test_a_gap_tells_neither_length_nor_number(text, numbers, result):
    assert words_shown(text, numbers) == result


def test_gaps_with_equal_words_are_one_whatever_their_codes():
    assert shown("Ada Bea Cat", (0, 3, "A"), (4, 7, "B"), (8, 11, "C")) == "[A] [R]"


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 9), st.integers(0, 9))
def test_two_texts_that_differ_only_in_what_is_removed_are_cut_alike(one, other, left, right):
    def cut_with(length: int) -> str:
        text = "He saw " + " " * left + "x" * length + " " * right + " come"
        return words_shown(text, [3])

    assert cut_with(one) == cut_with(other) == "He saw [A] come"


@given(LETTERS, st.data())
def test_parts_and_removed_spans_together_are_the_text(text, data):
    words = number(text)
    chosen = data.draw(st.sets(st.sampled_from([word.number for word in words]))) if words else set()
    redactions = Redactions.of(text).add_words(text, chosen, "A")
    gone = "".join(removed(text, redactions))
    left = "".join(part.text for part in cut(text, redactions, phrase_for) if isinstance(part, Text))
    assert sorted(filter(str.isalnum, gone + left)) == sorted(filter(str.isalnum, canonical(text)))
    assert (left == canonical(text)) or chosen


@given(
    st.lists(st.text(alphabet="abcdefgh", min_size=4, max_size=8), min_size=1, max_size=20, unique=True),
    st.data(),
)
def test_a_removed_word_that_occurs_once_is_not_in_what_is_left(words, data):
    text = " ".join(words)
    chosen = data.draw(st.sets(st.integers(1, len(words))))
    redactions = Redactions.of(text).add_words(text, chosen, "A")
    left = " ".join(part.text for part in cut(text, redactions, phrase_for) if isinstance(part, Text)).split()
    assert left == [word for index, word in enumerate(words, start=1) if index not in chosen]


def test_the_register_s_own_phrases_are_used_unless_others_are_given():
    (gap,) = cut("Ada", Redactions.of("Ada", [Redaction(0, 3, "no such code")]))
    assert isinstance(gap, Gap)
    assert gap.phrase

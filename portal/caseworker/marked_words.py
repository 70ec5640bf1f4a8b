"""The words of an entry as the page of the review shows them: each can be marked, some are, some are suggested."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from portal.review import words_of_text
from portal.review.redaction import Redaction, Redactions
from portal.review.suggestions import Suggestion, Why
from portal.review.words_of_text import Word

WHYS = {
    Why.NAME: _l("A name"),
    Why.PHONE: _l("A phone number"),
    Why.EMAIL: _l("An email address"),
    Why.POSTCODE: _l("A postcode"),
    Why.ADDRESS: _l("An address"),
    Why.BIRTH: _l("A date of birth"),
    Why.NHS_NUMBER: _l("An NHS number"),
}
_RANGE = re.compile(r"(\d{1,6})-(\d{1,6})", re.ASCII)
_NUMBER = re.compile(r"\d{1,6}", re.ASCII)


@dataclass(frozen=True)
class Shown:
    """One word on the page. `code`: under which it is removed now; `after`: what stands between it and the next."""

    number: int
    text: str
    after: str
    marked: bool
    code: str
    suggested: bool
    hidden: bool


@dataclass(frozen=True)
class Group:
    """Words that one button marks: a sentence or a phrase."""

    words: tuple[Shown, ...]

    @property
    def range(self) -> str:
        return f"{self.words[0].number}-{self.words[-1].number}"


def code_of_each(words: Sequence[Word], spans: Iterable[Redaction]) -> dict[int, str]:
    """Number of each removed word -> its code."""
    return {number: span.code for span in spans for number in words_of_text.numbers_in(words, span.start, span.end)}


def groups(
    text: str,
    *,
    spans: Iterable[Redaction],
    marked: Collection[int] | None,
    suggested: Iterable[Suggestion],
    hidden: Iterable[Suggestion],
    by_phrase: bool,
) -> list[Group]:
    """The words of `text` in sentences or phrases. `marked` are the words ticked in a form that comes back to the page;
    without it those that are removed are ticked."""
    pinned, words = words_of_text.canonical(text), words_of_text.number(text)
    codes = code_of_each(words, spans)
    ticked = codes.keys() if marked is None else marked
    maybe = {number for one in suggested for number in one.numbers}
    gone = {number for one in hidden for number in one.numbers}
    ends = [word.start for word in words[1:]] + [len(pinned)]

    def shown(number: int) -> Shown:
        word = words[number - 1]
        between = pinned[word.end : ends[number - 1]]
        after = "\n" if "\n" in between else " " if between else ""
        code = codes.get(number, "")
        return Shown(number, word.text, after, number in ticked, code, number in maybe, number in gone)

    cut = words_of_text.phrases if by_phrase else words_of_text.sentences
    return [Group(tuple(shown(number) for number in group)) for group in cut(text)]


def numbers_posted(values: Iterable[str]) -> set[int]:
    """Word numbers as a form sends them; what is no number is left out, what the text has not is refused later."""
    return {int(value) for value in values if _NUMBER.fullmatch(value)}


def staged(value: str, numbers: set[int], suggestions: Iterable[Suggestion], count: int) -> set[int]:
    """The ticked words after a button "mark" was pressed: a range of words, or everything that is suggested.

    Pressing the button of words that are all ticked takes their ticks away."""
    if value == "all":
        return numbers | {number for one in suggestions for number in one.numbers}
    found = _RANGE.fullmatch(value)
    if not found:
        return numbers
    some = set(range(int(found[1]), min(int(found[2]), count) + 1))
    return numbers - some if some <= numbers else numbers | some


def spans_for(
    text: str, numbers: set[int], before: Iterable[Redaction], *, code: str, recode: bool
) -> tuple[Redaction, ...]:
    """The redactions of the ticked words: those that were removed keep their code, the others get `code`.

    Raises UnknownWord for a number the text has not, KeyError when a new word has no code."""
    kept: Mapping[int, str] = {} if recode else code_of_each(words_of_text.number(text), before)
    wanted: dict[str, set[int]] = {}
    for number in numbers:
        under = kept.get(number, code)
        if not under:
            raise KeyError(number)
        wanted.setdefault(under, set()).add(number)
    redactions = Redactions.of(text)
    for under, some in sorted(wanted.items()):
        redactions = redactions.add_words(text, some, under)
    return redactions.spans

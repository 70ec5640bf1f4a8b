"""The words of one pinned version of a text, numbered by the server.

Forms post word numbers, never offsets: a browser counts letters in its own way. Offsets are code points of the text
in normal form NFC (`canonical`), which every function here applies by itself.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

# A word ends at white space, or after a mark that joins two words ("mother/aunt"). Scripts written without spaces
# count each character. No part can be read in two ways, so the time grows with the length alone.
_JOINING = "/,;|–—"
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff"
_WORD = re.compile(f"[{_UNSPACED}]|[^\\s{_JOINING}{_UNSPACED}]+[{_JOINING}]*|[{_JOINING}]+")
_CLOSING = "\"'”’)]»"
_SHORT_FORMS = frozenset(
    (
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "rev",
        "st",
        "sgt",
        "ref",
        "approx",
        "e.g",
        "i.e",
        "tel",
        "ext",
    )
)


@dataclass(frozen=True, slots=True)
class Word:
    """One word: its number, counted from 1, and where it stands (`end` is behind its last code point)."""

    number: int
    start: int
    end: int
    text: str


class UnknownWord(ValueError):
    """A word number that this text does not have."""


def canonical(text: str) -> str:
    """The text as offsets count it."""
    return unicodedata.normalize("NFC", text)


def number(text: str) -> tuple[Word, ...]:
    """All words of `text`, in order. Nothing but white space stands between them."""
    found = enumerate(_WORD.finditer(canonical(text)), start=1)
    return tuple(Word(index, match.start(), match.end(), match.group()) for index, match in found)


def spans_of(words: Sequence[Word], numbers: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Where the words with these numbers stand; neighbours make one span, with the white space between them.

    Raises UnknownWord."""
    spans: list[tuple[int, int]] = []
    last = -1
    for index in sorted(set(numbers)):
        if not 1 <= index <= len(words):
            raise UnknownWord(str(index))
        word = words[index - 1]
        start = spans.pop()[0] if index == last + 1 and spans else word.start
        spans.append((start, word.end))
        last = index
    return tuple(spans)


def numbers_in(words: Sequence[Word], start: int, end: int) -> range:
    """The numbers of the words that the span touches, however little."""
    first = bisect_right(words, start, key=lambda word: word.end)
    behind = bisect_left(words, end, key=lambda word: word.start)
    return range(first + 1, max(first, behind) + 1)


def sentences(text: str) -> tuple[range, ...]:
    """The word numbers of each sentence. A new line ends one; a short form or an initial does not."""
    return _groups(text, _ends_sentence)


def phrases(text: str) -> tuple[range, ...]:
    """The word numbers of each phrase: sentences, cut at commas, colons and dashes as well."""
    return _groups(text, lambda word, following: _ends_phrase(word) or _ends_sentence(word, following))


def _groups(text: str, ends: Callable[[Word, Word], bool]) -> tuple[range, ...]:
    pinned = canonical(text)
    words = number(pinned)
    groups: list[range] = []
    first = 1
    for word, following in itertools.pairwise(words):
        if "\n" in pinned[word.end : following.start] or ends(word, following):
            groups.append(range(first, following.number))
            first = following.number
    return (*groups, range(first, len(words) + 1)) if words else ()


def _ends_sentence(word: Word, following: Word) -> bool:
    bare = word.text.rstrip(_CLOSING)
    if not bare.endswith((".", "!", "?", "…", "。")) or following.text[0].islower():
        return False
    stem = bare.rstrip(".").lstrip("(\"'“‘[").casefold()
    return not (bare.endswith(".") and (stem in _SHORT_FORMS or len(stem) == 1))


def _ends_phrase(word: Word) -> bool:
    return word.text.rstrip(_CLOSING).endswith((",", ";", ":", "–", "—", "-"))

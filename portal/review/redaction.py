"""Which spans of a text are removed and what stands in their place.

Removed text is taken out of the data, before any template: what is drawn over can be read (security.md 0, 7). A gap
looks the same whatever it hides: neither its width, nor the space around it, nor how many stand side by side tells
how much was there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from portal.review.words_of_text import canonical, number, spans_of
from workflows.exemptions import phrase_for as family_phrase


class VersionChanged(Exception):
    """The text is not the one that was read; the item must be decided afresh."""


@dataclass(frozen=True, order=True, slots=True)
class Redaction:
    """A removed span (code points of the canonical text, `end` behind the last) and its exemption code."""

    start: int
    end: int
    code: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError("a redaction needs a span with something in it")


@dataclass(frozen=True, slots=True)
class Text:
    """What the requester reads."""

    text: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Where something was removed, with the words that stand beside it."""

    phrase: str


def fingerprint(text: str) -> str:
    """Names one version of a text: SHA-256 of its canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(text).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class Redactions:
    """The redactions of one version, in order and without overlap; changing them makes a new value."""

    fingerprint: str
    spans: tuple[Redaction, ...] = ()

    @classmethod
    def of(cls, text: str, spans: Iterable[Redaction] = ()) -> Redactions:
        """The given redactions of `text`; of two that overlap, the later given names the code."""
        redactions = cls(fingerprint(text))
        for span in spans:
            redactions = redactions.add(text, span)
        return redactions

    def add(self, text: str, added: Redaction) -> Redactions:
        """Where spans overlap the new code counts; spans that touch and share a code become one.

        Raises VersionChanged; ValueError when the span reaches beyond the text."""
        self.check(text)
        if added.end > len(canonical(text)):
            raise ValueError("a redaction reaches beyond the text")
        return replace(self, spans=_joined((*_without(self.spans, added.start, added.end), added)))

    def remove(self, text: str, start: int, end: int) -> Redactions:
        """Gives this span back; what is left and right of it stays removed. Raises VersionChanged."""
        self.check(text)
        return replace(self, spans=_joined(_without(self.spans, start, end)))

    def add_words(self, text: str, numbers: Iterable[int], code: str) -> Redactions:
        """As add, by word numbers. Raises UnknownWord too."""
        redactions = self
        for start, end in spans_of(number(text), numbers):
            redactions = redactions.add(text, Redaction(start, end, code))
        return redactions

    def remove_words(self, text: str, numbers: Iterable[int]) -> Redactions:
        """As remove, by word numbers. Raises UnknownWord too."""
        redactions = self
        for start, end in spans_of(number(text), numbers):
            redactions = redactions.remove(text, start, end)
        return redactions

    def check(self, text: str) -> None:
        """Raises VersionChanged unless `text` is the version these redactions were made on."""
        if fingerprint(text) != self.fingerprint:
            raise VersionChanged


def removed(text: str, redactions: Redactions) -> tuple[str, ...]:
    """The removed texts, in order: what the leak gate looks for. Raises VersionChanged."""
    redactions.check(text)
    pinned = canonical(text)
    return tuple(pinned[span.start : span.end] for span in redactions.spans)


def cut(text: str, redactions: Redactions, phrase_for: Callable[[str], str] = family_phrase) -> tuple[Text | Gap, ...]:
    """What is left of `text`, with gaps. Raises VersionChanged.

    Space beside a gap shrinks to one (a padded column would tell the length); gaps with equal words and nothing but
    space or marks between them are one (a list of names would tell the number)."""
    redactions.check(text)
    pinned = canonical(text)
    parts: list[Text | Gap] = []
    done = 0
    for span in redactions.spans:
        _append_gap(parts, pinned[done : span.start], Gap(phrase_for(span.code)))
        done = span.end
    rest = pinned[done:]
    if parts:
        rest = _narrow_start(rest).rstrip()
    return (*parts, Text(rest)) if rest else tuple(parts)


def _append_gap(parts: list[Text | Gap], before: str, gap: Gap) -> None:
    if parts:
        if parts[-1] == gap and not any(letter.isalnum() for letter in before):
            return
        before = _narrow_start(before)
    before = _narrow_end(before) if parts or before.strip() else ""
    if before:
        parts.append(Text(before))
    parts.append(gap)


def _narrow_start(text: str) -> str:
    inner = text.lstrip()
    return _narrow(text[: len(text) - len(inner)]) + inner


def _narrow_end(text: str) -> str:
    inner = text.rstrip()
    return inner + _narrow(text[len(inner) :])


def _narrow(space: str) -> str:
    if not space:
        return ""
    return "\n" if "\n" in space else " "


def _without(spans: Iterable[Redaction], start: int, end: int) -> tuple[Redaction, ...]:
    kept: list[Redaction] = []
    for span in spans:
        if span.start < min(span.end, start):
            kept.append(replace(span, end=min(span.end, start)))
        if max(span.start, end) < span.end:
            kept.append(replace(span, start=max(span.start, end)))
    return tuple(kept)


def _joined(spans: Iterable[Redaction]) -> tuple[Redaction, ...]:
    joined: list[Redaction] = []
    for span in sorted(spans):
        if joined and joined[-1].end == span.start and joined[-1].code == span.code:
            joined[-1] = replace(joined[-1], end=span.end)
        else:
            joined.append(span)
    return tuple(joined)

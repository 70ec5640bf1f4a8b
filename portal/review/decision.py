"""What a reviewer says of one entry: given, cut, withheld, on which ground, and what the copy says around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from portal.review import people_mentioned
from portal.review.around import Around
from portal.review.redaction import Redaction
from portal.review.words_of_text import canonical

GIVES = ("give", "redact")
THIRD_PARTY, HARM, UNSEEN = "EX-TP", "EX-H5", "EX-H6"


@dataclass(frozen=True)
class Decision:
    """What a reviewer says of one entry."""

    decision: str
    spans: tuple[Redaction, ...] = ()
    code: str = ""  # of a withheld entry
    reason: str = ""  # the test's answer, in the reviewer's words
    about: str = "child"  # child, subject or both
    already_known: bool = False  # the requester has seen it or knows it (EX-H6, R-66)
    wish: str = ""  # workflows.exemptions.Wish, where the exemption rests on it
    consultations: tuple[str, ...] = ()  # ids of those it rests on
    test: dict[str, str] = field(default_factory=dict)  # answers to R-83, where EX-TP is used here by itself
    opinion: str = ""  # id of the health opinion it rests on; found by `check`, looked at again before a release
    hides: dict[str, str] = field(default_factory=dict)  # part around -> code under which it goes
    cuts: dict[str, tuple[Redaction, ...]] = field(default_factory=dict)  # part around -> words taken out
    shown_people: tuple[str, ...] = ()  # people hidden elsewhere who are shown in this entry
    show_marks: tuple[str, ...] = ()  # ids of other people's marks that the copy shows here, while they stand
    upsetting: bool = False
    content_note: str = ""

    @property
    def codes(self) -> set[str]:
        spans = (*self.spans, *(span for some in self.cuts.values() for span in some))
        return {code for code in (self.code, *self.hides.values(), *(span.code for span in spans)) if code}

    def removed_from(self, part: str, words: str) -> tuple[Redaction, ...]:
        """What is taken out of one part around the text: the whole of it, or words."""
        length = len(canonical(words))
        return (Redaction(0, length, self.hides[part]),) if part in self.hides and length else self.cuts.get(part, ())

    @property
    def takes_out(self) -> bool:
        """Whether something of an entry that is given is not."""
        return bool(self.spans or self.hides or any(self.cuts.values()))

    def cut_from(self, text: str, around: Around) -> list[tuple[str, tuple[Redaction, ...]]]:
        """The entry's text and the words around it, each with what is taken out of it."""
        return [(text, self.spans), *((words, self.removed_from(part, words)) for part, words in around.items())]

    def as_third_party(self, text: str, around: Around) -> list[tuple[str, list[Redaction]]]:
        """The texts of which something is kept back under EX-TP, each with its marks."""
        marks = self.cut_from(text, around)
        under = [(words, [span for span in spans if span.code == THIRD_PARTY]) for words, spans in marks]
        return [(words, spans) for words, spans in under if spans]

    def uses_third_party(self, text: str, people: Sequence[people_mentioned.Mention], around: Around) -> bool:
        """Whether something is kept back under EX-TP that is no name of somebody hidden as a third party."""
        if THIRD_PARTY in {self.code, *self.hides.values()}:
            return True
        marked = self.as_third_party(text, around)
        return any(people_mentioned.not_of_hidden(words, spans, people) for words, spans in marked)


def decision_of(told: dict[str, Any]) -> Decision:
    """A decision as it was kept. One from before hid source and author together, under one code."""
    lists = {name: tuple(told.get(name, ())) for name in ("shown_people", "consultations", "show_marks")}
    cuts = {part: _spans(some) for part, some in told.get("cuts", {}).items()}
    before = told.get("hide_source", "")
    hides = told.get("hides", {"source": before, "author": before} if before else {})
    kept = {name: value for name, value in told.items() if name != "hide_source"}
    return Decision(**{**kept, **lists, "spans": _spans(told.get("spans", ())), "hides": hides, "cuts": cuts})


def _spans(some: Iterable[dict[str, Any]]) -> tuple[Redaction, ...]:
    return tuple(Redaction(**span) for span in some)

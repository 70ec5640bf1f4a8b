"""The short version of a copy, for a child who asks in their own right: less to read, in their words (R-160, R-163).

Made of the frozen Pack alone. Its counts and days are of what is given, and what is left out is told in the words that
every copy has (R-92)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from portal.documents import information
from portal.documents.pack import Category, Pack, Text, Words
from portal.review import around
from workflows import guards
from workflows.facts import CaseFacts, RequesterKind
from workflows.words import mark as _

MOST_NAMED = 8  # bodies of each sort: it is the short version, and the copy names them all

_IN_THEIR_WORDS = {
    "identity": _("Who you are"),
    "address": _("Where you live, now and before"),
    "carers": _("Who looks after you"),
    "education": _("Your school, and how you learn"),
    "health": _("Your health"),
    "social care": _("How people worked to keep you safe"),
    "youth justice": _("The police and the courts"),
    "service": _("Who helps you"),
    "sensitive service": _("Other help"),
    "flag": _("Who else has notes"),
    "contact": _("Calls, talks and notes"),
    "document": _("Letters and papers"),
}
REST = _("Other things")
WORDS = {around.plain_word(category): words for category, words in _IN_THEIR_WORDS.items()}


@dataclass(frozen=True)
class Kind:
    """One category in a child's words. `oldest` and `newest` are days as they are printed; `hard`: some of it may upset
    (R-165)."""

    name: str
    count: int
    oldest: str
    newest: str
    hard: bool


@dataclass(frozen=True)
class Short:
    """What the short version tells; `more_sources` and `more_shared`: the copy names others too."""

    kinds: tuple[Kind, ...]
    sources: tuple[Words, ...]
    more_sources: bool
    shared: tuple[Words, ...]
    more_shared: bool

    @property
    def count(self) -> int:
        return sum(kind.count for kind in self.kinds)


@dataclass(frozen=True)
class Places:
    """Where the links of the short version lead: to each category, to who it was shared with, to the rights."""

    kinds: tuple[str, ...]
    shared: str
    rights: str


def is_for_child(facts: CaseFacts) -> bool:
    """Whether a child asks in their own right."""
    age = guards.subject_age(facts)
    return facts.requester_kind is RequesterKind.SELF and age is not None and age < guards.ADULT


def of(pack: Pack) -> Short:
    """The short version of a pack."""
    sources = _named(entry.source for entry in pack.entries)
    shared = _named(one.recipient for one in pack.shared)
    return Short(
        kinds=tuple(_kind(category) for category in pack.categories),
        sources=sources[:MOST_NAMED],
        more_sources=len(sources) > MOST_NAMED,
        shared=shared[:MOST_NAMED],
        more_shared=len(shared) > MOST_NAMED,
    )


def inside(pack: Pack) -> Places:
    """The places within the copy itself, on paper and on one page."""
    return Places(
        tuple(f"#part-{at}" for at, _one in enumerate(pack.categories, start=1)), "#part-shared", "#part-rights"
    )


def _kind(category: Category) -> Kind:
    days = sorted({day for entry in category.entries if (day := information.day_of(entry.when))})
    return Kind(
        name=WORDS.get(category.name, REST),
        count=len(category.entries),
        oldest=information.day_in_words(days[0]) if days else "",
        newest=information.day_in_words(days[-1]) if days else "",
        hard=any(entry.content_note for entry in category.entries),
    )


def _named(every: Iterable[Words]) -> tuple[Words, ...]:
    """Each once, in the order of the copy, without those of which something was taken out."""
    return tuple(dict.fromkeys(words for words in every if words and all(isinstance(part, Text) for part in words)))

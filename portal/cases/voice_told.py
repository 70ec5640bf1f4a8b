"""What the child has said in a case, and what a young person said of help and family, read from the ledger.

Shown to those who work on the case and decide in it, never to whoever else asks."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from portal.cases.ledger import Happened
from workflows.facts import ChildAnswer

VIEWS = "child_views"
WISHES = "support_wished"
ARRANGED = "support_arranged"
FAMILY = "family_known"
ANSWERED = frozenset({"record_child_answer", "child_answer_changed"})
_NAME = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Views:
    """What somebody thinks, and how it reached us."""

    at: datetime.datetime
    by: str
    words: str
    way: str


@dataclass(frozen=True)
class Heard:
    """What a child said: the answer that counts, what belongs to it, and their views."""

    answer: str = ""
    parts: str = ""
    talk: str = ""
    own_words: str = ""
    not_safe: bool = False
    at: datetime.datetime | None = None
    by: str = ""
    parts_kept: bool = False  # a reviewer confirmed it of the pack that stands
    views: tuple[Views, ...] = ()

    @property
    def limited(self) -> bool:
        return self.answer == ChildAnswer.SOME

    @property
    def wants_to_talk(self) -> bool:
        return self.answer == ChildAnswer.TALK

    @property
    def anything(self) -> bool:
        return bool(self.answer or self.views)


@dataclass(frozen=True)
class Wished:
    """What somebody who asks for their own file would like: a supporter, a meeting; and what they know already."""

    supporter: bool = False
    meeting: bool = False
    words: str = ""
    arranged: bool = False
    family: tuple[str, ...] = ()  # a line for each: names and relations they know

    @property
    def waits(self) -> bool:
        """Somebody of staff still has to arrange what was wished."""
        return (self.supporter or self.meeting) and not self.arranged


def heard(events: Sequence[Happened]) -> Heard:
    """What the child has said so far."""
    said = next((one for one in reversed(events) if one.name in ANSWERED), None)
    views = tuple(
        Views(one.at, one.actor, str(one.answers.get("words") or ""), str(one.answers.get("way") or ""))
        for one in events
        if one.name == VIEWS
    )
    if said is None:
        return Heard(views=views)
    told = {name: str(said.answers.get(name) or "") for name in ("answer", "parts", "talk", "own_words")}
    return Heard(**told, not_safe=_not_safe(events), at=said.at, by=said.actor, parts_kept=_kept(events), views=views)


def wished(events: Sequence[Happened]) -> Wished:
    """The newest wish and the newest account of what is known count."""
    found = Wished()
    for one in events:
        if one.name == WISHES:
            told = one.answers
            words = str(told.get("words") or "")
            found = Wished(bool(told.get("supporter")), bool(told.get("meeting")), words, family=found.family)
        elif one.name == ARRANGED:
            found = Wished(found.supporter, found.meeting, found.words, arranged=True, family=found.family)
        elif one.name == FAMILY:
            lines = tuple(line.strip() for line in str(one.answers.get("known") or "").splitlines() if line.strip())
            found = Wished(found.supporter, found.meeting, found.words, found.arranged, lines)
    return found


def known_as(family: Sequence[str], names: Sequence[str]) -> str:
    """The line in which somebody said that they know a person of these names, or nothing. A forename is enough, as a
    sister is rarely called by her surname; a person decides whether it is the same one."""
    forenames = {found[0].casefold() for found in (_NAME.findall(name) for name in names) if found}
    return next((line for line in family if forenames & {word.casefold() for word in _NAME.findall(line)}), "")


def _not_safe(events: Sequence[Happened]) -> bool:
    unsafe = False
    for one in events:
        if one.name in ANSWERED and one.answers.get("not_safe") is not None:
            unsafe = bool(one.answers["not_safe"])
        elif one.name == "allow_asking_again":
            unsafe = False
    return unsafe


def _kept(events: Sequence[Happened]) -> bool:
    undone = ANSWERED | {"pack_requested"}
    return next(
        (one.name == "confirm_parts" for one in reversed(events) if one.name in undone | {"confirm_parts"}), False
    )

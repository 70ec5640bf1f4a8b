"""The frozen Decision: all that one requester is told of what became of a challenge, and nothing else (R-108).

Like a Pack it is made once, approved by its hash, and everything a family reads is made from it alone. Of a line whose
entry they may not know of it holds their own words and one sentence, the same whatever is held and whatever was decided
(R-56, R-92)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from portal.documents import frozen
from portal.documents.pack import Authority, Regulator, Words


@dataclass(frozen=True, kw_only=True)
class Fresh:
    """An entry as it reads in the record now. `marks` are sentences that stand beside it from now on."""

    label: Words
    value: Words
    when: str = ""
    source: Words = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DecidedLine:
    """One line of the answer.

    `about`, `wrong`, `said` and `wanted` are the requester's own words; `answer` is the sentence of
    `workflows.lines.told`, and `child_words` the same in words for a child. The rest is empty where the requester may
    not know of the entry: what it said `before` and says `now` (none or one), `reasons` and `rule`, what those `asked`
    answered, since which day it was `disputed`, and who was `informed`, by names that were released to this family."""

    number: int
    about: str
    wrong: str
    said: str
    wanted: str
    answer: str
    child_words: str = ""
    before: Words = ()
    now: tuple[Fresh, ...] = ()
    reasons: str = ""
    rule: str = ""
    asked: tuple[str, ...] = ()
    disputed: str = ""
    informed: tuple[str, ...] = ()
    may_state: bool = False
    may_ask_again: bool = False


@dataclass(frozen=True, kw_only=True)
class Decision:
    """See the module. `about` says whose record it is. `again` marks the answer to a review, `for_child` one that its
    reader gets as a child; `restriction_ends` and `tells_others` are said alike for every line."""

    reference: str
    copy_number: str
    language: str
    cut_off: datetime.datetime
    date: datetime.date
    received: datetime.date
    recipient_name: str
    recipient_lines: tuple[str, ...]
    authority: Authority
    regulator: Regulator
    about: str
    lines: tuple[DecidedLine, ...]
    again: bool = False
    for_child: bool = False
    restriction_ends: bool = False
    tells_others: bool = False
    portal_link: str = ""

    @property
    def may_state(self) -> tuple[int, ...]:
        """Numbers of the lines to which the requester can put a statement (R-110)."""
        return tuple(line.number for line in self.lines if line.may_state)

    @property
    def may_ask_again(self) -> bool:
        """Whether somebody new can be asked to look: once."""
        return not self.again and any(line.may_ask_again for line in self.lines)


def to_json(decision: Decision) -> bytes:
    """As canonical JSON: equal decisions give equal bytes. Raises frozen.PackUnreadable."""
    return frozen.written("decision", decision)


def from_json(data: bytes) -> Decision:
    """The decision that to_json wrote. Raises frozen.PackUnreadable for anything else."""
    return frozen.read(Decision, "decision", data)

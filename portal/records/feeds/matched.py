"""The children of one batch, each with the record it is, and whether the feed says anything new of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session

from portal import db
from portal.records.feeds import joining, statements
from portal.records.feeds.items import FeedChild, FeedProblem
from portal.records.feeds.joining import Known, Mark
from portal.records.feeds.report import Tally
from portal.vault import Owner, Vault

TWICE = "The same child is already on line {line}."
ALIKE = "Another record has the same {number}, but that is not enough to join them. A person has to compare the two."
_NUMBERS = {
    "local_id": "council’s number",
    "directory_id": "directory number",
    "nhs_number": "NHS number",
    "upn": "pupil number",
}


@dataclass
class Outcome:
    """What came of one batch; added to the report once its transaction is committed."""

    children: Tally = field(default_factory=Tally)
    entries: Tally = field(default_factory=Tally)
    problems: list[FeedProblem] = field(default_factory=list)
    lines: dict[uuid.UUID, int] = field(default_factory=dict)  # record -> line of the child that it is
    sources: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Run:
    """What is known of the run so far: records and sources it has met already."""

    format: str
    lines: Mapping[uuid.UUID, int]
    sources: set[str]
    home: str = ""  # the authority whose directory this is, where the operator has said it


def called(child: FeedChild) -> str:
    """How the file calls a child."""
    return child.local_id or child.directory_id or child.upn or child.nhs_number


@dataclass
class Told:
    """One child of the batch with the record it is."""

    child: FeedChild
    feed: str
    known: Known
    new: bool
    said: list[str] = field(default_factory=list)  # by its items, in their order
    fingerprint: bytes = b""

    @property
    def again(self) -> bool:
        """Whether it is looked at because of a decision, and maybe for nothing else."""
        mark = self.known.marks.get(self.feed)
        return not self.new and mark is not None and mark.fingerprint == b""

    @property
    def owners(self) -> set[Owner]:
        classes = {"core", *(item.cls for item in self.child.items)}
        return {Owner.child(self.known.id, cls) for cls in classes}

    @property
    def core(self) -> Owner:
        return Owner.child(self.known.id, "core")


def matched(session: Session, vault: Vault, run: Run, children: Sequence[FeedChild], outcome: Outcome) -> list[Told]:
    """Each child with its record, in order, so that the outcome is the same however the file is cut into batches.

    What a feed still says of a sealed identity is left out, and counted with what brought nothing new."""
    records, told = joining.Records(session, vault, children, run.home), []
    for child in children:
        feed = joining.feed_of(run.format, child)
        known = records.match(child, feed)
        if known and (line := run.lines.get(known.id) or outcome.lines.get(known.id)):
            outcome.problems.append(FeedProblem(child.line, called(child), TWICE.format(line=line)))
            continue
        if known is None and records.is_sealed(session, child):
            outcome.children.unchanged += 1
            outcome.entries.unchanged += len(child.items)
            continue
        if known is None and (number := records.alike(child, feed)):
            reason = ALIKE.format(number=_NUMBERS[number])
            outcome.problems.append(FeedProblem(child.line, called(child), reason, refused=False))
        one = Told(child, feed, known or Known(db.new_id()), new=known is None)
        if known is None:
            records.add(one.known, joining.all_keys(vault, child, shielded=False, home=run.home))
            one.known.marks[feed] = Mark(b"", joining.is_numbered(child))
        outcome.lines[one.known.id] = child.line
        told.append(one)
    return told


def is_news(vault: Vault, run: Run, one: Told, outcome: Outcome) -> bool:
    """Whether the feed says anything that it did not say before; whose directory it is counts, because records are
    then found by it."""
    one.said = [statements.said(item) for item in one.child.items]
    whose = "" if one.child.authority else run.home
    one.fingerprint = vault.fingerprint(one.core, "child", statements.said_of_child(one.child, one.said) + whose)
    mark = one.known.marks.get(one.feed)
    if mark and mark.fingerprint == one.fingerprint:
        outcome.children.unchanged += 1
        outcome.entries.unchanged += len(one.child.items)
        return False
    return True

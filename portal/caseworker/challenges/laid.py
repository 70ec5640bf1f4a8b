"""One line as it lies before whoever weighs it: the entry and its history, the claim, and all that speaks for or
against it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from portal import records
from portal.cases import evidence
from portal.cases.actors import Actor
from portal.cases.corrections import deciding, lines, outside
from portal.cases.corrections.lines import Line
from portal.cases.corrections.models import ChallengedLine
from portal.cases.corrections.outside import Link
from portal.cases.models import Case
from portal.caseworker import staff_words
from portal.caseworker.challenges.difference import Piece, difference
from portal.caseworker.challenges.line_words import in_words
from portal.caseworker.challenges.table import Table
from portal.records import OldVersion, OpenEntry
from workflows import lines as rules
from workflows.lines import LineFacts, Outcome

MOST_ALIKE = 12
MOST_COMPARED = 600  # entries of one class of a record that are looked through for others on the same matter


@dataclass(frozen=True)
class Alike:
    """Another entry on the same matter. `same`: it says the same as this one."""

    entry: OpenEntry
    same: bool


@dataclass(frozen=True)
class Other:
    """A line of another case about the same entry. A case of another team is named by nothing but its being there."""

    case: Case
    line: Line
    mine: bool


@dataclass(frozen=True)
class Offer:
    """One outcome, and why it cannot be chosen."""

    value: str
    label: str
    fault: str
    second: bool


@dataclass
class Laid:
    """Everything about one line. `entry` is None where none is matched, it is destroyed, or it cannot be opened now."""

    opened: Table
    line: Line
    entry: OpenEntry | None = None
    versions: list[OldVersion] = field(default_factory=list)
    alike: list[Alike] = field(default_factory=list)
    others: list[Other] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    files: list[tuple[Any, dict[str, Any]]] = field(default_factory=list)
    offers: list[Offer] = field(default_factory=list)
    confirm_fault: str = ""
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        """The entry has another version by now than the one the line was matched to."""
        return self.line.open and self.entry is not None and self.entry.version_id != self.line.version_id

    @property
    def gone(self) -> bool:
        """The entry was destroyed."""
        return self.line.entry_id is not None and self.entry is None and self.opened.looking is not None

    @property
    def change(self) -> list[Piece]:
        """What the entry says beside what the requester says it should."""
        wanted = in_words(self.line.claim.should_say)
        if not wanted or self.entry is None or self.entry.masked:
            return []
        return difference(self.entry.text, wanted)

    @property
    def can_decide(self) -> bool:
        return any(not offer.fault for offer in self.offers) and not self.moved

    @property
    def fault(self) -> str:
        """Why nothing can be decided, where that is so of every outcome."""
        faults = {offer.fault for offer in self.offers}
        return next(iter(faults)) if len(faults) == 1 else ""

    def name(self, staff_id: uuid.UUID | None) -> str:
        return self.names.get(f"staff:{staff_id.hex}", "") if staff_id else ""


def barely(opened: Table, line_id: uuid.UUID) -> Laid:
    """The line with its entry alone: enough to read a form that was sent. Raises CaseNotFound."""
    laid = Laid(opened, opened.line(line_id))
    if laid.line.entry_id:
        laid.entry = opened.read([laid.line.entry_id], challenged=True).get(laid.line.entry_id)
        laid.others = _others(opened, laid.line.entry_id)
    return laid


def laid_out(opened: Table, line_id: uuid.UUID) -> Laid:
    """The line with what belongs beside it. Raises CaseNotFound."""
    session, case, laid = opened.session, opened.case, barely(opened, line_id)
    if laid.entry:
        laid.versions = opened.versions(laid.entry.id)
        laid.alike = _alike(opened, laid.entry)
    laid.links = [link for link in outside.of_case(session, case) if link.line_id == line_id]
    laid.files = evidence.listed(session, case.id)
    facts = facts_of(opened, laid.line, laid.entry)
    laid.offers = offers_for(facts)
    laid.confirm_fault = rules.may_confirm(facts) or ""
    people = {one for one in (laid.line.proposed_by, laid.line.decided_by) if one}
    laid.names = staff_words.names_of(session, {f"staff:{one.hex}" for one in people})
    return laid


def facts_of(opened: Table, line: Line, entry: OpenEntry | None) -> LineFacts:
    """What the table of lines looks at."""
    row = opened.session.get_one(ChallengedLine, (opened.case.id, line.id))
    return deciding.facts_of_line(opened.session, opened.case, row, entry, opened.events, by=opened.by)


def facts_like(known: LineFacts, line: Line, entry: OpenEntry | None) -> LineFacts:
    """The facts of another line of the same case, from those that are known of one."""
    return replace(
        known,
        state=line.state,
        kind=line.kind,
        outcome=line.outcome,
        matched=line.matched,
        has_entry=line.entry_id is not None,
        shown=line.shown,
        category=entry.category if entry else "",
        proposed_by=f"staff:{line.proposed_by.hex}" if line.proposed_by else None,
    )


def offers_for(*each: LineFacts) -> list[Offer]:
    """Every outcome; open where it is open for each of the lines."""
    offers = []
    for outcome in Outcome:
        fault = next((fault for facts in each if (fault := rules.may_decide(facts, outcome))), "")
        second = any(rules.needs_second(outcome, shown=facts.shown) for facts in each)
        offers.append(Offer(outcome.value, outcome.label, fault, second))
    return offers


def sees(case: Case, by: Actor) -> bool:
    """Whether a case found by what it is about is one that this reader may open."""
    return case.assignee_id == by.id or (case.team_id is not None and case.team_id == by.team_id)


def _others(opened: Table, entry_id: uuid.UUID) -> list[Other]:
    found = lines.others_on(opened.session, opened.case, [entry_id]).get(entry_id, [])
    return [Other(case, line, sees(case, opened.by)) for case, line in found if line.state != "withdrawn"]


def _alike(opened: Table, entry: OpenEntry) -> list[Alike]:
    """Other entries of the same matter: the same label first, then those of its category that say the same."""
    if opened.looking is None:
        return []
    child_id = opened.looking.child_id
    heads = [head.id for head in records.heads(opened.session, child_id) if head.cls == entry.cls]
    there = opened.read([one for one in heads if one != entry.id][:MOST_COMPARED])
    near = [one for one in there.values() if not one.masked and one.category == entry.category]
    says = _squeezed(entry.text)
    found = [Alike(one, same=_squeezed(one.text) == says) for one in near]
    wanted = [one for one in found if one.same or one.entry.label == entry.label]
    return sorted(wanted, key=lambda one: one.entry.label != entry.label)[:MOST_ALIKE]


def _squeezed(text: str) -> str:
    return " ".join(text.split()).casefold()

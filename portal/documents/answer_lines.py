"""What one line of an answer may say to its requester.

A value of the record stands in it only where this requester may read it: as their own copy printed it, or, where there
was no copy, a short value that names nobody else, of which somebody decided that they may be told. Where a family is,
and which sensitive service it used, is never learned by calling it wrong: a new such value is told only to whoever said
it first (R-56). A challenge is no way round the review of a copy (R-83)."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session

from portal import records
from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.corrections import deciding
from portal.cases.corrections.lines import Decided, Line, Value
from portal.cases.corrections.outside import Link
from portal.cases.models import Case
from portal.documents import information, kept_back
from portal.documents.answer import DecidedLine, Fresh
from portal.documents.finder import pressed
from portal.documents.kept_back import KeptBack
from portal.documents.pack import Words, in_words
from portal.people.models import Person
from portal.records import Looking, OpenEntry
from portal.review import suggestions
from portal.review.suggestions import Known
from portal.vault import vault_of
from workflows import lines as table
from workflows.line_rules import rule_in_words
from workflows.lines import LineKind, Outcome
from workflows.words import mark as _

READS_ANEW = frozenset(  # after these the entry reads another way than before
    {
        Outcome.CORRECTED,
        Outcome.COMPLETED,
        Outcome.PARTLY,
        Outcome.OPINION_LABELLED,
        Outcome.KEPT_MARKED,
        Outcome.STATEMENT_ADDED,
    }
)
ANSWERED = {  # a fair summary of what a body answered, where staff wrote none; no body is named in it
    "right": _("We asked where it came from. The answer was: it is right."),
    "wrong": _("We asked where it came from. The answer was: it is wrong."),
    "cannot_tell": _("We asked where it came from. The answer was: they cannot tell."),
}
SILENT = _("We asked where it came from. We did not get an answer.")
PUT_RIGHT = _("This has been put right. It is shown as it is now.")
BESIDE = {  # what stands beside an entry, by kind of mark
    "labelled": _("This is what somebody thinks, and who:"),
    "mistake": _("This was a mistake. What is right:"),
    "allegation": _("Somebody said this. What became of it:"),
    "statement": _("A statement to be read with this:"),
}
SHORT = 120  # letters of a value that can be told without the review that a copy goes through


@dataclass
class Record:
    """What an answer needs of the record, opened with the rights of whoever asked for it."""

    looking: Looking
    entries: dict[uuid.UUID, OpenEntry]  # of the lines, as they read now; those that are destroyed are not there
    kept: KeptBack
    subject: tuple[str, ...]
    others: tuple[Known, ...]  # everybody mentioned in the record but the requester and who acts in a role

    def entry(self, line: Line) -> OpenEntry | None:
        return self.entries.get(line.entry_id) if line.entry_id else None

    def may_print(self, line: Line, entry: OpenEntry) -> bool:
        """Whether what this entry says may stand in the answer."""
        if (line.cls, entry.cls) != ("core", "core"):
            return knows(line, entry)
        return from_copy(line) or self._says_little(entry)

    def _says_little(self, entry: OpenEntry) -> bool:
        """Short, and of nobody else: whatever is more goes through the review of a copy first."""
        text = entry.text
        named = suggestions.suggest(text, known_people=self.others, subject_names=self.subject)
        people = set(entry.people) & {name for one in self.others for name in one.names}
        return len(text) <= SHORT and "\n" not in text and not named and not people


def open_record(session: Session, case: Case, there: Sequence[Line], by: Actor) -> Record | None:
    """The entries of these lines, opened and logged; None where no record is attached, because none is held."""
    if case.child_id is None:
        return None
    looking = replace(verbs.look_for(case, by), restricted_because="checking")
    ids = list(dict.fromkeys(line.entry_id for line in there if line.entry_id))
    entries = {entry.id: entry for entry in records.read(session, looking, ids) if not entry.masked}
    requester = vault_of(session).get(session.get_one(Person, case.requester_id))["name"]
    others = tuple(
        Known(one.id, one.names)
        for one in records.mentioned(session, looking)
        if not one.professional and requester.casefold() not in {name.casefold() for name in one.names}
    )
    kept = kept_back.from_requester(session, looking, case, ids, written_from(there))
    return Record(looking, entries, kept, tuple(records.identity(session, looking).names), others)


def written_from(there: Sequence[Line]) -> set[str]:
    """Numbers of the copies whose entries are challenged."""
    return {line.claim.copy_number for line in there if line.claim.pinned and line.claim.copy_number}


def plain_line(line: Line) -> DecidedLine:
    """A line as everybody reads it, whatever is held: their own words, and the one sentence of the answer."""
    outcome = table.answer(line.outcome or Outcome.NOT_ANSWERED_HERE, shown=line.shown)
    return DecidedLine(
        number=line.number,
        about=line.claim.about,
        wrong=LineKind(line.kind).words,
        said=line.claim.why,
        wanted=in_plain(line.claim.should_say),
        answer=table.told(line.state, outcome, answered=True, shown=line.shown),
        may_ask_again=outcome in table.REVIEWABLE,
    )


def of_shown(line: Line, decided: Decided, record: Record) -> dict[str, Any]:
    """What is told besides of a line whose entry the requester may know of."""
    now = _fresh(line, decided, record) if decided.outcome in READS_ANEW else None
    return {
        "before": _before(line, decided, record),
        "now": (now,) if now else (),
        "reasons": decided.reasons,
        "rule": rule_in_words(decided.rule),
        "may_state": table.may_state(line.state, line.outcome, shown=line.shown) is None,
    }


def _before(line: Line, decided: Decided, record: Record) -> Words:
    """What it said: as the requester's own copy printed it, with its gaps. What is destroyed is not written down again
    (and what was another child's is none of theirs)."""
    if decided.outcome in table.DESTROYING:
        return ()
    if from_copy(line):
        return in_words(line.claim.reads)
    entry = record.entry(line)
    if entry is None or not decided.before:
        return ()
    as_it_was = replace(entry, value=decided.before, plain="")
    return record.kept.words(entry, decided.before) if record.may_print(line, as_it_was) else ()


def _fresh(line: Line, decided: Decided, record: Record) -> Fresh | None:
    """The entry as it reads now, or None where its value may not be told to this requester."""
    entry, kept, copied = record.entry(line), record.kept, from_copy(line)
    if entry is None or not record.may_print(line, entry):
        return None
    return Fresh(
        label=in_words(line.claim.about) if copied else kept.words(entry, entry.label),
        value=kept.words(entry, entry.text),
        when=information.day_in_words(entry.about_on),
        source=in_words(line.claim.source) if copied else (),
        marks=tuple(_marks(line, decided)),
    )


def knows(line: Line, entry: OpenEntry) -> bool:
    """Whether the requester knows this value: their copy printed it, or it is what they told us."""
    if not from_copy(line):
        return False
    same = line.claim.pinned is not None and entry.version_id == line.claim.pinned.version_id
    return same or _said_by_them(line, entry)


def _said_by_them(line: Line, entry: OpenEntry) -> bool:
    wanted = pressed(in_plain(line.claim.should_say))
    return bool(wanted) and wanted == pressed(entry.text)


def from_copy(line: Line) -> bool:
    """Whether the line is about what the requester's own copy printed under a number."""
    pinned = line.claim.pinned
    return pinned is not None and pinned.entry_id == line.entry_id


def _marks(line: Line, decided: Decided) -> Iterator[str]:
    """The sentences that stand beside the entry from now on."""
    kind = line.kept_as or deciding.MARKED_AS.get(decided.outcome, "")
    if kind == "corrected":
        yield PUT_RIGHT
    elif kind in BESIDE and decided.words:
        yield f"{BESIDE[kind]} {decided.words}"
    if line.statement:
        yield f"{BESIDE['statement']} {line.statement}"


def asked(line: Line, links: Sequence[Link], summaries: Mapping[str, str]) -> tuple[str, ...]:
    """What those who were asked answered: in the caseworker's summary, or else in fixed words."""
    if written := summaries.get(line.id.hex, "").strip():
        return (written,)
    own = [link for link in links if link.line_id == line.id and link.purpose == "ask_source"]
    said = [
        ANSWERED[link.said.answer] if link.said and link.said.answer in ANSWERED else SILENT
        for link in own
        if link.state in {"answered", "silent"}
    ]
    return tuple(dict.fromkeys(said))


def in_plain(value: Value) -> str:
    """A value as a reader says it: a day in words, a code in plain words."""
    return OpenEntry(
        uuid.UUID(int=0), uuid.UUID(int=0), "core", 0, "", "", value.value, kind=value.kind, plain=value.plain
    ).text

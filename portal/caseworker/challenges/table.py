"""Where the lines of a correction case are read together with the entries they are about.

As in the review, a page is one short write transaction: the look goes into the log, then entries open, and the page is
drawn once both are committed. Before the record may be opened there are the family's words alone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from sqlmodel import Session

from portal import audit, gate, records
from portal.cases import clocking, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import lines
from portal.cases.corrections.lines import KIND, Line
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import desk
from portal.caseworker.desk import Desk
from portal.records import Looking, OldVersion, OpenEntry
from workflows.table import StepRefused


@dataclass
class Table(Desk):
    """A correction case lying open. `looking` is None while its record cannot be opened; `shut` says why."""

    looking: Looking | None = None
    shut: str = ""
    opened_something: bool = False

    @cached_property
    def lines(self) -> list[Line]:
        return lines.of_case(self.session, self.case)

    def line(self, line_id: uuid.UUID) -> Line:
        """One line of the case, or CaseNotFound."""
        found = next((one for one in self.lines if one.id == line_id), None)
        if found is None:
            raise CaseNotFound
        return found

    def read(self, entry_ids: Sequence[uuid.UUID], *, challenged: bool = False) -> dict[uuid.UUID, OpenEntry]:
        """Entries by id, those left out that are destroyed. Entries that this case challenges are opened to find out
        whether they are right, which the law allows although their use is restricted."""
        if self.looking is None or not entry_ids:
            return {}
        self.opened_something = True
        looking = to_check(self.looking) if challenged else self.looking
        return {entry.id: entry for entry in records.read(self.session, looking, list(entry_ids))}

    def versions(self, entry_id: uuid.UUID) -> list[OldVersion]:
        """What the entry has said so far, the first first."""
        if self.looking is None:
            return []
        return records.versions(self.session, to_check(self.looking), entry_id)


@contextmanager
def table(reference: str, at: str) -> Iterator[Table]:
    """Raises CaseNotFound alike for a case of another team, one of another kind and one that never was; the try is
    logged."""
    by = gate.actor()
    try:
        with gate.runtime().database.write() as session:
            opened = lay(session, desk.find(session, reference, by), by)
            yield opened
            if not opened.opened_something:  # a look into the record has a row of its own
                audit.append(session, desk.look(by, at, opened.case))
    except CaseNotFound:
        with gate.runtime().database.write() as session:
            audit.append(session, desk.look(by, at, outcome="denied"))
        raise


def lay(session: Session, case: Case, by: Actor) -> Table:
    """The case as a table of lines. Raises CaseNotFound for a case of another kind."""
    if case.kind != KIND:
        raise CaseNotFound
    try:
        looking, shut = verbs.look_for(case, by), ""
    except StepRefused as refused:
        looking, shut = None, refused.reason
    return Table(session, case, by, clocking.uk_today(), looking, shut)


def to_check(looking: Looking) -> Looking:
    """The same right, to weigh whether an entry that this case challenges is right (Article 18, R-105)."""
    return replace(looking, restricted_because="checking")


def to_decide(case: Case, by: Actor) -> Looking | None:
    """The right to open the challenged entries for a decision; None for a case without a record."""
    return to_check(verbs.look_for(case, by)) if case.child_id is not None else None

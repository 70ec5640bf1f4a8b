"""What is held of a child already, as far as an import may know it: heads, hashes, look-ups and decisions, never
contents."""

from __future__ import annotations

import datetime
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from portal.records.models import Child, Entry, FeedClash, Lookup, Mentioned, Version

At = tuple[uuid.UUID, uuid.UUID]  # child and entry


@dataclass(frozen=True)
class Decision:
    """Which correction case decided what an entry says, and when."""

    case_id: uuid.UUID
    at: datetime.datetime


@dataclass
class Held:
    """What the records of the changed children of one batch hold."""

    entries: dict[tuple[uuid.UUID, str, bytes], Any] = field(default_factory=dict)
    positions: defaultdict[uuid.UUID, int] = field(default_factory=lambda: defaultdict(int))
    people: dict[tuple[uuid.UUID, bytes], uuid.UUID] = field(default_factory=dict)
    lookups: set[tuple[uuid.UUID, str, bytes]] = field(default_factory=set)
    corrected: set[uuid.UUID] = field(default_factory=set)  # children of whom people here decided who they are
    decisions: dict[At, Decision] = field(default_factory=dict)
    clashes: defaultdict[At, list[Any]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, session: Session, ids: list[uuid.UUID]) -> Held:
        """Reads them with their child rows held, so that no correction moves a head meanwhile."""
        there = cls()
        if not ids:
            return there
        rows = sa.select(col(Child.id), col(Child.corrected_at)).where(col(Child.id).in_(ids))
        for child_id, corrected_at in session.execute(rows.order_by(col(Child.id)).with_for_update()):
            if corrected_at is not None:
                there.corrected.add(child_id)
        entry = Entry.__table__  # type: ignore[attr-defined]
        for row in session.execute(sa.select(*entry.c).where(entry.c.child_id.in_(ids))):
            there.entries[row.child_id, row.feed, row.natural_hash] = row
            there.positions[row.child_id] = max(there.positions[row.child_id], row.position)
        people = sa.select(col(Mentioned.child_id), col(Mentioned.name_hash), col(Mentioned.id))
        for child_id, name_hash, person_id in session.execute(people.where(col(Mentioned.child_id).in_(ids))):
            there.people[child_id, name_hash] = person_id
        lookups = sa.select(col(Lookup.child_id), col(Lookup.kind), col(Lookup.blind))
        there.lookups = {tuple(row) for row in session.execute(lookups.where(col(Lookup.child_id).in_(ids)))}
        there._load_decisions(session)
        return there

    def _load_decisions(self, session: Session) -> None:
        """Two queries more, where a batch holds anything that was decided; none where it does not."""
        decided = [row for row in self.entries.values() if is_decided(row)]
        if not decided:
            return
        ids = {row.child_id for row in decided}
        query = sa.select(col(Version.child_id), col(Version.entry_id), col(Version.case_id), col(Version.made_at))
        current = col(Version.id).in_([row.current_id for row in decided])
        for child_id, entry_id, case_id, at in session.execute(query.where(col(Version.child_id).in_(ids), current)):
            if case_id is not None:
                self.decisions[child_id, entry_id] = Decision(case_id, at)
        clash = FeedClash.__table__  # type: ignore[attr-defined]
        found = sa.select(*clash.c).where(clash.c.child_id.in_(ids)).order_by(clash.c.found_at, clash.c.id)
        for row in session.execute(found):
            self.clashes[row.child_id, row.entry_id].append(row)


def is_decided(entry: Any) -> bool:
    """Whether people here decided what an entry says, so that its source's word does not count any more."""
    changed = entry.current_id != entry.source_head_id
    return changed or entry.decided_value is not None or entry.erased_at is not None

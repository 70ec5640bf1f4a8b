"""What is held of a child already, as far as an import may know it: heads, hashes and look-ups, never contents."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from portal.records.models import Child, Entry, Lookup, Mentioned


@dataclass
class Held:
    """What the records of the changed children of one batch hold."""

    entries: dict[tuple[uuid.UUID, str, bytes], Any] = field(default_factory=dict)
    positions: defaultdict[uuid.UUID, int] = field(default_factory=lambda: defaultdict(int))
    people: dict[tuple[uuid.UUID, bytes], uuid.UUID] = field(default_factory=dict)
    lookups: set[tuple[uuid.UUID, str, bytes]] = field(default_factory=set)

    @classmethod
    def of(cls, session: Session, ids: list[uuid.UUID]) -> Held:
        """Reads them with their child rows held, so that no correction moves a head meanwhile."""
        there = cls()
        if not ids:
            return there
        session.execute(
            sa.select(col(Child.id)).where(col(Child.id).in_(ids)).order_by(col(Child.id)).with_for_update()
        )
        entry = Entry.__table__  # type: ignore[attr-defined]
        for row in session.execute(sa.select(*entry.c).where(entry.c.child_id.in_(ids))):
            there.entries[row.child_id, row.feed, row.natural_hash] = row
            there.positions[row.child_id] = max(there.positions[row.child_id], row.position)
        people = sa.select(col(Mentioned.child_id), col(Mentioned.name_hash), col(Mentioned.id))
        for child_id, name_hash, person_id in session.execute(people.where(col(Mentioned.child_id).in_(ids))):
            there.people[child_id, name_hash] = person_id
        lookups = sa.select(col(Lookup.child_id), col(Lookup.kind), col(Lookup.blind))
        there.lookups = {tuple(row) for row in session.execute(lookups.where(col(Lookup.child_id).in_(ids)))}
        return there

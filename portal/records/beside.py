"""Words that stand beside entries, as things that are reviewed by themselves: a family's statement (R-110), what was
wrong with a mistake (R-102), what became of an allegation (R-103).

Whoever wrote them is another person to most readers of the record, so each is decided for each copy (R-56).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal.records import restrictions
from portal.records.looking import Looking, log_look
from portal.records.marks import classes, open_marks
from portal.records.models import Entry, EntryMark
from portal.records.reading import OpenEntry
from portal.vault import SealedRow, vault_of
from workflows.words import mark as _

LABELS = {
    "statement": _("A statement of the family"),
    "mistake": _("What was wrong, and what is right"),
    "allegation": _("What became of an allegation"),
}
HASHED = 8  # the kind of UUID that is made of a hash (RFC 9562), which no row has for its own id


@dataclass(frozen=True)
class Head:
    """Words beside an entry without the words. `version_id` is another one as soon as they are written again."""

    id: uuid.UUID
    version_id: uuid.UUID
    cls: str
    kind: str
    entry_id: uuid.UUID
    case_id: uuid.UUID
    line_id: uuid.UUID


def heads(session: Session, child_id: uuid.UUID) -> list[Head]:
    """All words that stand beside entries of a record, oldest first; without those at entries that have ended."""
    query = _standing(child_id).where(col(Entry.ended_at).is_(None)).order_by(col(EntryMark.id))
    return [
        Head(row.id, _version(row), row.cls, row.kind, row.entry_id, row.case_id, row.line_id)
        for row in session.exec(query)
    ]


def words_among(pinned: Mapping[uuid.UUID, uuid.UUID]) -> set[uuid.UUID]:
    """Which of these things with their versions are words beside an entry, whether they stand still or not."""
    return {one for one, version_id in pinned.items() if version_id.version == HASHED}


def read(session: Session, looking: Looking, ids: Sequence[uuid.UUID]) -> list[OpenEntry]:
    """Opens words beside entries, as entries of their own that say beside which one they stand; logged.

    What does not stand any more is left out. Beside a restricted entry they are as shut as the entry is."""
    rows = session.exec(_standing(looking.child_id).where(col(EntryMark.id).in_(list(ids)))).all() if ids else []
    if not rows:
        return []
    marks = open_marks(session, looking.child_id, {row.entry_id for row in rows})
    shut = restrictions.masked(session, looking, marks)
    log_look(session, looking, "look_statements", classes(row.cls for row in rows), len(rows))
    to_open = [row for row in rows if row.entry_id not in shut]
    opened = vault_of(session).get_many(cast("list[SealedRow]", to_open), look=True)
    told = {row.id: payload for row, payload in zip(to_open, opened, strict=True)}
    return [_opened(place, row, told.get(row.id)) for place, row in enumerate(rows)]


def _standing(child_id: uuid.UUID) -> SelectOfScalar[EntryMark]:
    at = sa.and_(col(Entry.child_id) == col(EntryMark.child_id), col(Entry.id) == col(EntryMark.entry_id))
    return (
        select(EntryMark)
        .join(Entry, at)
        .where(
            col(EntryMark.child_id) == child_id,
            col(EntryMark.kind).in_(tuple(LABELS)),
            col(EntryMark.lifted_at).is_(None),
            col(EntryMark.sealed).is_not(None),
            col(Entry.erased_at).is_(None),
        )
    )


def _version(row: EntryMark) -> uuid.UUID:
    """Words written again are sealed again: whatever was decided of the words before does not hold for them."""
    hashed = int.from_bytes(hashlib.sha256(row.sealed or b"").digest()[:16])
    return uuid.UUID(int=hashed & ~(0xF << 76) & ~(0b11 << 62) | HASHED << 76 | 0b10 << 62)


def _opened(place: int, row: EntryMark, told: dict[str, Any] | None) -> OpenEntry:
    return OpenEntry(
        id=row.id,
        version_id=_version(row),
        cls=row.cls,
        position=place,
        category=row.kind,
        label=LABELS[row.kind],
        value=str(told["words"]) if told else "",
        about_on=row.since,
        masked=told is None,
        restricted=told is None,
        beside=row.entry_id,
    )

"""What correction cases say of entries to whoever reads them: disputed, restricted, corrected and more.

A mark says its kind and its day, never the family's words without need (R-105). Words that belong to the entry from
then on are sealed under its own key: a statement (R-110), whose opinion it is, what became of an allegation (R-103).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import cast

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from portal import db
from portal.records.looking import Looking, LookRefused, log_look
from portal.records.models import Entry, EntryMark
from portal.vault import CLASSES, SealedRow, vault_of


@dataclass(frozen=True)
class Mark:
    """An open mark: its words, where it has any, stay sealed."""

    kind: str
    since: datetime.date
    case_id: uuid.UUID
    line_id: uuid.UUID
    id: uuid.UUID


@dataclass(frozen=True)
class Worded(Mark):
    """A mark with its words."""

    words: str


def open_marks(session: Session, child_id: uuid.UUID, entry_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Mark]]:
    """The marks that stand at these entries, oldest first, with one query; an entry without marks is left out."""
    rows = session.exec(
        _open(child_id).where(col(EntryMark.entry_id).in_(list(entry_ids))).order_by(col(EntryMark.id))
    ).all()
    found: dict[uuid.UUID, list[Mark]] = {}
    for row in rows:
        mark = Mark(row.kind, row.since, row.case_id, row.line_id, row.id)
        found.setdefault(row.entry_id, []).append(mark)
    return found


def marked(session: Session, child_id: uuid.UUID, kind: str) -> set[uuid.UUID]:
    """The entries of a record at which a mark of this kind stands, to filter a page by."""
    query = sa.select(col(EntryMark.entry_id)).where(
        col(EntryMark.child_id) == child_id, col(EntryMark.kind) == kind, col(EntryMark.lifted_at).is_(None)
    )
    return set(session.scalars(query))


def stood_since(session: Session, case_id: uuid.UUID, kind: str) -> dict[uuid.UUID, datetime.date]:
    """For each line of a case that has a mark of this kind, or had one: from which day the newest stands, or stood."""
    query = sa.select(col(EntryMark.line_id), col(EntryMark.since)).where(
        col(EntryMark.case_id) == case_id, col(EntryMark.kind) == kind
    )
    return {row.line_id: row.since for row in session.execute(query.order_by(col(EntryMark.id)))}


def put_mark(
    session: Session,
    *,
    child_id: uuid.UUID,
    entry_id: uuid.UUID,
    cls: str,
    kind: str,
    case_id: uuid.UUID,
    line_id: uuid.UUID,
    since: datetime.date,
    words: str = "",
) -> uuid.UUID | None:
    """Marks an entry from the day `since`; answers the mark's id, or None where the entry is destroyed meanwhile.

    A mark of this kind that this line already has stays as it is and only takes on `words` in place of its old ones, so
    that doing it twice is doing it once. Raises LookRefused for an entry of another record."""
    entry = session.get(Entry, (child_id, entry_id))
    if entry is None:
        raise LookRefused
    if entry.erased_at is not None:
        return None
    own = (EntryMark.entry_id == entry_id, EntryMark.line_id == line_id, EntryMark.kind == kind)
    row = session.exec(_open(child_id).where(*own).with_for_update()).first()
    if row is None:
        row = EntryMark(
            child_id=child_id, entry_id=entry_id, kind=kind, case_id=case_id, line_id=line_id, since=since, sealed=None
        )
        row.cls = cls
    if words:
        row.sealed = vault_of(session).seal(row.vault_owner(), row.vault_row(), {"words": words})
    session.add(row)
    session.flush()
    return row.id


def lift_marks(
    session: Session,
    case_id: uuid.UUID,
    line_id: uuid.UUID,
    kinds: Iterable[str],
    on: datetime.datetime | None = None,
) -> int:
    """Ends the line's marks of these kinds, at `on` or now; the rows stay as history. Answers how many stood."""
    session.flush()
    ended = session.execute(
        sa.update(EntryMark)
        .where(
            col(EntryMark.case_id) == case_id,
            col(EntryMark.line_id) == line_id,
            col(EntryMark.kind).in_(tuple(kinds)),
            col(EntryMark.lifted_at).is_(None),
        )
        .values(lifted_at=on or db.now())
    )
    return db.changed_rows(ended)


def worded(session: Session, looking: Looking, entry_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[Worded]]:
    """The marks at these entries that have words, opened, oldest first; logged.

    Whether somebody else's words are shown to a reader is decided by review, like any entry (R-56)."""
    if not entry_ids:
        return {}
    query = _open(looking.child_id).where(
        col(EntryMark.entry_id).in_(list(entry_ids)), col(EntryMark.sealed).is_not(None)
    )
    rows = session.exec(query.order_by(col(EntryMark.id))).all()
    if not rows:
        return {}
    log_look(session, looking, "look_statements", classes(row.cls for row in rows), len(rows))
    found: dict[uuid.UUID, list[Worded]] = {}
    opened = vault_of(session).get_many(cast("list[SealedRow]", rows), look=True)
    for row, told in zip(rows, opened, strict=True):
        said = Worded(row.kind, row.since, row.case_id, row.line_id, row.id, str(told["words"]))
        found.setdefault(row.entry_id, []).append(said)
    return found


def statements(
    session: Session, looking: Looking, entry_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, list[tuple[uuid.UUID, str, datetime.date, uuid.UUID]]]:
    """What families wrote beside these entries: entry -> (mark id, words, since, case id), oldest first; logged."""
    found: dict[uuid.UUID, list[tuple[uuid.UUID, str, datetime.date, uuid.UUID]]] = {}
    for entry_id, marks in worded(session, looking, entry_ids).items():
        if said := [(one.id, one.words, one.since, one.case_id) for one in marks if one.kind == "statement"]:
            found[entry_id] = said
    return found


def classes(named: Iterable[str]) -> tuple[str, ...]:
    """Each class once, in one order, as the log names them."""
    found = set(named)
    return tuple(cls for cls in CLASSES if cls in found)


def _open(child_id: uuid.UUID) -> SelectOfScalar[EntryMark]:
    return select(EntryMark).where(col(EntryMark.child_id) == child_id, col(EntryMark.lifted_at).is_(None))

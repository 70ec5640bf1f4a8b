"""The items of a review: one per entry and version, what was decided of each, and what its reviewer reads."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.records import Looking, OpenEntry
from portal.review import lawful, unread
from portal.review.decision import Decision, decision_of
from portal.review.lawful import own
from portal.review.models import MentionDecision, ReviewChange, ReviewItem
from portal.vault import vault_of


@dataclass(frozen=True)
class Item:
    """A review item without the entry's contents."""

    id: uuid.UUID
    version: int
    entry_id: uuid.UUID
    version_id: uuid.UUID
    cls: str
    position: int
    state: str
    decided_by: uuid.UUID | None
    said: Decision = field(default_factory=lambda: Decision("undecided"))
    decided_at: datetime.datetime | None = None

    @property
    def changed(self) -> bool:
        """Its entry has changed since somebody decided it, so it waits for a decision again."""
        return self.state == "undecided" and self.decided_at is not None


@dataclass(frozen=True)
class Past:
    """A decision that an item once had. `same_words`: it was made on the version that is under review now."""

    at: datetime.datetime
    by: uuid.UUID
    said: Decision
    same_words: bool


def items(session: Session, case: Case, *, only: str = "", after: int = -1, limit: int = 20) -> list[Item]:
    """Items of a case in order, opened with one keyring query; `only` filters by decision or "upsetting"."""
    query = select(ReviewItem).where(*own(ReviewItem, case.id), col(ReviewItem.position) > after)
    if only == "upsetting":
        query = query.where(col(ReviewItem.upsetting).is_(True))
    elif only:
        query = query.where(col(ReviewItem.decision) == only)
    rows = session.exec(query.order_by(col(ReviewItem.position)).limit(limit)).all()
    return [_item(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def item(session: Session, case: Case, item_id: uuid.UUID) -> Item:
    """One item of the case, or CaseNotFound."""
    row = session.get(ReviewItem, (case.id, item_id))
    if row is None or row.child_id != case.child_id:
        raise CaseNotFound
    return _item(row, vault_of(session).get(row))


def some(
    session: Session, case: Case, *, ids: Sequence[uuid.UUID] = (), entries: Sequence[uuid.UUID] = ()
) -> list[Item]:
    """The items with these ids, or those of these entries, in order."""
    query = select(ReviewItem).where(
        *own(ReviewItem, case.id),
        sa.or_(col(ReviewItem.id).in_(list(ids)), col(ReviewItem.entry_id).in_(list(entries))),
    )
    rows = session.exec(query.order_by(col(ReviewItem.position))).all()
    return [_item(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def taken_out(session: Session, case: Case, *, after: int = -1, limit: int = 20) -> list[Item]:
    """The items of which something or everything is not given, in order: what an approver weighs."""
    query = select(ReviewItem).where(
        *own(ReviewItem, case.id),
        col(ReviewItem.decision).in_(("redact", "withhold", "not_subject", "duplicate")),
        col(ReviewItem.position) > after,
    )
    rows = session.exec(query.order_by(col(ReviewItem.position)).limit(limit)).all()
    return [_item(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def neighbours(session: Session, case: Case, of: Item) -> tuple[uuid.UUID | None, uuid.UUID | None]:
    """The undecided items before and behind this one, or None."""
    query = sa.select(col(ReviewItem.id)).where(*own(ReviewItem, case.id), col(ReviewItem.decision) == "undecided")
    before = query.where(col(ReviewItem.position) < of.position).order_by(sa.desc(col(ReviewItem.position)))
    behind = query.where(col(ReviewItem.position) > of.position).order_by(col(ReviewItem.position))
    both = sa.select(before.limit(1).scalar_subquery(), behind.limit(1).scalar_subquery())
    row = session.execute(both).one()
    return row[0], row[1]


def past(session: Session, case: Case, of: Item, *, limit: int = 10) -> list[Past]:
    """The decisions this item has had, newest first."""
    return [
        Past(row.at, row.actor, decision_of(told["said"]), told["of"] == of.version_id.hex)
        for row, told in changes(session, case.id, of.id, limit)
    ]


def upsetting(session: Session, case_id: uuid.UUID) -> int:
    """How many items of the case carry the mark."""
    query = sa.select(sa.func.count()).where(*own(ReviewItem, case_id), col(ReviewItem.upsetting).is_(True))
    return session.scalar(query) or 0


def counts(session: Session, case_id: uuid.UUID) -> dict[str, int]:
    """How many items of the case stand at each decision."""
    query = (
        sa.select(col(ReviewItem.decision), sa.func.count())
        .where(*own(ReviewItem, case_id))
        .group_by(ReviewItem.decision)
    )
    return dict(session.execute(query).all())


def digest(session: Session, case_id: uuid.UUID) -> str:
    """A hash over every decision of the case: when it changes, whatever was assembled from the review is void."""
    told = hashlib.sha256(str(session.get_one(Case, case_id).child_id).encode())
    query = (
        sa.select(col(ReviewItem.id), col(ReviewItem.version), col(ReviewItem.version_id))
        .where(*own(ReviewItem, case_id))
        .order_by(col(ReviewItem.id))
    )
    for one in session.execute(query):
        told.update(f"{one[0]}:{one[1]}:{one[2]};".encode())
    people = (
        sa.select(col(MentionDecision.mentioned_id), col(MentionDecision.version))
        .where(*own(MentionDecision, case_id))
        .order_by(col(MentionDecision.mentioned_id))
    )
    for one in session.execute(people):
        told.update(f"{one[0]}:{one[1]};".encode())
    return told.hexdigest()


def entries_of(session: Session, looking: Looking, some: Sequence[Item]) -> list[OpenEntry]:
    """The pinned versions of these items' entries, opened through records (logged). One whose version is not the
    item's is no longer what is under review: it says nothing, and waits to be brought in."""
    return lawful.entries(session, looking, pins(some))


def entries_as_decided(session: Session, looking: Looking, some: Sequence[Item]) -> list[OpenEntry]:
    """The same for a copy: a restricted entry is opened for the reason for which its reviewer opened it, and stays
    masked where they did not (R-105)."""
    pinned, deciders = pins(some), {one.entry_id: one.decided_by for one in some}
    because = unread.reasons(session, looking, pinned, deciders)
    return lawful.entries(session, looking, pinned, because=because)


def changes(
    session: Session, case_id: uuid.UUID, item_id: uuid.UUID, limit: int
) -> list[tuple[ReviewChange, dict[str, Any]]]:
    query = select(ReviewChange).where(col(ReviewChange.case_id) == case_id, col(ReviewChange.item_id) == item_id)
    rows = session.exec(query.order_by(sa.desc(col(ReviewChange.seq))).limit(limit)).all()
    return list(zip(rows, vault_of(session).get_many(rows), strict=True))


def pins(some: Iterable[Item | ReviewItem]) -> dict[uuid.UUID, uuid.UUID]:
    return {one.entry_id: one.version_id for one in some}


def _item(row: ReviewItem, told: dict[str, Any]) -> Item:
    return Item(
        row.id,
        row.version,
        row.entry_id,
        row.version_id,
        row.cls,
        row.position,
        row.decision,
        row.decided_by,
        decision_of(told),
        row.decided_at,
    )

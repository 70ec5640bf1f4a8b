"""Feeds that say again what a correction case has replaced or destroyed: the decided value stays, and people see it
(R-111). The source is told once; a clash closes itself when the source sends the right value.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db, jobs
from portal.audit import Act
from portal.records.models import FeedClash, Version
from portal.vault import vault_of

AGREED = "note_agreed"  # the job that tells the case
ENDS = (
    "agreed",  # the source says now what was decided
    "accepted",  # a person let the source's value count
    "decided",  # a person looked at it, and the decision stands; or a later decision took its place
)


def open_clashes(
    session: Session, limit: int, *, after: tuple[datetime.datetime, uuid.UUID] | None = None
) -> Sequence[FeedClash]:
    """Clashes of all records that nobody has settled, oldest first; `after` is (found_at, id) of the last one read."""
    query = select(FeedClash).where(col(FeedClash.closed_at).is_(None))
    if after:
        query = query.where(sa.tuple_(col(FeedClash.found_at), col(FeedClash.id)) > sa.tuple_(*map(sa.literal, after)))
    return session.exec(query.order_by(col(FeedClash.found_at), col(FeedClash.id)).limit(limit)).all()


def of_case(session: Session, case_id: uuid.UUID) -> Sequence[FeedClash]:
    """All clashes with what this correction case decided, oldest first."""
    query = select(FeedClash).where(col(FeedClash.case_id) == case_id)
    return session.exec(query.order_by(col(FeedClash.found_at), col(FeedClash.id))).all()


def of_entry(session: Session, child_id: uuid.UUID, entry_id: uuid.UUID) -> Sequence[FeedClash]:
    """All clashes at one entry, oldest first; at most the last one is open."""
    query = select(FeedClash).where(col(FeedClash.child_id) == child_id, col(FeedClash.entry_id) == entry_id)
    return session.exec(query.order_by(col(FeedClash.found_at), col(FeedClash.id))).all()


def supplier(session: Session, clash: FeedClash) -> str:
    """The key of the body that says otherwise, for telling it; empty where the entry is destroyed. One version is
    opened for it, which the log says first."""
    key = (clash.child_id, clash.entry_id, clash.version_id)
    row = session.get(Version, key) if clash.version_id else None
    if row is None or row.sealed is None:
        return ""
    look = Act(
        chain=audit.child_chain(clash.child_id),
        act="look_supplier",
        actor="system",
        role="system",
        child_id=clash.child_id,
        case_id=clash.case_id,
        classes=(row.cls,),
        reason="feed_clash",
    )
    audit.before_showing(session, look)
    told = vault_of(session).open(row.vault_owner(), row.vault_row(), row.sealed, look=True)
    return str(told.get("source_key") or "")


def close(session: Session, child_id: uuid.UUID, clash_id: uuid.UUID, ended: str = "decided") -> bool:
    """Settles an open clash; False when it was settled already. `ended` is one of ENDS."""
    if ended not in ENDS:
        raise ValueError(f"no such end of a clash: {ended}")
    this = (col(FeedClash.child_id) == child_id, col(FeedClash.id) == clash_id)
    return _set(session, *this, col(FeedClash.closed_at).is_(None), closed_at=db.now(), ended=ended) > 0


def close_at(session: Session, child_id: uuid.UUID, entry_id: uuid.UUID, ended: str) -> None:
    """Settles the open clash of an entry, where there is one."""
    this = (col(FeedClash.child_id) == child_id, col(FeedClash.entry_id) == entry_id)
    _set(session, *this, col(FeedClash.closed_at).is_(None), closed_at=db.now(), ended=ended)


def tell_once(session: Session, child_id: uuid.UUID, clash_id: uuid.UUID) -> bool:
    """True for the first who asks: in that transaction the source is told of the clash."""
    this = (col(FeedClash.child_id) == child_id, col(FeedClash.id) == clash_id)
    return _set(session, *this, col(FeedClash.told_at).is_(None), told_at=db.now()) > 0


def have_noted(session: Session, child_id: uuid.UUID, clash_id: uuid.UUID) -> None:
    """Has the case told that the source agrees by now, once; in the transaction of the import that closed the clash.
    Whoever knows of cases does it."""
    args = {"child": child_id.hex, "clash": clash_id.hex}
    jobs.enqueue(session, AGREED, f"{AGREED}:{clash_id.hex}", args)


def _set(session: Session, *where: sa.ColumnElement[bool], **values: object) -> int:
    session.flush()
    changed = session.execute(
        sa.update(FeedClash).where(*where).values(**values).execution_options(synchronize_session="fetch")
    )
    return db.changed_rows(changed)

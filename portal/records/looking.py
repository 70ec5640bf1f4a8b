"""The right to look into a record, and the look in the log that goes before every opening."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import audit, db
from portal.audit import Act
from portal.errors import NotThere
from portal.records.models import Child
from portal.vault import Owner, vault_of
from workflows.table import Role


class LookRefused(NotThere):
    """The record may not be opened by this reader for this case."""


@dataclass(frozen=True)
class Looking:
    """A reader with a reason. Only portal.cases makes one, after it has checked that the case is open, attached to
    this child and assigned to the reader or their team.

    `restricted_because` names one of `restrictions.REASONS`, for which entries whose use is restricted are opened too;
    without it they come masked."""

    reader: str
    role: str
    team: str
    case_id: uuid.UUID
    child_id: uuid.UUID
    reason: str
    session: str = ""
    restricted_because: str = ""


def log_look(
    session: Session,
    looking: Looking,
    act: str,
    classes: tuple[str, ...],
    count: int,
    **more: str | int,
) -> None:
    """Logs a look at the record before anything of it is opened, and fetches the keys of its classes at once.

    In a write transaction the child's row is held first, as an import holds it before it writes to the log: what reads
    and then decides would otherwise wait for a feed that waits for it.

    `count` is the number of entries; `more` are codes and counts for the log."""
    if db.is_writable(session):
        hold(session, looking.child_id)
    _refuse_sealed(session, looking)
    look = Act(
        chain=audit.child_chain(looking.child_id),
        act=act,
        actor=looking.reader,
        role=looking.role,
        team=looking.team,
        child_id=looking.child_id,
        case_id=looking.case_id,
        classes=classes,
        reason=looking.reason,
        session=looking.session,
        detail={"entries": count, **more},
    )
    audit.before_showing(session, look)
    vault_of(session).preload({Owner.child(looking.child_id, cls) for cls in classes})


def _refuse_sealed(session: Session, looking: Looking) -> None:
    """A sealed record opens to its own team and to the portal's own jobs, whichever case it hangs on; asked once for
    each transaction, which a session is."""
    groups = session.info.setdefault("sealed_for", {})
    if looking.child_id not in groups:
        query = sa.select(col(Child.access_group)).where(col(Child.id) == looking.child_id)
        groups[looking.child_id] = session.scalar(query) or ""
    if groups[looking.child_id] not in ("", looking.team) and looking.role != Role.SYSTEM:
        raise LookRefused


def hold(session: Session, child_id: uuid.UUID) -> None:
    """Holds the child's row until the transaction ends; once for each transaction, which a session is."""
    held = session.info.setdefault("held_children", set())
    if child_id not in held and session.get_bind().dialect.name != "sqlite":  # whose write transaction holds all rows
        session.execute(sa.select(col(Child.id)).where(col(Child.id) == child_id).with_for_update())
    held.add(child_id)

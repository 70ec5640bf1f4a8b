"""Seals a record under an access group of its own: adoption ends an identity, and nothing leads from one to the other.

A sealed record is found by the members of its team alone. For everybody else every search, match and page reads as if
it had never been there. To seal and to lift a seal each take two people.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db
from portal.records.models import Child, RecordSeal
from portal.vault import vault_of
from workflows.table import StepRefused
from workflows.words import mark as _

NOBODY = ""  # the group of a record that is not sealed


def propose(
    session: Session, child_id: uuid.UUID, *, what: str, team: uuid.UUID | None, reason: str, by: str
) -> RecordSeal:
    """The first half. Raises StepRefused where another proposal waits or nothing would change."""
    child = _held(session, child_id)
    if _waiting(session, child_id) is not None:
        raise StepRefused(_("A proposal about this record waits already. It is confirmed or turned down first."))
    if (child.access_group != NOBODY) is (what == "seal"):
        raise StepRefused(_("The record is sealed already.") if what == "seal" else _("The record is not sealed."))
    row = RecordSeal(
        child_id=child_id,
        what=what,
        access_group=team.hex if team and what == "seal" else NOBODY,
        proposed_by=by,
        proposed_at=db.now(),
        sealed=b"",
    )
    vault_of(session).put(row, {"reason": reason})
    session.add(row)
    session.flush()
    return row


def decide(session: Session, child_id: uuid.UUID, seal_id: uuid.UUID, *, confirmed: bool, by: str) -> RecordSeal:
    """The second half, by somebody else. Whoever proposed may take it back, and never confirm it."""
    child, row = _held(session, child_id), _waiting(session, child_id)
    if row is None or row.id != seal_id:
        raise StepRefused(_("That proposal was decided already. Look at the page again."))
    if confirmed and row.proposed_by == by:
        raise StepRefused(_("You did the first part. Ask somebody else."))
    row.status, row.decided_by, row.decided_at = ("confirmed" if confirmed else "declined"), by, db.now()
    if confirmed:
        child.access_group, child.version = row.access_group, child.version + 1
    session.add_all((row, child))
    session.flush()
    return row


def proposals(session: Session, child_id: uuid.UUID) -> Sequence[RecordSeal]:
    """What was proposed and decided about this record, newest first. Reasons stay sealed with the record; the ledger of
    the case says them too."""
    query = select(RecordSeal).where(col(RecordSeal.child_id) == child_id)
    return session.exec(query.order_by(sa.desc(col(RecordSeal.id)))).all()


def group_of(session: Session, child_id: uuid.UUID) -> str:
    """The team that alone finds this record, or NOBODY."""
    found = session.scalar(sa.select(col(Child.access_group)).where(col(Child.id) == child_id))
    return found or NOBODY


def findable(team: str) -> sa.ColumnElement[bool]:
    """A condition on Child: not sealed, or sealed for this very team."""
    return col(Child.access_group).in_({NOBODY, team})


def _held(session: Session, child_id: uuid.UUID) -> Child:
    child: Child | None = db.lock(session, Child, id=child_id)
    if child is None:
        raise StepRefused(_("There is no such record."))
    return child


def _waiting(session: Session, child_id: uuid.UUID) -> RecordSeal | None:
    query = select(RecordSeal).where(col(RecordSeal.child_id) == child_id, col(RecordSeal.status) == "proposed")
    return session.exec(query).first()

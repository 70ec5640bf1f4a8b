"""Entries whose use is restricted (Article 18; R-105): stored, and opened only for a reason the law allows.

Whoever reads them states one reason, which is logged; then they are open to this reader for this case for eight hours.
To keep a child safe that is all: nobody else is asked first.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Mapping, Sequence

from sqlmodel import Session, col, select

from portal import audit, db
from portal.audit import Act
from portal.errors import PortalError
from portal.records.looking import Looking, LookRefused
from portal.records.marks import Mark, open_marks
from portal.records.models import Entry, RestrictedUse
from workflows.words import mark as _

OPEN_FOR = datetime.timedelta(hours=8)

REASONS: Mapping[str, str] = {  # Article 18(2), in its order; the last is Article 18(1)(a) itself
    "consent": _("The person agreed to it, or asked for it"),
    "claims": _("It is needed for a legal claim"),
    "protect_another": _("A child or somebody else must be kept safe"),
    "public_interest": _("There is an important public interest"),
    "checking": _("To find out whether it is right, for the challenge to it"),
}


class NoReason(PortalError):
    """Restricted entries open for a stated reason only."""

    words = _("The use of this entry is restricted. Choose the reason for which you need it.")


def open_restricted(session: Session, looking: Looking, entry_id: uuid.UUID, reason: str) -> None:
    """Records why this reader opens a restricted entry, in a write transaction; from then on `read` shows it to them
    for this case for OPEN_FOR.

    Raises NoReason for a reason that is none of REASONS, or for "checking" where the case does not challenge the entry;
    LookRefused for an entry of another record."""
    entry = session.get(Entry, (looking.child_id, entry_id))
    if entry is None or entry.erased_at is not None:
        raise LookRefused
    marks = open_marks(session, looking.child_id, [entry_id]).get(entry_id, [])
    if not _allows(reason, looking, marks):
        raise NoReason
    session.add(
        RestrictedUse(
            child_id=looking.child_id,
            entry_id=entry_id,
            case_id=looking.case_id,
            reader=looking.reader,
            reason=reason,
            at=db.now(),
        )
    )
    session.flush()
    look = Act(
        chain=audit.child_chain(looking.child_id),
        act="open_restricted",
        actor=looking.reader,
        role=looking.role,
        team=looking.team,
        child_id=looking.child_id,
        case_id=looking.case_id,
        classes=(entry.cls,),
        reason=looking.reason,
        session=looking.session,
        detail={"because": reason, "entry": entry_id.hex},
    )
    audit.append(session, look)


def stated(
    session: Session, child_id: uuid.UUID, case_id: uuid.UUID, entry_ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, dict[str, str]]:
    """Who ever opened these entries for this case, and the last reason each gave: entry -> reader -> reason."""
    query = select(RestrictedUse).where(
        col(RestrictedUse.child_id) == child_id,
        col(RestrictedUse.case_id) == case_id,
        col(RestrictedUse.entry_id).in_(list(entry_ids)),
    )
    found: dict[uuid.UUID, dict[str, str]] = {}
    for use in session.exec(query.order_by(col(RestrictedUse.at))):
        found.setdefault(use.entry_id, {})[use.reader] = use.reason
    return found


def masked(session: Session, looking: Looking, marks: Mapping[uuid.UUID, Sequence[Mark]]) -> set[uuid.UUID]:
    """The restricted ones among the marked entries that stay shut for this reader. Asks the database only where
    something is restricted. Raises NoReason where `looking` gives a reason that is none."""
    because = looking.restricted_because
    if because and because not in REASONS:
        raise NoReason
    restricted = {entry for entry, found in marks.items() if any(mark.kind == "restricted" for mark in found)}
    shut = {entry for entry in restricted if not _allows(because, looking, marks[entry])}
    if not shut:
        return set()
    uses = select(RestrictedUse.entry_id).where(
        col(RestrictedUse.child_id) == looking.child_id,
        col(RestrictedUse.case_id) == looking.case_id,
        col(RestrictedUse.reader) == looking.reader,
        col(RestrictedUse.entry_id).in_(shut),
        col(RestrictedUse.at) > db.now() - OPEN_FOR,
    )
    return shut - set(session.exec(uses).all())


def _allows(reason: str, looking: Looking, marks: Sequence[Mark]) -> bool:
    """Weighing whether it is right is a reason only in a case that challenges this entry."""
    if reason == "checking":
        return any(mark.case_id == looking.case_id for mark in marks)
    return reason in REASONS

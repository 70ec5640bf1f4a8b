"""What nobody has read as it is now is not decided and not given.

A correction puts what it replaced out of sight, and a restriction shuts an entry until somebody says for which reason
they need it (R-105): a decision from before holds for neither.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import records
from portal.cases.models import Case
from portal.records import Looking, beside, marks, restrictions
from portal.review.lawful import NOTHING, own
from portal.review.models import ReviewItem
from workflows.words import mark as _

CHANGED = _("This has changed since it came into the review. Look for new and changed entries first.")
SHUT = _("The use of this entry is restricted. Open it for a reason before you decide.")
SHUT_SINCE = _(
    "The use of entry %(number)s was restricted after it was decided. "
    "Send this back to review, open the entry for a reason, and decide it again."
)


def faults(session: Session, looking: Looking, pinned: Mapping[uuid.UUID, uuid.UUID]) -> dict[uuid.UUID, str]:
    """Why this reader cannot decide of these things under review now, in words; `pinned` gives their versions."""
    named = beside.words_among(pinned)
    words = _words(session, looking.child_id, named)
    at = {one: words[one].entry_id if one in words else one for one in pinned}
    near = records.unsettled(session, looking.child_id, {entry: pinned.get(entry, NOTHING) for entry in at.values()})
    there = marks.open_marks(session, looking.child_id, near) if near else {}
    shut = restrictions.masked(session, looking, there)
    older = {one: pinned[one] for one in near & pinned.keys()}
    changed = set(records.overtaken(session, looking.child_id, older)) if older else set()
    changed |= named - set(words)
    changed |= {one for one, head in words.items() if head.version_id != pinned[one]}
    return {**{one: SHUT for one, entry in at.items() if entry in shut}, **dict.fromkeys(changed, CHANGED)}


def reasons(
    session: Session,
    looking: Looking,
    pinned: Mapping[uuid.UUID, uuid.UUID],
    deciders: Mapping[uuid.UUID, uuid.UUID | None],
) -> dict[uuid.UUID, str]:
    """For which reason whoever decided a restricted entry opened it, so that the copy is made for the same one. Words
    beside an entry are opened with it."""
    words = _words(session, looking.child_id, beside.words_among(pinned))
    at = {one: words[one].entry_id if one in words else one for one in deciders}
    stated = restrictions.stated(session, looking.child_id, looking.case_id, set(at.values()))
    found = {one: stated.get(entry, {}) for one, entry in at.items()}
    given = {one: some.get(_reader(deciders[one])) for one, some in found.items()}
    given |= {one: next(iter(found[one].values()), None) for one in words}
    return {one: reason for one, reason in given.items() if reason}


def restricted_since(session: Session, case: Case, decisions: tuple[str, ...]) -> str | None:
    """Why the review does not hold: something with one of these `decisions` is restricted, and whoever decided it did
    not open it for a reason."""
    restricted = marks.marked(session, case.child_id, "restricted") if case.child_id else set()
    if not restricted or case.child_id is None:
        return None
    query = sa.select(col(ReviewItem.entry_id), col(ReviewItem.decided_by), col(ReviewItem.position)).where(
        *own(ReviewItem, case.id), col(ReviewItem.entry_id).in_(restricted), col(ReviewItem.decision).in_(decisions)
    )
    stated = restrictions.stated(session, case.child_id, case.id, restricted)
    for entry_id, decided_by, position in session.execute(query.order_by(col(ReviewItem.position))):
        if _reader(decided_by) not in stated.get(entry_id, {}):
            return SHUT_SINCE % {"number": position + 1}
    return None


def _words(session: Session, child_id: uuid.UUID, ids: set[uuid.UUID]) -> dict[uuid.UUID, beside.Head]:
    """Those of these words beside entries that stand there still."""
    return {head.id: head for head in beside.heads(session, child_id) if head.id in ids} if ids else {}


def _reader(staff_id: uuid.UUID | None) -> str:
    """A member of staff as restricted uses name them."""
    return f"staff:{staff_id.hex}" if staff_id else ""

"""What comes under review: an item for each entry, made anew where the entry has changed.

Words that stand beside entries are items of their own: the requester's own are given unless somebody decides otherwise,
another person's wait for a decision (design section 5).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal.cases import ledger
from portal.cases.models import Case
from portal.records import Looking, beside
from portal.review import people_mentioned, standing, under_review
from portal.review.decision import Decision
from portal.review.items import pins
from portal.review.lawful import own
from portal.review.models import ReviewItem
from portal.vault import vault_of


def begin(session: Session, looking: Looking) -> int:
    """Makes an item for every entry that has none, and puts items whose entry changed back to undecided.

    Answers how many items were new or changed. People mentioned in their professional role are shown (R-84);
    all others wait for a decision. Runs inside the caller's transaction; the case is locked by it."""
    case = ledger.locked(session, looking.case_id)
    rows = session.exec(select(ReviewItem).where(*own(ReviewItem, looking.case_id))).all()
    known = {row.entry_id: row for row in rows}
    place = max((row.position for row in rows), default=-1)
    words = beside.heads(session, looking.child_id)
    theirs = standing.own_words(session, case, words)
    touched = _drop_gone(session, looking.child_id, rows, words)
    for entry_id, version_id, data_class in under_review.there(session, looking.child_id, words):
        row = known.get(entry_id)
        if row is None:
            # Counted by the review itself: a page goes on behind a position, so no two items may share one.
            place += 1
            row = ReviewItem(
                case_id=looking.case_id,
                child_id=looking.child_id,
                position=place,
                entry_id=entry_id,
                version_id=version_id,
                sealed=b"",
            )
            row.cls = data_class  # not by keyword: SQLModel's __new__ takes `cls` for itself
        elif row.version_id != version_id:
            row.version_id, row.version = version_id, row.version + 1
            row.upsetting = False
        else:
            continue
        said = Decision("give" if entry_id in theirs else "undecided")
        row.decision = said.decision
        vault_of(session).put(row, asdict(said))
        session.add(row)
        touched += 1
    session.flush()
    people_mentioned.begin(session, looking)
    return touched


def missing(session: Session, case: Case) -> int:
    """How many statements of the record came in or changed since they were last brought into the review."""
    if case.child_id is None:
        return 0
    query = sa.select(col(ReviewItem.entry_id), col(ReviewItem.version_id)).where(*own(ReviewItem, case.id))
    there = dict(session.execute(query).all())
    words = beside.heads(session, case.child_id)
    new = sum(there.get(entry) != version for entry, version, _cls in under_review.there(session, case.child_id, words))
    return new + len(under_review.gone(session, case.child_id, there, words))


def _drop_gone(session: Session, child_id: uuid.UUID, rows: Sequence[ReviewItem], words: Sequence[beside.Head]) -> int:
    """Takes out of the review what is not there any more; who decided of it stays in its changes."""
    gone = under_review.gone(session, child_id, pins(rows), words)
    for row in rows:
        if row.entry_id in gone:
            session.delete(row)
    return len(gone)

"""The review: one decision per entry, each tied to the version that was read.

Redactions are spans of the pinned version; a changed version puts its item back to undecided. A code that the
register does not allow for this requester, age, nation or kind of data cannot be saved (law.md section 10).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.audit import Act
from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.facts import provides
from portal.cases.ledger import CaseNotFound, Happened, LostRace
from portal.cases.models import Case
from portal.review import people_mentioned, standing, unread
from portal.review.around import NOTHING, Around
from portal.review.bringing_in import begin as begin
from portal.review.bringing_in import missing as missing
from portal.review.checking import check as check
from portal.review.checking import lapsed as lapsed
from portal.review.decision import GIVES as GIVES
from portal.review.decision import Decision as Decision
from portal.review.decision import decision_of
from portal.review.items import Item as Item
from portal.review.items import Past as Past
from portal.review.items import changes, pins
from portal.review.items import counts as counts
from portal.review.items import digest as digest
from portal.review.items import entries_as_decided as entries_as_decided
from portal.review.items import entries_of as entries_of
from portal.review.items import item as item
from portal.review.items import items as items
from portal.review.items import neighbours as neighbours
from portal.review.items import past as past
from portal.review.items import some as some
from portal.review.items import taken_out as taken_out
from portal.review.items import upsetting as upsetting
from portal.review.lawful import Ground, in_review, own
from portal.review.models import MentionChange, ReviewChange, ReviewItem
from portal.review.people_mentioned import decide_mention as decide_mention
from portal.review.people_mentioned import mentions as mentions
from portal.vault import vault_of
from workflows.table import StepRefused
from workflows.words import mark as _


@dataclass(frozen=True)
class Pick:
    """One item with the version that its page showed, what is said of it, and the words and category that were read."""

    item_id: uuid.UUID
    version: int
    said: Decision
    text: str
    category: str


def decide(
    session: Session,
    case_id: uuid.UUID,
    item_id: uuid.UUID,
    said: Decision,
    *,
    version: int,
    text: str,
    category: str,
    by: Actor,
    today: datetime.date,
    people: Sequence[people_mentioned.Mention] = (),
    around: Around = NOTHING,
) -> None:
    """Saves one decision. `text`, `category` and the words `around` it are those of the pinned version the reviewer
    saw, `people` those mentioned in the file.

    Raises StepRefused when the case is not in review, a code may not be chosen, or somebody who is shown in this copy
    was marked as a third party; LostRace when somebody else decided meanwhile."""
    case = in_review(session, case_id)
    row = _row(session, case_id, item_id, version)
    for marked, spans in said.as_third_party(text, around):
        if name := people_mentioned.shown_but_marked(marked, spans, people):
            words = _("%(name)s is shown in this copy. Take the mark away, or decide about the person first.")
            raise StepRefused(words % {"name": name}, need="words")
    if fault := unread.faults(session, verbs.look_for(case, by), pins([row])).get(row.entry_id):
        raise StepRefused(fault, need="decision")
    ground = Ground.of(session, case, by=by, today=today)
    said = check(said, ground, text=text, category=category, people=people, around=around)
    _save(session, case, row, said, by)
    audit.append(session, _act(case, by, 1))


def decide_many(
    session: Session, case_id: uuid.UUID, picks: Sequence[Pick], *, by: Actor, today: datetime.date
) -> list[tuple[Pick, str]]:
    """Saves what can be saved, and answers with the rest, each with the reason in words.

    Raises StepRefused when the case is not in review."""
    case = in_review(session, case_id)
    ground = Ground.of(session, case, by=by, today=today)
    query = select(ReviewItem).where(
        *own(ReviewItem, case_id), col(ReviewItem.id).in_([pick.item_id for pick in picks])
    )
    rows = {row.id: row for row in session.exec(query.with_for_update().execution_options(populate_existing=True))}
    shut = _by_itself(session, case, list(rows.values()), by)
    left: list[tuple[Pick, str]] = []
    for pick in picks:
        row = rows.get(pick.item_id)
        if row is None or row.version != pick.version:
            left.append((pick, LostRace.words))
            continue
        if fault := shut.get(row.entry_id):
            left.append((pick, fault))
            continue
        try:
            said = check(pick.said, ground, text=pick.text, category=pick.category)
        except StepRefused as refused:
            left.append((pick, refused.reason))
        else:
            _save(session, case, row, said, by)
    if len(left) < len(picks):
        session.flush()
        audit.append(session, _act(case, by, len(picks) - len(left)))
    return left


def undo(
    session: Session,
    case_id: uuid.UUID,
    item_id: uuid.UUID,
    *,
    version: int,
    text: str,
    category: str,
    by: Actor,
    today: datetime.date,
    people: Sequence[people_mentioned.Mention] = (),
    around: Around = NOTHING,
) -> None:
    """Puts the item back to the decision before the last one, if that was made on the same words and is lawful still.

    Undoing twice brings back what was undone. Raises StepRefused, LostRace."""
    case = in_review(session, case_id)
    row = _row(session, case_id, item_id, version)
    here = [told for _change, told in changes(session, case_id, item_id, 2) if told["of"] == row.version_id.hex]
    if not here:
        raise StepRefused(_("There is nothing to undo."))
    before = decision_of(here[1]["said"]) if len(here) > 1 else Decision("undecided")
    if before.decision != "undecided":
        if fault := unread.faults(session, verbs.look_for(case, by), pins([row])).get(row.entry_id):
            raise StepRefused(fault)
        ground = Ground.of(session, case, by=by, today=today)
        before = check(before, ground, text=text, category=category, people=people, around=around)
    _save(session, case, row, before, by)
    audit.append(session, _act(case, by, 1))


@provides
def provide(session: Session, case: Case, _events: Sequence[Happened]) -> dict[str, Any]:
    """Facts of the review: what is undecided and who decided."""
    there = counts(session, case.id)
    if not there:
        return {}
    deciders: sa.CompoundSelect[Any] = sa.union(
        sa.select(col(ReviewChange.actor)).where(col(ReviewChange.case_id) == case.id),
        sa.select(col(MentionChange.actor)).where(col(MentionChange.case_id) == case.id),
    )
    # Whoever ever decided has reviewed, also where another decided after them: they do not approve (security.md 5).
    reviewers = frozenset(f"staff:{one.hex}" for one in session.scalars(deciders) if one)
    return {
        "review_undecided": there.get("undecided", 0) + people_mentioned.undecided(session, case.id),
        "review_given": sum(there.get(decision, 0) for decision in GIVES),
        "reviewed_by": reviewers,
    }


def _by_itself(session: Session, case: Case, rows: Sequence[ReviewItem], by: Actor) -> dict[uuid.UUID, str]:
    """The entries that cannot be given among many at once, each with the reason."""
    words = _("Somebody else had this corrected. Look at it by itself: it could tell where they are, or of their case.")
    changed = standing.changed_for_others(session, case, pins(rows))
    return {**dict.fromkeys(changed, words), **unread.faults(session, verbs.look_for(case, by), pins(rows))}


def _row(session: Session, case_id: uuid.UUID, item_id: uuid.UUID, version: int) -> ReviewItem:
    row: ReviewItem | None = db.lock(session, ReviewItem, case_id=case_id, id=item_id)
    if row is None:
        raise CaseNotFound
    if row.version != version:
        raise LostRace
    return row


def _save(session: Session, case: Case, row: ReviewItem, said: Decision, by: Actor) -> None:
    payload = asdict(said)
    row.decision, row.upsetting, row.version = said.decision, said.upsetting, row.version + 1
    row.decided_by, row.decided_at = (by.id, db.now()) if said.decision != "undecided" else (None, None)
    vault_of(session).put(row, payload)
    session.add(row)
    change = ReviewChange(
        case_id=case.id,
        item_id=row.id,
        seq=row.version,
        decision=said.decision,
        actor=_id_of(by),
        at=db.now(),
        sealed=b"",
    )
    vault_of(session).put(change, {"said": payload, "of": row.version_id.hex})
    session.add(change)
    session.flush()


def _act(case: Case, by: Actor, items: int) -> Act:
    return replace(verbs.act(case, by, "review_decision"), detail={"items": items})


def _id_of(by: Actor) -> uuid.UUID:
    if by.id is None:
        raise StepRefused(_("A decision is taken by a person."))
    return by.id

"""What a requester adds to a challenge that was sent: further lines, and more about a line that is there.

Both are open in every state before the answer alike, so that neither tells how far the case is (R-92)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import audit
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import lines
from portal.cases.corrections.lines import Claim, Line
from portal.cases.corrections.models import ChallengedLine
from portal.cases.models import Case
from portal.vault import vault_of
from workflows.kinds import correction
from workflows.table import StepRefused
from workflows.words import mark as _

MOST_ADDED = 20
MOST_OFFERED = 5
TAKEN_IN = frozenset(state.name for state in correction.UNANSWERED)


def takes_more(case: Case) -> bool:
    """Whether further lines can be added. Once an answer is out, what is new is a challenge of its own."""
    return case.kind == lines.KIND and case.closed_at is None and case.state in TAKEN_IN


def add_lines(session: Session, case_id: uuid.UUID, claims: Sequence[Claim], *, by: Actor) -> None:
    """Adds lines to a challenge that is not answered yet; the day on which the case must be answered stays.

    Each waits to be matched like the first ones. Where the check is passed already, it is disputed from its matching;
    where the answer waits for approval, it goes back to weighing first. Raises StepRefused with words."""
    case = ledger.locked(session, case_id)
    if not takes_more(case):
        raise StepRefused(_("This has its answer already, or is finished. Tell us about it as something new."))
    there = lines.of_case(session, case)
    lines.check_room(len(there) + len(claims))
    if any(_is_told_already(claim, there) for claim in claims):
        raise StepRefused(_("You told us about this entry already. You can add to what you said of it."))
    if case.state == correction.APPROVAL.name:
        answers, system = {"because": "added"}, Actor.system()
        verbs.take_step(session, case.id, "void_approval", by=system, answers=answers, today=clocking.uk_today())
    today, first = clocking.uk_today(), max((line.number for line in there), default=0) + 1
    for number, claim in enumerate(claims, start=first):
        lines.put(session, case, number, claim, today)
    session.flush()
    ledger.append(session, case, "line_added", by=by, on_date=today, answers={"lines": len(claims)})
    audit.append(session, verbs.act(case, by, "line_added"))


def add_words(session: Session, case_id: uuid.UUID, line_id: uuid.UUID, words: str, *, by: Actor) -> None:
    """The requester adds something to a line until the answer is out; it is never taken for the record's own words.

    A line that is decided already takes words too: to refuse them would tell that it is (R-92)."""
    case = lines.open_case(session, case_id)
    row = lines.held(session, case, line_id, None)
    if row.state == "withdrawn" or (row.state == "decided" and lines.answer_is_out(case)):
        raise StepRefused(_("This is decided already. You can write to us, or ask for a review."))
    told = vault_of(session).get(row)
    if len(told.get("added", [])) >= MOST_ADDED:
        raise StepRefused(_("You have added a lot to this already. Write to us if there is more."))
    told["added"] = [*told.get("added", []), words]
    lines.keep(session, row, told)
    ledger.append(session, case, "line_words", by=by, on_date=clocking.uk_today(), answers={"line": row.id.hex})
    audit.append(session, verbs.act(case, by, "line_words"))


def to_add_to(session: Session, person_id: uuid.UUID, child_id: uuid.UUID) -> list[Case]:
    """The requester's own challenges that take more, newest first, of which a line came from a copy of this record.

    What staff matched does not count: that a case is on this list must not tell that they did (R-92)."""
    about = sa.select(col(ChallengedLine.case_id)).where(col(ChallengedLine.child_id) == child_id)
    query = (
        sa.select(Case)
        .where(
            col(Case.requester_id) == person_id,
            col(Case.kind) == lines.KIND,
            col(Case.closed_at).is_(None),
            col(Case.state).in_(TAKEN_IN),
            col(Case.id).in_(about),
        )
        .order_by(col(Case.id).desc())
        .limit(MOST_OFFERED)
    )
    found = session.scalars(query).all()
    return [case for case in found if any(_is_of(line, child_id) for line in lines.of_case(session, case))]


def _is_of(line: Line, child_id: uuid.UUID) -> bool:
    return line.claim.pinned is not None and line.claim.pinned.child_id == child_id


def _is_told_already(claim: Claim, there: Sequence[Line]) -> bool:
    """Only what their own copy printed counts, never what staff matched."""
    told = {line.claim.pinned.entry_id for line in there if line.claim.pinned and line.state != "withdrawn"}
    return claim.pinned is not None and claim.pinned.entry_id in told

"""The cases of somebody whose seat closes, who works elsewhere now, or who is away, go to a colleague or to the team.

Each case moves in a transaction of its own, with its event. The row that says what is to be moved (HandOver) is worked
off by a job, which may be killed anywhere and begins again with what is left. What hangs on a case moves with it: its
messages, its packs in preparation, and the questions to bodies that are waiting, none of which names a person. A case
whose record is sealed for a team never leaves it (`verbs.may_have`): where it would, the team itself has it."""

from __future__ import annotations

import datetime
import time
import uuid
from collections.abc import Iterator

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db, jobs
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.people import (
    closing,
    looking_after,  # noqa: F401  registers its job
)
from portal.people.models import Staff
from portal.people.seat_models import HandOver, LentCase
from portal.records import group_of
from workflows.table import Step

BATCH = 100
ACCESS_ENDS_AFTER = 20.0  # seconds: with very many cases the sessions end before the last of them has moved
APPROVAL = "approval"


@jobs.handler("hand_over")
def hand_over(work: jobs.Work) -> None:
    """Moves everything, then ends the access of a seat that closes. Safe to run again after any crash."""
    with work.database.read() as session:
        row = session.get_one(HandOver, uuid.UUID(work.args["hand_over"]))
    if row.moved_at is not None:
        return
    wrong = _move_all(work, row)
    with work.database.write() as session:
        held = db.lock(session, HandOver, id=row.id)
        if row.why == "closed":
            closing.end_access(session, row, now=db.now())
        if held is not None and wrong is None:
            held.moved_at = db.now()
            held.ended_at = None if row.why == "away" else held.moved_at
    if wrong:
        raise wrong


def _move_all(work: jobs.Work, row: HandOver) -> Exception | None:
    """Moves what is there, batch by batch. A damaged case stops none of the others; its fault is the answer."""
    began, done, wrong = time.monotonic(), 0, None
    ended = row.why != "closed"
    for batch in _batches(work.database, row):
        for case_id in batch:
            try:
                with work.database.write() as session:
                    _move(session, row, case_id)
            except Exception as fault:  # noqa: BLE001  kept for the end
                wrong = fault
            if not ended and time.monotonic() - began > ACCESS_ENDS_AFTER:
                ended = True
                with work.database.write() as session:
                    closing.end_access(session, row, now=db.now())
        done += len(batch)
        work.progress(done, done)
    return wrong


def _batches(database: db.Database, row: HandOver) -> Iterator[list[uuid.UUID]]:
    """What is to be moved. One that could not be is left behind, so each is asked for after the last."""
    for which in (_theirs, _approvals):
        last = uuid.UUID(int=0)
        while True:
            with database.read() as session:
                batch = which(session, row, last)
            if not batch:
                break
            yield batch
            last = batch[-1]


def _theirs(session: Session, row: HandOver, after: uuid.UUID) -> list[uuid.UUID]:
    query = select(Case.id).where(col(Case.assignee_id) == row.staff_id, col(Case.closed_at).is_(None))
    return list(session.exec(query.where(col(Case.id) > after).order_by(col(Case.id)).limit(BATCH)))


def _approvals(session: Session, row: HandOver, after: uuid.UUID) -> list[uuid.UUID]:
    """Where the team's only approver goes, what waits there for approval goes with the named colleague to their team;
    otherwise it would wait for nobody."""
    heir = session.get(Staff, row.to_staff_id) if row.to_staff_id else None
    gone = session.get_one(Staff, row.staff_id)
    if heir is None or heir.role != "approver" or gone.role != "approver" or row.why != "closed":
        return []
    if gone.team_id is None or gone.team_id == heir.team_id or approvers_left(session, gone):
        return []
    query = select(Case.id).where(
        col(Case.team_id) == gone.team_id, col(Case.closed_at).is_(None), col(Case.state) == APPROVAL
    )
    return list(session.exec(query.where(col(Case.id) > after).order_by(col(Case.id)).limit(BATCH)))


def approvers_left(session: Session, gone: Staff) -> int:
    """How many others of the team can approve."""
    others = sa.select(sa.func.count()).where(
        col(Staff.team_id) == gone.team_id,
        col(Staff.role) == "approver",
        col(Staff.disabled_at).is_(None),
        col(Staff.id) != gone.id,
    )
    return int(session.execute(others).scalar_one())


def _move(session: Session, row: HandOver, case_id: uuid.UUID) -> None:
    case = ledger.locked(session, case_id)
    heir = session.get(Staff, row.to_staff_id) if row.to_staff_id else None
    if case.assignee_id != row.staff_id:
        approves = case.state == APPROVAL and heir is not None and heir.role == "approver"
        if heir is not None and approves and verbs.may_have(session, case, heir.team_id):
            _to_team(session, case, heir)
        return  # somebody has it by now
    before = case.assignee_id
    works = heir is not None and heir.disabled_at is None and heir.id != before and heir.role == "caseworker"
    if heir is not None and works and verbs.may_have(session, case, heir.team_id):
        verbs.assign(session, case.id, heir, by=Actor.system(), why=row.why)
    else:
        team_id = heir.team_id if heir is not None and row.why == "closed" else row.to_team_id
        _to_nobody(session, case, team_id, why=row.why)
    if row.why == "away":
        db.insert_ignore(session, LentCase, [{"hand_over_id": row.id, "case_id": case.id}])


def _to_nobody(session: Session, case: Case, team_id: uuid.UUID | None, *, why: str) -> None:
    """Back to a team: the one named, or the one that the record is sealed for."""
    group = group_of(session, case.child_id) if case.child_id else ""
    team_id = uuid.UUID(group) if group else team_id
    verbs.assign(session, case.id, None, by=Actor.system(), team_id=team_id, why=why)


def _to_team(session: Session, case: Case, heir: Staff) -> None:
    """The case stays with its caseworker; whoever approves it is in the heir's team."""
    case.team_id = heir.team_id
    session.add(case)
    answers = {"team": heir.team_id.hex if heir.team_id else ""}
    ledger.append(session, case, "approval_moved", by=Actor.system(), on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, Actor.system(), "approval_moved"))


@jobs.handler("give_back")
def give_back(work: jobs.Work) -> None:
    """After an absence each case that was lent comes back, unless it was given to somebody else meanwhile."""
    with work.database.read() as session:
        row = session.get_one(HandOver, uuid.UUID(work.args["hand_over"]))
        lent = session.exec(select(LentCase.case_id).where(col(LentCase.hand_over_id) == row.id)).all()
    if row.ended_at is not None:
        return
    wrong: Exception | None = None
    for case_id in lent:
        try:
            with work.database.write() as session:
                _back(session, row, case_id)
                session.execute(_lent(row, case_id))
        except Exception as fault:  # noqa: BLE001  kept for the end: a damaged case holds up none of the others
            wrong = fault
    if wrong:
        raise wrong
    with work.database.write() as session:
        held = db.lock(session, HandOver, id=row.id)
        if held is not None:
            held.ended_at = db.now()


def _lent(row: HandOver, case_id: uuid.UUID) -> sa.Delete:
    return sa.delete(LentCase).where(col(LentCase.hand_over_id) == row.id, col(LentCase.case_id) == case_id)


def _back(session: Session, row: HandOver, case_id: uuid.UUID) -> None:
    case = ledger.locked(session, case_id)
    holder = session.get_one(Staff, row.staff_id)
    where_it_was_left = case.assignee_id in {row.to_staff_id, None}
    works = holder.disabled_at is None and holder.role == "caseworker" and verbs.may_have(session, case, holder.team_id)
    if case.closed_at is None and where_it_was_left and works:
        verbs.assign(session, case.id, holder, by=Actor.system(), why="back")


@verbs.follows
def nothing_stays_with_a_closed_seat(session: Session, case: Case, _step: Step) -> None:
    """A case that is opened again goes to the team, where whoever had it has no seat any more."""
    holder = session.get(Staff, case.assignee_id) if case.assignee_id and case.closed_at is None else None
    if holder is not None and holder.disabled_at is not None and holder.disabled_at <= db.now():
        _to_nobody(session, case, None, why="closed")


def waiting_for(session: Session, account: Staff, *, today: datetime.date) -> dict[str, int]:
    """How much would move if this seat closed today; counts stop at a hundred. It names no case."""
    open_ones = select(Case.id).where(col(Case.assignee_id) == account.id, col(Case.closed_at).is_(None))
    late = open_ones.where(col(Case.due_on) < today)
    return {
        name: int(session.scalar(sa.select(sa.func.count()).select_from(query.limit(100).subquery())) or 0)
        for name, query in (("cases", open_ones), ("overdue", late))
    }

"""What `portal work` does: jobs as they fall due, and once a day what time itself asks for."""

from __future__ import annotations

import logging
import os
import socket
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from portal import (
    audit,
    db,
    jobs,
    tidying,  # noqa: F401  registers its job
)
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.runtime import Runtime
from workflows.kinds import WORKFLOWS
from workflows.table import Role, StepRefused

log = logging.getLogger(__name__)

WAKING_STEPS = ("eighteenth_birthday", "authority_lapsed", "authority_begins")
BATCH = 200


def run_one(runtime: Runtime) -> bool:
    """Does the next due job; answers whether there was one. While the database is away there is none."""
    try:
        return jobs.run_next(runtime.database, runtime, worker=f"{socket.gethostname()}:{os.getpid()}")
    except OperationalError as away:  # a worker outlives it and asks again
        log.warning("the database is away: %s", type(away.orig).__name__)
        return False


def queue_daily_duties(runtime: Runtime) -> None:
    """Queues today's duties once, whichever worker is first."""
    try:
        _queue_duties_of(clocking.uk_today().isoformat(), runtime)
    except OperationalError as away:
        log.warning("the database is away: %s", type(away.orig).__name__)


def _queue_duties_of(today: str, runtime: Runtime) -> None:
    with runtime.database.read() as session:
        there = session.exec(select(jobs.Job.id).where(jobs.Job.key == f"wake:{today}")).first()
    if there:
        return
    with runtime.database.write() as session:
        jobs.enqueue(session, "wake_cases", f"wake:{today}", {})
        jobs.enqueue(session, "sweep_drafts", f"sweep_drafts:{today}", {})
        jobs.enqueue(session, "tidy", f"tidy:{today}", {})
        jobs.enqueue(session, "chase_bodies", f"chase_bodies:{today}", {})
        jobs.enqueue(session, "look_after_seats", f"look_after_seats:{today}", {})
        jobs.enqueue(session, "tell_of_clashes", f"tell_of_clashes:{today}", {})
        jobs.enqueue(session, "index_bodies", f"index_bodies:{today}", {})
        # Once for each state of the bank holidays: a day proclaimed late moves due days; the ledger says why.
        # Earlier states are forgotten: a day that was taken back is a new state again.
        clocks = f"clocks:{runtime.calendar.fingerprint}"
        others = (col(jobs.Job.kind) == "recompute_clocks", col(jobs.Job.state) == "done", col(jobs.Job.key) != clocks)
        session.execute(sa.delete(jobs.Job).where(*others))
        jobs.enqueue(session, "recompute_clocks", clocks, {})


@jobs.handler("wake_cases")
def wake_cases(work: jobs.Work) -> None:
    """Takes the steps that a day itself takes: an eighteenth birthday, the end of an authority."""
    _each_case(work.database, col(Case.wake_on) <= clocking.uk_today(), act=_wake)


@jobs.handler("recompute_clocks")
def recompute_clocks(work: jobs.Work) -> None:
    """Reckons every open case's dates again; a day that moved is an event of the case."""
    _each_case(work.database, act=_recompute)


def _each_case(database: db.Database, *which: Any, act: Callable[[Session, uuid.UUID], None]) -> None:
    """Acts on every such open case, each in its own transaction. A damaged case stops none of the others; the job
    fails in the end, so that it is tried again and somebody sees it."""
    last, wrong = uuid.UUID(int=0), None
    while True:
        with database.read() as session:
            query = select(Case.id).where(col(Case.closed_at).is_(None), col(Case.id) > last, *which)
            batch = session.exec(query.order_by(col(Case.id)).limit(BATCH)).all()
        for case_id in batch:
            try:
                with database.write() as session:
                    act(session, case_id)
            except Exception as fault:  # noqa: BLE001  kept and raised below
                wrong = fault
        if len(batch) < BATCH:
            break
        last = batch[-1]
    if wrong:
        raise wrong


def _recompute(session: Session, case_id: uuid.UUID) -> None:
    case = ledger.locked(session, case_id)
    before = case.due_on
    events = ledger.history(session, case)
    due = clocking.cached(case, events, clocking.reading(session, case, events))[0]
    if case.closed_at is not None or due == before:
        return
    answers = {"from": before, "to": due}
    ledger.append(session, case, "due_day_moved", by=Actor.system(), on_date=clocking.uk_today(), answers=answers)
    clocking.refresh(session, case)
    audit.append(session, verbs.act(case, Actor.system(), "due_day_moved"))


def _wake(session: Session, case_id: uuid.UUID) -> None:
    today = clocking.uk_today()
    case = ledger.locked(session, case_id)
    steps = {step.name for step in WORKFLOWS[case.kind].steps if Role.SYSTEM in step.roles}
    for name in WAKING_STEPS:
        if name in steps:
            try:
                with session.begin_nested():
                    verbs.take_step(session, case_id, name, by=Actor.system(), answers={}, today=today)
            except StepRefused:
                continue  # not this step's day
    clocking.refresh(session, case)

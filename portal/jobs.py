"""Jobs: rows queued in the same transaction as the change that asks for them, run at least once by `portal work`.

A job holds ids only. Its handler must have its effect once however often it runs. A job that failed three times
waits visibly for a person. A lease table of our own, because no library enqueues in the caller's transaction on both
databases and lets any worker pick up after a killed one (README, decisions).
"""

from __future__ import annotations

import datetime
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, text
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, SQLModel, col

from portal import db
from portal.db import Database, choice, column, new_id
from portal.processing import RUNNING, processed

log = logging.getLogger(__name__)

LEASE = datetime.timedelta(seconds=60)
TRIES = 3
BACK_OFF = (datetime.timedelta(seconds=5), datetime.timedelta(minutes=1))
JOB_STATES = ("waiting", "running", "done", "failed")
_WAITING = text("state IN ('waiting', 'running')")


@processed(RUNNING)
class Job(SQLModel, table=True):
    """One piece of work outside a request."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_due", "run_after", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_job_failed", "id", sqlite_where=text("state = 'failed'"), postgresql_where=text("state = 'failed'")),
    )

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    kind: str = column("which handler runs it")
    key: str = column("the same work asked for twice is one job", unique=True)
    args: dict[str, str] = column("ids only", sa_type=sa.JSON, default_factory=dict)
    state: str = column("how far it is", default="waiting", sa_type=choice(*JOB_STATES, name="job_state"))
    attempts: int = column("how often it was begun", default=0)
    run_after: datetime.datetime = column("not before", default_factory=db.now)
    lease_until: datetime.datetime | None = column("another worker may take it after this", default=None)
    owner: str | None = column("which worker has it", default=None)
    done: int = column("parts finished, for the page that waits", default=0)
    total: int = column("parts in all", default=0)
    error: str | None = column("kind of the last fault; no content of any record", default=None)
    finished_at: datetime.datetime | None = column("when; rows go after 30 days", default=None)


@dataclass(frozen=True)
class Work:
    """What a handler gets: the job and a way to say how far it is."""

    job_id: uuid.UUID
    args: dict[str, str]
    database: Database
    runtime: Any
    worker: str

    def progress(self, done: int, total: int) -> None:
        """Says how far it is. Raises LeaseLost when another worker has the job by now: then stop."""
        with self.database.write() as session:
            said = session.execute(_mine(self.job_id, self.worker).values(done=done, total=total))
            if not db.changed_rows(said):
                raise LeaseLost


Handler = Callable[[Work], None]
_handlers: dict[str, Handler] = {}


class LeaseLost(Exception):
    """The worker was silent for so long that another one has the job now."""


class Hold(Exception):
    """The work cannot be done now through no fault of its own (mail server away): try later, do not count."""

    def __init__(self, why: str, *, minutes: float = 1) -> None:
        super().__init__(why)
        self.later = datetime.timedelta(minutes=minutes)


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Registers the function that does jobs of this kind."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        return function

    return register


def enqueue(
    session: Session, kind: str, key: str, args: dict[str, str], *, run_after: datetime.datetime | None = None
) -> None:
    """Queues work inside the caller's transaction; the same key twice is one job."""
    row = {
        "id": new_id(),
        "kind": kind,
        "key": key,
        "args": args,
        "state": "waiting",
        "attempts": 0,
        "run_after": run_after or db.now(),
        "done": 0,
        "total": 0,
    }
    db.insert_ignore(session, Job, [row])


def run_next(database: Database, runtime: Any, *, worker: str) -> bool:
    """Does the next due job, if there is one. Answers whether there was."""
    claimed = _claim(database, worker)
    if claimed is None:
        return False
    job_id, kind, args = claimed
    try:
        with _heartbeat(database, job_id, worker), _unlocked(database):
            _handlers[kind](Work(job_id, args, database, runtime, worker))
    except Hold as hold:
        _later(database, job_id, worker, hold)
    except Exception as fault:  # noqa: BLE001  whatever went wrong, the job must say so and others must go on
        log.warning("job %s %s failed: %s", kind, job_id, type(fault).__name__)
        _failed(database, job_id, worker, type(fault).__name__)
    else:
        _finish(database, job_id, worker)
    return True


def run_all(database: Database, runtime: Any, *, worker: str = "inline", most: int = 10_000) -> int:
    """Does due jobs until none is left; answers how many were done (commands and tests)."""
    count = 0
    while count < most and run_next(database, runtime, worker=worker):
        count += 1
    return count


def retry(session: Session, job_id: uuid.UUID) -> None:
    """Lets a failed job try again, at a person's word."""
    again = {"state": "waiting", "attempts": 0, "run_after": db.now(), "error": None}
    session.execute(_update(job_id).where(col(Job.state) == "failed").values(again))


def _claim(database: Database, worker: str) -> tuple[uuid.UUID, str, dict[str, str]] | None:
    now = db.now()
    with database.write() as session:
        query = (
            sa.select(Job)
            .where(
                col(Job.run_after) <= now,
                sa.or_(col(Job.state) == "waiting", sa.and_(col(Job.state) == "running", col(Job.lease_until) < now)),
            )
            .order_by(col(Job.run_after), col(Job.id))
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        job = session.execute(query).scalar_one_or_none()
        if job is None:
            return None
        if job.attempts >= TRIES:  # its workers died each time
            job.state, job.error, job.owner, job.lease_until = "failed", "WorkerDied", None, None
            return job.id, "_given_up", {}
        job.state, job.owner, job.lease_until = "running", worker, now + LEASE
        job.attempts += 1
        return job.id, job.kind, dict(job.args)


@handler("_given_up")
def _given_up(_work: Work) -> None:
    """A job whose workers died three times was marked failed when it was claimed."""


def _finish(database: Database, job_id: uuid.UUID, worker: str) -> None:
    with database.write() as session:
        session.execute(
            _mine(job_id, worker).values(state="done", finished_at=db.now(), owner=None, lease_until=None, error=None)
        )


def _failed(database: Database, job_id: uuid.UUID, worker: str, fault: str) -> None:
    with database.write() as session:
        job = db.lock(session, Job, id=job_id)
        if job is None or job.owner != worker:
            return
        job.error, job.owner, job.lease_until = fault, None, None
        if job.attempts >= TRIES:
            job.state = "failed"
        else:
            job.state, job.run_after = "waiting", db.now() + BACK_OFF[job.attempts - 1]


def _later(database: Database, job_id: uuid.UUID, worker: str, hold: Hold) -> None:
    with database.write() as session:
        session.execute(
            _mine(job_id, worker).values(
                state="waiting",
                run_after=db.now() + hold.later,
                attempts=Job.attempts - 1,
                owner=None,
                lease_until=None,
                error=str(hold),
            )
        )


@contextmanager
def _heartbeat(database: Database, job_id: uuid.UUID, worker: str) -> Iterator[None]:
    """Renews the lease while the work goes on, so that long work is not taken twice."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(LEASE.total_seconds() / 3):
            try:
                with database.write() as session:
                    session.execute(_mine(job_id, worker).values(lease_until=db.now() + LEASE))
            except SQLAlchemyError as fault:  # a busy or restarting database: the next beat may still come in time
                log.warning("the lease of job %s was not renewed: %s", job_id, type(fault).__name__)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def _unlocked(database: Database) -> Iterator[None]:
    if database.vault is None:
        yield
        return
    with database.vault.unlocked():
        yield


def _update(job_id: uuid.UUID) -> Any:
    return sa.update(Job).where(col(Job.id) == job_id)


def _mine(job_id: uuid.UUID, worker: str) -> Any:
    return _update(job_id).where(col(Job.owner) == worker)

"""A job is done once by one worker, is never lost, and says when it cannot be done."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from portal import db, jobs
from portal.jobs import Hold, Job, Work
from portal.runtime import Runtime

PATIENCE = 20  # seconds until a test gives up waiting for another thread

Register = Callable[[Callable[[Work], None]], None]


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> Register:
    """Says what jobs of the kind "sample" do."""
    return lambda function: monkeypatch.setitem(jobs._handlers, "sample", function)


def queue(runtime: Runtime, *keys: str, **more: Any) -> None:
    with runtime.database.write() as session:
        for key in keys:
            jobs.enqueue(session, "sample", key, {"id": key}, **more)


def job(runtime: Runtime, key: str = "one") -> Job:
    with runtime.database.read() as session:
        return session.exec(select(Job).where(col(Job.key) == key)).one()


def run(runtime: Runtime, worker: str = "a") -> bool:
    return jobs.run_next(runtime.database, runtime, worker=worker)


def claimed(runtime: Runtime, worker: str) -> None:
    """A worker that took a job and was killed at once."""
    assert jobs._claim(runtime.database, worker) is not None


@contextmanager
def later(**time: float) -> Iterator[None]:
    with time_machine.travel(db.now() + datetime.timedelta(**time)):
        yield


def until(true: Callable[[], bool]) -> None:
    for _wait in range(PATIENCE * 100):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("waited too long")


def test_a_job_is_done_with_its_ids_and_then_it_is_over(runtime: Runtime, doing: Register) -> None:
    got: list[dict[str, str]] = []
    doing(lambda work: got.append(work.args))
    queue(runtime, "one")
    assert [run(runtime), run(runtime)] == [True, False]
    assert got == [{"id": "one"}]
    over = job(runtime)
    assert (over.state, over.owner, over.lease_until, over.error) == ("done", None, None, None)
    assert over.finished_at is not None


def test_the_same_work_asked_for_twice_is_one_job_even_after_it_was_done(runtime: Runtime, doing: Register) -> None:
    got: list[str] = []
    doing(lambda work: got.append(work.args["id"]))
    queue(runtime, "one", "one", "two")
    jobs.run_all(runtime.database, runtime)
    queue(runtime, "one")
    jobs.run_all(runtime.database, runtime)
    assert sorted(got) == ["one", "two"]


def test_a_job_of_a_change_that_was_rolled_back_does_not_exist(runtime: Runtime, doing: Register) -> None:
    doing(lambda _work: pytest.fail("this was never asked for"))

    def change() -> None:
        with runtime.database.write() as session:
            jobs.enqueue(session, "sample", "one", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    assert run(runtime) is False


def test_a_job_waits_for_its_time(runtime: Runtime, doing: Register) -> None:
    doing(lambda _work: None)
    queue(runtime, "one", run_after=db.now() + datetime.timedelta(minutes=5))
    assert run(runtime) is False
    with later(minutes=6):
        assert run(runtime) is True


def test_what_fails_is_tried_again_ever_later_and_waits_for_a_person_after_three(
    runtime: Runtime, doing: Register
) -> None:
    def fail(_work: Work) -> None:
        raise ValueError("Canarywords of a record")

    doing(fail)
    queue(runtime, "one")
    for tries, pause in enumerate(jobs.BACK_OFF, start=1):
        began = db.now()
        assert run(runtime) is True
        assert run(runtime) is False  # not again at once
        again = job(runtime)
        assert (again.state, again.attempts, again.owner) == ("waiting", tries, None)
        assert again.run_after - began >= pause
        with runtime.database.write() as session:
            session.execute(sa.update(Job).values(run_after=db.now()))
    assert run(runtime) is True
    dead = job(runtime)
    assert (dead.state, dead.attempts, dead.error) == ("failed", 3, "ValueError")
    with later(days=2):
        assert run(runtime) is False


def test_a_failed_job_goes_again_at_a_persons_word_with_all_its_tries(runtime: Runtime, doing: Register) -> None:
    doing(lambda _work: None)
    queue(runtime, "one", "other")
    with runtime.database.write() as session:
        dead = {"state": "failed", "attempts": 3, "error": "ValueError"}
        session.execute(sa.update(Job).where(col(Job.key) == "one").values(dead))
    with runtime.database.write() as session:
        jobs.retry(session, job(runtime).id)
    assert (job(runtime).state, job(runtime).attempts, job(runtime).error) == ("waiting", 0, None)
    jobs.run_all(runtime.database, runtime)
    with runtime.database.write() as session:
        jobs.retry(session, job(runtime).id)  # what is done is not done again
    assert job(runtime).state == "done"


def test_work_that_nobody_knows_how_to_do_waits_visibly(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        jobs.enqueue(session, "of_another_version", "one", {})
    assert run(runtime) is True
    assert (job(runtime).state, job(runtime).error) == ("waiting", "KeyError")


def test_what_is_held_is_tried_later_and_never_counted(runtime: Runtime, doing: Register) -> None:
    def hold(_work: Work) -> None:
        raise Hold("the server is away", minutes=10)

    doing(hold)
    queue(runtime, "one")
    for times in range(1, 6):
        with later(minutes=11 * times):
            assert run(runtime) is True
            assert run(runtime) is False
    held = job(runtime)
    assert (held.state, held.attempts, held.error) == ("waiting", 0, "the server is away")
    doing(lambda _work: None)
    with later(days=1):
        jobs.run_all(runtime.database, runtime)
    assert (job(runtime).state, job(runtime).error) == ("done", None)


def test_one_failing_job_does_not_hold_up_the_others(runtime: Runtime, doing: Register) -> None:
    done: list[str] = []

    def work(given: Work) -> None:
        if given.args["id"] == "bad":
            raise ValueError
        done.append(given.args["id"])

    doing(work)
    queue(runtime, "bad", "good", "better")
    jobs.run_all(runtime.database, runtime)
    assert sorted(done) == ["better", "good"]


def test_eight_workers_never_do_one_job_twice(runtime: Runtime, doing: Register) -> None:
    done: list[str] = []
    doing(lambda work: done.append(work.args["id"]))
    keys = [f"job {number}" for number in range(40)]
    queue(runtime, *keys)
    together = threading.Barrier(8)

    def work(name: str) -> None:
        together.wait()
        while run(runtime, name):
            pass

    workers = [threading.Thread(target=work, args=(f"worker {number}",)) for number in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(done) == sorted(keys)


def test_work_of_a_killed_worker_is_taken_over_when_its_lease_ends_not_before(
    runtime: Runtime, doing: Register
) -> None:
    done: list[str] = []
    doing(lambda work: done.append(work.worker))
    queue(runtime, "one")
    claimed(runtime, "killed")
    with later(seconds=jobs.LEASE.total_seconds() - 5):
        assert run(runtime, "second") is False
    with later(seconds=jobs.LEASE.total_seconds() + 5):
        assert run(runtime, "second") is True
    assert done == ["second"]
    assert (job(runtime).state, job(runtime).attempts) == ("done", 2)


def test_work_that_killed_three_workers_waits_for_a_person(runtime: Runtime, doing: Register) -> None:
    doing(lambda _work: pytest.fail("it was tried a fourth time"))
    queue(runtime, "one")
    for death in range(3):
        with later(hours=death):
            claimed(runtime, f"killed {death}")
    with later(hours=4):
        jobs.run_all(runtime.database, runtime)
    assert (job(runtime).state, job(runtime).error, job(runtime).owner) == ("failed", "WorkerDied", None)


def test_long_work_keeps_its_lease(runtime: Runtime, doing: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEASE", datetime.timedelta(seconds=0.9))

    def long(_work: Work) -> None:
        first = job(runtime).lease_until
        until(lambda: job(runtime).lease_until > first + jobs.LEASE)  # type: ignore[operator]
        assert run(runtime, "second") is False

    doing(long)
    queue(runtime, "one")
    run(runtime, "first")
    assert (job(runtime).state, job(runtime).attempts) == ("done", 1)


def test_a_database_that_was_busy_at_one_beat_does_not_stop_the_heart(
    runtime: Runtime, doing: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LEASE", datetime.timedelta(seconds=0.9))
    broken: list[str] = []

    def break_once(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if threading.current_thread() is not threading.main_thread() and not broken:
            broken.append(statement)
            raise sa.exc.OperationalError(statement, None, Exception("the database is busy"))

    def long(_work: Work) -> None:
        first = job(runtime).lease_until
        until(lambda: bool(broken) and job(runtime).lease_until > first)  # type: ignore[operator]

    doing(long)
    queue(runtime, "one")
    sa.event.listen(runtime.database.engine, "before_cursor_execute", break_once)
    run(runtime, "first")
    assert (len(broken), job(runtime).state) == (1, "done")


def test_a_worker_that_slept_through_its_lease_changes_nothing_when_it_wakes(runtime: Runtime, doing: Register) -> None:
    """The second worker is at work when the first one ends, in whatever way: the job stays the second one's."""
    for ending in (None, ValueError(), Hold("later")):

        def sleep(_work: Work, ending: Exception | None = ending) -> None:
            with later(minutes=5):
                claimed(runtime, "second")
            if ending:
                raise ending

        doing(sleep)
        queue(runtime, str(ending))
        assert run(runtime, "first") is True
        theirs = job(runtime, str(ending))
        assert (theirs.state, theirs.owner, theirs.attempts, theirs.error) == ("running", "second", 2, None)


def test_such_a_worker_learns_it_when_it_next_says_how_far_it_is(runtime: Runtime, doing: Register) -> None:
    went_on: list[bool] = []

    def sleep(work: Work) -> None:
        work.progress(1, 9)
        with later(minutes=5):
            claimed(runtime, "second")
        work.progress(2, 9)
        went_on.append(True)

    doing(sleep)
    queue(runtime, "one")
    run(runtime, "first")
    assert went_on == []
    assert (job(runtime).done, job(runtime).owner) == (1, "second")


def test_a_page_can_show_how_far_the_work_is(runtime: Runtime, doing: Register) -> None:
    seen: list[tuple[int, int]] = []

    def parts(work: Work) -> None:
        for part in range(3):
            work.progress(part + 1, 3)
            seen.append((job(runtime).done, job(runtime).total))

    doing(parts)
    queue(runtime, "one")
    run(runtime)
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_opened_keys_live_no_longer_than_the_job(runtime: Runtime, doing: Register) -> None:
    inside: list[object] = []
    doing(lambda _work: inside.append(runtime.vault._opened.get()))
    queue(runtime, "one")
    run(runtime)
    assert inside == [{}]
    assert runtime.vault._opened.get() is None


def test_jobs_are_done_in_the_order_of_asking(runtime: Runtime, doing: Register) -> None:
    done: list[str] = []
    doing(lambda work: done.append(work.args["id"]))
    queue(runtime, *"01234", run_after=db.now())
    jobs.run_all(runtime.database, runtime)
    assert done == list("01234")

"""One form, however often it is sent and by however many hands at once, does one thing."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import checking, once
from portal.cases.models import Case, Event
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.jobs import Job
from portal.once import FormKey
from portal.people.models import OutboxMessage, Person, Team
from portal.runtime import Runtime

KEY, HOLDER = "k" * 30, "family:1"
ASKED = Asked(
    Requester("Ada Example", "ada@example.org", safe_channels=("email",)),
    (Subject("parent", "mother", "Bo Example", birth_date=datetime.date(2019, 1, 2)),),
)


class Second(Exception):
    """Another submission was first."""


def submit(
    runtime: Runtime, key: str = KEY, holder: str = HOLDER, *, do: Callable[[Session], str] | None = None
) -> str | None:
    """What a view does with a form that creates something; None when another submission got in before."""
    try:
        with runtime.database.write() as session:
            outcome = once.first_outcome(session, holder, key)
            if outcome is None:
                outcome = (do or open_case)(session)
                if not once.remember(session, holder, key, outcome):
                    raise Second  # noqa: TRY301  leaves the transaction, so that it is rolled back
    except Second:
        return None
    return outcome


def open_case(session: Session) -> str:
    return open_cases(session, ASKED, by=visitor(), received_on=datetime.date(2026, 11, 2)).cases[0].reference


def count(runtime: Runtime, *tables: type) -> list[int]:
    with runtime.database.read() as session:
        return [session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables]


def test_fifty_submissions_of_one_form_at_once_open_one_case(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        session.add(Team(name="Records"))
    together = threading.Barrier(50)

    def press(_n: int) -> str | None:
        together.wait()
        return submit(runtime)

    with ThreadPoolExecutor(50) as pool:
        told = set(pool.map(press, range(50)))
    with runtime.database.read() as session:
        (reference,) = session.exec(select(Case.reference)).all()
        letters = session.exec(select(Job.key).where(col(Job.kind) == "make_letter")).all()
        logged = session.scalar(sa.text("SELECT count(*) FROM log WHERE act = 'open_case'"))
    assert told <= {reference, None}
    assert submit(runtime) == reference
    assert count(runtime, Case, Event, Person, OutboxMessage, FormKey) == [1, 1, 1, 1, 1]
    assert (len(letters), logged) == (1, 1)
    assert list(checking.faults(runtime)) == []


def test_the_loser_of_a_race_waits_for_the_winner_and_leaves_nothing(runtime: Runtime) -> None:
    """Both found no first result; PostgreSQL lets both go on until one has remembered."""
    with runtime.database.write() as session:
        first = open_case(session)
        assert once.remember(session, HOLDER, KEY, first)
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(submit, runtime)
            assert not second.done()
            session.commit()
            assert second.result() in {None, first}
    assert count(runtime, Case, FormKey) == [1, 1]


def test_a_submission_that_failed_does_not_use_up_its_form(runtime: Runtime) -> None:
    def fail(session: Session) -> str:
        open_case(session)
        raise KeyError

    with pytest.raises(KeyError):
        submit(runtime, do=fail)
    assert submit(runtime) is not None
    assert count(runtime, Case) == [1]


def test_another_form_and_another_person_with_the_same_key_are_something_else(runtime: Runtime) -> None:
    assert len({submit(runtime), submit(runtime), submit(runtime, "j" * 30), submit(runtime, holder="family:2")}) == 3


def test_neither_the_key_nor_who_used_it_is_kept(runtime: Runtime) -> None:
    submit(runtime)
    with runtime.database.read() as session:
        kept = session.execute(sa.text("SELECT * FROM form_key")).all()
    assert KEY not in repr(kept)
    assert HOLDER not in repr(kept)

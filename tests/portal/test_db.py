"""The database keeps readers from writing, writers from losing each other's work, and both from telling values."""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import select

from portal import db
from portal.jobs import Job
from portal.people.models import Limit, Team
from portal.runtime import Runtime

CANARY = "Canaryteam"
PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: a commit that was answered survives a power cut
    "foreign_keys": 1,
    "secure_delete": 1,
    "busy_timeout": 30000,
    "trusted_schema": 0,
}


def team(runtime: Runtime, name: str = "Records") -> Team:
    with runtime.database.write() as session:
        row = Team(name=name)
        session.add(row)
    return row


def teams(runtime: Runtime) -> list[str]:
    with runtime.database.read() as session:
        return sorted(session.exec(select(Team.name)).all())


def test_a_reader_cannot_write(runtime: Runtime) -> None:
    team(runtime)
    for statement in (
        "INSERT INTO team (id, name) VALUES ('00000000000000000000000000000001', 'x')",
        "UPDATE team SET name = 'x'",
        "DELETE FROM team",
        "CREATE TABLE x (y int)",
        "DROP TABLE team",
    ):
        with pytest.raises(DBAPIError, match=r"(?i)read.?only"), runtime.database.read() as session:
            session.execute(sa.text(statement))
    assert teams(runtime) == ["Records"]


def test_a_row_changed_by_a_reader_is_not_saved(runtime: Runtime) -> None:
    team(runtime)
    with runtime.database.read() as session:
        session.exec(select(Team)).one().name = "x"
        with pytest.raises(DBAPIError):
            session.flush()
    assert teams(runtime) == ["Records"]


def test_one_that_read_before_can_write_after_on_the_same_connection(runtime: Runtime) -> None:
    with pytest.raises(DBAPIError), runtime.database.read() as session:
        session.execute(sa.text("DELETE FROM team"))
    team(runtime)
    with runtime.database.read() as session:
        assert db.is_writable(session) is False
    assert teams(runtime) == ["Records"]


def test_a_block_that_fails_leaves_nothing(runtime: Runtime) -> None:
    def fail() -> None:
        with runtime.database.write() as session:
            session.add(Team(name="x"))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert teams(runtime) == []


def test_a_reader_sees_one_moment_however_much_is_written_meanwhile(runtime: Runtime) -> None:
    team(runtime, "before")
    with runtime.database.read() as session:
        assert len(session.exec(select(Team)).all()) == 1
        team(runtime, "meanwhile")
        assert len(session.exec(select(Team)).all()) == 1
    assert teams(runtime) == ["before", "meanwhile"]


def test_twenty_increments_at_once_lose_nothing(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        session.add(Limit(bucket=b"b", window=1, count=0))
    together = threading.Barrier(20)

    def increment(_n: int) -> None:
        together.wait()
        with runtime.database.write() as session:
            row = db.lock(session, Limit, bucket=b"b", window=1)
            assert row is not None
            row.count += 1  # read, then written: what a driver's deferred transaction loses

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(increment, range(20)))
    with runtime.database.read() as session:
        assert session.exec(select(Limit.count)).one() == 20


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_write_holds_the_others_back_from_its_first_look_on(runtime: Runtime) -> None:
    impatient = db.connect(runtime.settings.database)
    sa.event.listen(impatient, "connect", lambda raw, _record: raw.execute("PRAGMA busy_timeout=0"))
    with runtime.database.write() as session:
        session.exec(select(Team)).all()  # has only read so far
        with pytest.raises(DBAPIError, match="locked"), impatient.begin():
            pass
        with impatient.execution_options(portal_writable=False).connect() as reader:  # readers never wait
            assert reader.scalar(sa.text("SELECT count(*) FROM team")) == 0
    impatient.dispose()


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_every_sqlite_connection_is_set_up_to_keep_what_it_committed(runtime: Runtime) -> None:
    for engine in (runtime.database.engine, runtime.vault.keyring._engine):
        with engine.connect() as connection:
            assert {name: connection.scalar(sa.text(f"PRAGMA {name}")) for name in PRAGMAS} == PRAGMAS


def test_an_error_names_the_rule_that_was_broken_and_no_value(runtime: Runtime) -> None:
    team(runtime, CANARY)
    with pytest.raises(IntegrityError) as broken:
        team(runtime, CANARY)
    told = "".join(traceback.format_exception(broken.value))
    assert CANARY not in told
    assert "team" in str(broken.value)


def test_no_fault_of_the_database_quotes_what_it_was_given(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        db.insert_ignore(session, Job, [job_row()])
    for statement in (
        "INSERT INTO team (id, name) VALUES (NULL, :value)",  # PostgreSQL would quote the whole row
        "INSERT INTO form_key (key_hash, outcome, at) VALUES (NULL, :value, NULL)",
        "UPDATE job SET state = :value",
        "UPDATE job SET attempts = CAST(CAST(:value AS text) AS integer) / nothing",
        *(["SELECT CAST(CAST(:value AS text) AS integer)"] if is_postgresql(runtime) else []),
    ):
        with pytest.raises(DBAPIError) as broken, runtime.database.write() as session:
            session.execute(sa.text(statement), {"value": CANARY})
        assert CANARY not in "".join(traceback.format_exception(broken.value)), statement


def is_postgresql(runtime: Runtime) -> bool:
    return runtime.database.engine.dialect.name == "postgresql"  # SQLite takes anything for a number


def test_rows_that_are_there_already_are_left_out_and_not_counted(runtime: Runtime) -> None:
    row = job_row()
    with runtime.database.write() as session:
        assert db.insert_ignore(session, Job, [row, job_row("two")]) == 2
        assert db.insert_ignore(session, Job, [{**row, "id": db.new_id()}, job_row("three")]) == 1
        assert db.insert_ignore(session, Job, []) == 0


def job_row(key: str = "one") -> dict[str, object]:
    counts = dict.fromkeys(("attempts", "done", "total"), 0)
    return {"id": db.new_id(), "kind": "x", "key": key, "args": {}, "state": "waiting", "run_after": db.now(), **counts}

"""What is still on its way is found by an index over that alone, however much has gone out in all the years."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import Session

from portal import db
from portal.cases import posting
from portal.people import closing, contact_changes
from portal.people.models import Staff
from portal.people.seat_models import HandOver
from portal.runtime import Runtime
from tests.client import enter_family, enter_staff
from tests.judge import counting


def look_at_paper(_runtime: Runtime) -> Callable[[Session], object]:
    return posting.waiting


def stop_mail(runtime: Runtime) -> Callable[[Session], object]:
    family = enter_family(runtime)
    return lambda session: contact_changes.stop(session, family.person_id, ["email"])


def close_seat(runtime: Runtime) -> Callable[[Session], object]:
    worker = enter_staff(runtime)
    row = HandOver(staff_id=worker.id, why="closed", asked_by="system", asked_at=db.now())
    with runtime.database.write() as session:
        session.get_one(Staff, worker.id).disabled_at = db.now()
    return lambda session: closing.end_access(session, row, now=db.now())


@pytest.mark.parametrize(
    ("doing", "index"),
    [
        (look_at_paper, "ix_posted_open"),
        (stop_mail, "ix_outbox_open_person"),
        (close_seat, "ix_outbox_open_staff"),
    ],
)
def test_what_is_still_open_is_found_by_its_own_index(
    runtime: Runtime, doing: Callable[[Runtime], Callable[[Session], object]], index: str
) -> None:
    act, engine = doing(runtime), runtime.database.engine
    with counting(engine) as counted, runtime.database.write() as session:
        act(session)
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL chooses its plan by the number of rows: a small database says nothing there
    table = index.split("_")[1]
    with engine.connect() as connection:
        plans = [
            row[-1]
            for sql, values in counted.statements
            if f"FROM {table} " in sql or f"UPDATE {table}" in sql
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
        ]
    assert any(f"USING INDEX {index}" in plan or f"USING COVERING INDEX {index}" in plan for plan in plans), plans

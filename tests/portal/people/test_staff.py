"""Accounts of staff."""

import pytest
from sqlmodel import Session

from portal import db
from portal.people import sessions, staff
from portal.people.models import Staff
from portal.people.staff import PasswordRefused
from portal.runtime import Runtime
from tests.client import PASSWORD, enter_staff


@pytest.mark.parametrize(
    ("password", "good"),
    [
        ("four plain words here", True),
        ("x" * 10 + "abcd", False),
        ("robin.vale@example.org", False),
        ("a" * 20, False),
        ("ab cd ef gh ij " * 9, False),
        ("ŷŵ ôê îâ ûáé 15 long", True),
    ],
)
def test_a_password_is_long_and_nothing_else_is_asked_of_it(password: str, good: bool) -> None:
    if good:
        staff.check_new_password(password, "robin.vale@example.org")
    else:
        with pytest.raises(PasswordRefused):
            staff.check_new_password(password, "robin.vale@example.org")


def recognised(session: Session, runtime: Runtime, email: str, password: str) -> bool:
    return staff.recognise(session, email, password, pepper=runtime.settings.secrets.pepper).right


def test_the_right_password_alone_is_recognised(runtime: Runtime) -> None:
    worker = enter_staff(runtime)
    with runtime.database.read() as session:
        assert recognised(session, runtime, worker.email.upper(), PASSWORD)
        assert not recognised(session, runtime, worker.email, PASSWORD + " ")
        assert not recognised(session, runtime, worker.email, PASSWORD.upper())
        assert not recognised(session, runtime, "nobody@example.org", PASSWORD)
        assert not recognised(session, runtime, "nobody@example.org", "no account has this hash")


def test_a_stolen_table_without_the_pepper_recognises_nobody(runtime: Runtime) -> None:
    worker = enter_staff(runtime)
    with runtime.database.read() as session:
        assert not staff.recognise(session, worker.email, PASSWORD, pepper=b"another pepper" * 3).right


def test_closing_an_account_ends_its_sessions_at_once(runtime: Runtime) -> None:
    worker, now = enter_staff(runtime), db.now()
    with runtime.database.write() as session:
        cookie = sessions.start(session, "staff", worker.id, now=now, second_factor_at=now)
    with runtime.database.write() as session:
        staff.disable(session, worker.id, by="system", now=now)
    with runtime.database.read() as session:
        assert sessions.find(session, "staff", cookie, now=now) is None
        assert not recognised(session, runtime, worker.email, PASSWORD)


def test_name_and_address_are_sealed(runtime: Runtime) -> None:
    worker = enter_staff(runtime)
    with runtime.database.read() as session:
        rows = repr(session.connection().exec_driver_sql("SELECT * FROM staff").all())
        account = session.get(Staff, worker.id)
        assert account
        assert staff.name_of(session, account) == "Sam Field"
    assert "Sam" not in rows
    assert worker.email not in rows

"""Accounts of staff."""

import datetime
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlmodel import Session

from portal import db
from portal.people import breached, sessions, staff
from portal.people.models import Staff
from portal.people.staff import PasswordRefused
from portal.runtime import Runtime
from portal.settings import Settings, SettingsError
from tests.client import PASSWORD, client_for, enter_staff, runtime_of, sign_in
from tests.judge import JudgingClient, Page


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


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "PasswordPassword1!",
        "Example Council 2026",
        "example.council.records.2026",
        "qwertyuiop asdfghjkl",
        "WelcomeWelcome123",
        "January2026February",
    ],
)
@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_without_a_list_well_known_words_and_the_authoritys_own_are_refused(settings: Settings, password: str) -> None:
    with pytest.raises(PasswordRefused):
        staff.check_new_password(password, "robin.vale@example.org", settings)


def test_every_line_of_a_list_of_breaches_is_found_and_nothing_else(tmp_path: Path) -> None:
    file, listed = tmp_path / "breached.txt", [f"stolen password number {n}" for n in range(200)]
    hashes = sorted(hashlib.sha1(one.encode()).hexdigest().upper() for one in listed)
    for ends in ("\n", "\r\n"):
        file.write_bytes("".join(f"{one}:{n * 997}{ends}" for n, one in enumerate(hashes)).encode())
        assert all(breached.is_listed(one, file) for one in listed)
        assert not any(breached.is_listed(f"{one}!", file) for one in listed)
    file.write_bytes(f"{hashes[0]}:1".encode())  # one line, and no end to it
    assert [breached.is_listed(one, file) for one in listed].count(True) == 1
    file.write_bytes(b"")
    assert not breached.is_listed(listed[0], file)


def test_a_breached_password_is_refused_and_a_list_that_cannot_be_read_stops_the_portal(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "breached.txt"
    file.write_text(f"{hashlib.sha1(PASSWORD.encode()).hexdigest().upper()}:3\n")
    with pytest.raises(PasswordRefused, match="stolen"):
        staff.check_new_password(PASSWORD, "a@example.org", replace(settings, breached_passwords_file=str(file)))
    environ = {"PORTAL_INSTANCE": str(settings.instance), "BREACHED_PASSWORDS_FILE": str(tmp_path / "none.txt")}
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings.load(environ)


OTHER = "five other words entirely new"


def change(client: JudgingClient, expect: int = 303, **typed: str) -> Page:
    typed = {"present": PASSWORD, "new": OTHER, "again": OTHER, **typed}
    return client.submit(client.get("/staff/password"), typed, expect)


def test_a_password_is_changed_by_whoever_knows_the_present_one(app: Flask, runtime: Runtime) -> None:
    client, elsewhere, who = client_for(app), client_for(app), enter_staff(runtime_of(app))
    for one in (elsewhere, client):
        sign_in(one, "staff", who.id)
    assert change(client, 400, present="not the right one at all").errors == ["This is not your present password"]
    assert change(client, 400, again="another one").errors == ["The two new passwords are not the same"]
    assert "15 characters" in change(client, 400, new="short", again="short").errors[0]
    page = change(client, 400, new="Example Council 2026", again="Example Council 2026")
    assert page.errors == ["This password is too easy to guess. Choose another."]
    assert "Example Council 2026" not in page.html
    assert "signed out everywhere else" in client.follow(change(client)).text
    assert elsewhere.get("/staff/passkeys", 303).location.startswith("/staff/sign-in?")
    with runtime.database.read() as session:
        assert recognised(session, runtime_of(app), who.email, OTHER)
        assert not recognised(session, runtime_of(app), who.email, PASSWORD)


def test_a_password_is_changed_with_a_fresh_second_factor_and_in_few_tries(app: Flask) -> None:
    client, who = client_for(app), enter_staff(runtime_of(app))
    sign_in(client, "staff", who.id, ago=datetime.timedelta(minutes=6))
    assert client.get("/staff/password", 303).location.startswith("/staff/sign-in/code")
    now = db.now()
    with time_machine.travel(now.replace(minute=now.minute // 15 * 15, second=30)):
        sign_in(client, "staff", who.id)
        for _n in range(10):
            change(client, 400, present="a guess")
        change(client, 429)


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

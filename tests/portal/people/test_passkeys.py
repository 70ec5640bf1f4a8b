"""A passkey signs what this session was given, here, once; and some roles get in with nothing less."""

from __future__ import annotations

import datetime
import json

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import db
from portal.people import factors, passkeys
from portal.people.models import Factor, PasskeyChallenge
from portal.runtime import Runtime
from tests.authenticator import Authenticator, asked
from tests.client import PASSWORD, Worker, client_for, code_of, enter_staff, runtime_of, sign_in
from tests.judge import JudgingClient, Page

MINUTE = datetime.timedelta(minutes=1)
SIGN_IN, FIRST, NEW, OWN = "/staff/sign-in/passkey", "/staff/passkeys/first", "/staff/passkeys/new", "/staff/passkeys"


@pytest.fixture
def ines(runtime: Runtime) -> Worker:
    return enter_staff(runtime, role="approver")


@pytest.fixture
def sam(runtime: Runtime) -> Worker:
    return enter_staff(runtime)


def device(app: Flask, **more: object) -> Authenticator:
    return Authenticator(runtime_of(app).settings.staff_url, **more)  # type: ignore[arg-type]


def password_in(client: JudgingClient, who: Worker) -> Page:
    """With address and password; answers with what is asked for next."""
    client.submit(client.get("/staff/sign-in"), {"email": who.email, "password": PASSWORD})
    return client.get("/staff/sign-in/code", 303 if has_passkey(client.app, who) else 200)


def has_passkey(app: Flask, who: Worker) -> bool:
    with runtime_of(app).database.read() as session:
        return "passkey" in factors.kinds(session, "staff", who.id) and who.role != "caseworker"


def made_first(client: JudgingClient, who: Worker, key: Authenticator) -> Page:
    """The first hour of an account that needs a passkey; answers with where it leads."""
    client.submit(password_in(client, who), {"code": code_of(who.secret)})
    page = client.submit(client.get(FIRST), {"name": "Desk"}, 200)
    return client.submit(page, {"answer": key.makes(asked(page))})


def begun(client: JudgingClient, path: str = SIGN_IN) -> Page:
    """The page with a challenge, once the button was pressed."""
    return client.submit(client.get(path), expect=200)


def test_with_a_code_an_approver_gets_as_far_as_making_a_passkey_and_then_works(app: Flask, ines: Worker) -> None:
    client, key = client_for(app), device(app)
    client.submit(password_in(client, ines), {"code": code_of(ines.secret)})
    for path in ("/staff/", "/staff/statistics", OWN, NEW):
        assert client.get(path, 303).location == FIRST
    page = client.submit(client.get(FIRST), {"name": "The key on my desk"}, 200)
    told = asked(page)
    assert told["authenticatorSelection"]["userVerification"] == "required"
    assert "Ines" not in page.html and ines.email not in page.html
    assert client.submit(page, {"answer": key.makes(told)}).location == "/staff/"
    assert "The passkey is made" in client.get("/staff/").text
    shown = client.get(OWN).text
    assert "The key on my desk" in shown
    assert "Not used since" in shown


def test_an_approver_comes_back_with_the_passkey_and_with_nothing_less(app: Flask, ines: Worker) -> None:
    key = device(app)
    made_first(client_for(app), ines, key)
    client = client_for(app)
    assert password_in(client, ines).location == SIGN_IN
    page = begun(client)
    client.post("/staff/sign-in/code", {"code": code_of(ines.secret, ahead=1)})
    assert client.get("/staff/", 303).location.startswith("/staff/sign-in/code")
    assert client.submit(page, {"answer": key.shows(asked(page))}).location == "/staff/"
    assert "Last used" in client.get(OWN).text


def test_a_passkey_is_shown_again_before_an_act_that_needs_it_fresh(app: Flask, ines: Worker) -> None:
    client, key = client_for(app), device(app)
    made_first(client, ines, key)
    with time_machine.travel(db.now() + 6 * MINUTE):
        assert client.get(OWN, 303).location == "/staff/sign-in/code?next=%2Fstaff%2Fpasskeys"
        assert (
            client.get("/staff/sign-in/code?next=/staff/passkeys", 303).location
            == f"{SIGN_IN}?next=%2Fstaff%2Fpasskeys"
        )
        page = begun(client, f"{SIGN_IN}?next=/staff/passkeys")
        assert client.submit(page, {"answer": key.shows(asked(page))}).location == OWN
        client.get(OWN)


def test_after_the_first_hour_a_code_makes_no_passkey(app: Flask, runtime: Runtime, ines: Worker) -> None:
    with time_machine.travel(db.now() + 61 * MINUTE):
        client = client_for(app)
        client.submit(password_in(client, ines), {"code": code_of(ines.secret)})
        assert "new invitation" in client.get(FIRST).text
        client.post(FIRST, {"name": "Late"}, 200)
    assert count(runtime, PasskeyChallenge) == 0


@pytest.mark.parametrize("role", ["approver", "auditor", "administrator"])
def test_a_session_begun_with_a_code_is_nobodys_where_a_passkey_is_needed(app: Flask, role: str) -> None:
    client, who = client_for(app), enter_staff(runtime_of(app), role=role)
    sign_in(client, "staff", who.id, by="totp")
    assert client.get("/staff/bodies" if role == "administrator" else "/staff/", 303).location == FIRST


def test_a_caseworker_may_use_code_or_passkey(app: Flask, sam: Worker) -> None:
    client, key = client_for(app), device(app)
    client.submit(password_in(client, sam), {"code": code_of(sam.secret)})
    page = client.submit(client.get(NEW), {"name": ""}, 200)
    assert client.submit(page, {"answer": key.makes(asked(page))}).location == OWN
    again = client_for(app)
    assert "Use your passkey instead" in password_in(again, sam).text
    page = begun(again)
    assert "Use a code from your app instead" in page.text
    assert again.submit(page, {"answer": key.shows(asked(page))}).location == "/staff/"


def spoilt(fault: str, app: Flask, page: Page, key: Authenticator) -> str:
    """An answer that is wrong in one way."""
    options = asked(page)
    if fault == "another challenge":
        return key.shows({**options, "challenge": "A" * 43})
    if fault == "another address":
        key.origin = "https://records.example.net"
    if fault == "another party":
        return key.shows({**options, "rpId": "example.net"})
    if fault == "nobody verified":
        key.verified = False
    if fault == "an old count":
        return key.shows(options, counter=0)
    if fault == "another key":
        return device(app, credential=key.credential).shows(options)
    if fault == "a stranger's passkey":
        return device(app).shows(options)
    return {"not JSON": "{", "a number": "7", "empty parts": json.dumps({"id": "", "rawId": "", "response": {}})}.get(
        fault
    ) or key.shows(options)


@pytest.mark.parametrize(
    "fault",
    [
        "another challenge",
        "another address",
        "another party",
        "nobody verified",
        "an old count",
        "another key",
        "a stranger's passkey",
        "not JSON",
        "a number",
        "empty parts",
    ],
)
@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_an_answer_that_is_wrong_in_one_way_opens_nothing_and_burns_the_challenge(
    app: Flask, ines: Worker, fault: str
) -> None:
    key = device(app, counter=3)
    made_first(client_for(app), ines, key)
    client = client_for(app)
    password_in(client, ines)
    page = begun(client)
    good = key.shows(asked(page))
    assert "could not check" in client.submit(page, {"answer": spoilt(fault, app, page, key)}, 400).text
    client.submit(page, {"answer": good}, 400)
    assert client.get("/staff/", 303).location.startswith("/staff/sign-in/code")


def test_an_answer_counts_once_in_its_own_session_and_for_five_minutes(app: Flask, ines: Worker) -> None:
    key, first, other = device(app), client_for(app), client_for(app)
    made_first(client_for(app), ines, key)
    for client in (first, other):
        password_in(client, ines)
    page, elsewhere = begun(first), begun(other)
    answer = key.shows(asked(page))
    other.submit(elsewhere, {"answer": answer}, 400)
    with time_machine.travel(db.now() + 5 * MINUTE - datetime.timedelta(seconds=10)):
        assert first.submit(page, {"answer": answer}).location == "/staff/"
    late = client_for(app)
    password_in(late, ines)
    page = begun(late)
    with runtime_of(app).database.write() as session:
        session.execute(sa.update(PasskeyChallenge).values(expires_at=db.now()))
    late.submit(page, {"answer": key.shows(asked(page))}, 400)


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "fault", ["another challenge", "another address", "another party", "nobody verified", "not JSON"]
)
def test_a_passkey_made_elsewhere_or_by_nobody_is_not_kept(
    app: Flask, runtime: Runtime, ines: Worker, fault: str
) -> None:
    client, key = client_for(app), device(app)
    client.submit(password_in(client, ines), {"code": code_of(ines.secret)})
    page = client.submit(client.get(FIRST), {"name": "Desk"}, 200)
    options = asked(page)
    if fault == "another challenge":
        options["challenge"] = "A" * 43
    if fault == "another address":
        key.origin = "https://records.example.net"
    if fault == "another party":
        options["rp"]["id"] = "example.net"
    if fault == "nobody verified":
        key.verified = False
    client.submit(page, {"answer": "{" if fault == "not JSON" else key.makes(options)}, 400)
    assert client.get("/staff/", 303).location == FIRST
    with runtime.database.read() as session:
        assert passkeys.all_of(session, "staff", ines.id) == []


def test_one_passkey_belongs_to_one_account(app: Flask, runtime: Runtime, ines: Worker, sam: Worker) -> None:
    client, key = client_for(app), device(app)
    made_first(client_for(app), ines, key)
    sign_in(client, "staff", sam.id)
    page = client.submit(client.get(NEW), {"name": "Taken"}, 200)
    client.submit(page, {"answer": key.makes(asked(page))}, 400)
    with runtime.database.read() as session:
        assert passkeys.all_of(session, "staff", sam.id) == []


def test_the_last_passkey_of_an_approver_stays_and_an_ended_one_opens_nothing(
    app: Flask, runtime: Runtime, ines: Worker
) -> None:
    client, old, new = client_for(app), device(app), device(app)
    made_first(client, ines, old)
    client.submit(client.get(OWN))
    assert "Make another one first" in client.get(OWN).text
    page = client.submit(client.get(NEW), {"name": "Spare"}, 200)
    assert [one["id"] for one in asked(page)["excludeCredentials"]] == [json.loads(old.makes(asked(page)))["id"]]
    client.submit(page, {"answer": new.makes(asked(page))})
    client.submit(client.get(OWN))  # the first of the two
    again = client_for(app)
    password_in(again, ines)
    page = begun(again)
    again.submit(page, {"answer": old.shows(asked(page))}, 400)
    page = begun(again)
    again.submit(page, {"answer": new.shows(asked(page))})
    with runtime.database.read() as session:
        ended = session.execute(sa.select(Factor.credential_blind).where(sa.column("ended_at").is_not(None))).all()  # type: ignore[call-overload]
        assert {blind for (blind,) in ended} == {None}


def test_nobody_ends_a_colleagues_passkey(app: Flask, runtime: Runtime, ines: Worker, sam: Worker) -> None:
    made_first(client_for(app), ines, device(app))
    with runtime.database.read() as session:
        theirs = passkeys.all_of(session, "staff", ines.id)[0]
    client = client_for(app)
    sign_in(client, "staff", sam.id)
    client.get(NEW)
    client.post(f"{OWN}/{theirs.id}/end", {}, 404)


def test_a_passkey_is_sealed(app: Flask, runtime: Runtime, ines: Worker) -> None:
    key = device(app)
    made_first(client_for(app), ines, key)
    with runtime.database.read() as session:
        rows = repr(session.connection().exec_driver_sql("SELECT * FROM factor").all())
    assert key.credential.hex() not in rows
    assert "Desk" not in rows


def count(runtime: Runtime, table: type) -> int:
    with runtime.database.read() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())

"""Staff come in by the directory, against a real provider: the right person, with two factors, shown lately."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import create_app, db
from portal.people import identities, invitations, openid, sessions
from portal.people.models import SignInSession
from portal.people.openid import SignedIn
from portal.runtime import Runtime
from portal.settings import Settings
from tests.client import Worker, client_for, enter_staff, runtime_of, sign_in
from tests.judge import JudgingClient, Page
from tests.openid_provider import CLIENT_ID, Directory, asked_of, running, settings_for

SAM = "sam-0001"


@pytest.fixture(scope="module")
def directory() -> Iterator[Directory]:
    with running() as there:
        yield there


@pytest.fixture
def house(settings: Settings, directory: Directory) -> Iterator[Flask]:
    made = create_app(replace(settings, **settings_for(settings.instance, directory.issuer)))
    yield made
    runtime_of(made).close()


@pytest.fixture
def runtime(house: Flask) -> Runtime:
    return runtime_of(house)


@pytest.fixture
def sam(runtime: Runtime, directory: Directory) -> Worker:
    """A caseworker who comes in by the directory."""
    worker = enter_staff(runtime)
    link(runtime, worker.id, directory.issuer, SAM)
    return worker


def link(runtime: Runtime, holder: uuid.UUID, issuer: str, subject: str) -> None:
    with runtime.database.write() as session:
        assert identities.link(session, "staff", holder, SignedIn(issuer, subject, db.now(), True), now=db.now())


def start(client: JudgingClient, page: Page | None = None) -> str:
    """Presses the button; the address at the directory to which it leads."""
    page = page or client.get("/staff/sign-in")
    forms = [form for form in page.forms() if "/staff/openid" in (form.get("action") or "")]
    token = next(one.get("value") for one in forms[0].iter("input") if one.get("name") == "csrf_token")
    going = client.post(str(forms[0].get("action")), {"csrf_token": token}, 200)
    return str(next(one.get("href") for one in going.all("a") if one.get("rel") == "noreferrer"))


def come_in(client: JudgingClient, directory: Directory, subject: str = SAM, expect: int = 303) -> Page:
    back = directory.signs_in(start(client), subject)
    return client.submit(client.get(back), expect=expect)


def count(runtime: Runtime, table: type, **which: object) -> int:
    with runtime.database.read() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table).filter_by(**which)).scalar_one())


def refusals(runtime: Runtime) -> list[str]:
    with runtime.database.read() as session:
        rows = session.execute(sa.text("SELECT body FROM log WHERE act = 'sign_in_openid' ORDER BY at"))
        return re.findall(r'"reason":"([a-z_]*)"', b" ".join(bytes(row.body) for row in rows).decode())


def test_a_caseworker_comes_in_by_the_directory(
    house: Flask, runtime: Runtime, directory: Directory, sam: Worker
) -> None:
    directory.knows(SAM)
    client = client_for(house)
    asked = asked_of(start(client))
    assert asked["response_type"] == "code"
    assert asked["client_id"] == CLIENT_ID
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://127.0.0.1:5000/staff/openid/return"
    assert len(asked["state"]) >= 43
    assert len(asked["nonce"]) >= 43
    assert asked["max_age"] == "28800"
    come_in(client, directory)
    assert client.get("/staff/").h1
    assert count(runtime, SignInSession, holder_id=sam.id) == 1


def test_opening_the_return_ten_times_uses_nothing_up(house: Flask, directory: Directory, sam: Worker) -> None:
    directory.knows(SAM)
    client = client_for(house)
    back = directory.signs_in(start(client), SAM)
    for _n in range(10):
        assert client.get(back).commits == 0
    client.submit(client.get(back))
    assert client.submit(client.get(back), expect=403).h1 == "You were not signed in"


def test_twenty_returns_at_once_begin_one_session(
    house: Flask, runtime: Runtime, directory: Directory, sam: Worker
) -> None:
    directory.knows(SAM)
    client = client_for(house)
    page = client.get(directory.signs_in(start(client), SAM))
    cookie = client.client.get_cookie("form", domain="127.0.0.1")
    assert cookie

    def press(_n: int) -> int:
        twin = house.test_client()
        twin.set_cookie("form", cookie.value, domain="127.0.0.1")
        return twin.post(page.action(), data=page.answers(), base_url=client.base_url).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(press, range(20)))
    assert answers == [303] + [403] * 19
    assert count(runtime, SignInSession) == 1


def test_in_another_browser_a_return_is_worth_nothing(
    house: Flask, runtime: Runtime, directory: Directory, sam: Worker
) -> None:
    directory.knows(SAM)
    mine, other = client_for(house), client_for(house)
    back = directory.signs_in(start(mine), SAM)
    start(other)
    other.submit(other.get(back), expect=403)
    assert refusals(runtime) == ["state"]


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"nonce": "another"}, "nonce"),
        ({"iss": "http://127.0.0.1:1/liar"}, "iss"),
        ({"aud": "another-client"}, "aud"),
        ({"aud": ["portal", "another-client"]}, "azp"),
        ({"exp": 1_700_000_000}, "exp"),
        ({"auth_time": int(time.time()) - 9 * 3600}, "auth_time"),
        ({"auth_time": int(time.time()) + 86_400}, "auth_time"),
        ({"auth_time": "yesterday"}, "auth_time"),
        ({"amr": None}, "factors"),
        ({"amr": ["pwd"]}, "factors"),
        ({"amr": "mfa"}, "amr"),
    ],
)
@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_token_that_says_anything_wrong_opens_nothing(
    house: Flask, runtime: Runtime, directory: Directory, sam: Worker, claims: dict[str, object], why: str
) -> None:
    directory.knows(SAM, **claims)
    client = client_for(house)
    assert "Nothing was opened" in come_in(client, directory, expect=403).text
    assert client.get("/staff/", 303).location.startswith("/staff/sign-in")
    assert refusals(runtime) == [why]


def test_nobody_comes_in_by_their_address(house: Flask, runtime: Runtime, directory: Directory) -> None:
    worker = enter_staff(runtime)
    directory.knows("a-stranger", email=worker.email, email_verified=True)
    come_in(client_for(house), directory, "a-stranger", expect=403)
    assert refusals(runtime) == ["account"]


def test_a_closed_seat_stays_closed(house: Flask, runtime: Runtime, directory: Directory, sam: Worker) -> None:
    from portal.people import staff

    directory.knows(SAM)
    with runtime.database.write() as session:
        staff.disable(session, sam.id, by="system", now=db.now())
    come_in(client_for(house), directory, expect=403)


def test_the_first_link_is_made_from_an_invitation_and_from_nothing_else(
    house: Flask, runtime: Runtime, directory: Directory
) -> None:
    from portal.people import cards, seats

    directory.knows("newcomer")
    new = cards.new_card(runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        asked = seats.Asked("Noor Ash", "noor.ash@example.org", "caseworker", None, None, None)
        made = seats.make(session, asked, by=None)
        invitations.on_paper(session, made.id, new, now=db.now())
    client = client_for(house)
    come_in(client, directory, "newcomer", expect=403)
    choose = client.follow(client.submit(client.get("/staff/invitation"), {"number": new.number, "words": new.words}))
    assert "noor.ash@example.org" in choose.text
    back = directory.signs_in(start(client, choose), "newcomer")
    client.submit(client.get(back))
    again = client_for(house)
    come_in(again, directory, "newcomer")
    assert count(runtime, SignInSession, holder_id=made.id) == 1
    dead = client_for(house)
    dead.submit(dead.get("/staff/invitation"), {"number": new.number, "words": new.words}, 400)


def test_an_old_sign_in_there_is_no_fresh_factor_here_until_it_is_shown_anew(
    house: Flask, runtime: Runtime, directory: Directory, sam: Worker
) -> None:
    directory.knows(SAM, auth_time=int(time.time()) - 3600)
    with runtime.database.write() as session:
        session.execute(sa.text("UPDATE staff SET role = 'administrator'"))
    client = client_for(house)
    come_in(client, directory)
    code_page = client.follow(client.get("/staff/seats/new", 303))
    url = start(client, code_page)
    assert asked_of(url)["prompt"] == "login"
    assert asked_of(url)["max_age"] == "0"
    client.submit(client.get(directory.signs_in(url, SAM)), expect=403)  # the directory did not ask anew
    directory.knows(SAM)
    url = start(client, client.get("/staff/sign-in/code?next=/staff/seats/new"))
    assert client.submit(client.get(directory.signs_in(url, SAM))).location == "/staff/seats/new"
    assert client.get("/staff/seats/new").h1 == "Make a seat"


def test_while_the_directory_is_away_the_local_way_stays(settings: Settings) -> None:
    gone = settings_for(settings.instance, "http://127.0.0.1:9")
    app = create_app(replace(settings, **gone))
    client = client_for(app)
    page = client.get("/staff/sign-in")
    form = next(form for form in page.forms() if "/staff/openid" in (form.get("action") or ""))
    token = next(one.get("value") for one in form.iter("input") if one.get("name") == "csrf_token")
    away = client.post("/staff/openid", {"csrf_token": token}, 503)
    assert away.h1 == "The sign-in does not answer"
    assert "sign in with it" in away.text
    runtime_of(app).close()


def test_where_passwords_are_off_none_is_asked_for_or_taken(settings: Settings, directory: Directory) -> None:
    app = create_app(replace(settings, staff_passwords=False, **settings_for(settings.instance, directory.issuer)))
    worker, client = enter_staff(runtime_of(app)), client_for(app)
    page = client.get("/staff/sign-in")
    assert not page.all("input", name="password")
    token = page.all("input", name="csrf_token")[0].get("value")
    told = {"csrf_token": token, "email": worker.email, "password": worker.password, "form_key": "k" * 32}
    client.post("/staff/sign-in", told, 200)
    assert count(runtime_of(app), SignInSession) == 0
    runtime_of(app).close()


def test_without_a_directory_the_sign_in_page_says_nothing_of_one(app: Flask) -> None:
    assert "Sign in with" not in client_for(app).get("/staff/sign-in").text


def test_a_live_session_of_the_directory_is_one_session_here(
    house: Flask, runtime: Runtime, directory: Directory, sam: Worker
) -> None:
    directory.knows(SAM)
    first, second = client_for(house), client_for(house)
    come_in(first, directory)
    come_in(second, directory)
    assert first.get("/staff/", 303).location.startswith("/staff/sign-in")
    assert "signed in somewhere else" in second.get("/staff/").text


def test_whoever_is_signed_in_shows_their_own_factor_and_no_other(
    house: Flask, runtime: Runtime, directory: Directory, sam: Worker
) -> None:
    other = enter_staff(runtime, email="kit@example.org")
    link(runtime, other.id, directory.issuer, "kit-0002")
    directory.knows("kit-0002")
    client = client_for(house)
    sign_in(client, "staff", sam.id)
    url = start(client, client.get("/staff/sign-in/code"))
    client.submit(client.get(directory.signs_in(url, "kit-0002")), expect=403)
    assert count(runtime, SignInSession, holder_id=other.id) == 0


def test_the_secret_is_in_no_word_that_is_printed(house: Flask) -> None:
    client = openid.client_of(runtime_of(house).settings, "staff")
    assert "a secret of the tests" not in repr(client)
    assert sessions

"""A family makes a passkey while it asks, or after it has shown who it is, and never after a link alone."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import replace

import pytest
import time_machine
from flask import Flask
from sqlmodel import select

from portal import db
from portal.cases.models import Case
from portal.people import factors, passkeys
from portal.people.models import OutboxMessage
from portal.settings import Settings
from tests.authenticator import Authenticator, asked
from tests.client import client_for, enter_family, link_in, mails, runtime_of, sign_in
from tests.judge import JudgingClient, Page
from tests.portal.requester.asking import CHILD, begin, go_on, name_of

WITH_PASSKEY = {**CHILD, "second-step": {"way": "passkey"}}
OWN, SHOW = "/my/passkeys", "/sign-in/passkey"
HERE = "http://localhost:5000"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Under a name: no browser makes passkeys for a number."""
    return replace(settings, family_url=HERE, staff_url=HERE)


@pytest.fixture
def key() -> Authenticator:
    return Authenticator(HERE)


def asks(client: JudgingClient, key: Authenticator) -> uuid.UUID:
    """A whole request with a passkey made on the way; answers whose it is."""
    page = go_on(client, begin(client), WITH_PASSKEY, until="passkey")
    made = client.submit(page, {"name": "My phone"}, 200)
    client.submit(client.follow(client.submit(made, {"answer": key.makes(asked(made))})))
    with runtime_of(client.app).database.read() as session:
        person_id: uuid.UUID = session.exec(select(Case)).one().requester
    return person_id


def adds(client: JudgingClient, key: Authenticator, name: str = "Tablet") -> Page:
    page = client.submit(client.get(f"{OWN}/new"), {"name": name}, 200)
    return client.submit(page, {"answer": key.makes(asked(page))})


def test_a_passkey_made_while_asking_opens_the_account_in_place_of_a_code(
    visitor: JudgingClient, key: Authenticator
) -> None:
    person_id = asks(visitor, key)
    runtime = runtime_of(visitor.app)
    with runtime.database.read() as session:
        reference = session.exec(select(Case)).one().reference
        assert factors.kinds(session, "family", person_id) == {"passkey"}
    visitor.submit(visitor.get("/sign-in"), {"email": CHILD["reach"]["email"], "reference": reference})
    link = link_in(next(mail for mail in mails(runtime) if "/open/" in mail.get_content()))
    visitor.submit(visitor.get(link))
    page = visitor.get(f"/sign-in/code?next={OWN}", 303)
    assert page.location == f"{SHOW}?next=%2Fmy%2Fpasskeys"
    page = visitor.submit(visitor.get(page.location), expect=200)
    assert visitor.submit(page, {"answer": key.shows(asked(page))}).location == OWN
    shown = visitor.get(OWN).text
    assert "My phone" in shown
    assert "Last used on" in shown


def test_whoever_changes_their_mind_about_the_passkey_gets_none(visitor: JudgingClient, key: Authenticator) -> None:
    page = go_on(visitor, begin(visitor), WITH_PASSKEY, until="passkey")
    made = visitor.submit(page, {"name": ""}, 200)
    visitor.submit(made, {"answer": key.makes(asked(made))})
    page = visitor.follow(visitor.submit(visitor.get("/ask/second-step?change=1"), {"way": "sheet"}))
    visitor.submit(page)
    with runtime_of(visitor.app).database.read() as session:
        assert factors.kinds(session, "family", session.exec(select(Case)).one().requester) == set()


def test_a_passkey_made_in_another_browser_is_not_this_requests(app: Flask, key: Authenticator) -> None:
    mine, other = client_for(app), client_for(app)
    page = mine.submit(go_on(mine, begin(mine), WITH_PASSKEY, until="passkey"), {"name": ""}, 200)
    theirs = other.submit(go_on(other, begin(other), WITH_PASSKEY, until="passkey"), {"name": ""}, 200)
    other.submit(theirs, {"answer": key.makes(asked(page))}, 400)
    assert name_of(other.follow(other.get("/ask/check", 303))) == "passkey"


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_where_the_service_has_only_a_number_no_passkey_is_offered(settings: Settings, app: Flask) -> None:
    client = client_for(app)
    offered = go_on(client, begin(client), WITH_PASSKEY, until="second-step")
    assert [one.get("value") for one in offered.all("input", name="way")] == ["app", "passkey", "sheet"]
    app.extensions["portal"] = replace(
        runtime_of(app),
        settings=replace(settings, family_url="http://127.0.0.1:5000", staff_url="http://127.0.0.1:5000"),
    )
    offered = client.get("/ask/second-step")
    assert [one.get("value") for one in offered.all("input", name="way")] == ["app", "sheet"]


def test_a_link_alone_makes_no_passkey_and_a_stale_factor_none_either(app: Flask) -> None:
    client, who = client_for(app), enter_family(runtime_of(app))
    for state in ({"second_factor": False}, {"ago": datetime.timedelta(minutes=6)}):
        sign_in(client, "family", who.person_id, **state)  # type: ignore[arg-type]
        for path in (OWN, f"{OWN}/new"):
            assert client.get(path, 303).location.startswith("/sign-in/code")


def test_a_passkey_added_later_is_used_beside_the_code_and_ended_again(app: Flask, key: Authenticator) -> None:
    client, who = client_for(app), enter_family(runtime_of(app))
    sign_in(client, "family", who.person_id)
    assert {OWN, "/reach"} <= {one.get("href") for one in client.get("/my").all("a")}
    assert adds(client, key).location == OWN
    thin = client_for(app)
    sign_in(thin, "family", who.person_id, second_factor=False)
    assert "Use your passkey instead" in thin.get("/sign-in/code").text
    page = thin.submit(thin.get(SHOW), expect=200)
    assert "Use a code instead" in page.text
    thin.submit(page, {"answer": key.shows(asked(page))})
    thin.submit(thin.get(OWN))
    with runtime_of(app).database.read() as session:
        assert passkeys.all_of(session, "family", who.person_id) == []
        told = session.exec(select(OutboxMessage).where(OutboxMessage.template == "way_in")).all()
        assert [one.person_id for one in told] == [who.person_id] * 2  # when it was made, and when it ended


def test_the_only_way_to_show_who_one_is_stays(visitor: JudgingClient, key: Authenticator) -> None:
    person_id = asks(visitor, key)
    sign_in(visitor, "family", person_id)
    visitor.submit(visitor.get(OWN))
    assert "is the only way" in visitor.get(OWN).text
    spare = Authenticator(HERE)
    adds(visitor, spare)
    visitor.submit(visitor.get(OWN))
    with runtime_of(visitor.app).database.read() as session:
        assert [one.name for one in passkeys.all_of(session, "family", person_id)] == ["Tablet"]


def test_a_sheet_without_codes_is_no_other_way(visitor: JudgingClient, key: Authenticator) -> None:
    person_id, runtime = asks(visitor, key), runtime_of(visitor.app)
    sheet = factors.new_sheet(runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        factors.give_sheet(session, person_id, sheet, now=db.now())
        [given] = factors.live(session, "family", person_id, "code_sheet")
        for number in range(1, 21):
            factors.use_code(session, given.id, number, now=db.now())
    sign_in(visitor, "family", person_id)
    visitor.submit(visitor.get(OWN))
    assert "is the only way" in visitor.get(OWN).text


def test_ten_wrong_answers_and_even_the_right_one_waits(app: Flask, key: Authenticator) -> None:
    client, who = client_for(app), enter_family(runtime_of(app))
    sign_in(client, "family", who.person_id)
    adds(client, key)
    now = db.now()
    with time_machine.travel(now.replace(minute=now.minute // 15 * 15, second=30)):
        sign_in(client, "family", who.person_id, second_factor=False)
        for _n in range(10):
            client.submit(client.submit(client.get(SHOW), expect=200), {"answer": "{}"}, 400)
        page = client.submit(client.get(SHOW), expect=200)
        client.submit(page, {"answer": key.shows(asked(page))}, 429)

"""How we may reach you, at the family's door: what stops at once, what waits, the screen for when somebody looks."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlmodel import select

from portal import db, gate, jobs
from portal.cases.models import Case
from portal.people import contact, contact_changes, sessions
from portal.people import watched as watching
from portal.people.contact_models import ContactChange
from portal.people.models import Person, SignInSession
from portal.vault import vault_of
from tests.client import EMAIL, client_for, code_of, enter_family, mails, runtime_of, sign_in
from tests.judge import JudgingClient
from tests.portal.caseworker.desk import Office
from tests.portal.requester.asking import BY_TELEPHONE, CHILD, begin, go_on, send

NEW = {"email": "robin.new@example.org", "old": "yes"}


def told_of(client: JudgingClient, person_id: uuid.UUID) -> dict[str, Any]:
    with runtime_of(client.app).database.read() as session:
        return vault_of(session).get(session.get_one(Person, person_id))


def test_every_page_about_reaching_somebody_needs_the_second_factor_and_what_opens_a_new_way_a_fresh_one(
    app: Flask,
) -> None:
    rows = [row for row in gate.MATRIX.values() if row.rule.startswith("/reach")]
    assert {row.who for row in rows} == {("family+2",)}
    at_once = {"reach", "stop_reaching", "cancel_new_way", "never_reach"}
    assert {row.endpoint.partition(".")[2] for row in rows if not row.step_up} == at_once
    client, who = client_for(app), enter_family(runtime_of(app))
    sign_in(client, "family", who.person_id, ago=datetime.timedelta(minutes=6))
    client.get("/reach/stop")
    assert "/sign-in/code" in client.get("/reach/new/email", 303).location


def test_a_channel_that_the_person_stops_is_not_used_from_that_moment(family: JudgingClient) -> None:
    page = family.get("/reach")
    assert EMAIL in page.text
    family.submit(family.get("/reach/stop"), {"channels": ["email"], "never": "y"})
    told = told_of(family, family.who.person_id)  # type: ignore[attr-defined]
    assert contact.safe_ways(told) == ()
    assert contact.is_never(told, EMAIL)
    assert EMAIL not in family.get("/cases").text


def test_a_new_address_waits_warns_the_old_one_and_can_be_stopped_from_the_account(family: JudgingClient) -> None:
    who = family.who  # type: ignore[attr-defined]
    family.submit(family.get("/reach/new/email"), NEW)
    [warning] = mails(runtime_of(family.app))
    assert warning["To"] == EMAIL
    assert NEW["email"] not in warning.as_string()
    page = family.get("/reach")
    assert "You gave us something new" in page.text
    assert NEW["email"] not in page.text
    with runtime_of(family.app).database.read() as session:
        assert not session.exec(select(ContactChange)).one().needs_second
    family.submit(page)
    with runtime_of(family.app).database.write() as session:
        change = session.exec(select(ContactChange)).one()
        assert not contact_changes.take_effect(session, change.id, now=db.now() + contact_changes.WAIT)
    assert told_of(family, who.person_id)["email"] == EMAIL


def test_a_new_address_counts_after_three_days_and_not_an_hour_before(family: JudgingClient) -> None:
    family.submit(family.get("/reach/new/email"), NEW)
    almost = contact_changes.WAIT - datetime.timedelta(hours=1)
    with runtime_of(family.app).database.write() as session:
        change = session.exec(select(ContactChange)).one()
        assert not contact_changes.take_effect(session, change.id, now=change.made_at + almost)
        assert not contact_changes.take_effect(session, change.id, now=change.due_at)  # the old one was not warned
    assert len(mails(runtime_of(family.app))) == 1
    with runtime_of(family.app).database.write() as session:
        over = db.now() + contact_changes.WAIT
        assert contact_changes.take_effect(session, change.id, now=over)
        assert not contact_changes.take_effect(session, change.id, now=over)  # once
    assert contact.mail_address(told_of(family, family.who.person_id)) == NEW["email"]  # type: ignore[attr-defined]


def test_where_the_old_address_is_not_safe_it_is_not_warned_and_one_of_us_looks(family: JudgingClient) -> None:
    family.submit(family.get("/reach/new/email"), {**NEW, "old": "no"})
    assert mails(runtime_of(family.app)) == []
    assert "One of us looks at it first" in family.get("/reach").text
    with runtime_of(family.app).database.read() as session:
        assert session.exec(select(ContactChange)).one().needs_second


def test_three_days_count_from_the_warning_where_that_leaves_late(
    family: JudgingClient,
) -> None:
    runtime, who = runtime_of(family.app), family.who  # type: ignore[attr-defined]
    mail = runtime.settings.mail_url
    family.submit(family.get("/reach/new/email"), NEW)
    begun = db.now()
    object.__setattr__(runtime.settings, "mail_url", "")
    for hours, address in ((73, EMAIL), (74, EMAIL), (147, NEW["email"])):
        with time_machine.travel(begun + datetime.timedelta(hours=hours), tick=False):
            jobs.run_all(runtime.database, runtime)
        assert told_of(family, who.person_id)["email"] == address
        object.__setattr__(runtime.settings, "mail_url", mail)  # from the second time on


def test_where_the_warning_may_not_leave_one_of_us_looks(app: Flask) -> None:
    office = Office(app)
    case = office.case(phone="07700 900123", safe_channels=("text",))
    object.__setattr__(office.runtime.settings, "telephone_url", "")
    new = contact_changes.New(("email",), email=NEW["email"])
    with office.runtime.database.write() as session:
        by = f"family:{case.requester.hex}"
        contact_changes.propose(session, case.requester, new, by=by, now=db.now(), case_id=case.id)
    jobs.run_all(office.runtime.database, office.runtime)
    with time_machine.travel(db.now() + contact_changes.WAIT * 2, tick=False):
        jobs.run_all(office.runtime.database, office.runtime)
    with office.runtime.database.read() as session:
        change = session.exec(select(ContactChange)).one()
        assert (change.state, change.needs_second) == ("waiting", True)
    here = f"/staff/cases/{case.reference}/contact"
    client = office.seat().client
    client.submit(client.get(here), form=f"{here}/confirm")
    with office.runtime.database.write() as session:
        assert contact_changes.take_effect(session, change.id, now=db.now() + contact_changes.WAIT)


@pytest.mark.parametrize(
    ("path", "answers", "words"),
    [
        ("email", {"email": EMAIL, "old": "yes"}, "That is how we reach you already"),
        ("phone", {"phone": "0909 1234567", "channels": ["voice"], "old": "yes"}, "Enter a phone number"),
        ("phone", {"phone": "01632 960100", "channels": ["text"], "old": "yes"}, "Enter a phone number"),
        ("address", {"address": "", "old": "yes"}, "Enter your postal address"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    family: JudgingClient, path: str, answers: dict[str, Any], words: str
) -> None:
    assert words in family.submit(family.get(f"/reach/new/{path}"), answers, 400).text


def test_hours_words_and_what_must_never_be_used_are_kept_and_the_word_is_never_shown(family: JudgingClient) -> None:
    wishes = {"hours": ["morning", "weekend"], "may_say": "who", "leave_message": "y", "notes": "Ask for Robin"}
    page = family.get("/reach/wishes")
    family.submit(page, wishes)
    family.submit(family.get("/reach/never"), {"value": "07700 900999"})
    for short in ("teapo", "t e a 😀 p o"):
        family.submit(family.get("/reach/word"), {"word": short}, 400)
    family.submit(family.get("/reach/word"), {"word": "Blue teapot"})
    shown = family.get("/reach")
    for words in (
        "In the morning",
        "Who you are",
        "We may leave one",
        "Ask for Robin",
        "07700 900999",
        "You have a word",
    ):
        assert words in shown.text
    assert "teapot" not in shown.html
    told = told_of(family, family.who.person_id)  # type: ignore[attr-defined]
    pepper = runtime_of(family.app).settings.secrets.pepper
    assert contact_changes.code_word_is(told, "blue tea-pot", pepper=pepper)
    assert "teapot" not in str(told).casefold()
    stale = {**wishes, "hours": [], "version": "1"}
    assert "another window" in family.follow(family.submit(family.get("/reach/wishes"), stale)).text
    assert told_of(family, family.who.person_id)["hours"] == ["morning", "weekend"]  # type: ignore[attr-defined]


def test_the_request_itself_asks_for_hours_and_a_word_where_the_telephone_is_safe(visitor: JudgingClient) -> None:
    answers = {**CHILD, **BY_TELEPHONE, "reach": {"ways": ["text", "voice"], "phone": "07700 900123", "notes": ""}}
    page = go_on(visitor, begin(visitor), answers, until="reach")
    assert "Enter a phone number" in visitor.submit(page, {"ways": ["text"], "phone": "01632 960100"}, 400).errors[0]
    send(visitor, answers)
    with runtime_of(visitor.app).database.read() as session:
        told = vault_of(session).get(session.exec(select(Person)).one())
    assert (told["hours"], told["may_say"], told["leave_message"]) == (["evening"], "nothing", False)
    pepper = runtime_of(visitor.app).settings.secrets.pepper
    assert contact_changes.code_word_is(told, "Blue teapot", pepper=pepper)
    assert contact.safe_ways(told) == ("text", "voice")


# Somebody is watching


def watched(app: Flask) -> JudgingClient:
    """A family's client in whose session somebody is watching, come in by the page of the code."""
    client = client_for(app)
    client.who = enter_family(runtime_of(app))  # type: ignore[attr-defined]
    sign_in(client, "family", client.who.person_id, second_factor=False)  # type: ignore[attr-defined]
    page = client.get("/sign-in/code")
    client.submit(page, {"code": code_of(client.who.secret), "screen": "2"})  # type: ignore[attr-defined]
    return client


def test_the_second_screen_shows_where_a_request_is_and_nothing_else(app: Flask) -> None:
    client = watched(app)
    reference = client.who.reference  # type: ignore[attr-defined]
    assert reference in client.get("/cases").text
    page = client.get(f"/cases/{reference}")
    assert "We have got your request" in page.text
    leads = {link.get("href") for link in page.all("a")}
    assert not [
        one for one in leads if one and ("/messages" in one or "/files" in one or "/copies" in one or "/reach" in one)
    ]
    for word in ("Robin Vale", "Show it is you", "Write to us, or", "watch"):
        assert word not in page.html


def test_no_other_page_of_the_door_opens_in_a_watched_session(app: Flask) -> None:
    """Deny is the default: a page has to name watched sessions in its row, and few do."""
    open_to = {row.endpoint for row in gate.MATRIX.values() if "watched" in row.who}
    assert open_to == {
        *("requester.cases", "requester.case_page", "requester.sign_out"),
        *("requester.accessibility", "requester.cookies"),
    }
    client = watched(app)
    reference = client.who.reference  # type: ignore[attr-defined]
    fill = {"<string:reference>": reference, "<string:what>": "email", "<int:number>": "1"}
    for row in gate.MATRIX.values():
        if not row.endpoint.startswith("requester.") or "watched" in row.who or "GET" not in row.methods:
            continue
        path = row.rule
        for name, value in fill.items():
            path = path.replace(name, value)
        if "<" not in path:
            assert client.get(path, 303).location == "/cases", path


def test_a_watched_session_stays_one_until_it_ends_and_a_wrong_code_makes_none(app: Flask) -> None:
    client = watched(app)
    client.get("/sign-in/code", 303)  # no way back to the whole by the same door
    with runtime_of(app).database.read() as session:
        assert session.exec(select(SignInSession.watched)).all() == [True]
    client.submit(client.get("/cases"), form="/sign-out")
    client.get("/cases", 303)
    other = client_for(app)
    sign_in(other, "family", client.who.person_id, second_factor=False)  # type: ignore[attr-defined]
    page = other.get("/sign-in/code")
    other.submit(page, {"code": "000000", "screen": "2"}, 400)
    with runtime_of(app).database.read() as session:
        assert session.exec(select(SignInSession.watched)).all() == [False]


def test_a_caseworker_is_told_and_says_when_it_is_seen_to(app: Flask) -> None:
    office = Office(app)
    seat = office.seat()
    case = office.case(name="Ada Example")
    jobs.run_all(office.runtime.database, office.runtime)

    with office.runtime.database.write() as session:
        cookie = sessions.start(session, "family", case.requester, now=db.now())
        watching.begin(session, cookie, case.requester, now=db.now())
    assert case.reference in seat.client.get("/staff/waiting").text
    here = f"/staff/cases/{case.reference}"
    assert "somebody was watching" in seat.client.get(here).text
    assert "somebody was watching" in seat.client.get(f"{here}/timeline").text
    client = client_for(app)
    sign_in(client, "family", case.requester)
    assert "watch" not in client.get(f"/cases/{case.reference}").html
    seat.client.submit(seat.client.get(f"{here}/contact"), form=f"{here}/contact/watched")
    assert "somebody was watching" not in seat.client.get(f"{here}/contact").text
    with office.runtime.database.read() as session:
        assert session.exec(sa.select(Person.watched_at)).all() == [(None,)]
        assert session.exec(select(Case)).one().seq == 3

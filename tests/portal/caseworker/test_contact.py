"""Safe contact on the desk: the card, the word of a caller, what stops at once, what waits for a second person."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import time_machine
from sqlmodel import select

from portal import db, jobs
from portal.cases import reaching, verbs
from portal.cases.models import Case
from portal.people import contact, contact_changes, tokens
from portal.people.contact_models import ContactChange
from portal.people.models import OutboxMessage, Person
from portal.vault import vault_of
from tests.client import mails, sign_in
from tests.portal.caseworker.desk import Office, Seat

OLD, NEW = "ada@example.org", "ada.new@example.org"
WAIT = contact_changes.WAIT


@pytest.fixture
def office(app: Any) -> Office:
    return Office(app)


@pytest.fixture
def seat(office: Office) -> Seat:
    return office.seat()


def told_of(office: Office, case: Case) -> dict[str, Any]:
    with office.runtime.database.read() as session:
        return vault_of(session).get(session.get_one(Person, case.requester_id))


def change_of(office: Office) -> ContactChange:
    with office.runtime.database.read() as session:
        return session.exec(select(ContactChange)).one()


def propose(office: Office, seat: Seat, case: Case, **answers: Any) -> None:
    page = seat.client.get(f"/staff/cases/{case.reference}/contact/new")
    given = {"channels": ["email"], "email": NEW, "old": "yes", "why": "Said the word.", **answers}
    seat.client.submit(page, given)


def later(office: Office, after: datetime.timedelta) -> None:
    with time_machine.travel(db.now() + after, tick=False):
        jobs.run_all(office.runtime.database, office.runtime)


def test_an_address_is_on_the_card_only_while_it_may_be_used(office: Office, seat: Seat) -> None:
    reached = {"phone": "07700 900123", "address": "1 Low Lane", "safe_channels": ("email", "voice")}
    case = office.case(**reached)
    card = seat.client.get(f"/staff/cases/{case.reference}/contact").text
    assert OLD in card and "+447700900123" in card
    assert "1 Low Lane" not in card
    assert "1 Low Lane" not in seat.client.get(f"/staff/cases/{case.reference}").text
    assert card.count("Must not be used") == 2  # text and post


def test_a_caller_says_their_word_and_after_five_tries_the_check_rests(office: Office, seat: Seat) -> None:
    case = office.case()
    pepper = office.runtime.settings.secrets.pepper
    with office.runtime.database.write() as session:
        contact_changes.keep_code_word(session, case.requester, contact_changes.hash_code_word(pepper, "Blue teapot"))
    here = f"/staff/cases/{case.reference}/contact"
    page = seat.client.get(here)
    assert "teapot" not in page.html
    words = ("blue TEA-pot", "red teapot")
    said = [seat.client.follow(seat.client.submit(seat.client.get(here), {"word": word})).text for word in words]
    assert "That is the word." in said[0]
    assert "teapot" not in said[1]
    assert "That is not the word." in said[1], said[1]
    for _more in range(3):
        seat.client.submit(seat.client.get(here), {"word": "red teapot"})
    seat.client.submit(seat.client.get(here), {"word": "blue teapot"}, 429)


def test_a_channel_stops_at_once_and_links_on_their_way_open_nothing(office: Office, seat: Seat) -> None:
    case = office.case()
    jobs.run_all(office.runtime.database, office.runtime)
    with office.runtime.database.write() as session:
        token = tokens.make(session, "sign_in", case.requester, b"browser", now=db.now())
    page = seat.client.get(f"/staff/cases/{case.reference}/contact/stop")
    seat.client.submit(page, {"channels": ["email"]}, 400)  # neither a word nor a reason
    seat.client.submit(page, {"channels": ["email"], "why": "They were in a hurry.", "never": "y"})
    told = told_of(office, case)
    assert contact.safe_ways(told) == ()
    assert contact.is_never(told, OLD)
    with office.runtime.database.read() as session:
        assert tokens.look(session, "sign_in", token, b"browser", now=db.now()) is tokens.State.DEAD
    sent = len(mails(office.runtime))
    office.step(case, "start_checking", seat.actor)
    with office.runtime.database.write() as session:
        verbs.write_message(session, case.id, "to_requester", "Hello.", by=seat.actor)
    assert len(mails(office.runtime)) == sent
    assert case.reference in seat.client.get("/staff/waiting").text
    assert (
        "A way of reaching the requester was stopped" in seat.client.get(f"/staff/cases/{case.reference}/timeline").text
    )


def test_what_staff_enter_needs_a_second_person_and_three_days_and_warns_the_old_address(
    office: Office, seat: Seat
) -> None:
    case = office.case()
    propose(office, seat, case)
    warned = [one for one in mails(office.runtime) if "another way" in one.get_content()]
    assert [one["To"] for one in warned] == [OLD]
    assert NEW not in warned[0].get_content()
    own = seat.client.get(f"/staff/cases/{case.reference}/contact")
    assert "Confirm the new way" not in own.text
    for page in ("/staff/waiting", f"/staff/cases/{case.reference}"):
        assert "new way" in seat.client.get(page).text.casefold()
    later(office, WAIT)
    assert told_of(office, case)["email"] == OLD  # nobody has confirmed it
    other = office.seat(name="Kit Marsh")
    press(other, case, "confirm")
    assert told_of(office, case)["email"] == OLD  # confirmed, but for its day
    with office.runtime.database.write() as session:
        change = change_of(office)
        contact_changes.take_effect(session, change.id, now=db.now() + WAIT)
    told = told_of(office, case)
    assert (told["email"], contact.mail_address(told)) == (NEW, NEW)
    with office.runtime.database.read() as session:
        person = session.get_one(Person, case.requester_id)
        assert person.email_blind == vault_of(session).blind("email", NEW)


def test_nobody_confirms_what_they_entered_themselves(office: Office, seat: Seat) -> None:
    case = office.case()
    propose(office, seat, case)
    here = f"/staff/cases/{case.reference}/contact"
    page = seat.client.get(here)
    sent = {**page.answers(f"{here}/cancel")}
    seat.client.open("POST", f"{here}/confirm", 303, data=sent)
    assert "Somebody else must confirm this" in seat.client.get(here).text
    assert change_of(office).confirmed_by is None


def test_an_old_address_that_is_not_safe_any_more_is_not_warned_and_stops(office: Office, seat: Seat) -> None:
    case = office.case()
    jobs.run_all(office.runtime.database, office.runtime)
    sent = len(mails(office.runtime))
    propose(office, seat, case, old="no")
    assert len(mails(office.runtime)) == sent
    told = told_of(office, case)
    assert contact.safe_ways(told) == ()
    assert contact.is_never(told, OLD)
    assert change_of(office).needs_second


def test_a_new_way_can_be_dropped_and_a_new_entry_needs_a_fresh_second_factor(office: Office, seat: Seat) -> None:
    case = office.case()
    propose(office, seat, case)
    press(seat, case, "cancel")
    later(office, WAIT * 2)
    assert told_of(office, case)["email"] == OLD
    assert change_of(office).state == "stopped"
    sign_in(seat.client, "staff", seat.staff.id, ago=datetime.timedelta(minutes=6))
    assert "/sign-in/code" in seat.client.get(f"/staff/cases/{case.reference}/contact/new", 303).location


def test_what_is_stopped_while_a_change_waits_is_not_opened_by_it(office: Office, seat: Seat) -> None:
    case = office.case(phone="07700 900123", address="1 Low Lane", safe_channels=("email",))
    asked = {"channels": ["text", "voice"], "email": "", "phone": "07700 900456"}
    propose(office, seat, case, **asked)
    with office.runtime.database.write() as session:
        reaching.stop(session, case.id, ["text"], word="", why="A brother reads it.", never=False, by=seat.actor)
    with office.runtime.database.read() as session:
        left = vault_of(session).get(change_of(office))
    assert left == {"points": {"phone": "07700 900456"}, "channels": ["voice"]}
    press(office.seat(name="Kit Marsh"), case, "confirm")
    later(office, WAIT)
    assert contact.safe_ways(told_of(office, case)) == ("email", "voice")
    propose(office, seat, case, channels=["post"], email="")
    with office.runtime.database.write() as session:
        reaching.stop(session, case.id, ["post"], word="", why="They moved out.", never=False, by=seat.actor)
    with office.runtime.database.read() as session:
        assert contact.waiting_change(session, case.requester) is None
    later(office, WAIT * 2)
    assert "post" not in contact.safe_ways(told_of(office, case))


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"email": OLD}, "That is how we reach you already"),
        ({"channels": ["text"], "email": ""}, "Enter a phone number"),
        ({"channels": ["text"], "email": "", "phone": "01632 960100"}, "Enter a phone number"),
        ({"channels": ["post"], "email": ""}, "Enter a postal address"),
        ({"email": "never@example.org"}, "never to use this"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(
    office: Office, seat: Seat, answers: dict[str, Any], words: str
) -> None:
    case = office.case()
    with office.runtime.database.write() as session:
        contact_changes.never_use(session, case.requester, "never@example.org")
    page = seat.client.get(f"/staff/cases/{case.reference}/contact/new")
    given = {"channels": ["email"], "email": NEW, "old": "yes", "why": "At a visit.", **answers}
    assert words in seat.client.submit(page, given, 400).text


def test_another_team_sees_no_card(office: Office) -> None:
    case = office.case()
    stranger = office.seat(team="Other team")
    for page in ("contact", "contact/stop", "contact/new", "paper"):
        stranger.client.get(f"/staff/cases/{case.reference}/{page}", 404)
    with office.runtime.database.read() as session:
        assert session.exec(select(OutboxMessage)).all()
    assert case.reference not in stranger.client.get("/staff/paper").text


def press(seat: Seat, case: Case, what: str) -> None:
    here = f"/staff/cases/{case.reference}/contact"
    seat.client.submit(seat.client.get(here), form=f"{here}/{what}")

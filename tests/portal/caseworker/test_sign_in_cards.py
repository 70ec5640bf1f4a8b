"""Staff give somebody without a mailbox a card, and end it when it is lost."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from portal import db
from portal.cases.models import Case
from portal.people import cards, factors, sessions
from portal.people.models import OutboxMessage, SignInSession
from tests.judge import JudgingClient, Page
from tests.portal.caseworker.desk import Office, Seat
from tests.portal.people.at_once import count

NO = {"sheet": "no"}


def accepted(office: Office, seat: Seat, **requester: object) -> str:
    """The path of the card's page for a requester whose identity is accepted."""
    case = office.case_in("checking", seat.actor, **requester)
    office.step(case, "accept_identity", seat.actor, known_by="papers")
    return f"/staff/cases/{case.reference}/card"


def holder(office: Office, printed: Page) -> object:
    number, words = ["".join(one.itertext()) for one in printed.all("code")][:2]
    with office.runtime.database.read() as session:
        found = cards.find(session, "sign_in", number, words, pepper=office.runtime.settings.secrets.pepper)
        return found.holder_id if found else None


def test_a_card_is_made_only_after_identity_and_shown_once(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor, email="", safe_channels=())
    path = f"/staff/cases/{case.reference}/card"
    assert "only once we know who is asking" in seat.client.get(path).text
    office.step(case, "accept_identity", seat.actor, known_by="papers")
    page = seat.client.get(path)
    assert len(seat.client.submit(page, {}, 400).errors) == 2
    printed = seat.client.submit(page, {"way": "in_person", **NO}, 200)
    assert holder(office, printed) == case.requester_id
    assert office.row(case).reference not in printed.title
    words = "".join(printed.all("code")[1].itertext())
    again = seat.client.follow(seat.client.submit(page, {"way": "in_person", **NO}, 303))
    assert words not in again.html
    assert "A card to sign in with was made" in seat.client.get(f"/staff/cases/{case.reference}/timeline").text


def test_card_and_sheet_are_handed_over_together_and_never_posted_together(office: Office, seat: Seat) -> None:
    path = accepted(office, seat, address="1 Low Lane", safe_channels=("post",))
    page = seat.client.get(path)
    refused = seat.client.submit(page, {"way": "post", "sheet": "yes"}, 400)
    assert "on different days" in refused.errors[0]
    printed = seat.client.submit(page, {"way": "in_person", "sheet": "yes"}, 200, max_queries=50)  # two at once
    assert len(printed.all("code")) == 2 + factors.SHEET_CODES
    person = holder(office, printed)
    with office.runtime.database.read() as session:
        assert factors.codes_left(session, person) == factors.SHEET_CODES  # type: ignore[arg-type]


def test_a_card_is_posted_only_to_an_address_that_two_people_have_looked_at(office: Office, seat: Seat) -> None:
    path = accepted(office, seat, address="1 Low Lane", safe_channels=("post",))
    refused = seat.client.submit(seat.client.get(path), {"way": "post", **NO}, 400)
    assert "Two people must look" in refused.text
    with office.runtime.database.read() as session:
        case = session.exec(select(Case)).one()
    office.place_by_post(case, "card")
    printed = seat.client.submit(seat.client.get(path), {"way": "post", **NO}, 200)
    assert "1 Low Lane" in printed.text
    assert "Bo Example" not in printed.html


def test_a_card_is_not_posted_where_post_is_not_safe(office: Office, seat: Seat) -> None:
    path = accepted(office, seat, address="1 Low Lane", safe_channels=("email",))
    page = seat.client.get(path)
    assert {one.get("value") for one in page.all("input", name="way")} == {"in_person"}
    seat.client.submit(page, {"way": "post", **NO}, 400)


def test_ending_a_card_signs_out_whoever_came_in_with_it_and_tells_the_person(office: Office, seat: Seat) -> None:
    path = accepted(office, seat)
    printed = seat.client.submit(seat.client.get(path), {"way": "in_person", **NO}, 200)
    person = holder(office, printed)
    with office.runtime.database.write() as session:
        sessions.start(session, "family", person, now=db.now())  # type: ignore[arg-type]
    page = seat.client.get(path)
    seat.client.submit(page, form=f"{path}/end")
    assert holder(office, printed) is None
    assert count(office.runtime, SignInSession, door="family") == 0
    assert count(office.runtime, OutboxMessage, template="way_in") == 2
    assert seat.client.get(path).all("form", action=f"{path}/end") == []


@pytest.mark.parametrize("where", ["", "/end"])
def test_another_team_makes_and_ends_no_card(office: Office, seat: Seat, where: str) -> None:
    path = accepted(office, seat)
    seat.client.submit(seat.client.get(path), {"way": "in_person", **NO}, 200)
    stranger: JudgingClient = office.seat(team="Other team").client
    token = re.findall(r'name="csrf_token"[^>]*value="([^"]+)"', stranger.get("/staff/").html)[0]
    stranger.post(path + where, {"csrf_token": token, "way": "in_person", **NO}, 404)

"""A requester's second factor in the hands of staff: nothing here is an easier way in than the first one was."""

from __future__ import annotations

import re
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlmodel import col

from portal import db
from portal.cases import telephones
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.documents import availability
from portal.people import factors, identities, recovery, sessions, spoken_codes
from portal.people.models import OutboxMessage, Person, SignInSession
from portal.people.openid import SignedIn
from portal.people.spoken_codes import Line
from tests.client import client_for, sign_in
from tests.judge import JudgingClient, Page
from tests.portal.caseworker.desk import Office, Seat
from tests.portal.people.at_once import count
from workflows.table import Role, StepRefused

PHONE = {"phone": "07700 900123", "safe_channels": ("email", "text", "voice")}
CHECKED = {"how": "papers", "note": "Passport seen at the front desk", "way": "in_person"}


def known(office: Office, seat: Seat, **requester: object) -> Case:
    """A case whose requester's identity is accepted."""
    case = office.case_in("checking", seat.actor, **requester)
    office.step(case, "accept_identity", seat.actor, known_by="papers")
    return case


def path(case: Case, what: str) -> str:
    return f"/staff/cases/{case.reference}/{what}"


def give_sheet(office: Office, person: uuid.UUID | None) -> tuple[str, ...]:
    sheet = factors.new_sheet(office.runtime.settings.secrets.pepper)
    with office.runtime.database.write() as session:
        factors.give_sheet(session, person, sheet, now=db.now())  # type: ignore[arg-type]
    return sheet.codes


def kinds(office: Office, case: Case) -> set[str]:
    with office.runtime.database.read() as session:
        return factors.kinds(session, "family", case.requester)


@pytest.mark.parametrize("what", ["telephone", "lost", "call"])
def test_nothing_is_done_before_identity_is_accepted(office: Office, seat: Seat, what: str) -> None:
    case = office.case_in("checking", seat.actor, **PHONE)
    page = seat.client.get(path(case, what))
    assert "only once we know who is asking" in page.text
    assert page.all("input", type="radio") == []


@pytest.mark.parametrize(("way", "kind"), [("text", "phone"), ("voice", "phone"), ("call_back", "call_back")])
def test_a_checked_number_becomes_a_factor_and_the_person_is_told(
    office: Office, seat: Seat, way: str, kind: str
) -> None:
    case = known(office, seat, **PHONE)
    page = seat.client.get(path(case, "telephone"))
    assert "+447700900123" in page.text
    assert len(seat.client.submit(page, {}, 400).errors) == 2
    seat.client.submit(page, {"way": way, "check": "visit"})
    assert kinds(office, case) == {kind}
    assert count(office.runtime, OutboxMessage, template="way_in") == 1
    text = seat.client.get(path(case, "timeline")).text
    assert "A telephone number was entered as second factor" in text
    assert "900123" not in text


@pytest.mark.parametrize("told", [{"phone": "07700 900123", "safe_channels": ("email",)}, {"safe_channels": ("text",)}])
def test_a_number_that_is_missing_or_not_safe_is_no_factor(office: Office, seat: Seat, told: dict[str, object]) -> None:
    case = known(office, seat, **told)
    page = seat.client.get(path(case, "telephone"))
    refused = seat.client.submit(page, {"way": "text", "check": "rang"}, 400)
    assert refused.errors == ["This person has no number on file that is safe for this."]
    assert "900123" not in page.html
    assert kinds(office, case) == set()


def test_a_second_sheet_is_no_easier_to_get_than_a_lost_one_is_to_replace(office: Office, seat: Seat) -> None:
    case = known(office, seat)
    give_sheet(office, case.requester_id)
    page = seat.client.get(path(case, "code-sheet"))
    assert "check again who they are" in page.text
    seat.client.post(path(case, "code-sheet"), {"way": "in_person"}, 400)
    card = seat.client.get(path(case, "card"))
    seat.client.submit(card, {"way": "in_person", "sheet": "yes"}, 400)
    with office.runtime.database.write() as session:
        sheet = factors.live(session, "family", case.requester, "code_sheet")[0]
        for number in range(1, 16):
            factors.use_code(session, sheet.id, number, now=db.now())
    page = seat.client.get(path(case, "code-sheet"))
    seat.client.submit(page, {"way": "in_person"}, 200)


def test_a_lost_factor_is_replaced_only_once_it_was_checked_again_who_asks(office: Office, seat: Seat) -> None:
    case = known(office, seat)
    old = give_sheet(office, case.requester_id)
    with office.runtime.database.write() as session:
        factors.add_app(session, "family", case.requester, factors.new_secret(), used_step=0, now=db.now())
        sessions.start(session, "family", case.requester, now=db.now())
        elsewhere = SignedIn("https://elsewhere.example.org", "somebody", db.now(), two_factors=True)
        identities.link(session, "family", case.requester, elsewhere, now=db.now())
    page = seat.client.get(path(case, "lost"))
    for missing in CHECKED:
        seat.client.submit(page, {**CHECKED, missing: ""}, 400)
    assert kinds(office, case) == {"totp", "code_sheet"}
    sheet = seat.client.submit(page, CHECKED, 200)
    with office.runtime.database.read() as session:
        assert not identities.is_linked(session, "family", case.requester)
    codes = ["".join(one.itertext()) for one in sheet.all("code")]
    pepper = office.runtime.settings.secrets.pepper
    with office.runtime.database.read() as session:
        assert factors.kinds(session, "family", case.requester) == {"code_sheet"}
        assert factors.check_sheet(session, case.requester, codes[0], pepper=pepper)
        assert not factors.check_sheet(session, case.requester, old[0], pepper=pepper)
    assert count(office.runtime, SignInSession, door="family") == 0
    assert count(office.runtime, OutboxMessage, template="way_in") == 1
    again = seat.client.submit(page, CHECKED, 303)
    assert not any(code in seat.client.follow(again).html for code in codes)
    assert "Passport seen at the front desk" in seat.client.get(path(case, "timeline")).text


def test_after_that_copies_wait_three_days(office: Office, seat: Seat) -> None:
    case = known(office, seat)
    give_sheet(office, case.requester_id)
    seat.client.submit(seat.client.get(path(case, "lost")), CHECKED, 200)
    with office.runtime.database.read() as session:
        with pytest.raises(StepRefused, match="3 days after"):
            availability.check(session, office.row(case), None)  # type: ignore[arg-type]
        since = session.get_one(Person, case.requester_id).recovered_at
        assert since is not None
        person = case.requester_id
        assert recovery.waits_until(session, person, now=since + recovery.WAIT) is None
        assert recovery.waits_until(session, person, now=since) == since + recovery.WAIT


def test_a_telephone_for_somebody_who_had_a_factor_makes_copies_wait_too(office: Office, seat: Seat) -> None:
    case = known(office, seat, **PHONE)
    give_sheet(office, case.requester_id)
    page = seat.client.get(path(case, "telephone"))
    assert "three days" in page.text
    seat.client.submit(page, {"way": "text", "check": "visit"})
    with office.runtime.database.read() as session:
        assert recovery.waits_until(session, case.requester_id, now=db.now())


# Ringing somebody with a code


@pytest.fixture
def asked(office: Office, seat: Seat, app: Flask) -> tuple[Case, JudgingClient]:
    """Somebody who came as far as the first step and asks to be rung."""
    case = known(office, seat, **PHONE)
    with office.runtime.database.write() as session:
        spoken_codes.enrol(session, case.requester, "call_back", Line("voice", "+447700900123"), now=db.now())
    client = client_for(app)
    sign_in(client, "family", case.requester, second_factor=False)
    client.submit(client.get("/sign-in/call"), form="/sign-in/call/ask")
    return case, client


def ring(seat: Seat, case: Case, expect: int = 200) -> Page:
    return seat.client.submit(seat.client.get(path(case, "call")), {"asked": "voice"}, expect)


def code_in(page: Page) -> str:
    return re.sub(r"\s", "", "".join(page.one("code").itertext()))


def test_a_caseworker_rings_and_reads_a_code_aloud_once(
    office: Office, seat: Seat, asked: tuple[Case, JudgingClient]
) -> None:
    case, client = asked
    assert case.reference in seat.client.get("/staff/calls").text
    page = seat.client.get(path(case, "call"))
    assert "+447700900123" in page.text
    told = seat.client.submit(page, {"asked": "voice"}, 200)
    seat.client.submit(page, {"asked": "voice"}, 400)
    assert "Nobody waits for a call." in seat.client.get("/staff/calls").text
    typed = code_in(told)
    client.submit(client.get("/sign-in/call"), {"code": typed}, form="/sign-in/call")
    client.get("/my")
    client.submit(client.get("/sign-in/call"), {"code": typed}, 400, form="/sign-in/call")
    text = seat.client.get(path(case, "timeline")).text
    assert "A code was told to the requester on a call" in text
    assert typed not in text


def test_who_wants_to_be_rung_is_a_list_that_is_logged_and_nobodys_without_a_team(
    office: Office, seat: Seat, asked: tuple[Case, JudgingClient]
) -> None:
    case, _client = asked
    with office.runtime.database.write() as session:
        session.execute(sa.update(Case).where(col(Case.id) == case.id).values(team_id=None, assignee_id=None))
    lone = Actor("staff", uuid.uuid4(), Role.CASEWORKER, team_id=None)
    with office.runtime.database.read() as session:
        assert telephones.to_ring(session, lone) == []
    seat.client.get("/staff/calls")
    with office.runtime.database.read() as session:
        rows = session.execute(sa.text("SELECT act FROM log WHERE act = 'list'")).all()
    assert [tuple(row) for row in rows] == [("list",)]


def test_a_code_that_was_told_opens_only_the_session_that_asked(
    office: Office, seat: Seat, app: Flask, asked: tuple[Case, JudgingClient]
) -> None:
    case, _client = asked
    typed = code_in(ring(seat, case))
    other = client_for(app)
    sign_in(other, "family", case.requester, second_factor=False)
    other.submit(other.get("/sign-in/call"), {"code": typed}, 400, form="/sign-in/call")
    assert other.get("/sign-in/phone").all("input", name="code") == []


def test_whoever_is_no_longer_signed_in_is_told_no_code(
    office: Office, seat: Seat, asked: tuple[Case, JudgingClient]
) -> None:
    case, _client = asked
    page = seat.client.get(path(case, "call"))
    with office.runtime.database.write() as session:
        sessions.end_all(session, "family", case.requester)
    refused = seat.client.submit(page, {"asked": "voice"}, 400)
    assert "no longer signed in" in " ".join([*refused.errors, refused.text])
    assert refused.all("code") == []


def test_another_team_sees_no_call_and_rings_nobody(office: Office, asked: tuple[Case, JudgingClient]) -> None:
    case, _client = asked
    stranger = office.seat(team="Other team").client
    assert case.reference not in stranger.get("/staff/calls").text
    for what in ("call", "telephone", "lost"):
        stranger.get(path(case, what), 404)

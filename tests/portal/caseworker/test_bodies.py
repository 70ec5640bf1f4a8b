"""The register of bodies: kept by the administrator alone, each change in the log."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from portal.records import bodies
from portal.records.bodies import Reach
from tests.portal.caseworker.desk import Office
from workflows.table import Role

REGISTER = "/staff/bodies"
ENTERED = {"name": "Millrace Surgery", "email": "office@millrace.example.org", "phone": "07700 900321"}


def on_file(office: Office) -> uuid.UUID:
    reach = Reach("Larkfield Primary School", "office@larkfield.example.org", "07700 900456")
    with office.runtime.database.write() as session:
        return bodies.keep(session, reach, actor="system", role=Role.SYSTEM)


def test_an_administrator_lands_at_the_register(office: Office) -> None:
    client = office.seat("administrator").client
    page = client.get(REGISTER)
    assert "No body is in the register yet" in page.text
    assert [one.get("href") for one in page.all("a") if one.get("href") == REGISTER]
    assert REGISTER in {one.get("href") for one in client.get("/staff/waiting").all("a")}


def test_nobody_else_opens_or_changes_it(office: Office) -> None:
    body = on_file(office)
    for role in ("caseworker", "approver", "auditor"):
        client = office.seat(role).client
        for path in (REGISTER, f"{REGISTER}/new", f"{REGISTER}/{body}"):
            client.get(path, 403)
        assert REGISTER not in {
            one.get("href") for one in client.get("/staff/", 403 if role == "auditor" else 200).all("a")
        }


def test_a_body_is_entered_once_however_often_the_button_is_pressed(office: Office) -> None:
    client = office.seat("administrator").client
    page = client.get(f"{REGISTER}/new")
    first, second = client.submit(page, ENTERED), client.submit(page, ENTERED)
    assert first.location == second.location
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        found = bodies.listed(session)
    assert [one.reach for one in found] == [Reach("Millrace Surgery", "office@millrace.example.org", "07700 900321")]
    shown = client.get(REGISTER).text
    assert "office@millrace.example.org" in shown


def test_a_body_without_a_second_way_is_marked(office: Office) -> None:
    client = office.seat("administrator").client
    client.submit(client.get(f"{REGISTER}/new"), {"name": "Lantern House"})
    text = client.get(REGISTER).text
    assert "No email address" in text
    assert "No phone number or postal address" in text


def test_bad_answers_come_back_with_what_was_typed(office: Office) -> None:
    client = office.seat("administrator").client
    page = client.submit(client.get(f"{REGISTER}/new"), {**ENTERED, "email": "office at millrace"}, 400)
    assert page.answers()["email"] == ["office at millrace"]
    client.submit(client.get(f"{REGISTER}/new"), {**ENTERED, "name": ""}, 400)


def test_a_change_says_who_made_it_and_which_part_it_was(office: Office) -> None:
    seat = office.seat("administrator", name="Robin Hale")
    body = on_file(office)
    page = seat.client.get(f"{REGISTER}/{body}")
    seat.client.submit(page, {"email": "heads@larkfield.example.org"})
    text = seat.client.get(f"{REGISTER}/{body}").text
    assert "Robin Hale: Email address" in text
    with office.runtime.database.read() as session:
        acts = session.execute(sa.text("SELECT actor FROM log WHERE act = 'body_changed'")).scalars().all()
    assert set(acts) == {f"staff:{seat.staff.id.hex}"}


def test_of_two_who_change_an_address_the_second_sees_the_first(office: Office) -> None:
    client, body = office.seat("administrator").client, on_file(office)
    path = f"{REGISTER}/{body}"
    page = client.get(path)
    client.submit(client.get(path), {"phone": "07700 900999"})
    lost = client.submit(page, {"phone": "07700 900111"}, 409)
    assert "07700 900999" in lost.text
    assert lost.answers()["phone"] == ["07700 900111"]
    client.submit(lost)
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        assert bodies.body(session, body).reach.phone == "07700 900111"


def test_addresses_that_name_no_body_are_not_there(office: Office) -> None:
    client = office.seat("administrator").client
    client.get(f"{REGISTER}/00000000-0000-0000-0000-000000000000", 404)
    for junk in ("x", "%00", "../..", "9" * 2000):
        client.get(f"{REGISTER}?after={junk}")


def test_a_long_register_is_read_page_by_page_with_as_many_questions(office: Office) -> None:
    client = office.seat("administrator").client
    on_file(office)
    few = client.get(REGISTER).queries
    with office.runtime.database.write() as session:
        for number in range(60):
            bodies.keep(session, Reach(f"Body {number}"), actor="system", role=Role.SYSTEM)
    page = client.get(REGISTER)
    assert page.queries <= few
    older = next(one.get("href") for one in page.all("a") if one.get("rel") == "next")
    assert "Body 59" in client.get(str(older)).text

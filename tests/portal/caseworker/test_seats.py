"""Seats: who comes in, on whose word, and with which way in of their own."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from click.testing import CliRunner
from flask import Flask

from portal import create_app, db
from portal.caseworker.seats import ROLES
from portal.cli import cli
from portal.people import cards, invitations
from portal.people.cards import NewCard
from portal.people.models import STAFF_ROLES, Factor, SignInSession, Staff, Team
from portal.people.seat_models import Grant, Invitation, Seat
from portal.runtime import Runtime
from portal.settings import Settings
from tests.authenticator import Authenticator, asked
from tests.client import PASSWORD, client_for, code_of, mails, runtime_of, sign_in
from tests.judge import JudgingClient, Page
from tests.portal.caseworker.desk import TODAY, Office

NEXT_YEAR = TODAY + datetime.timedelta(days=300)
ENDS = {"ends_on-day": NEXT_YEAR.day, "ends_on-month": NEXT_YEAR.month, "ends_on-year": NEXT_YEAR.year}
NOOR = {"name": "Noor Ash", "email": "noor.ash@example.org", **ENDS}


def count(runtime: Runtime, table: type, **which: object) -> int:
    with runtime.database.read() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table).filter_by(**which)).scalar_one())


FIRST_PASSKEY = "/staff/passkeys/first"


def console(runtime: Runtime) -> NewCard:
    new = cards.new_card(runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        invitations.on_console(session, new, now=db.now())
    return new


def says_who(client: JudgingClient, new: NewCard, expect: int = 303, **more: str) -> Page:
    told = {"number": new.number, "words": new.words, "name": "Max Ferris", "email": "max@example.org", **more}
    return client.submit(client.get("/staff/first-administrator"), told, expect)


def chooses(client: JudgingClient, page: Page, expect: int = 303, **more: str) -> Page:
    """Takes the seat with a password and an app; `more` is typed instead."""
    secret = page.one("strong", cls="portal-spaced").text or ""
    told = {"password": PASSWORD, "again": PASSWORD, "code": code_of(secret.replace(" ", "")), **more}
    return client.submit(page, told, expect)


def makes(client: JudgingClient, role: str, team: Team, **more: object) -> Page:
    told = {**NOOR, "role": role, "team": team.id.hex, **more}
    return client.submit(client.get("/staff/seats/new"), {name: str(value) for name, value in told.items()})


def printed(client: JudgingClient, seat: Page | str) -> dict[str, str]:
    """Number and words that the administrator prints for a seat."""
    page = client.get(seat) if isinstance(seat, str) else client.follow(seat)
    card = client.submit(
        page,
        form=next(i for i, form in enumerate(page.forms()) if str(form.get("action")).endswith("/card")),
        expect=200,
    )
    return {
        "number": card.one("strong", cls="portal-spaced").text or "",
        "words": card.one("strong", data_as_recorded="").text or "",
    }


def test_the_first_two_administrators_come_in_from_the_console_each_once(app: Flask) -> None:
    runtime, client = runtime_of(app), client_for(app)
    new = console(runtime)
    says_who(client, new, 400, words="one two three four five six")
    choose = client.follow(says_who(client, new))
    assert "max@example.org" in choose.text
    assert client.get("/staff/invitation/app-picture").response.mimetype == "image/svg+xml"
    assert chooses(client, choose).location == "/staff/bodies"
    assert client.get("/staff/seats", 303).location == FIRST_PASSKEY
    key = Authenticator(runtime.settings.staff_url)
    page = client.submit(client.get(FIRST_PASSKEY), {"name": "Desk"}, 200)
    client.submit(page, {"answer": key.makes(asked(page))})
    assert client.get("/staff/seats").h1 == "Seats"
    assert count(runtime, Staff, role="administrator") == 1
    says_who(client_for(app), new, 400)
    second = client_for(app)
    chooses(second, second.follow(says_who(second, console(runtime), name="Una Bell", email="una@example.org")))
    assert count(runtime, Staff, role="administrator") == 2
    client_for(app).get("/staff/first-administrator", 409)
    with pytest.raises(invitations.AdministratorThere):
        console(runtime)


def test_nothing_is_used_up_before_the_way_in_is_there(app: Flask) -> None:
    runtime, client = runtime_of(app), client_for(app)
    choose = client.follow(says_who(client, console(runtime)))
    for wrong, said in (
        ({"password": "short", "again": "short"}, "15 characters"),
        ({"again": PASSWORD + "x"}, "not the same"),
        ({"code": "000000"}, "code is not right"),
    ):
        page = chooses(client, choose, 400, **wrong)
        assert said in page.text
        assert PASSWORD not in page.html
    assert count(runtime, Staff) == 0
    chooses(client, client.get("/staff/invitation/choose"))
    assert count(runtime, Staff) == 1


def test_a_stolen_password_takes_no_seat(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "breached.txt"
    file.write_text(hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest().upper() + ":1\n")
    app = create_app(dataclasses.replace(settings, breached_passwords_file=str(file)))
    runtime, client = runtime_of(app), client_for(app)
    choose = client.follow(says_who(client, console(runtime)))
    assert "list of stolen passwords" in chooses(client, choose, 400).text
    assert count(runtime, Staff) == 0
    runtime.close()


def test_the_consoles_words_die_within_the_hour_and_with_the_next(app: Flask) -> None:
    runtime, client = runtime_of(app), client_for(app)
    first = console(runtime)
    second = console(runtime)
    says_who(client, first, 400)
    with time_machine.travel(db.now() + datetime.timedelta(minutes=61), tick=False):
        says_who(client_for(app), second, 400)


def test_of_twenty_who_take_one_seat_at_once_one_has_it(app: Flask) -> None:
    runtime, client = runtime_of(app), client_for(app)
    choose = client.follow(says_who(client, console(runtime)))
    secret = (choose.one("strong", cls="portal-spaced").text or "").replace(" ", "")
    told = {**choose.answers(), "password": PASSWORD, "again": PASSWORD, "code": code_of(secret)}
    cookie = client.client.get_cookie("form", domain="127.0.0.1")
    assert cookie

    def press(_n: int) -> int:
        twin = app.test_client()
        twin.set_cookie("form", cookie.value, domain="127.0.0.1")
        return twin.post(choose.action(), data=told, base_url=client.base_url).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(press, range(20)))
    assert answers == [303] + [410] * 19
    assert count(runtime, Staff) == count(runtime, SignInSession) == count(runtime, Factor) == 1


def test_guesses_at_the_words_are_counted(app: Flask) -> None:
    client, new = client_for(app), console(runtime_of(app))
    for _n in range(10):
        says_who(client, new, 400, words="wrong words")
    says_who(client, new, 429, words="wrong words")
    says_who(client, new, 429, words="wrong words", number=new.number.replace("-", ".").lower())


def test_the_command_prints_words_and_no_password(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = runtime_of(app).settings
    monkeypatch.setenv("PORTAL_INSTANCE", str(settings.instance))
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    said = CliRunner().invoke(cli, ["invite-administrator"])
    assert said.exit_code == 0, said.output
    number, words = (re.search(rf"{name} +(.*)", said.output)[1] for name in ("Number", "Words"))  # type: ignore[index]
    client = client_for(app)
    chooses(client, client.follow(says_who(client, NewCard(number, words, ""))))
    assert CliRunner().invoke(cli, ["invite-administrator"]).exit_code == 0


def test_an_administrator_makes_a_caseworkers_seat_and_the_person_comes_in(office: Office) -> None:
    client = office.seat("administrator").client
    made = makes(client, "caseworker", office.team)
    assert made.location.startswith("/staff/seats/")
    assert "Has not come in yet" in client.follow(made).text
    newcomer = client_for(office.app)
    told = printed(client, made.location)
    choose = newcomer.follow(newcomer.submit(newcomer.get("/staff/invitation"), told))
    assert chooses(newcomer, choose).location == "/staff/"
    assert newcomer.get("/staff/").status == 200
    assert newcomer.get("/staff/seats", 403)
    assert "In use" in client.get(made.location).text
    again = client_for(office.app)
    again.submit(again.get("/staff/invitation"), told, 400)


def test_a_mailed_link_opens_once_and_burns_nothing_when_it_is_opened(office: Office) -> None:
    client = office.seat("administrator").client
    made = makes(client, "caseworker", office.team)
    client.submit(client.get(made.location))  # the first button: send the link
    mail = mails(office.runtime)[-1]
    assert mail["To"] == "noor.ash@example.org"
    link = re.search(r"http://127.0.0.1:5000(/staff/invitation/open/\S+)", mail.get_content())[1]  # type: ignore[index]
    newcomer = client_for(office.app)
    for _n in range(10):
        assert newcomer.get(link).commits == 0
    choose = newcomer.follow(newcomer.submit(newcomer.get(link)))
    chooses(newcomer, choose)
    client_for(office.app).get(link, 410)
    assert client_for(office.app).get("/staff/invitation/open/made-up", 410).h1 == "This invitation no longer works"


def test_a_new_invitation_ends_the_one_before_and_the_earlier_way_in(office: Office) -> None:
    client = office.seat("administrator").client
    made = makes(client, "caseworker", office.team)
    first, second = printed(client, made.location), printed(client, made.location)
    newcomer = client_for(office.app)
    newcomer.submit(newcomer.get("/staff/invitation"), first, 400)
    chooses(newcomer, newcomer.follow(newcomer.submit(newcomer.get("/staff/invitation"), second)))
    assert not any("new way in" in str(mail["Subject"]) for mail in mails(office.runtime))
    lost = client_for(office.app)
    agreed(office, client, made.location)
    chooses(lost, lost.follow(lost.submit(lost.get("/staff/invitation"), printed(client, made.location))))
    told = mails(office.runtime)[-1]
    assert (told["To"], told["Subject"]) == ("noor.ash@example.org", "A new way in to your seat")
    assert newcomer.get("/staff/", 303).location.startswith("/staff/sign-in")
    with office.runtime.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Factor).where(Factor.ended_at.is_(None))) == 1  # type: ignore[union-attr]


def agreed(office: Office, boss: JudgingClient, seat: str) -> None:
    """A new way in that the administrator asks for, and an approver confirms."""
    asks(boss, seat)
    second = office.seat("approver", name="Una Bell").client
    second.submit(second.get("/staff/grants"), {"confirm": "Confirm"})


def asks(boss: JudgingClient, seat: str) -> None:
    page = boss.get(seat)
    asking = next(i for i, form in enumerate(page.forms()) if str(form.get("action")).endswith("/way-in"))
    boss.submit(page, form=asking)


def test_no_administrator_alone_gives_a_new_way_in_to_a_seat_that_is_taken(office: Office) -> None:
    boss, approver = office.seat("administrator").client, office.seat("approver", name="Ines Moor")
    seat = f"/staff/seats/{approver.staff.id}"
    for way in ("card", "invitation"):
        boss.post(f"{seat}/{way}", own_token(boss), 403)
    assert count(office.runtime, Invitation) == 0
    asks(boss, seat)
    assert mails(office.runtime)[-1]["Subject"] == "A new way in to your seat"
    assert "Somebody else must confirm this." in boss.get("/staff/grants").text
    assert "Somebody else must confirm this." in approver.client.get("/staff/grants").text
    boss.post(f"{seat}/card", own_token(boss), 403)
    second = office.seat("auditor", name="Una Bell").client
    page = second.get("/staff/grants")
    assert "They get a new way in to their seat" in page.text
    second.submit(page, {"confirm": "Confirm"})
    approver.client.get("/staff/")  # nothing of theirs ends before the new way in is used
    lost = client_for(office.app)
    chooses(lost, lost.follow(lost.submit(lost.get("/staff/invitation"), printed(boss, seat))))
    boss.post(f"{seat}/card", own_token(boss), 403)  # it was for one


def test_a_way_in_that_was_agreed_on_dies_with_the_week_and_with_another_role(office: Office) -> None:
    boss, worker = office.seat("administrator").client, office.seat()
    seat = f"/staff/seats/{worker.staff.id}"
    agreed(office, boss, seat)
    told = printed(boss, seat)
    with office.runtime.database.read() as session:
        account, row = session.get_one(Staff, worker.staff.id), session.get_one(Seat, worker.staff.id)
    assert invitations.may_invite(account, row, now=db.now())
    assert not invitations.may_invite(account, row, now=db.now() + datetime.timedelta(days=8))
    boss.submit(boss.get(f"{seat}/role"), {"role": "auditor", "team": office.team.id.hex})
    second = office.seat("auditor", name="Kit Marsh").client
    second.submit(second.get("/staff/grants"), {"confirm": "Confirm"})
    boss.post(f"{seat}/card", own_token(boss), 403)
    stranger = client_for(office.app)
    stranger.submit(stranger.get("/staff/invitation"), told, 400)


@pytest.mark.parametrize("role", ["approver", "auditor", "administrator"])
@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_more_than_a_caseworkers_seat_needs_a_second_person(office: Office, role: str) -> None:
    first, second = office.seat("administrator"), office.seat("administrator", name="Una Bell")
    assert makes(first.client, role, office.team).location == "/staff/grants"
    assert count(office.runtime, Staff, role=role) == (2 if role == "administrator" else 0)
    own = first.client.get("/staff/grants")
    assert "Somebody else must confirm this." in own.text
    seen = second.client.get("/staff/grants")
    assert "Noor Ash" in seen.text
    token = {name: values[0] for name, values in seen.answers().items()}
    first.client.post(seen.action(), {**own_token(first.client), "confirm": "Confirm"}, 403)
    second.client.post(seen.action(), {**token, "confirm": "Confirm"}, 303)
    assert count(office.runtime, Staff, role=role) == (3 if role == "administrator" else 1)
    assert "Nothing waits here." in second.client.get("/staff/grants").text


def own_token(client: JudgingClient, page: str = "teams") -> dict[str, str]:
    token = client.get(f"/staff/{page}").answers()
    return {"csrf_token": token["csrf_token"][0], "form_key": uuid.uuid4().hex}


def test_a_sole_administrator_is_not_their_own_second_pair_of_eyes(office: Office) -> None:
    boss, worker = office.seat("administrator"), office.seat("caseworker")
    makes(boss.client, "approver", office.team)
    assert "portal invite-administrator" in boss.client.get("/staff/grants").text
    assert "Noor Ash" not in worker.client.get("/staff/grants").text
    with office.runtime.database.read() as session:
        waiting = session.execute(sa.select(Grant.id)).scalar_one()  # type: ignore[call-overload]
    worker.client.post(f"/staff/grants/{waiting}", {**own_token(worker.client, ""), "confirm": "Confirm"}, 403)
    assert count(office.runtime, Staff, role="approver") == 0


def test_the_console_makes_the_second_administrator_who_confirms(office: Office) -> None:
    boss, second = office.seat("administrator"), client_for(office.app)
    makes(boss.client, "approver", office.team)
    chooses(second, second.follow(says_who(second, console(office.runtime))))
    key = Authenticator(office.runtime.settings.staff_url)
    page = second.submit(second.get(FIRST_PASSKEY), {"name": "Desk"}, 200)
    second.submit(page, {"answer": key.makes(asked(page))})
    second.submit(second.get("/staff/grants"), {"confirm": "Confirm"})
    assert count(office.runtime, Staff, role="approver") == 1


def test_a_role_changes_when_somebody_else_confirms_it_and_at_once(office: Office) -> None:
    boss, approver, worker = office.seat("administrator"), office.seat("approver"), office.seat("caseworker")
    path = f"/staff/seats/{worker.staff.id}/role"
    boss.client.submit(boss.client.get(path), {"role": "approver", "team": office.team.id.hex})
    worker.client.get("/staff/requests/new")
    assert "Their role or team changes" in approver.client.get("/staff/grants").text
    approver.client.submit(approver.client.get("/staff/grants"), {"confirm": "Confirm"})
    assert worker.client.get("/staff/", 303).location.startswith("/staff/sign-in")
    sign_in(worker.client, "staff", worker.staff.id)
    worker.client.get("/staff/requests/new", 403)
    assert count(office.runtime, Grant, state="confirmed") == 1


def test_what_is_declined_never_was(office: Office) -> None:
    boss, approver = office.seat("administrator"), office.seat("approver")
    makes(boss.client, "auditor", office.team)
    approver.client.submit(approver.client.get("/staff/grants"), {"decline": "Decline"})
    assert count(office.runtime, Staff, role="auditor") == 0
    with office.runtime.database.read() as session:
        rows = repr(session.execute(sa.text("SELECT * FROM role_grant")).all())
    assert "Noor" not in rows


def test_the_only_administrator_stays_one(office: Office) -> None:
    boss = office.seat("administrator")
    office.seat("approver")
    page = boss.client.submit(
        boss.client.get(f"/staff/seats/{boss.staff.id}/role"), {"role": "caseworker", "team": office.team.id.hex}, 400
    )
    assert "only administrator" in page.text
    close = boss.client.get(f"/staff/seats/{boss.staff.id}/close")
    assert "only administrator" in boss.client.submit(close, {"sure": "y"}, 400).text


def test_bad_answers_come_back_with_what_was_typed(office: Office) -> None:
    client = office.seat("administrator").client
    told = {"name": "Noor Ash", "email": "noor at work", "role": "caseworker", **{k: str(v) for k, v in ENDS.items()}}
    page = client.submit(client.get("/staff/seats/new"), told, 400)
    assert page.answers()["email"] == ["noor at work"]
    assert "Choose the team as well" in page.text
    makes(client, "caseworker", office.team)
    told = {**{k: str(v) for k, v in NOOR.items()}, "role": "caseworker", "team": office.team.id.hex}
    assert "has a seat already" in client.submit(client.get("/staff/seats/new"), told, 400).text


def test_owner_and_end_are_changed_and_of_two_who_do_the_second_sees_it(office: Office) -> None:
    boss, other, worker = office.seat("administrator"), office.seat("approver", name="Una Bell"), office.seat()
    path = f"/staff/seats/{worker.staff.id}/owner"
    page = boss.client.get(path)
    told = {"owner": other.staff.id.hex, **{k: str(v) for k, v in ENDS.items()}}
    boss.client.submit(boss.client.get(path), told)
    assert "Una Bell" in boss.client.get(f"/staff/seats/{worker.staff.id}").text
    lost = boss.client.submit(page, told, 409)
    boss.client.submit(lost)


def test_owners_say_each_quarter_whether_a_seat_is_needed(office: Office) -> None:
    owner, worker = office.seat("approver"), office.seat(name="Noor Ash")
    stranger = office.seat("approver", name="Una Bell")
    long_ago = db.now() - datetime.timedelta(days=100)
    with office.runtime.database.write() as session:
        session.execute(
            sa.update(Seat)
            .where(Seat.staff_id == worker.staff.id)
            .values(owner_id=owner.staff.id, confirmed_at=long_ago)
        )  # type: ignore[arg-type]
    page = owner.client.get("/staff/my-seats")
    assert "To be confirmed" in page.text
    assert "You answer for no seat" in stranger.client.get("/staff/my-seats").text
    owner.client.submit(page, {"needed": "Still needed"})
    assert "To be confirmed" not in owner.client.get("/staff/my-seats").text
    owner.client.submit(owner.client.get("/staff/my-seats"), {"ends": "No longer needed"})
    with office.runtime.database.read() as session:
        assert session.get_one(Seat, worker.staff.id).ends_on == TODAY


def test_teams_are_made_and_renamed(office: Office) -> None:
    client = office.seat("administrator").client
    client.submit(client.get("/staff/teams"), {"name": "Youth justice team"})
    assert (
        "There is a team of this name already"
        in client.submit(client.get("/staff/teams"), {"name": "Youth justice team"}, 400).text
    )
    path = f"/staff/teams/{office.team.id}"
    page = client.get(path)
    client.submit(client.get(path), {"name": "Disclosure team"})
    client.submit(page, {"name": "Another name"}, 409)
    assert "Disclosure team" in client.get("/staff/teams").text


def test_nobody_but_an_administrator_opens_the_seats(office: Office) -> None:
    seat = office.seat()
    paths = ("/staff/seats", "/staff/seats/new", f"/staff/seats/{seat.staff.id}", "/staff/teams")
    for role in set(STAFF_ROLES) - {"administrator"}:
        client = office.seat(role).client
        for path in (*paths, f"/staff/seats/{seat.staff.id}/close", f"/staff/seats/{seat.staff.id}/role"):
            client.get(path, 403)
    assert set(ROLES) == set(STAFF_ROLES)


def test_what_grants_or_closes_wants_the_factor_again(office: Office) -> None:
    boss, worker = office.seat("administrator"), office.seat()
    sign_in(boss.client, "staff", boss.staff.id, ago=datetime.timedelta(minutes=6))
    for page in ("", "/owner", "/role", "/close", "/away"):
        assert boss.client.get(f"/staff/seats/{worker.staff.id}{page}", 303).location.startswith("/staff/sign-in/code")
    assert boss.client.get("/staff/grants", 303).location.startswith("/staff/sign-in/code")


def test_a_long_list_is_read_page_by_page_with_as_many_questions(office: Office) -> None:
    client = office.seat("administrator").client
    few = client.get("/staff/seats").queries
    for number in range(30):
        office.seat(name=f"Colleague {number}")
    page = client.get("/staff/seats")
    assert page.queries <= few + 1
    older = next(one.get("href") for one in page.all("a") if one.get("rel") == "next")
    assert "Colleague 29" in client.get(str(older)).text
    for junk in ("x", "%00", "9" * 2000):
        client.get(f"/staff/seats?after={junk}")
    client.get(f"/staff/seats/{uuid.UUID(int=0)}", 404)

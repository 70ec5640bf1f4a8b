"""A person's own page: what they see of themselves, and what they can end and add."""

from __future__ import annotations

import datetime
import re
import uuid

import pytest
from flask import Flask

from portal import db
from portal.cases.models import Message
from portal.cases.opening import Asked, Requester, Subject, open_cases, visitor
from portal.people import cards, factors, sessions, spoken_codes
from portal.people.models import OutboxMessage, Person, SignInSession
from portal.people.spoken_codes import Line
from portal.runtime import Runtime
from portal.vault import vault_of
from tests.client import Family, client_for, code_of, enter_family, runtime_of, sign_in
from tests.judge import JudgingClient, Page
from tests.portal.people.at_once import at_once, count


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


def me(client: JudgingClient) -> Family:
    return client.who  # type: ignore[attr-defined,no-any-return]


def give_sheet(runtime: Runtime, person_id: uuid.UUID) -> None:
    sheet = factors.new_sheet(runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        factors.give_sheet(session, person_id, sheet, now=db.now())


def ends(page: Page) -> list[str]:
    return [action for one in page.forms() if re.fullmatch("/my/ways-in/.*/end", action := one.get("action") or "")]


def test_the_page_needs_the_second_factor(visitor: JudgingClient, runtime: Runtime) -> None:
    robin = enter_family(runtime)
    sign_in(visitor, "family", robin.person_id, second_factor=False)
    assert visitor.get("/my", 303).location == "/sign-in/code?next=%2Fmy"


def test_from_ones_own_page_one_comes_to_how_one_is_reached_and_back(family: JudgingClient, runtime: Runtime) -> None:
    me(family)
    assert "How we may reach you" in family.get("/my").text
    assert [one.get("href") for one in family.get("/my").all("a", href="/reach")] == ["/reach"]
    assert family.get("/reach").all("a", cls="govuk-back-link")[0].get("href") == "/my"


def test_each_child_stands_by_itself_and_nobody_elses(family: JudgingClient, runtime: Runtime) -> None:
    asked = [
        Asked(Requester("Robin Vale", "robin.vale@example.org"), (Subject("parent", "mother", name),))
        for name in ("Wren Vale", "Ash Vale", "Wren Vale")
    ]
    with runtime.database.write() as session:
        for one, mine in zip([*asked, asked[0]], [True, True, True, False], strict=True):
            person = me(family).person_id if mine else None
            made = open_cases(session, one, by=visitor(), received_on=datetime.date(2026, 11, 2), person_id=person)
    page = family.get("/my")
    names = ["".join(one.itertext()) for one in page.all("bdi")]
    assert [name for name in names if "Vale" in name] == ["Ash Vale", "Wren Vale"]
    assert made.cases[0].reference not in page.html
    assert me(family).reference in page.html
    assert "robin.vale@example.org" in page.text


def test_the_last_factor_stays_and_another_one_ends(family: JudgingClient, runtime: Runtime) -> None:
    page = family.get("/my")
    [only] = ends(page)
    told = family.follow(family.submit(page, form=only))
    assert "This is the last one you have" in told.text
    give_sheet(runtime, me(family).person_id)
    page = family.get("/my")
    assert "20 codes left" in page.text
    other = client_for(family.app)
    sign_in(other, "family", me(family).person_id)
    family.submit(page, form=only)
    with runtime.database.read() as session:
        assert factors.kinds(session, "family", me(family).person_id) == {"code_sheet"}
    assert count(runtime, OutboxMessage, template="way_in") == 1
    other.get("/my", 303)
    family.get("/my")


@pytest.mark.parametrize("left", ["sheet without codes", "number that changed"])
def test_what_opens_nothing_any_more_is_no_other_factor(family: JudgingClient, runtime: Runtime, left: str) -> None:
    person_id = me(family).person_id
    if left == "sheet without codes":
        give_sheet(runtime, person_id)
    with runtime.database.write() as session:
        if left == "sheet without codes":
            [sheet] = factors.live(session, "family", person_id, "code_sheet")
            for number in range(1, 21):
                factors.use_code(session, sheet.id, number, now=db.now())
        else:
            spoken_codes.enrol(session, person_id, "phone", Line("text", "+447700900123"), now=db.now())
        [app] = factors.live(session, "family", person_id, "totp")
    page = family.get("/my")
    family.submit(page, form=f"/my/ways-in/{app.id}/end")
    with runtime.database.read() as session:
        assert "totp" in factors.kinds(session, "family", person_id)


def test_of_two_factors_ended_at_once_one_stays(family: JudgingClient, runtime: Runtime) -> None:
    give_sheet(runtime, me(family).person_id)
    page = family.get("/my")
    from concurrent.futures import ThreadPoolExecutor

    cookies = [(one.key, one.value) for one in family.client._cookies.values()]

    def press(action: str) -> int:
        twin = family.app.test_client()
        for name, value in cookies:
            twin.set_cookie(name, value, domain="127.0.0.1")
        return twin.post(action, data=page.answers(action), base_url=family.base_url).status_code

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(press, ends(page)))
    with runtime.database.read() as session:
        assert len(factors.kinds(session, "family", me(family).person_id)) == 1


def test_an_app_is_added_with_its_first_code_and_not_before(family: JudgingClient, runtime: Runtime) -> None:
    begun = family.submit(family.get("/my"), form="/my/ways-in/app")
    setting_up = family.follow(begun)
    assert len(ends(family.get("/my"))) == 1
    secret = "".join(setting_up.one("strong", cls="portal-spaced").itertext()).replace(" ", "")
    family.get(f"{begun.location}/picture")
    family.submit(setting_up, {"code": "000000"}, 400)
    family.submit(setting_up, {"code": code_of(secret)})
    assert len(ends(family.get("/my"))) == 2
    family.get(begun.location, 404)
    family.submit(family.get("/sign-in/code"), {"code": code_of(secret)}, 400)  # its first code is used
    family.submit(family.get("/sign-in/code"), {"code": code_of(secret, ahead=1)})


@pytest.mark.parametrize("what", ["factor", "app", "session"])
def test_nothing_of_somebody_else_is_touched(family: JudgingClient, runtime: Runtime, what: str) -> None:
    other = enter_family(runtime, email="other@example.org")
    with runtime.database.write() as session:
        [app] = factors.live(session, "family", other.person_id, "totp")
        begun = factors.begin_app(session, other.person_id, now=db.now())
        cookie = sessions.start(session, "family", other.person_id, now=db.now())
    family.get("/my")
    if what == "factor":
        family.post(f"/my/ways-in/{app.id}/end", expect=404)
    if what == "app":
        family.get(f"/my/ways-in/app/{begun.id}", 404)
        family.get(f"/my/ways-in/app/{begun.id}/picture", 404)
    if what == "session":
        family.post(f"/my/sessions/{sessions.hash_of(cookie).hex()[:16]}/end", expect=404)
    with runtime.database.read() as session:
        assert factors.kinds(session, "family", other.person_id) == {"totp"}
        assert len(sessions.all_of(session, "family", other.person_id, now=db.now())) == 1


def test_changes_need_a_factor_shown_just_now(family: JudgingClient, runtime: Runtime) -> None:
    page = family.get("/my")
    sign_in(family, "family", me(family).person_id, ago=datetime.timedelta(minutes=6))
    give_sheet(runtime, me(family).person_id)
    for action in (*ends(page), "/my/ways-in/app"):
        assert family.submit(page, form=action).location.startswith("/sign-in/code?next=%2Fgo-on%2F")
    with runtime.database.read() as session:
        assert factors.kinds(session, "family", me(family).person_id) == {"totp", "code_sheet"}


def test_a_session_elsewhere_is_ended_and_ones_own_signs_out(family: JudgingClient, runtime: Runtime) -> None:
    other = client_for(family.app)
    there = sign_in(other, "family", me(family).person_id)
    page = family.get("/my")
    family.submit(page, form=f"/my/sessions/{sessions.hash_of(there).hex()[:16]}/end")
    assert other.get("/my", 303).location.startswith("/sign-in?")
    [own] = [action for one in family.get("/my").forms() if "/sessions/" in (action := one.get("action") or "")]
    out = family.submit(family.get("/my"), form=own)
    assert out.location == "/signed-out"
    assert "Clear-Site-Data" in out.response.headers
    assert count(runtime, SignInSession) == 0


@pytest.mark.parametrize(
    ("email", "safe", "ends"),
    [("robin.vale@example.org", "email", True), ("robin.vale@example.org", "post", False), ("", "email", False)],
)
def test_a_card_is_ended_by_its_holder_where_they_have_another_way_in(
    visitor: JudgingClient, runtime: Runtime, email: str, safe: str, ends: bool
) -> None:
    robin = enter_family(runtime, email=email)
    with runtime.database.write() as session:
        person = session.get_one(Person, robin.person_id)
        vault_of(session).put(person, {**vault_of(session).get(person), "safe_channels": [safe]})
        session.add(person)
        new = cards.new_card(runtime.settings.secrets.pepper)
        cards.issue(session, purpose="sign_in", holder_id=robin.person_id, new=new, now=db.now())
    sign_in(visitor, "family", robin.person_id)
    page = visitor.get("/my")
    if ends:
        visitor.submit(page, form="/my/card/end")
    else:
        assert page.all("form", action="/my/card/end") == []
        visitor.post("/my/card/end")
    with runtime.database.read() as session:
        assert (cards.live(session, robin.person_id, "sign_in") is None) is ends


# A lost factor


def test_saying_that_a_factor_is_lost_tells_a_caseworker_and_opens_nothing(
    visitor: JudgingClient, runtime: Runtime
) -> None:
    """Recovery by the mailed link alone is impossible: the whole of it is a message."""
    robin = enter_family(runtime)
    sign_in(visitor, "family", robin.person_id, second_factor=False)
    page = visitor.get("/sign-in/lost")
    visitor.submit(page, {}, 400)
    visitor.submit(page, {"what": "totp"})
    assert count(runtime, Message, kind="from_requester") == 1
    with runtime.database.read() as session:
        assert factors.kinds(session, "family", robin.person_id) == {"totp"}
    for path in ("/my", f"/cases/{robin.reference}/messages"):
        assert visitor.get(path, 303).location.startswith("/sign-in/code")
    for path in ("/my/ways-in/app", f"/my/ways-in/{uuid.uuid4()}/end", "/my/card/end"):
        assert visitor.post(path).location == "/sign-in/code"
    assert visitor.get(f"/my/ways-in/app/{uuid.uuid4()}", 303).location.startswith("/sign-in/code")


def test_twenty_presses_say_once_that_it_is_lost(visitor: JudgingClient, runtime: Runtime) -> None:
    robin = enter_family(runtime)
    sign_in(visitor, "family", robin.person_id, second_factor=False)
    page = visitor.get("/sign-in/lost")
    assert at_once(visitor, page, {"what": "totp"}, times=6) == [303] * 6
    assert count(runtime, Message) == 1

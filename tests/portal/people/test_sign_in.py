"""Families and staff come in, and nobody else does."""

from __future__ import annotations

import datetime
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import db, links
from portal.cases.references import new_reference
from portal.people import factors, known_browsers, limits
from portal.people.models import OutboxMessage, SignInSession, SignInToken
from portal.runtime import Runtime
from portal.settings import Settings
from tests.client import (
    PASSWORD,
    Family,
    Worker,
    client_for,
    code_of,
    enter_family,
    enter_staff,
    link_in,
    mails,
    runtime_of,
)
from tests.judge import JudgingClient, Page


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def robin(runtime: Runtime) -> Family:
    return enter_family(runtime)


@pytest.fixture
def sam(runtime: Runtime) -> Worker:
    return enter_staff(runtime)


def ask(client: JudgingClient, email: str, reference: str, expect: int = 303) -> Page:
    return client.submit(client.get("/sign-in"), {"email": email, "reference": reference}, expect)


def link_for(client: JudgingClient, runtime: Runtime, robin: Family) -> str:
    ask(client, robin.email, robin.reference)
    return link_in(mails(runtime)[-1])


def count(runtime: Runtime, table: type, **which: object) -> int:
    with runtime.database.read() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table).filter_by(**which)).scalar_one())


def acts(runtime: Runtime, act: str) -> list[tuple[str, str]]:
    with runtime.database.read() as session:
        query = sa.text("SELECT chain, outcome FROM log WHERE act = :act ORDER BY at")
        return [(row.chain.partition(":")[0], row.outcome) for row in session.execute(query, {"act": act})]


def test_a_family_comes_in_by_link_and_code(visitor: JudgingClient, runtime: Runtime, robin: Family) -> None:
    visitor.get("/sign-in?next=/sign-in/sent")
    assert visitor.follow(ask(visitor, robin.email.upper(), robin.reference.lower())).h1 == "Check your email"
    opened = visitor.get(link_in(mails(runtime)[0]))
    assert opened.h1 == "Sign in now"
    assert visitor.submit(opened).location == "/sign-in/sent"
    code_page = visitor.get("/sign-in/code?next=/signed-out")
    wrong = visitor.submit(code_page, {"code": "000000"}, 400)
    assert "000000" not in wrong.html
    assert visitor.submit(wrong, {"code": code_of(robin.secret)}).location == "/signed-out"
    assert acts(runtime, "sign_in_link") == [("visitor", "allowed")]
    assert acts(runtime, "sign_in") == [("family", "allowed")]
    assert acts(runtime, "second_factor") == [("family", "denied"), ("family", "allowed")]


def test_each_step_of_the_sign_in_brings_a_new_cookie(visitor: JudgingClient, runtime: Runtime, robin: Family) -> None:
    visitor.submit(visitor.get(link_for(visitor, runtime, robin)))
    first = visitor.client.get_cookie("family", domain="127.0.0.1")
    visitor.submit(visitor.get("/sign-in/code"), {"code": code_of(robin.secret)})
    second = visitor.client.get_cookie("family", domain="127.0.0.1")
    assert first
    assert second
    assert first.value != second.value
    assert count(runtime, SignInSession) == 1
    visitor.client.set_cookie("family", first.value, domain="127.0.0.1")
    assert visitor.get("/sign-in/code", 303).location.startswith("/sign-in")


def test_opening_a_link_ten_times_burns_nothing(visitor: JudgingClient, runtime: Runtime, robin: Family) -> None:
    link = link_for(visitor, runtime, robin)
    for _n in range(10):
        assert visitor.get(link).commits == 0
    visitor.submit(visitor.get(link))
    assert visitor.get(link, 410).h1 == "This link no longer works"
    assert count(runtime, SignInSession) == 1


def test_in_another_browser_the_link_says_where_to_open_it(
    app: Flask, visitor: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    link, other = link_for(visitor, runtime, robin), client_for(app)
    other.get("/sign-in")
    assert other.get(link).h1 == "Type the code where you asked for the link"
    other.post(link, {}, 200)
    assert count(runtime, SignInSession) == 0
    visitor.submit(visitor.get(link))
    assert count(runtime, SignInSession) == 1


@pytest.mark.parametrize("spoilt", ["/sign-in/open/made-up", "/sign-in/open/a.b", "/sign-in/open/%00.%ff"])
def test_a_made_up_link_is_a_dead_link(visitor: JudgingClient, spoilt: str) -> None:
    visitor.get(spoilt, 410)


def test_a_link_of_another_purpose_signs_nobody_in(visitor: JudgingClient, runtime: Runtime, robin: Family) -> None:
    link_for(visitor, runtime, robin)
    token = links.sealed_path(runtime.settings, "resume_draft", "t" * 43).rpartition("/")[2]
    visitor.get(f"/sign-in/open/{token}", 410)


def test_twenty_presses_of_one_link_begin_one_session(app: Flask, runtime: Runtime, robin: Family) -> None:
    client = client_for(app)
    opened = client.get(link_for(client, runtime, robin))
    cookie = client.client.get_cookie("form", domain="127.0.0.1")
    assert cookie

    def press(_n: int) -> int:
        twin = app.test_client()
        twin.set_cookie("form", cookie.value, domain="127.0.0.1")
        sent = twin.post(opened.action(), data=opened.answers(), base_url=client.base_url)
        return sent.status_code

    with ThreadPoolExecutor(10) as pool:
        answers = sorted(pool.map(press, range(20)))
    assert answers == [303] + [410] * 19
    assert count(runtime, SignInSession) == 1


@pytest.mark.parametrize("known", [(False, False), (True, False), (False, True), (True, True)])
def test_known_or_not_the_answer_is_the_same(
    visitor: JudgingClient, runtime: Runtime, robin: Family, known: tuple[bool, bool]
) -> None:
    other = enter_family(runtime, email="someone@example.org")
    email = robin.email if known[0] else "nobody@example.org"
    sent = ask(visitor, email, robin.reference if known[1] else other.reference)
    then = visitor.follow(sent)
    assert sent.location == "/sign-in/sent"
    assert then.h1 == "Check your email"
    assert email not in then.html
    assert [count(runtime, table) for table in (SignInToken, OutboxMessage)] == [1, 1]
    assert work_of(runtime, "link", sent) == (sent.queries, sent.commits)
    assert len(mails(runtime)) == (1 if known == (True, True) else 0)


_WORK: dict[str, tuple[int, int]] = {}


def work_of(runtime: Runtime, what: str, page: Page) -> tuple[int, int]:
    """Queries and commits of the first page of this kind on this database: every other one must do as much."""
    return _WORK.setdefault(f"{what} {runtime.database.engine.dialect.name}", (page.queries, page.commits))


def test_a_mistyped_reference_is_told_at_once(visitor: JudgingClient, runtime: Runtime) -> None:
    assert ask(visitor, "nobody@example.org", "SAR-2222-2223", 400).errors
    assert count(runtime, SignInToken) == 0


def test_mails_lead_to_the_configured_address_whatever_host_was_asked(
    visitor: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    page = visitor.get("/sign-in")
    answers = {**page.answers(), "email": robin.email, "reference": robin.reference}
    forged = visitor.client.post("/sign-in", data=answers, headers={"Host": "evil.example.org"})
    assert forged.status_code == 400
    proxied = {"X-Forwarded-Host": "evil.example.org", "X-Forwarded-Proto": "https"}
    visitor.submit(page, {"email": robin.email, "reference": robin.reference}, headers=proxied)
    [message] = mails(runtime)
    assert f"{runtime.settings.family_url}/sign-in/open/" in message.get_content()
    assert "evil" not in message.as_string()


def test_after_five_links_in_an_hour_one_waits(visitor: JudgingClient, runtime: Runtime, robin: Family) -> None:
    with time_machine.travel(datetime.datetime(2026, 11, 2, 9, 5, tzinfo=datetime.UTC), tick=False) as clock:
        for _n in range(5):
            ask(visitor, robin.email, robin.reference)
        refused = ask(visitor, robin.email, robin.reference, 429)
        assert refused.response.headers["Retry-After"] == "3300"
        assert count(runtime, SignInToken) == 1
        clock.shift(3300)
        ask(visitor, robin.email, robin.reference)


def test_whoever_knows_only_the_address_locks_nobody_out(
    app: Flask, visitor: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    stranger = client_for(app)
    with time_machine.travel(datetime.datetime(2026, 11, 2, 9, 5, tzinfo=datetime.UTC), tick=False):
        for _n in range(6):
            ask(stranger, robin.email, new_reference("SAR"))
        for _n in range(5):
            ask(stranger, robin.email, wrong := new_reference("SAR"))
            ask(stranger, robin.email, wrong)
        ask(visitor, robin.email, robin.reference)
        assert len(mails(runtime)) == 1


def test_one_network_asks_for_no_more_links_than_its_share(visitor: JudgingClient) -> None:
    with time_machine.travel(datetime.datetime(2026, 11, 2, 9, 5, tzinfo=datetime.UTC), tick=False):
        page = visitor.get("/sign-in")
        for _n in range(limits.NETWORK_SIGN_INS.most):
            visitor.app.extensions["portal_floods"].within(limits.NETWORK_SIGN_INS, "127.0.0.1", now=db.now())
        visitor.submit(page, {"email": "a@example.org", "reference": new_reference("SAR")}, 429)


def test_after_ten_wrong_codes_even_the_right_one_waits(family: JudgingClient) -> None:
    who: Family = family.who  # type: ignore[attr-defined]
    with time_machine.travel(datetime.datetime.fromtimestamp(db.now().timestamp() // 900 * 900 + 60, datetime.UTC)):
        code_page = family.get("/sign-in/code")
        for _n in range(10):
            family.submit(code_page, {"code": "000000"}, 400)
        family.submit(code_page, {"code": code_of(who.secret)}, 429)


def test_without_any_factor_the_page_says_how_to_get_one(visitor: JudgingClient, runtime: Runtime) -> None:
    robin = enter_family(runtime, app=False)
    visitor.submit(visitor.get(link_for(visitor, runtime, robin)))
    page = visitor.get("/sign-in/code")
    assert "sheet of codes" in page.text
    assert page.all("input", name="code") == []


def test_the_sheet_opens_where_there_is_no_app(visitor: JudgingClient, runtime: Runtime) -> None:
    robin = enter_family(runtime, app=False)
    with runtime.database.write() as session:
        sheet = factors.new_sheet(runtime.settings.secrets.pepper)
        factors.give_sheet(session, robin.person_id, sheet, now=db.now())
        codes = sheet.codes
    visitor.submit(visitor.get(link_for(visitor, runtime, robin)))
    page = visitor.get("/sign-in/code?next=/sign-in/sent")
    assert "number 1." in page.text
    wrong = visitor.submit(page, {"code": codes[1]}, 400)
    assert visitor.submit(wrong, {"code": factors.printed(codes[0])}).location == "/sign-in/sent"
    assert "number 2." in visitor.get("/sign-in/code").text


def test_signing_out_ends_the_session_and_clears_the_browser(family: JudgingClient, app: Flask) -> None:
    code_page = family.get("/sign-in/code")
    out = family.post("/sign-out", {"csrf_token": code_page.answers()["csrf_token"][0]})
    assert family.follow(out).h1 == "You are signed out"
    assert count(runtime_of(app), SignInSession) == 0
    assert family.get("/sign-in/code", 303).location.startswith("/sign-in?next=")


@pytest.mark.parametrize("then", ["https://evil.example.org", "//evil.example.org", "/\\evil.example.org"])
def test_signing_in_leads_to_no_other_site(app: Flask, runtime: Runtime, robin: Family, sam: Worker, then: str) -> None:
    client = client_for(app)
    client.get("/sign-in", query_string={"next": then})
    assert client.submit(client.get(link_for(client, runtime, robin))).location == "/cases"
    page = client.get("/sign-in/code", query_string={"next": then})
    assert client.submit(page, {"code": code_of(robin.secret)}).location == "/cases"
    assert "evil" not in staff_in(client, sam, then=then).location


def staff_in(client: JudgingClient, who: Worker, *, then: str = "", ahead: int = 0) -> Page:
    page = client.get("/staff/sign-in", query_string={"next": then} if then else None)
    code_page = client.follow(client.submit(page, {"email": who.email, "password": PASSWORD}))
    return client.submit(code_page, {"code": code_of(who.secret, ahead=ahead)})


def test_staff_come_in_by_password_and_code(visitor: JudgingClient, runtime: Runtime, sam: Worker) -> None:
    assert staff_in(visitor, sam, then="/staff/signed-out").location == "/staff/signed-out"
    assert acts(runtime, "password") == [("staff", "allowed")]
    assert acts(runtime, "second_factor") == [("staff", "allowed")]
    cookie = visitor.client.get_cookie("staff", domain="127.0.0.1")
    assert cookie
    assert cookie.http_only
    assert cookie.same_site == "Strict"


def test_a_second_sign_in_of_staff_ends_the_first_and_tells(app: Flask, runtime: Runtime, sam: Worker) -> None:
    first, second = client_for(app), client_for(app)
    staff_in(first, sam)
    staff_in(second, sam, ahead=1)
    told = second.get("/staff/signed-out").text
    assert "You were signed in somewhere else. That session has been ended." in told
    assert "You last signed in on" in told
    assert first.get("/staff/sign-in/code", 303).location == "/staff/sign-in"
    assert count(runtime, SignInSession) == 1


def test_a_password_alone_ends_nobodys_session(app: Flask, runtime: Runtime, sam: Worker) -> None:
    first, second = client_for(app), client_for(app)
    staff_in(first, sam)
    second.submit(second.get("/staff/sign-in"), {"email": sam.email, "password": PASSWORD})
    first.get("/staff/sign-in/code")
    assert count(runtime, SignInSession) == 2


@pytest.mark.parametrize("email", ["caseworker@example.org", "nobody@example.org"])
def test_a_wrong_password_and_an_unknown_address_are_answered_alike(
    visitor: JudgingClient, runtime: Runtime, sam: Worker, email: str
) -> None:
    assert sam.email == "caseworker@example.org"
    page = visitor.submit(visitor.get("/staff/sign-in"), {"email": email, "password": "not the right one"}, 400)
    assert page.errors == ["The email address or the password is not right"]
    assert "not the right one" not in page.html
    assert [outcome for _chain, outcome in acts(runtime, "password")] == ["denied"]
    assert work_of(runtime, "password", page) == (page.queries, page.commits)


def test_after_ten_wrong_passwords_even_the_right_one_waits(visitor: JudgingClient, sam: Worker) -> None:
    with time_machine.travel(datetime.datetime.fromtimestamp(db.now().timestamp() // 900 * 900 + 60, datetime.UTC)):
        page = visitor.get("/staff/sign-in")
        for _n in range(10):
            visitor.submit(page, {"email": sam.email, "password": "wrong"}, 400)
        visitor.submit(page, {"email": sam.email, "password": PASSWORD}, 429)


EARLY_IN_THE_HOUR = datetime.timedelta(seconds=60)


def hour() -> datetime.datetime:
    """The beginning of this hour: windows of the limits do not end while the test runs."""
    return db.now().replace(minute=0, second=0, microsecond=0) + EARLY_IN_THE_HOUR


def guess(app: Flask, who: Worker, network: str, expect: int = 400) -> None:
    """A stranger tries ten wrong passwords from this network."""
    stranger = client_for(app)
    page = stranger.get("/staff/sign-in")
    for _n in range(10):
        wrong = {"email": who.email, "password": "wrong"}
        stranger.submit(page, wrong, expect, environ_overrides={"REMOTE_ADDR": network})


def test_a_stranger_who_knows_the_address_locks_nobody_out_of_another_network(app: Flask, sam: Worker) -> None:
    with time_machine.travel(hour()):
        guess(app, sam, "192.0.2.7")
        assert staff_in(client_for(app), sam).location == "/staff/"


def test_guesses_from_many_networks_are_held_up_but_not_the_browser_one_has_signed_in_from(
    app: Flask, sam: Worker
) -> None:
    known, new = client_for(app), client_for(app)
    with time_machine.travel(hour() - datetime.timedelta(hours=1)):
        staff_in(known, sam)
        known.get("/staff/sign-in/code")
        known.post("/staff/sign-out", {}, expect=303)
    with time_machine.travel(hour()):
        for number in range(10):
            guess(app, sam, f"192.0.2.{number}")
        guess(app, sam, "192.0.2.99", 429)
        page = new.get("/staff/sign-in")
        new.submit(page, {"email": sam.email, "password": PASSWORD}, 429)
        assert staff_in(known, sam).location == "/staff/"


def test_a_known_browser_has_only_as_many_tries_as_any_other(app: Flask, sam: Worker) -> None:
    known = client_for(app)
    with time_machine.travel(hour()):
        staff_in(known, sam)
        page = known.get("/staff/sign-in")
        for _n in range(10):
            known.submit(page, {"email": sam.email, "password": "wrong"}, 400)
        known.submit(page, {"email": sam.email, "password": PASSWORD}, 429)


def test_a_browser_is_known_only_to_whom_it_was_given(settings: Settings) -> None:
    mine, other = uuid.uuid4(), uuid.uuid4()
    cookie = known_browsers.remembered(settings, None, mine)
    assert known_browsers.browser_of(settings, cookie, mine)
    assert known_browsers.browser_of(settings, cookie, other) is None
    assert known_browsers.browser_of(settings, cookie[:-1] + ("A" if cookie[-1] != "A" else "B"), mine) is None
    assert known_browsers.browser_of(settings, None, mine) is None
    assert mine.hex not in cookie
    with time_machine.travel(db.now() + known_browsers.LIFE + datetime.timedelta(minutes=1)):
        assert known_browsers.browser_of(settings, cookie, mine) is None


def test_colleagues_who_share_a_machine_are_each_known_there(settings: Settings) -> None:
    cookie, staff = None, [uuid.uuid4() for _n in range(known_browsers.MOST + 1)]
    for one in staff:
        cookie = known_browsers.remembered(settings, cookie, one)
    known = [known_browsers.browser_of(settings, cookie, one) for one in staff]
    assert known[0] is None
    assert len(set(known[1:])) == 1 and known[1]


def test_a_password_without_its_code_makes_no_browser_known(app: Flask, sam: Worker) -> None:
    client = client_for(app)
    client.submit(client.get("/staff/sign-in"), {"email": sam.email, "password": PASSWORD})
    assert client.client.get_cookie("known", domain="127.0.0.1") is None
    client.submit(client.get("/staff/sign-in/code"), {"code": code_of(sam.secret)})
    cookie = client.client.get_cookie("known", domain="127.0.0.1")
    assert cookie and cookie.http_only and cookie.same_site == "Strict"


def test_a_staff_code_is_not_taken_twice(app: Flask, sam: Worker) -> None:
    first, second = client_for(app), client_for(app)
    with time_machine.travel(db.now(), tick=False):
        staff_in(first, sam)
        page = second.get("/staff/sign-in")
        code_page = second.follow(second.submit(page, {"email": sam.email, "password": PASSWORD}))
        second.submit(code_page, {"code": code_of(sam.secret)}, 400)


def test_an_unknown_person_of_a_link_is_nobody(runtime: Runtime, visitor: JudgingClient) -> None:
    robin = enter_family(runtime)
    ask(visitor, "nobody@example.org", robin.reference)
    with runtime.database.read() as session:
        holder = session.execute(sa.select(SignInToken.holder_id)).scalar_one()  # type: ignore[call-overload]
    assert holder != robin.person_id
    assert isinstance(holder, uuid.UUID)

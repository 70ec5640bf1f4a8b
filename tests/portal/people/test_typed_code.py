"""The code beside the link: for whoever reads mail on another device, once, in the browser that asked."""

from __future__ import annotations

import datetime
import re

import pytest
import time_machine
from flask import Flask

from portal import db, links
from portal.people import factors, tokens
from portal.people.models import SignInSession, SignInToken
from portal.runtime import Runtime
from tests.client import Family, client_for, code_of, enter_family, link_in, mails, runtime_of
from tests.judge import JudgingClient, Page
from tests.portal.people.at_once import at_once, count, statements

CODE = re.compile(r"^[0-9A-Z]{4} [0-9A-Z]{4}$", re.MULTILINE)


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def robin(runtime: Runtime) -> Family:
    return enter_family(runtime)


def ask(client: JudgingClient, email: str, reference: str) -> Page:
    return client.follow(client.submit(client.get("/sign-in"), {"email": email, "reference": reference}))


def mailed(runtime: Runtime) -> str:
    [code] = CODE.findall(mails(runtime)[-1].get_content())
    return str(code)


def test_the_code_of_the_mail_signs_in_where_the_link_was_asked_for(
    visitor: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    visitor.get("/sign-in?next=/cases")
    page = ask(visitor, robin.email, robin.reference)
    typed = f" {mailed(runtime).lower().replace(' ', '-')} "
    assert visitor.submit(page, {"code": typed}).location == "/cases"
    assert visitor.get("/cases").h1 == "My requests"
    link = link_in(mails(runtime)[-1])
    visitor.get(link, 410)
    visitor.submit(page, {"code": typed}, 400)


def test_the_code_is_kept_nowhere(visitor: JudgingClient, runtime: Runtime, robin: Family) -> None:
    ask(visitor, robin.email, robin.reference)
    code = mailed(runtime)
    with runtime.database.read() as session:
        kept = " ".join(str(value) for row in session.connection().exec_driver_sql(_ALL) for value in row)
    assert code.replace(" ", "") not in kept
    assert code not in kept


_ALL = "SELECT sign_in_token.*, outbox.*, job.* FROM sign_in_token, outbox, job"


def test_in_another_browser_the_code_opens_nothing_and_the_link_says_where_to_type_it(
    app: Flask, visitor: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    page = ask(visitor, robin.email, robin.reference)
    message, code = mails(runtime)[-1], mailed(runtime)
    other = client_for(app)
    for _n in range(10):  # a scanner that opens every link
        shown = other.get(link_in(message))
    assert shown.h1 == "Type the code where you asked for the link"
    assert code not in shown.html
    other.submit(other.get("/sign-in/sent"), {"code": code}, 400)
    assert count(runtime, SignInSession) == 0
    visitor.submit(page, {"code": code})
    assert count(runtime, SignInSession) == 1


def test_twenty_at_once_begin_one_session(app: Flask, runtime: Runtime, robin: Family) -> None:
    client = client_for(app)
    page = ask(client, robin.email, robin.reference)
    code = mailed(runtime)
    answers = at_once(client, page, {"code": code}, times=10)
    assert answers == [303] + [400] * 9
    assert count(runtime, SignInSession) == 1


def test_link_and_code_at_once_begin_one_session(visitor: JudgingClient, runtime: Runtime, robin: Family) -> None:
    page = ask(visitor, robin.email, robin.reference)
    code = mailed(runtime)
    visitor.submit(visitor.get(link_in(mails(runtime)[-1])))
    again = visitor.get("/sign-in/sent")
    visitor.submit(again, {"code": code}, 400)
    assert page.h1 == "Check your email"


@pytest.mark.parametrize("other", ["resume_draft", "outside", "sheet", "app", "nothing"])
def test_a_code_of_another_purpose_is_refused(
    visitor: JudgingClient, runtime: Runtime, robin: Family, other: str
) -> None:
    page = ask(visitor, robin.email, robin.reference)
    token = link_in(mails(runtime)[-1]).rpartition("/")[2].rpartition(".")[0]
    key = links.derived_key(runtime.settings, tokens.CODE_KEY)
    assert tokens.code_of(key, "sign_in", token) == mailed(runtime)
    if other == "sheet":
        sheet = factors.new_sheet(runtime.settings.secrets.pepper)
        with runtime.database.write() as session:
            factors.give_sheet(session, robin.person_id, sheet, now=db.now())
        typed = sheet.codes[0]
    else:
        typed = {"app": code_of(robin.secret), "nothing": "--"}.get(other) or tokens.code_of(key, other, token)
    visitor.submit(page, {"code": typed}, 400)
    assert count(runtime, SignInSession) == 0


def test_after_ten_minutes_and_after_ten_wrong_codes_it_opens_nothing(
    visitor: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    early = datetime.datetime.fromtimestamp(db.now().timestamp() // 900 * 900 + 60, datetime.UTC)
    with time_machine.travel(early, tick=False) as clock:
        page = ask(visitor, robin.email, robin.reference)
        code = mailed(runtime)
        clock.shift(tokens.LIFE)
        visitor.submit(page, {"code": code}, 400)
        clock.shift(-tokens.LIFE)
        for _n in range(9):
            visitor.submit(page, {"code": "0000 0000"}, 400)
        visitor.submit(page, {"code": code}, 429)
    assert count(runtime, SignInSession) == 0


def test_a_new_link_ends_the_code_before_it(visitor: JudgingClient, runtime: Runtime, robin: Family) -> None:
    ask(visitor, robin.email, robin.reference)
    first = mailed(runtime)
    page = ask(visitor, robin.email, robin.reference)
    visitor.submit(page, {"code": first}, 400)


@pytest.mark.parametrize("asked", ["known", "unknown", "nothing"])
def test_nobody_learns_from_a_wrong_code_whether_a_mail_went_out(
    visitor: JudgingClient, runtime: Runtime, robin: Family, asked: str
) -> None:
    page = visitor.get("/sign-in/sent")
    if asked != "nothing":
        page = ask(visitor, robin.email if asked == "known" else "nobody@example.org", robin.reference)
        assert count(runtime, SignInToken) == 1
    wrong = visitor.submit(page, {"code": "0000 0000"}, 400)
    assert wrong.errors == ["This code is not right, or its time is over. Check it, or ask for a new link"]
    assert statements("typed code", wrong, runtime) == statements.first

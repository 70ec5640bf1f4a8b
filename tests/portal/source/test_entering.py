"""A link alone shows nothing: it takes the code, in this browser, and what is no more looks like what never was."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace

import pytest
import time_machine
from flask import Flask

from portal import create_app, db, links
from portal.cases.corrections import outside
from portal.people import limits
from portal.settings import Settings
from tests.client import client_for, link_in, mails, runtime_of
from tests.corrections import decide
from tests.judge import JudgingClient, Page
from tests.portal.source.asked import READING, SAYS, Question, question
from tests.portal.source.test_outside import RIGHT


@pytest.fixture
def asked(app: Flask) -> Question:
    return question(app)


def bytes_of(page: Page) -> str:
    """The page without what is new in every answer: the nonce of its scripts."""
    return re.sub(r'nonce="[^"]+"', "", page.html)


def test_the_link_alone_tells_nothing_and_changes_nothing(asked: Question) -> None:
    before = asked.link
    page = asked.client.get(asked.path)
    assert page.commits == 0
    assert "code" in page.text and READING not in page.html and "Ashdown" not in page.html
    assert asked.link == before


def test_the_code_opens_the_one_entry_that_the_body_supplied(asked: Question) -> None:
    page = asked.enter()
    assert SAYS in page.text and READING in page.text and "W Ashdown" in page.text
    assert asked.link.opened_at is not None


def test_the_code_may_be_typed_as_people_type(asked: Question) -> None:
    asked.code = f" {asked.code.lower().replace('-', ' ')} "
    assert SAYS in asked.enter().text


def test_another_browser_with_the_link_is_asked_for_the_code(asked: Question) -> None:
    asked.enter()
    stranger = client_for(asked.app)
    for name in ("question", "check", "pass-on"):
        assert stranger.get(asked.at(name), 303).location == asked.path
    assert stranger.get(asked.path).h1 == "Enter your code"


def test_after_half_an_hour_the_question_is_shown_no_longer(asked: Question) -> None:
    asked.enter()
    for minutes, status in ((29, 200), (31, 303)):
        with time_machine.travel(db.now() + datetime.timedelta(minutes=minutes), tick=True):
            asked.client.get(asked.at("question"), status)


def test_a_cookie_that_somebody_made_up_opens_nothing(asked: Question) -> None:
    asked.enter()
    good = asked.client.client.get_cookie("source", domain="127.0.0.1")
    assert good is not None
    unsigned = good.value.rpartition(".")[0]
    for forged in ("", "x", unsigned, "z" + good.value[1:], "~".join([good.value] * 2), "0." + good.value):
        stranger = client_for(asked.app)
        stranger.client.set_cookie("source", forged, domain="127.0.0.1")
        assert stranger.get(asked.at("question"), 303).location == asked.path


def test_several_questions_can_be_open_in_one_browser(app: Flask, asked: Question) -> None:
    other = question(app, walk=asked.walk)
    other.client = asked.client
    asked.enter()
    other.enter()
    for one in (asked, other):
        asked.client.get(one.at("question"))


def test_a_wrong_code_says_so_and_shows_nothing(asked: Question) -> None:
    page = asked.client.submit(asked.client.get(asked.path), {"code": "AAAA-AAAA"}, 400)
    assert "not right" in page.errors[0] and "AAAA" not in page.html and READING not in page.html
    assert asked.client.get(asked.at("question"), 303).location == asked.path


def test_five_wrong_codes_end_the_link_even_for_the_right_one(asked: Question) -> None:
    for _n in range(4):
        asked.client.submit(asked.client.get(asked.path), {"code": "AAAA-AAAA"}, 400)
    form = asked.client.get(asked.path)
    asked.client.submit(form, {"code": "AAAA-AAAA"}, 410)
    asked.client.submit(form, {"code": asked.code}, 410)
    assert asked.link.state == "ended"


def test_codes_from_one_network_are_held_back(asked: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NETWORK_SIGN_INS", replace(limits.NETWORK_SIGN_INS, most=2))
    for status in (400, 400, 429):
        asked.client.submit(asked.client.get(asked.path), {"code": "AAAA-AAAA"}, status)


def test_whatever_became_of_a_link_its_page_is_the_same(app: Flask) -> None:
    """Unknown, forged, answered, ended, passed on, silent, locked, decided meanwhile: nobody learns which."""
    dead = [links.sealed_path(runtime_of(app).settings, "outside", "x" * 43), "/source/open/made-up"]
    for end in (answered, ended, passed_on, locked, decided):
        one = question(app)
        end(one)
        dead.append(one.path)
    pages = [client_for(app).get(path, 410) for path in dead]
    assert len({bytes_of(page) for page in pages}) == 1
    others = [client_for(app).get(path.replace("/open/", f"/{name}/"), 410) for path in dead for name in PAGES]
    assert {bytes_of(page) for page in others} == {bytes_of(pages[0])}


PAGES = ("question", "check", "pass-on")


def answered(one: Question) -> None:
    one.sent()


def ended(one: Question) -> None:
    one.walk.act(lambda session: outside.end(session, one.walk.case_id, one.link_id, by=one.walk.worker.actor))


def passed_on(one: Question) -> None:
    one.enter()
    one.client.submit(one.client.get(one.at("pass-on")), {"email": "head@larkfield.example.org"})


def locked(one: Question) -> None:
    for _n in range(5):
        one.client.client.post(one.path, data={"code": "A"}, base_url=one.client.base_url)
        with one.runtime.database.write() as session:
            outside.unlock(session, links.opened(one.runtime.settings, "outside", one.signed) or "", "AAAA-AAAA")


def decided(one: Question) -> None:
    decide(one.walk, RIGHT)


def test_the_browser_that_answered_gets_the_same_page_as_a_stranger(asked: Question) -> None:
    asked.sent()
    assert bytes_of(asked.client.get(asked.path, 410)) == bytes_of(client_for(asked.app).get(asked.path, 410))


def test_a_link_opens_at_the_familys_host_and_not_at_the_staffs(settings: Settings) -> None:
    two = replace(settings, family_url="https://records.example.org", staff_url="https://staff.example.org")
    app = create_app(two)
    client = client_for(app)
    for base, status in ((two.family_url, 200), (two.staff_url, 404)):
        assert client.client.get("/source", base_url=base).status_code == status
    runtime_of(app).close()


def test_the_mail_names_nobody_and_goes_to_the_registered_address(asked: Question) -> None:
    message = mails(asked.runtime)[-1]
    assert message["To"] == "office@larkfield.example.org"
    said = message.as_string()
    assert link_in(message) == asked.path
    for hidden in ("Ashdown", "Lark ", READING, asked.code, asked.walk.case.reference, "child"):
        assert hidden not in said


def test_the_door_says_what_it_is_for(visitor: JudgingClient) -> None:
    page = visitor.get("/source")
    assert "link" in page.text and page.all("a", cls="govuk-exit-this-page__button") == []

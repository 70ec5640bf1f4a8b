"""Passing on inside one body: a new link and a new code, and the end of the old ones."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.client import client_for, link_in, mails
from tests.portal.source.asked import Question, links_of, question

HEAD = "head@larkfield.example.org"


@pytest.fixture
def asked(app: Flask) -> Question:
    made = question(app)
    made.enter()
    return made


def passed(asked: Question) -> Question:
    """What the colleague has: the link of their mail and the code they were told."""
    page = asked.client.follow(asked.client.submit(asked.client.get(asked.at("pass-on")), {"email": HEAD}))
    code = "".join(page.one("strong", cls="portal-code").itertext())
    message = mails(asked.runtime)[-1]
    assert message["To"] == HEAD
    new = next(one for one in links_of(asked.walk) if one.state == "waiting")
    return Question(asked.app, asked.walk, new.id, code, link_in(message), client_for(asked.app))


def test_a_colleague_answers_with_a_link_and_a_code_of_their_own(asked: Question) -> None:
    colleague = passed(asked)
    assert colleague.code != asked.code and colleague.path != asked.path
    assert colleague.sent().h1 == "Thank you"
    assert [one.state for one in links_of(asked.walk)] == ["passed_on", "answered"]


def test_the_old_link_and_code_end(asked: Question) -> None:
    colleague = passed(asked)
    for name in ("open", "question", "check", "pass-on"):
        asked.client.get(asked.at(name), 410)
    page = colleague.client.get(colleague.path)
    colleague.client.submit(page, {"code": asked.code}, 400)


def test_the_code_is_shown_once(asked: Question) -> None:
    colleague = passed(asked)
    again = asked.client.get("/source/passed-on")
    assert colleague.code not in again.html and "shown once" in again.text
    assert colleague.code not in client_for(asked.app).get("/source/passed-on").html


@pytest.mark.parametrize(
    "email", ["head@elsewhere.example.org", "head@example.org", "head@larkfield.example.org.evil.example"]
)
def test_an_address_of_another_organisation_is_refused_and_kept_in_the_form(asked: Question, email: str) -> None:
    page = asked.client.submit(asked.client.get(asked.at("pass-on")), {"email": email}, 400)
    assert "your own organisation" in page.errors[0]
    assert page.answers()["email"] == [email]
    assert asked.link.state == "waiting"


def test_a_second_press_passes_it_on_once(asked: Question) -> None:
    page = asked.client.get(asked.at("pass-on"))
    for _n in range(2):
        assert asked.client.submit(page, {"email": HEAD}).location == "/source/passed-on"
    assert len(links_of(asked.walk)) == 2

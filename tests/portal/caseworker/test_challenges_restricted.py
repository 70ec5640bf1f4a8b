"""Restricted entries are shut until one reason is stated, and the marks stand wherever staff read an entry."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlmodel import select

from portal.records.models import RestrictedUse
from portal.runtime import Runtime
from tests.builders import Walk, case_in, rich_child
from tests.client import runtime_of
from tests.corrections import REFUSED, challenge_in, claim, confirm, decide, entry_of
from tests.judge import JudgingClient, Page, text_of
from tests.portal.caseworker.challenges import READING, at_desk, base, line_path

WORDS = "Ahead of what is usual at this age."


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def challenge(runtime: Runtime) -> Walk:
    """A challenge that asks for restriction of one entry."""
    return challenge_in(runtime, "weighing", [claim(READING, restrict=True)], about=[READING], shown=True)


@pytest.fixture
def copy(runtime: Runtime, challenge: Walk) -> Walk:
    """A request for a copy of the same record, in review, by another team member."""
    return case_in(runtime, "review", record=challenge.record)


@pytest.fixture
def client(app: Flask, copy: Walk) -> JudgingClient:
    return at_desk(app, copy.worker)


def shut_page(client: JudgingClient, copy: Walk) -> Page:
    """The page of the restricted entry, found through the list."""
    page = client.get(f"{base(copy)}/review?only=disputed")
    links = [link.get("href") or "" for link in page.all("a") if f"{base(copy)}/review/0" in (link.get("href") or "")]
    assert len(links) == 1
    assert WORDS not in page.text
    return client.get(links[0])


def test_a_restricted_entry_is_shut_in_the_review_and_opens_for_a_reason(
    client: JudgingClient, copy: Walk, runtime: Runtime
) -> None:
    page = shut_page(client, copy)
    assert "The use of this entry is restricted." in page.text
    assert WORDS not in page.html
    opening = page.action()
    refused = client.submit(page, {}, expect=400)
    assert refused.errors == ["Choose the reason for which you need it"]
    opened = client.follow(client.submit(page, {"because": "protect_another"}))
    assert WORDS in opened.text.replace(" ", " ")
    assert opened.path == page.path
    with runtime.database.read() as session:
        assert [one.reason for one in session.exec(select(RestrictedUse))] == ["protect_another"]
    assert "/restricted/" in opening


def test_to_weigh_it_is_no_reason_in_another_case(client: JudgingClient, copy: Walk) -> None:
    page = shut_page(client, copy)
    refused = client.submit(page, {"because": "checking"}, expect=400)
    assert "Choose the reason" in refused.errors[0]
    assert WORDS not in refused.html


def test_the_challenge_itself_reads_the_entry_to_weigh_it(app: Flask, challenge: Walk) -> None:
    page = at_desk(app, challenge.worker).get(line_path(challenge))
    assert WORDS in page.text
    assert "Use restricted" in page.text


def test_nobody_decides_about_words_they_have_not_read(client: JudgingClient, copy: Walk) -> None:
    page = shut_page(client, copy)
    sent = {
        "decision": "give",
        "about": "child",
        "version": "1",
        "save": "1",
        "csrf_token": page.answers()["csrf_token"],
    }
    assert client.post(page.path, sent, 409).h1.startswith("Entry")
    listed = client.get(f"{base(copy)}/review?only=disputed")
    assert not listed.all("input", name="pick")
    picked = f"{page.path.rsplit('/', 1)[1].replace('-', '')}.1"
    page = client.follow(client.post(f"{base(copy)}/review/give", {"pick": picked}))
    assert "its use is restricted. Open it first." in page.text


def test_the_way_back_leads_nowhere_else(client: JudgingClient, copy: Walk) -> None:
    page = shut_page(client, copy)
    answer = client.submit(page, {"because": "consent", "back": "//evil.example.org"})
    assert answer.location == base(copy)


def test_the_review_filters_by_what_was_challenged_and_what_became_of_it(app: Flask, runtime: Runtime) -> None:
    record = rich_child(runtime)
    copy = case_in(runtime, "review", record=record)
    client = at_desk(app, copy.worker)
    plain = client.get(f"{base(copy)}/review")
    assert "Disputed" not in plain.text
    challenge = challenge_in(runtime, "weighing", about=[READING], record=record, shown=True)
    page = client.get(f"{base(copy)}/review?only=disputed")
    assert READING in page.text
    assert "Disputed since" in page.text
    assert len(page.all("li", cls="review-list__item")) == 1
    decide(challenge, REFUSED)
    confirm(challenge)
    page = client.get(f"{base(copy)}/review?only=refused")
    assert "Challenged and not changed" in page.text
    assert next(text_of(one) for one in page.all("h2", cls="review-list__title")).endswith(READING)
    assert entry_of(challenge, READING).text == WORDS

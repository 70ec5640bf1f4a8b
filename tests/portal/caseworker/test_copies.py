"""Copies that are out: how long they can be read, and opening one again."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import db
from portal.documents.models import StoredPack
from portal.runtime import Runtime
from tests import builders
from tests.builders import Walk
from tests.client import client_for, mails, runtime_of, sign_in
from tests.judge import JudgingClient


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A case whose copy was collected, and whose time to be read is over."""
    walk = builders.case_in(runtime, "collected")
    ago = db.now() - datetime.timedelta(days=32)
    walk.act(lambda session: session.execute(sa.update(StoredPack).values(released_at=ago)))
    return walk


def at_desk(app: Flask, who: builders.Staff, ago: datetime.timedelta | None = None) -> JudgingClient:
    client = client_for(app)
    sign_in(client, "staff", who.id, ago=ago)
    return client


def page_of(walk: Walk) -> str:
    return f"/staff/cases/{walk.case.reference}"


def again_page(walk: Walk) -> str:
    return f"{page_of(walk)}/copies/{builders.pack_of(walk).id}/open-again"


def family_at(app: Flask, walk: Walk) -> JudgingClient:
    client = client_for(app)
    sign_in(client, "family", walk.requester.id)
    return client


def test_a_caseworker_opens_a_copy_again_and_the_family_reads_it(app: Flask, runtime: Runtime, walk: Walk) -> None:
    client, family = at_desk(app, walk.worker), family_at(app, walk)
    copy = f"/cases/{walk.case.reference}/copies/{builders.pack_of(walk).id}"
    family.get(copy, 409)
    case_page = client.get(page_of(walk))
    assert "The time to read it ended on" in case_page.text
    assert again_page(walk) in [link.get("href") for link in case_page.all("a")]
    sent = len(mails(runtime))
    form = client.get(again_page(walk))
    assert client.submit(form, {"reason": "She rang: the phone it was on broke."}).location == page_of(walk)
    client.submit(form, {"reason": "She rang: the phone it was on broke."})  # a second press is the first
    assert "It can be read until" in client.get(page_of(walk)).text
    assert "the phone it was on broke" in client.get(f"{page_of(walk)}/timeline").text
    family.get(copy)
    family.get(f"{copy}/file")
    followed = family.get(f"/cases/{walk.case.reference}").text
    assert followed.count("We opened your copy again.") == 1
    assert "the phone" not in followed
    assert "Downloaded 1 of 10 times" in client.get(page_of(walk)).text
    assert len(mails(runtime)) == sent + 1
    for mail in Path(runtime.settings.mail_url.removeprefix("folder:")).glob("*.eml"):
        assert "copy" not in mail.read_text(errors="replace").split("\n\n", 1)[1]


def test_it_needs_a_reason_and_keeps_nothing_without_one(app: Flask, walk: Walk) -> None:
    client = at_desk(app, walk.worker)
    refused = client.submit(client.get(again_page(walk)), {"reason": " "}, 400)
    assert refused.errors == ["Say why the copy is opened again"]
    assert "The time to read it ended on" in client.get(page_of(walk)).text


def test_a_copy_that_was_called_back_says_so_and_offers_nothing(app: Flask, walk: Walk) -> None:
    client = at_desk(app, walk.worker)
    form = client.get(again_page(walk))
    walk.step("stop_release", reason="It reached us that the mailbox is shared")
    assert "can no longer be opened" in client.submit(form, {"reason": "They asked."}, 400).text
    assert "was called back" in client.get(page_of(walk)).text
    assert "Open again" not in client.get(page_of(walk)).text


def test_an_approver_and_another_team_open_no_copy_again(app: Flask, runtime: Runtime, walk: Walk) -> None:
    approver = at_desk(app, walk.approver)
    assert again_page(walk) not in approver.get(page_of(walk)).html
    approver.get(again_page(walk), 403)
    other = builders.make_staff(runtime, team=builders.make_team(runtime, "Another team"))
    at_desk(app, other).get(again_page(walk), 404)
    at_desk(app, walk.worker).get(again_page(walk).replace(str(builders.pack_of(walk).id), str(walk.case_id)), 404)


def test_it_needs_a_second_factor_shown_just_now(app: Flask, walk: Walk) -> None:
    client = at_desk(app, walk.worker, ago=datetime.timedelta(minutes=6))
    assert client.get(again_page(walk), 303).location.startswith("/staff/sign-in/code")

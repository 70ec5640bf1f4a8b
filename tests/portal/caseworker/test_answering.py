"""The letter that answers a challenge, from the caseworker who asks for it to the approver who releases it."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask

from portal import db
from portal.runtime import Runtime
from tests import builders, corrections
from tests.builders import REQUESTER, Walk
from tests.client import client_for, runtime_of, sign_in
from tests.corrections import REFUSED, challenge_in
from tests.judge import JudgingClient

YES = {f"answer_{name}": "yes" for name in ("orders", "shield", "moves", "lives_with")}
LOOK = datetime.timedelta(seconds=4)


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A time that stands still until the test moves it."""
    with time_machine.travel(db.now(), tick=False) as traveller:
        yield traveller


def at_desk(app: Flask, who: builders.Staff) -> JudgingClient:
    client = client_for(app)
    sign_in(client, "staff", who.id)
    return client


def base(walk: Walk) -> str:
    return f"/staff/cases/{walk.case.reference}"


def refused_one(runtime: Runtime, state: str) -> Walk:
    """A challenge with one line that was refused, in this state."""
    return challenge_in(runtime, state, about=("Reading",), shown=True, decided=(REFUSED,))


def test_no_letter_is_offered_while_a_line_is_open(app: Flask, runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=("Reading",), shown=True)
    page = at_desk(app, walk.worker).get(f"{base(walk)}/answer")
    assert "These are left" in page.text
    assert "Make the letter" not in page.text


def test_a_letter_is_asked_for_with_a_summary_and_sent_to_approval(app: Flask, runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=("Reading",), shown=True)
    corrections.ask_source(walk)
    corrections.decide(walk, REFUSED)
    corrections.confirm(walk, by=builders.make_staff(runtime, role="approver", name="Sol Fenn"))
    client = at_desk(app, walk.worker)
    client.submit(client.get(f"{base(walk)}/answer"), {"asked_1": "The school says that it is right."})
    page = client.get(f"{base(walk)}/answer")
    assert "The letter is being made" in page.text
    builders.run_assembly(walk)
    assert corrections.letter_of(walk).lines[0].asked == ("The school says that it is right.",)
    page = client.get(f"{base(walk)}/answer")
    assert "The school says that it is right." in page.text  # kept for the next letter
    assert "It cannot go to approval yet" in page.text  # a word of a place in the record stands in the summary
    found = client.get(f"{base(walk)}/review/pack/found/1")
    assert client.submit(found, {"reason": "It is an ordinary word."}).location == f"{base(walk)}/answer"
    client.submit(client.get(f"{base(walk)}/answer"), {}, form=f"{base(walk)}/answer/send")
    assert walk.case.state == "approval"


def test_the_approver_reads_the_letter_as_the_family_will_and_what_stands_behind_it(
    app: Flask, runtime: Runtime
) -> None:
    walk = refused_one(runtime, "approval")
    page = at_desk(app, walk.approver).get(f"{base(walk)}/approval/copy")
    said = page.text
    assert "We did not change it." in said
    assert REFUSED.reasons in said
    assert REFUSED.weighed in said  # for staff alone
    assert REFUSED.weighed not in str(corrections.letter_of(walk))


def test_the_letter_is_approved_and_released_like_a_copy(
    app: Flask, runtime: Runtime, clock: time_machine.Traveller
) -> None:
    walk = refused_one(runtime, "approval")
    client = at_desk(app, walk.approver)
    assert "Read the copy" in client.get(f"{base(walk)}/approval").text
    refused = client.submit(client.get(f"{base(walk)}/approval/approve"), YES, 400, max_queries=47)
    assert "Read it first" in refused.text
    assert builders.pack_of(walk).state == "assembled"  # nobody approves what they have not read
    client.get(f"{base(walk)}/approval/copy")
    clock.shift(LOOK)
    client.submit(client.get(f"{base(walk)}/approval/approve"), YES)
    client.submit(client.get(f"{base(walk)}/approval/release"), {"recipient": REQUESTER})
    assert walk.case.state == "ready"
    assert builders.pack_of(walk).state == "released"


def test_where_there_is_no_letter_the_page_says_so(app: Flask, runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=("Reading",), shown=True)
    client = at_desk(app, walk.approver)
    assert client.get(f"{base(walk)}/approval/copy", 303).location == f"{base(walk)}/approval"
    assert "There is no letter to read" in client.get(f"{base(walk)}/approval").html
    assert "Make the letter" not in client.get(f"{base(walk)}/answer").text


def test_the_second_answer_is_sent_back_with_reasons(app: Flask, runtime: Runtime) -> None:
    walk = refused_one(runtime, "reconsidering")
    new = builders.make_staff(runtime, name="Noa Quist")
    corrections.decide(walk, REFUSED, by=new)
    corrections.confirm(walk, by=builders.make_staff(runtime, role="approver", name="Eve Sand"))
    corrections.make_letter(walk, by=new)
    client = at_desk(app, new)
    client.submit(client.get(f"{base(walk)}/answer"), {}, form=f"{base(walk)}/answer/send")
    assert walk.case.state == "approval_again"
    page = client.get(f"{base(walk)}/approval/send-back-again")
    client.submit(page, {"answer_reason": "The reasons are not clear."})
    assert walk.case.state == "reconsidering"


def test_another_team_finds_no_letter(app: Flask, runtime: Runtime) -> None:
    walk = refused_one(runtime, "approval")
    other = builders.make_staff(runtime, team=builders.make_team(runtime, "Another team"))
    assert at_desk(app, other).get(f"{base(walk)}/answer", 404).status == 404

"""What a requester adds to a challenge that was sent: something else that is wrong, more words, and files."""

from __future__ import annotations

import pytest

from portal.cases import evidence
from portal.records import marks
from tests.corrections import CORRECTED, decide
from tests.portal.requester.challenging import SAID, Copy, open_copy, sent_challenge
from tests.portal.requester.test_challenge_case import links

ELSE = {**SAID, "about": "The date of a visit", "should_say": "3 March", "why": "It is in my diary."}


@pytest.mark.parametrize("state", ["received", "checking", "weighing", "approval"])
def test_something_else_is_added_in_every_state_before_the_answer_alike(app, state):
    """Were it not so, the offer itself would tell how far the case is (R-92)."""
    challenge = sent_challenge(app, state)
    page = challenge.client.get(challenge.page)
    before = [one for one in links(challenge) if one.endswith("/lines/add")]
    assert before == [f"{challenge.page}/lines/add"]
    page = challenge.client.get(before[0])
    challenge.client.submit(page, ELSE, max_queries=80)
    assert [(one.number, one.claim.about, one.state) for one in challenge.lines[1:]] == [
        (2, "The date of a visit", "received")
    ]
    page = challenge.client.get(challenge.page)
    assert "2. The date of a visit" in page.text
    assert "You told us about something else that is wrong." in page.text


def test_pressing_twice_adds_one_line(app):
    challenge = sent_challenge(app)
    page = challenge.client.get(f"{challenge.page}/lines/add")
    assert challenge.client.submit(page, ELSE).location == challenge.client.submit(page, ELSE).location
    assert len(challenge.lines) == 2


def test_once_the_answer_is_out_something_new_is_a_challenge_of_its_own(app):
    challenge = sent_challenge(app, "collected")
    assert not [one for one in links(challenge) if one.endswith("/lines/add")]
    assert challenge.client.get(f"{challenge.page}/lines/add", 303).location == challenge.page


def test_a_file_is_sent_with_what_is_added_and_staff_see_for_which_line(app, picture):
    challenge = sent_challenge(app, about=("Reading", "Name"))
    page = challenge.client.get(f"{challenge.line(1)}/add")
    challenge.client.submit(page, {"words": "It is in her report.", "file": picture("report.png")}, max_queries=45)
    assert challenge.lines[1].added == ("It is in her report.",)
    with challenge.walk.runtime.database.read() as session, challenge.walk.runtime.vault.unlocked():
        ((_row, told),) = evidence.listed(session, challenge.walk.case_id)
    assert (told["name"], told["line"]) == ("report.png", 2)


def test_what_is_no_picture_is_refused_and_the_words_are_kept(app, picture):
    challenge = sent_challenge(app)
    data, _name = picture()
    data.truncate(20)
    page = challenge.client.get(f"{challenge.line()}/add")
    refused = challenge.client.submit(page, {"words": "It is in her report.", "file": (data, "report.png")}, 400)
    assert refused.answers()["words"] == ["It is in her report."]
    assert challenge.lines[0].added == ()


# From a copy


@pytest.fixture
def copy(app) -> Copy:
    return open_copy(app)


def test_what_a_copy_shows_is_added_to_the_challenge_that_is_not_answered_yet(copy):
    reading, name = copy.number("Reading"), copy.number("Name")
    copy.say(str(reading))
    reference = copy.send()
    copy.say(str(name))
    page = copy.client.get(f"{copy.there}/wrong/check")
    assert "Do you want to add this to what you told us before?" in page.text
    refused = copy.client.submit(page, {}, 400, form=page.path)
    assert refused.errors
    sent = copy.client.submit(page, {"to": reference}, form=page.path, max_queries=70)
    assert sent.location == f"/cases/{reference}/told"
    assert copy.client.submit(page, {"to": reference}, form=page.path).location == sent.location
    there = copy.lines(reference)
    assert [one.claim.number for one in there] == [reading, name]
    with copy.walk.runtime.database.read() as session:
        (one,) = marks.open_marks(session, there[1].child_id, [there[1].entry_id])[there[1].entry_id]
    assert one.kind == "challenged"


def test_it_can_be_sent_as_something_new_all_the_same(copy):
    copy.say(str(copy.number("Reading")))
    reference = copy.send()
    copy.say(str(copy.number("Name")))
    page = copy.client.get(f"{copy.there}/wrong/check")
    other = copy.client.submit(page, {"to": "new"}, form=page.path, max_queries=70).location.split("/")[2]
    assert other != reference
    assert len(copy.lines(reference)) == len(copy.lines(other)) == 1


def test_the_same_entry_is_not_added_twice(copy):
    number = str(copy.number("Reading"))
    copy.say(number)
    reference = copy.send()
    copy.say(number)
    page = copy.client.get(f"{copy.there}/wrong/check")
    refused = copy.client.submit(page, {"to": reference}, 409, form=page.path, max_queries=70)
    assert "You told us about this entry already." in refused.text
    assert len(copy.lines(reference)) == 1


def test_nothing_is_added_to_a_challenge_that_is_not_ones_own(app, copy):
    theirs = sent_challenge(app, email="third@example.org")
    copy.say(str(copy.number("Reading")))
    copy.send()
    copy.say(str(copy.number("Name")))
    page = copy.client.get(f"{copy.there}/wrong/check")
    copy.client.submit(page, {"to": theirs.walk.case.reference}, 400, form=page.path)
    copy.client.get(f"{theirs.page}/lines/add", 404)
    assert len(theirs.lines) == 1


def test_a_decision_meanwhile_is_not_told_by_what_can_be_added(app):
    challenge = sent_challenge(app, "weighing", ("Reading", "Name"))
    before = links(challenge)
    with challenge.walk.runtime.vault.unlocked():
        decide(challenge.walk, CORRECTED)
    assert links(challenge) == before

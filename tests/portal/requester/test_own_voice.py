"""Somebody who asks for their own record says what they think, what help they would like and which family they know."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlmodel import select

from portal.cases import clocking, ledger, support, voice_told
from portal.cases.models import Case
from portal.review import people_mentioned
from tests import builders
from tests.builders import Walk
from tests.client import client_for, runtime_of, sign_in
from tests.judge import JudgingClient
from tests.portal.requester.asking import SELF, begin, go_on
from tests.portal.requester.following import sent_request
from workflows.table import StepRefused

BORN_19 = {"birth_date-day": "1", "birth_date-month": "2", "birth_date-year": str(clocking.uk_today().year - 19)}
GROWN = {
    **SELF,
    "name": {**SELF["name"], **BORN_19},
    "support": {"supporter": "yes", "meeting": "", "known": "Maya, my sister\nGran Jo", "more": ""},
}


def events_of(runtime: Any, case: Case) -> list[ledger.Happened]:
    with runtime.database.read() as session:
        return ledger.history(session, session.get_one(Case, case.id))


def the_case(runtime: Any) -> Case:
    with runtime.database.read() as session:
        return session.exec(select(Case)).one()


def test_a_care_leaver_is_asked_with_the_request_what_help_they_want_and_whom_they_know(
    app: Flask, visitor: JudgingClient
) -> None:
    page = go_on(visitor, begin(visitor), GROWN)
    assert "Maya, my sister" in page.text
    visitor.submit(page)
    runtime = runtime_of(app)
    case = the_case(runtime)
    wished = voice_told.wished(events_of(runtime, case))
    assert (wished.supporter, wished.meeting, wished.waits) == (True, False, True)
    assert wished.family == ("Maya, my sister", "Gran Jo")
    team = builders.make_team(runtime)  # the case came in before there was one
    worker = builders.make_staff(runtime, team=team)
    with runtime.database.write() as session:
        session.get_one(Case, case.id).assignee_id = worker.id
    desk = client_for(app)
    sign_in(desk, "staff", worker.id)
    path = f"/staff/cases/{case.reference}"
    assert "They would like a supporter or a meeting" in desk.get(path).text
    page = desk.get(f"{path}/child")
    assert "Gran Jo" in page.text
    assert "Say what was arranged" in desk.submit(page, {"words": ""}, 400).errors[0]
    desk.submit(page, {"words": "Orla Penhale, Tuesday at ten, at the library"})
    assert "They would like a supporter" not in desk.get(path).text
    assert "Tuesday at ten" in desk.get(f"{path}/timeline").text


def test_a_child_and_a_parent_are_not_asked_about_a_supporter_in_the_form(visitor: JudgingClient) -> None:
    page = go_on(visitor, begin(visitor), SELF)
    assert "Family you know" not in page.text


@pytest.fixture
def own(app: Flask) -> tuple[Walk, JudgingClient]:
    """The young person of a case in review, signed in."""
    walk = builders.case_in(runtime_of(app), "review", kind="self")
    client = client_for(app)
    sign_in(client, "family", walk.case.requester)
    return walk, client


def test_a_young_person_tells_their_views_from_their_own_case(own: tuple[Walk, JudgingClient], app: Flask) -> None:
    walk, client = own
    path = f"/cases/{walk.case.reference}"
    assert "Tell us your views" in client.get(path).text
    page = client.get(f"{path}/views")
    client.submit(page, {"words": "Please leave the hard part to the end."})
    assert "Please leave the hard part" in client.get(f"{path}/views").text
    assert "You told us your views." in client.get(path).text
    desk = client_for(app)
    sign_in(desk, "staff", walk.worker.id)
    assert "Please leave the hard part" in desk.get(f"/staff/cases/{walk.case.reference}/review").text


def test_a_parent_finds_no_page_for_the_childs_views_or_help(app: Flask) -> None:
    sent = sent_request(app)
    page = sent.client.get(sent.page)
    for under, words in (("views", "Tell us your views"), ("support", "Ask for help with reading it")):
        assert words not in page.text
        sent.client.get(f"{sent.page}/{under}", 404)


def test_help_can_be_asked_for_later_and_the_newest_wish_counts(app: Flask) -> None:
    runtime = runtime_of(app)
    born = clocking.uk_today().replace(year=clocking.uk_today().year - 19, day=1)
    case = builders.open_case(runtime, "self", born=born)
    client = client_for(app)
    sign_in(client, "family", case.requester)
    path = f"/cases/{case.reference}/support"
    client.submit(client.get(path), {"supporter": "yes", "meeting": "yes", "known": "Maya, my sister"})
    page = client.get(path)
    assert page.answers()["known"] == ["Maya, my sister"]
    client.submit(page, {"supporter": "no", "meeting": "yes"})
    wished = voice_told.wished(events_of(runtime, case))
    assert (wished.supporter, wished.meeting, wished.family) == (False, True, ("Maya, my sister",))


def test_family_that_somebody_knows_already_is_given_to_them(own: tuple[Walk, JudgingClient], app: Flask) -> None:
    """W-14, R-66: whoever reviews sees what the person said they know, and a yes to it leads to giving."""
    walk, _client = own
    said = {"known": "Isla, my aunt", "supporter": "no"}
    walk.act(lambda session: support.note_answers(session, walk.case_id, said, by=walk.requester))
    desk = client_for(app)
    sign_in(desk, "staff", walk.worker.id)
    base = f"/staff/cases/{walk.case.reference}/review/people"
    people = desk.get(base)
    assert people.text.count("They said they know") == 1
    with walk.runtime.database.write() as session:
        looking = builders.looking(session, walk)
        aunt = next(one for one in people_mentioned.mentions(session, looking) if one[0].relation == "aunt")
    page = desk.get(f"{base}/{aunt[0].id}")
    assert "Isla, my aunt" in page.text
    test = {f"test_{name}": answer for name, answer in {**builders.WEIGHED, "known_to_requester": "yes"}.items()}
    hide = {"decision": "hide", "code": "EX-TP", "reason": "Another person", **test}
    refused = desk.submit(page, hide, 400)
    assert any("knows this already. Give it." in words for words in refused.errors)
    desk.submit(desk.get(f"{base}/{aunt[0].id}"), {"decision": "show", "reason": "They know her."})
    with walk.runtime.database.write() as session:
        shown = next(
            one
            for one in people_mentioned.mentions(session, builders.looking(session, walk))
            if one[0].id == aunt[0].id
        )
    assert shown[1].decision == "show"


@pytest.mark.parametrize(
    ("names", "line"),
    [
        (["Maya Ashdown"], "Maya, my sister"),
        (["maya"], "Maya, my sister"),
        (["Maud Thistlewood"], ""),
        (["Jo Ashdown"], "Gran Jo"),
        (["Joan Ashdown"], ""),
        ([], ""),
    ],
)
def test_what_is_known_is_found_by_a_name_and_not_by_part_of_one(names: list[str], line: str) -> None:
    assert voice_told.known_as(("Maya, my sister", "Gran Jo"), names) == line


def test_nothing_is_arranged_that_nobody_wished_for(app: Flask) -> None:
    runtime = runtime_of(app)
    case = builders.open_case(runtime, "self")
    with pytest.raises(StepRefused), runtime.database.write() as session:
        support.arrange(session, case.id, "Nobody", by=builders.make_staff(runtime).actor)

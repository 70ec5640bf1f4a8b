"""Ten notes with the same misspelt name: one reason, ten decisions; and what is not alike is decided apart."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.records.feeds import importing
from portal.runtime import Runtime
from tests.builders import Record, Walk, child_id_of
from tests.client import runtime_of
from tests.corrections import BORN, challenge_in, entries, entry_of, lines_of
from tests.judge import JudgingClient, Page, text_of
from tests.portal.caseworker.challenges import DECIDED, READING, REFUSED, at_desk, base, line, notes

NOTES = ("Ren Ashdown came in.", "I saw Ren Ashdown at school.", "Ren Ashdown was happy. Ren Ashdown sang.")
MANY = 160  # queries of three decisions with all that follows from them


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    importing.take_in(runtime.database, "directory", [notes(*NOTES)])
    record = Record(child_id_of(runtime, "LA-0777"), "Wren Ashdown", BORN, "LA-0777")
    return challenge_in(runtime, "weighing", about=["Note 1", "Note 2", "Note 3"], record=record, shown=True)


@pytest.fixture
def client(app: Flask, walk: Walk) -> JudgingClient:
    return at_desk(app, walk.worker)


def ticked(client: JudgingClient, walk: Walk, *numbers: int) -> Page:
    ids = [line(walk, number).id.hex for number in numbers]
    page = client.get(f"{base(walk)}/lines")
    return client.submit(page, {"line": ids}, expect=200, form=f"{base(walk)}/lines/together")


def notes_now(walk: Walk) -> list[str]:
    return [entry.text for entry in entries(walk) if entry.label.startswith("Note ")]


def test_the_same_words_give_way_in_each_and_each_is_a_decision(client: JudgingClient, walk: Walk) -> None:
    page = ticked(client, walk, 1, 2, 3)
    sent = {**DECIDED, "wrong": "Ren Ashdown", "right": "Wren Ashdown"}
    page = client.submit(page, {**sent, "look": "1"}, expect=200)
    assert len(page.all("ins")) == 4
    assert notes_now(walk) == list(NOTES)
    page = client.follow(client.submit(page, sent, max_queries=MANY))
    assert notes_now(walk) == [text.replace("Ren", "Wren") for text in NOTES]
    assert [one.state for one in lines_of(walk)] == ["decided"] * 3
    assert "3 lines are decided or proposed." in page.text


def test_a_note_in_which_the_words_do_not_stand_stops_all_of_them(client: JudgingClient, walk: Walk) -> None:
    sent = {**DECIDED, "wrong": "at school", "right": "at home"}
    page = client.submit(ticked(client, walk, 1, 2), {**sent, "look": "1"}, expect=200)
    assert "The words that are wrong do not stand in this entry." in page.text
    page = client.submit(page, sent, expect=400, max_queries=MANY)
    assert page.errors == ["The words that are wrong do not stand in the entry of line 1."]
    assert notes_now(walk) == list(NOTES)
    assert [one.state for one in lines_of(walk)] == ["disputed"] * 3


def test_several_can_be_refused_for_one_reason_and_wait_for_a_second_person(client: JudgingClient, walk: Walk) -> None:
    client.submit(ticked(client, walk, 1, 2), REFUSED, max_queries=MANY)
    assert [one.state for one in lines_of(walk)] == ["proposed", "proposed", "disputed"]


def test_one_line_that_was_decided_meanwhile_stops_all_of_them(client: JudgingClient, walk: Walk) -> None:
    mine, theirs = ticked(client, walk, 1, 2), ticked(client, walk, 2, 3)
    client.submit(mine, REFUSED, max_queries=MANY)
    sent = {**DECIDED, "wrong": "Ren", "right": "Wren"}
    page = client.follow(client.submit(theirs, sent, max_queries=MANY))
    assert "Tick at least two lines that wait for a decision." in page.text
    assert [one.state for one in lines_of(walk)] == ["proposed", "proposed", "disputed"]


def test_a_line_is_not_decided_together_with_itself(client: JudgingClient, walk: Walk) -> None:
    one = line(walk, 1).id.hex
    page = client.get(f"{base(walk)}/lines/together?line={one}&line={one}&line=zz", 303)
    assert "Tick at least two lines" in client.follow(page).text


def test_entries_of_different_kinds_are_decided_apart(app: Flask, runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=[READING, "Date of birth"], shown=True)
    page = ticked(at_desk(app, walk.worker), walk, 1, 2)
    assert "These entries are of different kinds" in page.text
    assert not [one for one in page.all("button") if text_of(one) == "Decide"]


def test_a_day_is_put_right_as_a_day(app: Flask, runtime: Runtime) -> None:
    walk = challenge_in(runtime, "weighing", about=["Date of birth"], shown=True)
    client = at_desk(app, walk.worker)
    path = f"{base(walk)}/lines/{line(walk).id}"
    page = client.get(path)
    when = {"value-day": "3", "value-month": "April", "value-year": "2019"}
    bad = client.submit(page, {**DECIDED, **when, "value-day": "31"}, expect=400, max_queries=60)
    assert bad.errors == ["The date must be a real date"]
    client.submit(bad, {**DECIDED, **when}, max_queries=90)
    assert entry_of(walk, "Date of birth").text == "3 April 2019"

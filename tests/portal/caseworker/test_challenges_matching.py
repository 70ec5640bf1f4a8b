"""Which entry a line means: searched in the one record of the case, and told to the requester only for a reason."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.cases import verbs
from portal.cases.corrections.lines import Pinned
from portal.records.feeds import importing
from portal.runtime import Runtime
from tests.builders import Record, Walk, child_id_of, rich_child
from tests.client import runtime_of
from tests.corrections import BORN, challenge_in, claim, entry_of, open_challenge
from tests.judge import JudgingClient, text_of
from tests.portal.caseworker.challenges import READING, at_desk, base, line, line_path, notes

HOME = "Where the child lives"


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


def found_record(walk: Walk, record: Record) -> Walk:
    walk.record = record
    walk.act(
        lambda session: verbs.attach_record(session, walk.case_id, record.child_id, record.born, by=walk.worker.actor)
    )
    return walk


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A challenge at finding, its record attached and its one line not matched."""
    return found_record(challenge_in(runtime, "finding"), rich_child(runtime, notes=12))


@pytest.fixture
def client(app: Flask, walk: Walk) -> JudgingClient:
    return at_desk(app, walk.worker)


def offered(page: object) -> list[str]:
    return [one.get("value") or "" for one in page.all("input", name="entry")]  # type: ignore[attr-defined]


def test_a_line_is_matched_to_an_entry_and_staff_see_it_challenged(client: JudgingClient, walk: Walk) -> None:
    entry = entry_of(walk, READING)
    path = line_path(walk, 1, "match")
    sent = {"entry": entry.id.hex, "shown": "yes", "reason": "They hold the school's letter.", "save": "1"}
    page = client.follow(client.submit(client.get(path), sent))
    assert "Line 1 is matched." in page.text
    assert "Challenge received, not yet checked" in page.text
    assert (line(walk).entry_id, line(walk).shown) == (entry.id, True)


def test_nothing_that_is_held_may_say_this(client: JudgingClient, walk: Walk) -> None:
    path = line_path(walk, 1, "match")
    client.submit(client.get(path), {"entry": "nothing", "save": "1"})
    assert (line(walk).matched, line(walk).entry_id) == (True, None)
    assert "Nothing that we hold says this." in client.get(line_path(walk)).text


def test_a_search_shows_what_fits_and_its_words_stand_in_no_address(client: JudgingClient, walk: Walk) -> None:
    path = line_path(walk, 1, "match")
    page = client.submit(client.get(path), {"contains": "ahead of what", "find": "1"}, expect=200)
    assert offered(page) == [entry_of(walk, READING).id.hex, "nothing"]
    page = client.submit(page, {"contains": "", "category": "address", "find": "1"}, expect=200)
    assert HOME in page.text
    page = client.submit(page, {"contains": "no such words anywhere", "find": "1"}, expect=200)
    assert offered(page) == ["nothing"]
    assert not line(walk).matched


def test_pages_of_the_record_follow_each_other_without_gap_or_double(client: JudgingClient, walk: Walk) -> None:
    page = client.get(line_path(walk, 1, "match"))
    seen = offered(page)[:-1]
    buttons = [one for one in page.all("button", name="place") if text_of(one) == "More entries"]
    page = client.submit(page, {"place": buttons[0].get("value") or ""}, expect=200)
    rest = offered(page)[:-1]
    assert not set(seen) & set(rest)
    assert len(seen) == 20
    assert rest


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({}, "Choose the entry that is meant, or that nothing we hold says this"),
        ({"entry": "x' OR 1=1 --", "shown": "no"}, "Choose from the answers on this page"),
        ({"entry": READING}, "Choose whether the requester may be told of it"),
        ({"entry": READING, "shown": "yes"}, "Say why the requester may be told of this entry."),
        ({"entry": HOME, "shown": "yes", "reason": "They ask."}, "Where a family is, and which sensitive service"),
        ({"entry": READING, "shown": "perhaps"}, "Choose from the answers on this page"),
    ],
)
def test_what_cannot_be_matched_is_refused_in_words(
    client: JudgingClient, walk: Walk, sent: dict[str, str], words: str
) -> None:
    if sent.get("entry") in {READING, HOME}:
        sent = {**sent, "entry": entry_of(walk, sent["entry"]).id.hex}
    page = client.submit(client.get(line_path(walk, 1, "match")), {**sent, "save": "1"}, expect=400)
    assert page.errors[0].startswith(words)
    assert not line(walk).matched


def test_an_entry_of_another_child_is_not_there(client: JudgingClient, runtime: Runtime, walk: Walk) -> None:
    importing.take_in(runtime.database, "directory", [notes("Somebody else's note.")])
    other = found_record(challenge_in(runtime, "finding"), Record(child_id_of(runtime, "LA-0777"), "", BORN, "LA-0777"))
    entry = entry_of(other, "Note 1")
    sent = {"entry": entry.id.hex, "shown": "no", "save": "1"}
    client.submit(client.get(line_path(walk, 1, "match")), sent, expect=400)
    assert not line(walk).matched


def test_what_their_own_copy_printed_is_chosen_already(app: Flask, runtime: Runtime) -> None:
    reader = found_record(challenge_in(runtime, "finding"), rich_child(runtime))
    entry = entry_of(reader, HOME)
    assert reader.record
    pinned = Pinned(reader.record.child_id, entry.id, entry.version_id, entry.cls)
    walk = found_record(challenge_in(runtime, "finding", [claim(HOME, pinned=pinned, number=7)]), reader.record)
    client = at_desk(app, walk.worker)
    page = client.get(line_path(walk, 1, "match"))
    assert "Their own copy printed an entry under this number." in page.text
    assert page.answers()["entry"] == [entry.id.hex]
    client.submit(page, {"save": "1"})
    assert (line(walk).entry_id, line(walk).shown) == (entry.id, True)


def test_two_people_who_match_one_line_do_not_overwrite_each_other(client: JudgingClient, walk: Walk) -> None:
    path = line_path(walk, 1, "match")
    first, second = client.get(path), client.get(path)
    client.submit(first, {"entry": "nothing", "save": "1"})
    sent = {"entry": entry_of(walk, READING).id.hex, "shown": "no", "save": "1"}
    page = client.submit(second, sent, expect=409)
    assert "This was changed while you were writing" in page.text
    client.submit(page, sent)
    assert line(walk).entry_id == entry_of(walk, READING).id


def test_before_the_record_is_found_nothing_is_matched(app: Flask, runtime: Runtime) -> None:
    case = open_challenge(runtime)
    walk = challenge_in(runtime, "finding")
    page = at_desk(app, walk.worker).get(line_path(walk, 1, "match"))
    assert "No record is attached to this case yet." in page.text
    assert not page.forms() or not page.all("form", action=line_path(walk, 1, "match"))
    at_desk(app, walk.worker).get(f"{base(walk)}/lines/{case.id}/match", 404)


def test_pages_ask_as_much_of_three_hundred_entries_as_of_three(app: Flask, runtime: Runtime) -> None:
    asked = []
    for more in (2, 299):
        importing.take_in(runtime.database, "directory", [notes("The one that is meant.", more=more)])
        record = Record(child_id_of(runtime, "LA-0777"), "Wren Ashdown", BORN, "LA-0777")
        walk = challenge_in(runtime, "weighing", about=["Note 1"], record=record)
        client = at_desk(app, walk.worker)
        paths = (f"{base(walk)}/lines", line_path(walk), line_path(walk, 1, "match"))
        asked.append([client.get(path).queries for path in paths])
    assert asked[0] == asked[1]

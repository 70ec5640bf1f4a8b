"""A challenge that came by letter or telephone, entered with its true day."""

from __future__ import annotations

import datetime

import pytest
from sqlmodel import select

from portal.cases.corrections import lines
from portal.cases.models import Case
from tests.judge import Page
from tests.portal.caseworker.desk import TODAY, Office, Seat

NEW = "/staff/challenges/new"
DAY = TODAY - datetime.timedelta(days=9)
SENT = {
    "channel": "letter",
    "received_on-day": str(DAY.day),
    "received_on-month": str(DAY.month),
    "received_on-year": str(DAY.year),
    "name": "Ada Example",
    "postal": "12 Fuller Street\nNether Quill",
    "safe": ["post"],
    "requester_kind_1": "parent",
    "relationship_1": "mother",
    "names_1": "Bo Example",
    "kind_1": "wrong_fact",
    "about_1": "The school",
    "should_say_1": "Larkfield Primary School",
    "why_1": "Bo moved in spring.",
}


def cases(office: Office) -> list[Case]:
    with office.runtime.database.read() as session:
        return list(session.exec(select(Case)).all())


def test_a_letter_becomes_a_challenge_on_its_true_day(office: Office, seat: Seat) -> None:
    page = seat.client.follow(seat.client.submit(seat.client.get(NEW), SENT))
    (case,) = cases(office)
    assert case.reference.startswith("COR-")
    assert case.received_on == DAY
    assert case.assignee_id == seat.actor.id
    assert "What is said to be wrong" in page.text
    assert "The school" in page.text


def test_several_things_are_entered_at_once_and_nothing_typed_is_lost(office: Office, seat: Seat) -> None:
    page = seat.client.submit(seat.client.get(NEW), {**SENT, "more": "1"}, expect=200)
    assert page.answers()["why_1"] == ["Bo moved in spring."]
    second = {"kind_2": "incomplete", "about_2": "Visits", "why_2": "One is missing.", "restrict_2": "y"}
    seat.client.submit(page, second)
    (case,) = cases(office)
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        there = lines.of_case(session, case)
    assert [(one.kind, one.claim.about, one.restrict) for one in there] == [
        ("wrong_fact", "The school", False),
        ("incomplete", "Visits", True),
    ]


def test_a_double_press_enters_one_challenge(office: Office, seat: Seat) -> None:
    page = seat.client.get(NEW)
    first, second = seat.client.submit(page, SENT), seat.client.submit(page, SENT)
    assert first.location == second.location
    assert len(cases(office)) == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("kind_1", "", "Choose what is wrong with it"),
        ("kind_1", "nonsense", "Choose from the answers on this page"),
        ("about_1", "", "Say what in the record is meant"),
        ("why_1", "", "Say why, in their words"),
        ("names_1", "", "Enter their full name"),
        ("received_on-year", "1066", "The day of receipt is too long ago"),
        ("why_1", "\x00", ""),
    ],
)
def test_what_is_missing_is_said_beside_its_question(
    office: Office, seat: Seat, name: str, value: str, words: str
) -> None:
    page: Page = seat.client.submit(seat.client.get(NEW), {**SENT, name: value}, expect=400)
    assert page.errors[0].startswith(words)
    assert page.answers()["should_say_1"] == ["Larkfield Primary School"]
    assert cases(office) == []


def test_only_a_caseworker_enters_a_challenge(office: Office) -> None:
    office.seat("approver").client.get(NEW, 403)


def test_the_page_for_requests_leads_here(seat: Seat) -> None:
    page = seat.client.get("/staff/requests/new")
    assert NEW in {link.get("href") for link in page.all("a")}


# What somebody adds by telephone

MORE = {"kind_1": "incomplete", "about_1": "Visits", "why_1": "One is missing.", "restrict_1": "y"}


def test_what_somebody_adds_by_telephone_becomes_a_further_line(office: Office, seat: Seat) -> None:
    seat.client.submit(seat.client.get(NEW), SENT)
    (case,) = cases(office)
    page = seat.client.get(f"/staff/cases/{case.reference}/lines/new")
    refused = seat.client.submit(page, {**MORE, "why_1": ""}, expect=400)
    assert refused.answers()["about_1"] == ["Visits"]
    first, second = seat.client.submit(page, MORE), seat.client.submit(page, MORE)
    assert first.location == second.location
    shown = seat.client.follow(first)
    assert "2. Visits" in shown.text
    assert f"/staff/cases/{case.reference}/lines/new" in {link.get("href") for link in shown.all("a")}


def test_a_request_takes_no_lines(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    page = seat.client.get(f"/staff/cases/{case.reference}/lines/new")
    assert "has its answer already, or is finished" in page.text
    assert not page.all("textarea")

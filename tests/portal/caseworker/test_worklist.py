"""The worklist: the law's dates in order, counts that stop, no child's record, the same queries however long it is."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa

from portal import db
from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.caseworker import staff_words
from tests.portal.caseworker.desk import TODAY, Office, Seat


def many(office: Office, count: int) -> None:
    """Copies one case: a list looks the same to the database, and a hundred real ones take long to enter."""
    case = office.case()
    with office.runtime.database.write() as session:
        row = session.get(Case, case.id)
        assert row is not None
        vault = office.runtime.vault
        for number in range(count):
            values = {column.name: getattr(row, column.name) for column in Case.__table__.columns}  # type: ignore[attr-defined]
            copy = Case(
                **{
                    **values,
                    "id": None,
                    "reference": f"SAR-{number:04}-COPY",
                    "due_on": TODAY + datetime.timedelta(days=number),
                }
            )
            copy.id = db.new_id()
            copy.label = vault.seal(copy.vault_owner(), f"case_label:{copy.id.hex}", {"label": "BE 2019"})
            session.add(copy)


def test_the_first_page_is_ones_own_cases_in_the_order_of_their_days(office: Office, seat: Seat) -> None:
    assert "No case is with you" in seat.client.get("/staff/").text
    late, later = office.case(on=TODAY - datetime.timedelta(days=60)), office.case()
    with office.runtime.database.write() as session:
        for case in (later, late):
            verbs.assign(session, case.id, seat.staff, by=seat.actor)
    text = seat.client.get("/staff/").text
    assert text.index(late.reference) < text.index(later.reference)
    assert "Overdue" in text


def test_lists_show_what_they_say(office: Office, seat: Seat) -> None:
    office.case(on=TODAY - datetime.timedelta(days=60))
    assert "Mine (0)" in seat.client.get("/staff/").text
    for which in ("team", "unassigned", "overdue"):
        page = seat.client.get(f"/staff/?list={which}")
        assert "SAR-" in page.text
        assert "BE 2019" in page.text
        assert "Example" not in page.text  # initials and birth year, no name
    other = office.seat(team="Other team")
    for which in ("mine", "team", "unassigned", "overdue"):
        assert "SAR-" not in other.client.get(f"/staff/?list={which}").text


def test_a_new_message_is_marked_until_it_is_read(office: Office, seat: Seat) -> None:
    case = office.case()
    with office.runtime.database.write() as session:
        verbs.write_message(session, case.id, "from_requester", "Hello", by=Actor.requester(case.requester_id))
    assert "New message" in seat.client.get("/staff/?list=team").text
    page = seat.client.get(f"/staff/cases/{case.reference}/messages")
    assert "Hello" in page.text
    seat.client.submit(page, form=f"/staff/cases/{case.reference}/messages/read")
    assert "New message" not in seat.client.get("/staff/?list=team").text


def test_a_worklist_asks_as_much_with_three_hundred_cases_as_with_three(office: Office, seat: Seat) -> None:
    many(office, 3)
    few = seat.client.get("/staff/?list=team")
    many_more(office)
    full = seat.client.get("/staff/?list=team")
    assert full.queries == few.queries
    assert "(100+)" in full.text
    assert "Later dates" in full.text


def many_more(office: Office) -> None:
    with office.runtime.database.write() as session:
        session.execute(sa.text("UPDATE \"case\" SET reference = reference || 'X' WHERE reference LIKE '%COPY'"))
    many(office, 300)


def test_pages_follow_each_other_without_gap_or_double(office: Office, seat: Seat) -> None:
    many(office, 60)
    seen: list[str] = []
    path = "/staff/?list=team"
    while path:
        page = seat.client.get(path)
        seen += [link.get("href", "") for link in page.all("a") if "/staff/cases/" in (link.get("href") or "")]
        following = page.all("a", rel="next")
        path = following[0].get("href", "") if following else ""
    assert len(seen) == len(set(seen)) == 61


def test_the_list_is_logged_once_and_opens_no_record(office: Office, seat: Seat) -> None:
    office.case()
    seat.client.get("/staff/?list=team")
    with office.runtime.database.read() as session:
        rows = session.execute(sa.text("SELECT act, child_id FROM log WHERE act = 'list'")).all()
    assert [tuple(row) for row in rows] == [("list", None)]


@pytest.mark.parametrize(
    "query",
    ["list=%00", "list=team&after=2026-13-45.zz", "after=9999-12-31.", "after=%F0%9F%98%80", "after=" + "9" * 4000],
)
def test_an_address_that_makes_no_sense_shows_the_start(office: Office, seat: Seat, query: str) -> None:
    office.case()
    seat.client.get(f"/staff/?{query}")


@pytest.mark.parametrize(
    ("due", "clock", "words"),
    [
        (None, "stopped", "Clock stopped"),
        (TODAY - datetime.timedelta(days=1), "running", "Overdue"),
        (TODAY, "running", "Due soon"),
        (TODAY + datetime.timedelta(days=7), "provisional", "Due soon"),
        (TODAY + datetime.timedelta(days=30), "provisional", "Day may move"),
        (TODAY + datetime.timedelta(days=30), "running", None),
    ],
)
def test_a_tag_says_how_near_the_day_is(
    office: Office, due: datetime.date | None, clock: str, words: str | None
) -> None:
    with office.app.test_request_context("/"):
        tag = staff_words.due_tag(due, clock, TODAY)
    assert (tag.text if tag else None) == words

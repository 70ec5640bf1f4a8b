"""The queue for paper: two people look at the address, it is printed, posted or handed over, and may come back."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import jobs
from portal.cases import posting
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.documents import correspondence, letters
from portal.documents.models import Letter
from portal.people import contact, contact_changes, factors
from portal.people.models import OutboxMessage
from portal.vault import vault_of
from tests.judge import Page
from tests.portal.caseworker.desk import TODAY, Office, Seat
from tests.portal.caseworker.test_contact import told_of
from workflows.table import StepRefused

BY_POST: dict[str, Any] = {"address": "1 Low Lane\nExampleton\nEX2 9ZZ", "safe_channels": ("post",), "email": ""}
ON = {"on-day": str(TODAY.day), "on-month": str(TODAY.month), "on-year": str(TODAY.year)}

DAY = datetime.timedelta(days=1)


@pytest.fixture
def office(app: Any, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setattr(letters, "letter_pdf", lambda _kind, _letter, _facts: b"%PDF-1.7")
    return Office(app)


def queued(office: Office, **reached: Any) -> tuple[Case, str]:
    """A case whose acknowledgement is in the queue, and its page there."""
    case = office.case(**{**BY_POST, **reached})
    jobs.run_all(office.runtime.database, office.runtime)
    with office.runtime.database.read() as session:
        [row] = posting.of_case(session, case)
    return case, f"/staff/cases/{case.reference}/paper/{row.id}"


def held(office: Office) -> list[str]:
    with office.runtime.database.read() as session:
        return list(session.exec(select(OutboxMessage.state)).all())


def check(seat: Seat, page: str, typed: str = "ex29zz", expect: int = 303) -> Page:
    return seat.client.submit(seat.client.get(page), {"typed": typed}, expect)


def test_a_letter_goes_from_the_queue_to_the_letter_box(office: Office) -> None:
    one, other = office.seat(), office.seat(name="Kit Marsh")
    case, page = queued(office)
    assert case.reference in one.client.get("/staff/paper").text
    assert "1 Low Lane" in one.client.get(page).text
    assert "not the last line" in check(one, page, "EX2 9ZY", 400).text
    check(one, page)
    assert "you were the first" in check(one, page, expect=400).text
    check(other, page)
    one.client.submit(one.client.get(page))  # printed
    assert held(office) == ["held"]
    one.client.submit(one.client.get(page), {**ON, "tracking": ""}, 400)
    one.client.submit(one.client.get(page), {**ON, "tracking": "AB 123 GB"})
    text = one.client.get(page).text
    assert "AB 123 GB" in text and "Kit Marsh" in text
    assert held(office) == ["sent"]  # the message that could not be mailed has been passed on by it
    assert "There is nothing to do" in one.client.get("/staff/paper").text


def test_what_comes_back_stops_post_at_once(office: Office) -> None:
    one, other = office.seat(), office.seat(name="Kit Marsh")
    case, page = queued(office)
    check(one, page)
    check(other, page)
    one.client.submit(one.client.get(page))
    one.client.submit(one.client.get(page), {**ON, "tracking": "AB 123 GB"})
    one.client.submit(one.client.get(page), {**ON, "why": "Gone away"})
    assert contact.safe_ways(told_of(office, case)) == ()
    assert "Gone away" in one.client.get(page).text
    assert case.reference in one.client.get("/staff/paper").text


def test_where_post_is_not_safe_no_address_is_shown_and_it_is_handed_over(office: Office) -> None:
    one = office.seat()
    case, page = queued(office, safe_channels=())
    text = one.client.get(page).text
    assert "1 Low Lane" not in text and "To be handed over" in text
    one.client.submit(one.client.get(page))  # printed
    one.client.submit(one.client.get(page), {**ON, "identity": "Bus pass with photo, seen by the nurse"})
    assert "Bus pass" in one.client.get(page).text
    queue = one.client.get(f"/staff/cases/{case.reference}/paper")
    refused = one.client.submit(queue, {"what": "card", "way": "post"}, 400)
    assert "Post is not safe" in refused.text


def test_post_that_stops_meanwhile_goes_nowhere(office: Office) -> None:
    one, other = office.seat(), office.seat(name="Kit Marsh")
    case, page = queued(office)
    check(one, page)
    before = one.client.get(page)
    check(other, page)
    with office.runtime.database.write() as session:
        contact_changes.stop(session, case.requester, ["post"])
    text = one.client.get(page).text
    assert "1 Low Lane" not in text and "Hand it over" in text
    assert "moved on" in one.client.submit(before, {"typed": "EX2 9ZZ"}, 400).text  # a page from before
    one.client.submit(one.client.get(page), form=f"{page}/hand")
    one.client.submit(one.client.get(page))
    assert "identity" in one.client.get(page).html


def test_a_sheet_is_posted_only_from_a_place_whose_address_two_people_have_seen(office: Office) -> None:
    one, other = office.seat(), office.seat(name="Kit Marsh")
    case = office.case_in("checking", one.actor, **BY_POST)
    office.step(case, "accept_identity", one.actor, known_by="papers")
    sheet = f"/staff/cases/{case.reference}/code-sheet"
    assert "Two people must look" in one.client.submit(one.client.get(sheet), {"way": "post"}, 400).text
    queue = one.client.get(f"/staff/cases/{case.reference}/paper")
    one.client.submit(queue, {"what": "code_sheet", "way": "post"})
    with office.runtime.database.read() as session:
        row = next(row for row in posting.of_case(session, case) if row.what == "code_sheet")
    page = f"/staff/cases/{case.reference}/paper/{row.id}"
    check(one, page)
    check(other, page)
    one.client.submit(one.client.get(sheet), {"way": "post"}, 200)
    with office.runtime.database.read() as session:
        assert factors.codes_left(session, case.requester_id) == factors.SHEET_CODES
    assert "Printed" in one.client.get(page).text


def test_a_card_and_a_sheet_for_one_person_are_never_in_the_post_together(office: Office) -> None:
    one = office.seat()
    case = office.case_in("checking", one.actor, **BY_POST)
    other = office.case_in("checking", one.actor, **BY_POST)
    with office.runtime.database.write() as session:
        session.execute(sa.update(Case).where(col(Case.id) == other.id).values(requester_id=case.requester_id))
        for about, what in ((case, "card"), (other, "code_sheet")):
            posting.queue(session, about.id, what, way="post", key=what)
            row = posting.keyed(session, what)
            vault_of(session).put(row, {"address": posting.reachable(session, session.get_one(Case, about.id))})
            row.state = "printed"
    long_ago, day = TODAY - 4 * DAY, TODAY - DAY
    assert "more than two days apart" in refused_to_post(office, one, "code_sheet", TODAY)
    with office.runtime.database.write() as session:
        posting.keyed(session, "code_sheet").state = "called_off"
        session.flush()
        posting.post(session, posting.keyed(session, "card"), long_ago, "AB 123 GB", by=one.actor)
        posting.keyed(session, "code_sheet").state = "printed"
    for on in (long_ago, long_ago + 2 * DAY):
        assert "more than two days apart" in refused_to_post(office, one, "code_sheet", on)
    with office.runtime.database.write() as session:
        posting.post(session, posting.keyed(session, "code_sheet"), day, "AB 124 GB", by=one.actor)
        assert posting.keyed(session, "code_sheet").state == "posted"


def refused_to_post(office: Office, seat: Seat, key: str, on: datetime.date) -> str:
    with office.runtime.database.write() as session, pytest.raises(StepRefused) as refused:
        posting.post(session, posting.keyed(session, key), on, "AB 123 GB", by=seat.actor)
    return str(refused.value)


def test_a_notice_is_looked_at_once_it_is_made_and_what_was_looked_at_stays(office: Office) -> None:
    one = office.seat()
    case = office.case(**BY_POST)
    with office.runtime.database.write() as session:
        posting.queue(session, case.id, "notice", key="notice", event_seq=1)
        row = posting.keyed(session, "notice")
        vault_of(session).put(row, {"address": "as looked at"})
        session.flush()
        for act in (lambda: posting.check_address(session, row, "EX2 9ZZ", by=one.actor), lambda: print_(session, row)):
            with pytest.raises(StepRefused, match="is being made"):
                act()
            row.state = "checked"
            session.flush()
        row.state = "to_check"
        jobs.enqueue(session, "make_notice", "notice", {"posted": row.id.hex})
    jobs.run_all(office.runtime.database, office.runtime)
    with office.runtime.database.write() as session:
        row = posting.keyed(session, "notice")
        assert posting.kept(session, row) == {"address": "as looked at", "bears": BY_POST["address"]}
        posting.check_address(session, row, "EX2 9ZZ", by=one.actor)
        assert row.checked_by == str(one.actor)


def print_(session: Session, row: posting.Posted) -> None:
    posting.printed(session, row, by=Actor.system())


def test_a_letter_that_says_not_which_address_it_bears_is_not_posted_to_todays(office: Office) -> None:
    one = office.seat()
    case, _page = queued(office)
    with office.runtime.database.write() as session:
        letter = session.exec(select(Letter)).one()
        vault_of(session).put(letter, {"answers": {}})  # as they were kept once
    with office.runtime.database.read() as session:
        row = session.get_one(Case, case.id)
        [about] = correspondence.for_paper(session, row, by=one.actor).values()
    assert about["bears"] == ""

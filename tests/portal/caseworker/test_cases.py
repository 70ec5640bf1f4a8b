"""The case's own pages: what is shown, to whom, and that every look is logged."""

from __future__ import annotations

import sqlalchemy as sa

from portal.cases import clocking, ledger, verbs
from portal.cases.opening import Subject
from tests.portal.caseworker.desk import Office, Seat

PAGES = ("", "/messages", "/files", "/finding", "/consultations", "/timeline", "/receipt", "/code-sheet", "/letters")


def test_a_case_page_says_state_day_reasons_people_and_what_can_be_done(office: Office, seat: Seat) -> None:
    case = office.case(phone="07700 900123", safe_notes="Ring after nine")
    page = seat.client.get(f"/staff/cases/{case.reference}")
    for words in (
        "Received",
        "You wrote to us, and we have one month",
        "Ada Example",
        "Bo Example",
        "Start",
        "Ring after nine",
    ):
        assert words in page.text
    office.step(case, "start_checking", seat.actor)
    page = seat.client.get(f"/staff/cases/{case.reference}")
    assert "Ask for proof of identity" in page.text
    assert "We do not know yet who is asking" in page.text  # a closed step, with its reason


def test_every_page_of_a_case_is_fit_to_be_shown_and_logs_the_look(office: Office, seat: Seat) -> None:
    case = office.case()
    for path in PAGES:
        seat.client.get(f"/staff/cases/{case.reference}{path}")
    with office.runtime.database.read() as session:
        looks = session.execute(sa.text("SELECT count(*) FROM log WHERE act = 'view_case'")).scalar()
        child_looks = session.execute(sa.text("SELECT count(*) FROM log WHERE child_id IS NOT NULL")).scalar()
    assert looks == len(PAGES)
    assert child_looks == 0


def test_a_case_of_another_team_and_an_unknown_reference_read_the_same(office: Office, seat: Seat) -> None:
    case = office.case()
    stranger = office.seat(team="Other team")
    pages = [
        *PAGES,
        "/steps/start_checking",
        "/messages/new/note",
        "/search-plan/new",
        "/consultations/new",
        "/finding/detach",
    ]
    for path in pages:
        hidden = stranger.client.get(f"/staff/cases/{case.reference}{path}", 404)
        unknown = stranger.client.get(f"/staff/cases/SAR-2222-2222{path}", 404)
        assert hidden.text == unknown.text
    with office.runtime.database.read() as session:
        denied = session.execute(
            sa.text("SELECT count(*) FROM log WHERE act = 'view_case' AND outcome = 'denied'")
        ).scalar()
    assert denied == 2 * len(pages)


def test_an_administrator_and_an_auditor_open_no_case(office: Office) -> None:
    case = office.case()
    for role in ("administrator", "auditor"):
        client = office.seat(role).client
        for path in PAGES:
            client.get(f"/staff/cases/{case.reference}{path}", 403)


def test_a_case_is_taken_given_on_and_given_back(office: Office, seat: Seat) -> None:
    case = office.case()
    other = office.seat(name="Kit Marsh")
    page = seat.client.get(f"/staff/cases/{case.reference}")
    seat.client.submit(page, form=f"/staff/cases/{case.reference}/take")
    assert office.row(case).assignee_id == seat.staff.id
    page = seat.client.get(f"/staff/cases/{case.reference}")
    assign = f"/staff/cases/{case.reference}/assignment"
    seat.client.submit(page, {"to": other.staff.id.hex}, form=assign)
    assert office.row(case).assignee_id == other.staff.id
    page = seat.client.get(f"/staff/cases/{case.reference}")
    seat.client.submit(page, {"to": ""}, form=assign)
    assert office.row(case).assignee_id is None
    assert "Kit Marsh" in seat.client.get(f"/staff/cases/{case.reference}/timeline").text


def test_a_case_is_not_given_to_somebody_of_another_team(office: Office, seat: Seat) -> None:
    case = office.case()
    stranger = office.seat(team="Other team")
    page = seat.client.get(f"/staff/cases/{case.reference}")
    for to in (stranger.staff.id.hex, "nobody", "x" * 5000):
        seat.client.submit(page, {"to": to}, form=f"/staff/cases/{case.reference}/assignment")
    assert office.row(case).assignee_id is None


def test_linked_cases_of_one_submission_are_shown(office: Office, seat: Seat) -> None:
    case = office.case(Subject("parent", "mother", "Bo Example"), Subject("parent", "mother", "Cy Example"))
    page = seat.client.get(f"/staff/cases/{case.reference}")
    assert "Asked for at the same time" in page.text


def test_a_case_page_asks_no_more_with_three_hundred_events(office: Office, seat: Seat) -> None:
    case = office.case()
    few = {
        path: seat.client.get(f"/staff/cases/{case.reference}{path}").queries for path in ("", "/timeline", "/messages")
    }
    with office.runtime.database.write() as session:
        for number in range(300):
            verbs.write_message(session, case.id, "note", f"note {number}", by=seat.actor)
    for path, queries in few.items():
        assert seat.client.get(f"/staff/cases/{case.reference}{path}").queries <= queries + 1  # the names of staff
    page = seat.client.get(f"/staff/cases/{case.reference}/timeline")
    assert "Older" in page.text


def test_a_reference_is_found_however_it_was_typed(office: Office, seat: Seat) -> None:
    case = office.case()
    seat.client.get(f"/staff/cases/{case.reference.lower().replace('-', '')}")
    for junk in ("SAR-", "%00%00%00", "SAR-2222-222%F0%9F%98%80", "x" * 3000, "{{7*7}}", "..;", "%27%20OR%201=1"):
        seat.client.get(f"/staff/cases/{junk}", 404)


def test_once_the_answer_is_out_the_laws_day_is_met_and_no_longer_due(office: Office, seat: Seat) -> None:
    for state, words in (("ready", "The law’s day is met: the answer is out"), ("closed", "Nothing is due")):
        case = office.case_in(state, seat.actor)
        with office.runtime.database.write() as session:
            clocking.refresh(session, ledger.locked(session, case.id))
        shown = seat.client.get(f"/staff/cases/{case.reference}").text
        assert words in shown
        assert "Last day to ask for more time" not in shown
    working = office.case_in("review", seat.actor)
    assert "met" not in seat.client.get(f"/staff/cases/{working.reference}").text


def test_a_link_that_would_be_refused_is_not_shown(office: Office, seat: Seat) -> None:
    case, approver = office.case(), office.seat("approver", name="Ines Vale")
    for client, there in ((seat.client, True), (approver.client, False)):
        links = [link.get("href") for link in client.get(f"/staff/cases/{case.reference}").all("a")]
        assert (f"/staff/cases/{case.reference}/code-sheet" in links) is there
    approver.client.get(f"/staff/cases/{case.reference}/code-sheet", 403)

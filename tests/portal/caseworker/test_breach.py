"""A breach on the desk: opened from where one stands, in hours, and every page works where nobody asks."""

from __future__ import annotations

import datetime

import pytest
import sqlalchemy as sa
from sqlmodel import select

from portal import db
from portal.cases.models import Case
from tests.builders import rich_child
from tests.portal.caseworker.at_work import client_of, colleague, desk_of, stranger_to, weighing, worker_of
from tests.portal.caseworker.desk import Office
from tests.portal.test_breaches import breach_from
from workflows.days import LONDON

PAGES = ("", "/messages", "/files", "/finding", "/timeline", "/letters", "/consultations")
SAID = {
    "kind": "other_child",
    "about": "A note about another child was filed here.",
    "whose": "One other child.",
    "aware_time": "00:05",
}


def today() -> dict[str, str]:
    day = db.now().astimezone(LONDON).date()
    return {f"aware_on-{part}": str(getattr(day, part)) for part in ("day", "month", "year")}


def breaches_of(office: Office) -> list[Case]:
    with office.runtime.database.read() as session:
        return list(session.exec(select(Case).where(Case.kind == "breach")))


def test_it_is_opened_from_the_case_where_it_was_found_once(office: Office) -> None:
    walk = weighing(office)
    client = worker_of(office, walk)
    page = client.get(f"{desk_of(walk)}/breach?kind=other_child&place=line")
    first = client.submit(page, {**SAID, **today()}, max_queries=45)  # a case of its own, with two events and a note
    assert client.submit(page, {**SAID, **today()}).location == first.location
    (case,) = breaches_of(office)
    assert first.location == f"/staff/cases/{case.reference}"
    text = client.follow(first).text
    for words in ("hours left", SAID["about"], walk.case.reference, "never reads the other child’s information"):
        assert words in text
    assert case.reference in client.get(f"{desk_of(walk)}/breach").text


def test_a_time_of_day_that_is_none_is_asked_for_again(office: Office) -> None:
    walk = weighing(office)
    client = worker_of(office, walk)
    for time in ("25:00", "noon", "9", "12:60"):
        page = client.submit(client.get(f"{desk_of(walk)}/breach"), {**SAID, **today(), "aware_time": time}, 400)
        assert "hours and minutes" in page.text
        assert page.answers()["whose"] == [SAID["whose"]]
    ahead = {**today(), "aware_on-year": "2999"}
    client.submit(client.get(f"{desk_of(walk)}/breach"), {**SAID, **ahead}, 400)
    assert breaches_of(office) == []


@pytest.mark.parametrize(("hours", "words"), [(10, "61 hours left"), (60, "11 hours left"), (80, "72 hours are over")])
def test_the_hours_that_are_left_stand_on_the_page(office: Office, hours: int, words: str) -> None:
    walk = weighing(office)
    breach = breach_from(walk, db.now() - datetime.timedelta(hours=hours))
    assert words in worker_of(office, walk).get(desk_of(breach)).text


def test_every_page_works_for_a_case_that_nobody_asked_for(office: Office) -> None:
    walk = weighing(office)
    breach = breach_from(walk)
    for client in (worker_of(office, walk), client_of(office, walk.approver)):
        for path in PAGES:
            text = client.get(f"{desk_of(breach)}{path}").text
            assert "Write to the requester" not in text
        assert breach.case.reference in client.get("/staff/?list=team").text
    client = worker_of(office, walk)
    for path in ("/code-sheet", "/receipt", "/messages/new/to-requester"):
        client.get(f"{desk_of(breach)}{path}", 404)
    for path in ("/lines", "/sources", "/recipients"):
        client.get(f"{desk_of(breach)}{path}", 404)
        assert f"{desk_of(breach)}{path}" not in {one.get("href") for one in client.get(desk_of(breach)).all("a")}


def test_its_steps_are_taken_on_their_pages(office: Office) -> None:
    walk = weighing(office)
    breach = breach_from(walk)
    client, steps = worker_of(office, walk), f"{desk_of(breach)}/steps"
    said = {f"answer_{name}": "Words." for name in ("what", "whose", "effects", "done")}
    client.submit(client.get(f"{steps}/describe"), said)
    recalled = {"answer_copy": "One letter", "answer_outcome": "returned", "answer_confirmed_by": "The school"}
    client.submit(client.get(f"{steps}/record_copy_recalled"), recalled)
    client.submit(
        client.get(f"{steps}/propose_regulator_decision"), {"answer_decision": "no-risk", "answer_reason": "Unread."}
    )
    approver = client_of(office, walk.approver)
    approver.submit(approver.get(f"{steps}/confirm_regulator_decision"))
    assert breach.case.state == "decided"
    assert "settled whether the regulator" in client.get(desk_of(breach)).text
    assert "One letter" in client.get(f"{desk_of(breach)}/timeline").text


def test_the_entry_is_offered_to_a_record_that_the_search_found(office: Office) -> None:
    walk = weighing(office)
    breach = breach_from(walk)
    other = rich_child(office.runtime, name="Linnet Marlow", local_id="LA-0002")
    client, path = worker_of(office, walk), f"{desk_of(breach)}/offer"
    page = client.submit(client.get(path), {"identifier": "LA-0002", "words": "The note of 3 May."}, 200)
    assert "Linnet Marlow" in page.text
    client.submit(page, {"chosen": str(other.child_id)})
    text = client.get(desk_of(breach)).text
    for words in ("LA-0002", "The note of 3 May.", "Nothing is entered there"):
        assert words in text
    assert "Linnet" not in text


def test_only_what_the_search_found_can_be_chosen(office: Office) -> None:
    walk = weighing(office)
    breach = breach_from(walk)
    other = rich_child(office.runtime, name="Linnet Marlow", local_id="LA-0002")
    client, path = worker_of(office, walk), f"{desk_of(breach)}/offer"
    said = {"identifier": "LA-0001", "words": "The note."}  # the record where it was found
    assert "Nothing fits" in client.submit(client.get(path), said, 200).text
    for chosen in (str(other.child_id), str(walk.case.child_id), "x"):
        client.submit(client.get(path), {**said, "chosen": chosen}, 400)
    client.submit(client.get(path), {"surname": "Marlow", "words": "x"}, 400)
    client.submit(client.get(path), {"identifier": "LA-0002"}, 400)
    with office.runtime.database.read() as session:
        assert session.execute(sa.text("SELECT count(*) FROM log WHERE act = 'offered_to_record'")).scalar_one() == 0


def test_who_may_open_one_and_read_it(office: Office) -> None:
    walk = weighing(office)
    breach = breach_from(walk)
    paths = (desk_of(breach), f"{desk_of(breach)}/offer", f"{desk_of(walk)}/breach")
    approver, stranger = client_of(office, walk.approver), stranger_to(office)
    others = [colleague(office, walk, role) for role in ("administrator", "auditor")]
    for path in paths:
        approver.get(path)
        stranger.get(path, 404)
        for client in others:
            client.get(path, 403)
    approver.get(f"{desk_of(walk)}/offer", 404)


def test_a_breach_is_not_opened_from_a_breach(office: Office) -> None:
    walk = weighing(office)
    breach = breach_from(walk)
    client = worker_of(office, walk)
    assert f"{desk_of(breach)}/breach" not in {one.get("href") for one in client.get(desk_of(breach)).all("a")}
    client.submit(client.get(f"{desk_of(breach)}/breach"), {**SAID, **today()}, 400)
    assert len(breaches_of(office)) == 1

"""A feed that disagrees with a decision: the team sees it, compares, and settles it."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from portal.cases import verbs
from portal.cases.corrections import clashing
from portal.cases.corrections.clashing import Clash
from portal.cases.corrections.lines import Value
from portal.cases.models import Case
from portal.records.feeds import importing
from tests.builders import Walk, feed_child, item
from tests.corrections import CORRECTED, entry_of
from tests.portal.caseworker.at_work import client_of, colleague, decided, desk_of, stranger_to, worker_of
from tests.portal.caseworker.desk import Office

LIST = "/staff/clashes"
OURS, THEIRS, NEWS = "As is usual.", "Ahead of what is usual at this age.", "Behind what is usual."


@pytest.fixture
def walk(office: Office) -> Walk:
    """A corrected entry of which the school says the old thing again."""
    made = decided(office, said=replace(CORRECTED, says=Value("text", OURS)))
    feed(office, THEIRS)
    return made


def feed(office: Office, says: str) -> None:
    school = {"source": "Kiln Lane Primary School", "source_key": "body:kiln lane primary school"}
    items = [item("reading", "education", "Reading", says, opinion=True, **school)]
    importing.take_in(office.runtime.database, "directory", [feed_child(*items)])


def only(walk: Walk) -> Clash:
    with walk.runtime.database.read() as session:
        (found,) = clashing.of_case(session, session.get_one(Case, walk.case_id))
    return found


def page_of(walk: Walk) -> str:
    return f"{desk_of(walk)}/clashes/{only(walk).id}"


def test_the_team_sees_it_in_its_list_and_no_other_team_does(office: Office, walk: Walk) -> None:
    text = worker_of(office, walk).get(LIST).text
    assert walk.case.reference in text
    assert "Tell them by telephone" in text
    assert walk.case.reference not in stranger_to(office).get(LIST).text


def test_both_sides_stand_beside_each_other(office: Office, walk: Walk) -> None:
    text = worker_of(office, walk).get(page_of(walk)).text
    for words in (OURS, THEIRS, "Kiln Lane Primary School"):
        assert words in text


def test_that_somebody_told_the_source_is_noted_once(office: Office, walk: Walk) -> None:
    client = worker_of(office, walk)
    page = client.get(page_of(walk))
    client.submit(page, {"what": "told"}, 400)
    client.submit(page, {"what": "told", "way": "phone"})
    assert only(walk).told_at is not None
    client.submit(client.get(page_of(walk)), {"what": "told", "way": "phone"}, 409)
    assert walk.case.reference in client.get(LIST).text


def test_the_decision_can_stand_with_a_reason(office: Office, walk: Walk) -> None:
    client = worker_of(office, walk)
    page = client.get(page_of(walk))
    client.submit(page, {"what": "keep"}, 400)
    client.submit(page, {"what": "keep", "reason": "The school looked at the wrong year."})
    assert only(walk).ended == "decided"
    assert "No feed disagrees" in client.get(LIST).text
    assert "settled already" in client.follow(client.get(page_of(walk), 303)).text
    assert entry_of(walk, "Reading").text == OURS


def test_the_source_s_value_counts_only_with_a_reason_and_by_somebody_else(office: Office, walk: Walk) -> None:
    said = {"what": "accept", "reason": "There is news.", "message": "The school tells us something newer."}
    worker = worker_of(office, walk)
    page = worker.submit(worker.get(page_of(walk)), said, 400)
    assert "You decided this entry yourself" in page.text
    other = colleague(office, walk, "caseworker")
    other.submit(other.get(page_of(walk)), {**said, "reason": ""}, 400)
    other.submit(other.get(page_of(walk)), said, max_queries=60)
    assert only(walk).ended == "accepted"
    assert entry_of(walk, "Reading").text == THEIRS
    with office.runtime.database.read() as session, office.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        told = [told["words"] for _row, told in verbs.messages(session, case, kinds=("to_requester",))]
    assert told == ["The school tells us something newer."]


def test_what_nobody_has_looked_at_is_not_accepted(office: Office, walk: Walk) -> None:
    other = colleague(office, walk, "caseworker")
    page = other.get(page_of(walk))
    feed(office, NEWS)
    lost = other.submit(page, {"what": "accept", "reason": "There is news."}, 409)
    assert NEWS in lost.text
    assert entry_of(walk, "Reading").text == OURS


def test_a_slip_in_the_form_does_not_look_at_newer_words_by_itself(office: Office, walk: Walk) -> None:
    other = colleague(office, walk, "caseworker")
    page = other.get(page_of(walk))
    feed(office, NEWS)
    page = other.submit(page, {"what": "", "reason": "There is news."}, 400)
    other.submit(page, {"what": "accept"}, 409)
    assert entry_of(walk, "Reading").text == OURS


def test_who_may_open_it(office: Office, walk: Walk) -> None:
    path = page_of(walk)
    client_of(office, walk.approver).get(path, 403)
    client_of(office, walk.approver).get(LIST, 403)
    stranger_to(office).get(path, 404)
    for role in ("administrator", "auditor"):
        colleague(office, walk, role).get(path, 403)
    worker = worker_of(office, walk)
    worker.get(f"{desk_of(walk)}/clashes/{uuid.uuid4()}", 404)
    for junk in ("x", "nan.0", "1e999.x", f"9e99.{uuid.uuid4()}"):
        worker.get(f"{LIST}?after={junk}")

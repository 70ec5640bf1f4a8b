"""Finding: search, compare, attach, detach; the search plan and consultations keep both texts of a race."""

from __future__ import annotations

import uuid

import pytest
import sqlalchemy as sa

from portal import db
from portal.cases import consulting, searching, verbs
from portal.cases.models import Case
from portal.records.models import Child, Lookup
from portal.records.names import phonetic
from tests.portal.caseworker.desk import BORN, TODAY, Office, Seat

HOSTILE = ["\x00", "x" * 20_000, "{{7*7}}", "None", "%s%n", "😀" * 500, "<b>"]


def child(office: Office, names: str = "Bo Example", local_id: str = "L-77") -> uuid.UUID:
    """A record that can be found by its local number and by name with birth date."""
    vault = office.runtime.vault
    with office.runtime.database.write() as session:
        row = Child(id=db.new_id(), sealed=b"", created_at=db.now())
        payload = {
            "names": [names],
            "birth_date": BORN.isoformat(),
            "sex": "",
            "identifiers": {"local_id": local_id, "upn": "SECRETUPN"},
        }
        vault.put(row, payload)
        session.add(row)
        session.flush()
        surname, day = names.rsplit(" ", maxsplit=1)[-1], BORN.isoformat()
        for kind, values in (
            ("local_id", (local_id,)),
            ("surname", (surname, day)),
            ("phonetic_surname", (phonetic(surname), day)),
        ):
            session.add(Lookup(kind=kind, blind=vault.blind(kind, *values), child_id=row.id))
    return row.id


def found(seat: Seat, case: Case, **search: str):
    path = f"/staff/cases/{case.reference}/finding"
    return seat.client.submit(seat.client.get(path), search, 200, form=path)


BY_NAME = {"surname": "example", "born-day": "2", "born-month": "January", "born-year": "2019"}


@pytest.mark.parametrize(
    "search", [{"identifier": "l-77"}, BY_NAME, {**BY_NAME, "surname": "Exampel"}], ids=["number", "name", "sound"]
)
def test_a_record_is_found_compared_attached_and_detached(office: Office, seat: Seat, search: dict[str, str]) -> None:
    child_id, case = child(office), office.case_in("finding", seat.actor)
    base = f"/staff/cases/{case.reference}/finding"
    results = found(seat, case, **search)
    assert "L-77" in results.text
    assert "SECRETUPN" not in results.html  # the least that tells one child from another
    compare = seat.client.submit(results, expect=200, form=f"{base}/attach")
    unsure = seat.client.submit(compare, {"attach": "1"}, 400, form=f"{base}/attach")
    assert unsure.errors == ["Tick the box once you have compared them"]
    assert office.row(case).child_id is None
    seat.client.submit(unsure, {"attach": "1", "sure": "y"}, form=f"{base}/attach")
    assert office.row(case).child_id == child_id
    assert "SECRETUPN" in seat.client.get(base).text  # attached: now the whole identity may be seen, and it is logged
    seat.client.submit(seat.client.get(f"{base}/detach"), {"reason": "It is her cousin"}, form=f"{base}/detach")
    assert office.row(case).child_id is None
    assert "SECRETUPN" not in seat.client.get(base).html
    assert "It is her cousin" in seat.client.get(f"/staff/cases/{case.reference}/timeline").text


def test_only_what_the_search_found_can_be_attached(office: Office, seat: Seat) -> None:
    child(office)
    other = child(office, "Cy Brook", "L-99")
    case = office.case_in("finding", seat.actor)
    base = f"/staff/cases/{case.reference}/finding"
    results = found(seat, case, identifier="L-77")
    for forged in (other.hex, "nonsense", ""):
        seat.client.submit(results, {"child": forged, "attach": "1", "sure": "y"}, 303, form=f"{base}/attach")
    assert office.row(case).child_id is None


def test_a_name_alone_finds_nobody(office: Office, seat: Seat) -> None:
    child(office)
    case = office.case_in("finding", seat.actor)
    path = f"/staff/cases/{case.reference}/finding"
    for search in ({"surname": "Example"}, {}, {"born-day": "2", "born-month": "1", "born-year": "2019"}):
        assert seat.client.submit(seat.client.get(path), search, 400, form=path).errors


def test_a_search_is_logged_for_the_searcher_and_on_each_record_it_showed(office: Office, seat: Seat) -> None:
    child_id, case = child(office), office.case_in("finding", seat.actor)
    found(seat, case, identifier="L-77")
    with office.runtime.database.read() as session:
        rows = session.execute(sa.text("SELECT act, body FROM log WHERE act IN ('search', 'look_candidate')")).all()
    assert sorted(row.act for row in rows) == ["look_candidate", "search"]
    assert not any(
        b"77" in bytes(row.body).replace(child_id.hex.encode(), b"").replace(case.id.hex.encode(), b"")
        and b"L-77" in bytes(row.body)
        for row in rows
    )


def test_a_closed_case_finds_and_shows_nothing(office: Office, seat: Seat) -> None:
    child(office)
    case = office.case_in("closed", seat.actor)
    page = seat.client.get(f"/staff/cases/{case.reference}/finding")
    assert "Open it again before you search" in page.text


@pytest.mark.parametrize("typed", HOSTILE)
def test_no_search_breaks_the_page(office: Office, seat: Seat, typed: str) -> None:
    case = office.case_in("finding", seat.actor)
    path = f"/staff/cases/{case.reference}/finding"
    page = seat.client.get(path)
    for search in (
        {"identifier": typed},
        {"surname": typed, "born-day": typed, "born-month": typed, "born-year": typed},
    ):
        sent = {**page.answers(path), **search}
        assert seat.client.client.post(path, data=sent, base_url=seat.client.base_url).status_code in {200, 400}
        assert seat.client.client.post(path + "/attach", data=sent, base_url=seat.client.base_url).status_code in {
            303,
            200,
            400,
        }


def test_the_plan_is_filled_and_an_answer_needs_its_words(office: Office, seat: Seat) -> None:
    case = office.case_in("finding", seat.actor)
    base = f"/staff/cases/{case.reference}"
    for _again in range(2):
        seat.client.submit(seat.client.get(f"{base}/finding"), form=f"{base}/search-plan/usual", max_queries=60)
    with office.runtime.database.read() as session:
        places = searching.plan(session, case)
    assert [one.place for one in places] == list(searching.USUAL)
    seat.client.submit(seat.client.get(f"{base}/search-plan/new"), {"place": "other"}, 400)
    seat.client.submit(
        seat.client.get(f"{base}/search-plan/new"), {"place": "other", "name": "Cellar of the old school"}
    )
    path = f"{base}/search-plan/{places[0].id}"
    refused = seat.client.submit(seat.client.get(path), {"answer": "destroyed"}, 400)
    assert refused.errors == ["Say when it was destroyed and under which rule."]
    seat.client.submit(refused, {"words": "2019, rule 4"})
    text = seat.client.get(f"{base}/finding").text
    assert "2019, rule 4" in text
    assert "Cellar of the old school" in text


def test_of_two_who_answer_one_place_neither_writes_over_the_other(office: Office, seat: Seat) -> None:
    case = office.case_in("finding", seat.actor)
    with office.runtime.database.write() as session:
        place = searching.add_place(session, case.id, "email", by=seat.actor)
    path = f"/staff/cases/{case.reference}/search-plan/{place}"
    one, two = seat.client.get(path), seat.client.get(path)
    seat.client.submit(one, {"answer": "found", "words": "Eleven mails"})
    lost = seat.client.submit(two, {"answer": "missing", "words": "The old server is gone"}, 409)
    assert "Eleven mails" in lost.text
    assert lost.answers(path)["words"] == ["The old server is gone"]
    seat.client.submit(lost)
    with office.runtime.database.read() as session:
        assert searching.plan(session, case)[0].answer == "missing"


def test_a_consultation_is_asked_answered_and_never_written_over(office: Office, seat: Seat) -> None:
    case = office.case_in("review", seat.actor)
    base = f"/staff/cases/{case.reference}/consultations"
    day = {f"asked_on-{part}": str(getattr(TODAY, part)) for part in ("day", "month", "year")}
    seat.client.submit(seat.client.get(f"{base}/new"), {"kind": "health", "who": "Dr Reed", "excerpt": "Line 4", **day})
    with office.runtime.database.read() as session:
        (asked,) = consulting.consultations(session, case)
    path = f"{base}/{asked.id}"
    answer = {f"answered_on-{part}": str(getattr(TODAY, part)) for part in ("day", "month", "year")}
    one, two = seat.client.get(path), seat.client.get(path)
    seat.client.submit(one, {"outcome": "opinion_harm", "reply": "It would do harm", **answer})
    lost = seat.client.submit(two, {"outcome": "opinion_no_harm", "reply": "No harm that I see", **answer}, 409)
    assert "It would do harm" in lost.text
    assert "No harm that I see" in lost.html
    assert "It would do harm" in seat.client.get(base).text


@pytest.mark.parametrize("typed", HOSTILE)
def test_no_answer_breaks_the_plan_or_a_consultation(office: Office, seat: Seat, typed: str) -> None:
    case = office.case_in("review", seat.actor)
    with office.runtime.database.write() as session:
        place = searching.add_place(session, case.id, "email", by=seat.actor)
        asked = consulting.ask(
            session,
            case.id,
            kind="legal",
            who=typed[:100],
            excerpt=typed[:100],
            asked_on=TODAY,
            answer_by=None,
            by=seat.actor,
        )
        verbs.write_message(session, case.id, "note", typed[:300], by=seat.actor)
    base = f"/staff/cases/{case.reference}"
    for path in (
        "search-plan/new",
        f"search-plan/{place}",
        "consultations/new",
        f"consultations/{asked}",
        "messages/new/contact",
        "finding/detach",
    ):
        page = seat.client.client.get(f"{base}/{path}", base_url=seat.client.base_url)
        assert page.status_code == 200
        fields = (
            "place",
            "name",
            "owner",
            "terms",
            "answer",
            "words",
            "kind",
            "who",
            "excerpt",
            "outcome",
            "reply",
            "way",
            "version",
            "reason",
            "asked_on-day",
            "answered_on-year",
        )
        token = seat.client.get(f"{base}/messages/new/note").answers()["csrf_token"]
        sent = {**dict.fromkeys(fields, typed), "csrf_token": token, "form_key": "k" * 30}
        assert seat.client.client.post(f"{base}/{path}", data=sent, base_url=seat.client.base_url).status_code in {
            303,
            400,
            409,
            413,
        }

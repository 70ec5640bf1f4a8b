"""The decision page: law, facts, proof, open questions and drafted reasons; sealing; and who learns of whom."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
import sqlalchemy as sa

from portal.cases import ledger
from portal.cases.models import Case
from portal.records.models import Child
from tests import builders
from tests.builders import Walk
from tests.judge import JudgingClient, Page
from tests.portal.caseworker.at_work import client_of, desk_of
from tests.portal.caseworker.desk import TODAY, Office, Seat
from tests.portal.caseworker.test_finding import BY_NAME, child, found

DAY = datetime.timedelta(days=1)
MARRIED = {"relation": "father", "registered": "no", "married": "yes", "any_order": "no"}


def days(name: str, day: datetime.date) -> dict[str, str]:
    return {f"{name}-day": str(day.day), f"{name}-month": str(day.month), f"{name}-year": str(day.year)}


def write_down(client: JudgingClient, base: str, said: dict[str, Any]) -> Page:
    """The decision page after staff wrote down what they know."""
    form = client.get(f"{base}/authority/family")
    return client.follow(client.submit(form, said, max_queries=80))


def value_of(page: Page, name: str) -> str:
    (field,) = page.all("textarea", name=name)
    return "".join(field.itertext()).strip()


def test_the_page_lays_out_the_law_and_what_is_still_open_and_the_step_begins_with_the_reasons(
    office: Office, seat: Seat
) -> None:
    case = office.case_in("checking", seat.actor)
    base = f"/staff/cases/{case.reference}"
    empty = seat.client.get(f"{base}/authority")
    assert "Not known yet" in empty.text
    assert "How is this person related to the child?" in empty.text
    page = write_down(seat.client, base, {**MARRIED, **days("married_on", builders.BORN - 900 * DAY)})
    for words in ("Yes, on these facts", "R-50", "A divorce changes nothing", "marriage or civil partnership"):
        assert words in page.text, words
    step = seat.client.get(f"{base}/steps/accept_authority")
    assert "A divorce changes nothing" in value_of(step, "answer_reasons")
    assert value_of(step, "answer_orders") == "There is none. It was asked for."
    changed = {"answer_reasons": "Certificate of 3 May seen. It is enough."}
    seat.client.submit(step, {**changed, "answer_basis": "father-married"}, form=f"{base}/steps/accept_authority")
    after = seat.client.get(f"{base}/authority").text
    assert "Certificate of 3 May seen" in after
    assert "Counts" in after


def test_what_is_not_known_fills_in_no_footing_and_names_the_papers_to_ask_for(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    base = f"/staff/cases/{case.reference}"
    page = write_down(seat.client, base, {"relation": "father", "registered": "yes", "registered_abroad": "yes"})
    assert "Not known yet" in page.text
    step = seat.client.get(f"{base}/steps/accept_authority")
    assert value_of(step, "answer_reasons") == ""
    assert not step.all("option", selected=True) or "father" not in str(
        step.all("option", selected=True)[0].get("value")
    )
    office.step(case, "ask_authority", seat.actor, doubt="not-on-record", proof="parental-responsibility")
    office.step(case, "record_authority", seat.actor, came_on=TODAY)
    refuse = seat.client.get(f"{base}/steps/refuse_authority_evidence")
    assert "full birth certificate" in value_of(refuse, "answer_missing")


def test_after_an_adoption_nothing_that_could_tell_of_it_is_drafted_for_the_requester(
    office: Office, seat: Seat
) -> None:
    case = office.case_in("checking", seat.actor)
    base = f"/staff/cases/{case.reference}"
    adopted = {"relation": "mother", "order1_kind": "adoption", "order1_favour": "another"}
    page = write_down(seat.client, base, {**adopted, **days("order1_from", datetime.date(2024, 5, 1))})
    assert "No, on these facts" in page.text
    assert "R-54" in page.text
    office.step(case, "ask_authority", seat.actor, doubt="not-on-record", proof="parental-responsibility")
    office.step(case, "record_authority", seat.actor, came_on=TODAY)
    assert value_of(seat.client.get(f"{base}/steps/refuse_authority_evidence"), "answer_missing") == ""
    assert "adopted" in value_of(seat.client.get(f"{base}/steps/propose_refusal"), "answer_reason")


def test_an_academy_leaves_a_parent_the_subject_access_route(office: Office, seat: Seat) -> None:  # W-11
    case = office.case_in("checking", seat.actor)
    base = f"/staff/cases/{case.reference}"
    page = write_down(seat.client, base, {"relation": "mother", "school_kind": "academy"})
    assert "R-32" in page.text
    assert "school days" not in page.text
    carer = {"relation": "grandparent", "cares": "yes", "school_kind": "maintained"}  # W-10
    page = write_down(seat.client, base, carer)
    assert "within 15 school days" in page.text
    assert "R-59" in page.text


def test_two_who_write_at_once_lose_nothing(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    base = f"/staff/cases/{case.reference}"
    form = seat.client.get(f"{base}/authority/family")
    write_down(seat.client, base, {"relation": "mother"})
    lost = seat.client.submit(form, {"relation": "father"}, 409)
    assert "moved on while you were writing" in lost.text
    assert "Mother: gave birth" in seat.client.get(f"{base}/authority").text


@pytest.mark.parametrize("typed", ["\x00", "x" * 5_000, "{{7*7}}", "<b>", "99999999999"])
def test_no_answer_breaks_the_form(office: Office, seat: Seat, typed: str) -> None:
    case = office.case_in("checking", seat.actor)
    path = f"/staff/cases/{case.reference}/authority/family"
    answers = seat.client.get(path).answers(path)
    sent = {name: typed if name not in ("csrf_token", "form_key") else value for name, value in answers.items()}
    sent |= {"order1_kind": typed, "relation": typed, "married_on-day": typed, "seen": typed}
    assert seat.client.client.post(path, data=sent, base_url=seat.client.base_url).status_code in {303, 400, 409}


# Seals (W-4, design section 3)


def second(office: Office, walk: Walk) -> JudgingClient:
    return client_of(office, walk.approver)


def seal(office: Office, walk: Walk, team: str) -> None:
    """The record of this case is sealed for a team by the caseworker and the approver."""
    path = f"{desk_of(walk)}/seal"
    worker = client_of(office, walk.worker)
    worker.submit(worker.get(path), {"team": builders.make_team(office.runtime, team).id.hex, "reason": "Adopted."})
    other = second(office, walk)
    confirm = other.get(path)
    (form,) = [one.get("action") for one in confirm.all("form") if str(one.get("action")).endswith("/confirm")]
    other.submit(confirm, form=form, max_queries=120)


def group(office: Office, walk: Walk) -> str:
    assert walk.record is not None
    with office.runtime.database.read() as session:
        return session.get_one(Child, walk.record.child_id).access_group


def test_to_seal_a_record_takes_two_people_and_a_reason(office: Office) -> None:
    walk = builders.case_in(office.runtime, "review")
    path, worker = f"{desk_of(walk)}/seal", client_of(office, walk.worker)
    team = builders.make_team(office.runtime, "Adoption team")
    assert worker.submit(worker.get(path), {"team": team.id.hex}, 400).errors == ["Say why"]
    assert worker.submit(worker.get(path), {"reason": "Adopted"}, 400).errors
    page = worker.follow(worker.submit(worker.get(path), {"team": team.id.hex, "reason": "Adopted on 3 May."}))
    assert "somebody else confirms it" in page.text
    assert not [one for one in page.all("form") if str(one.get("action")).endswith("/confirm")]
    (decline,) = [str(one.get("action")) for one in page.all("form") if str(one.get("action")).endswith("/decline")]
    forged = decline.replace("/decline", "/confirm")
    sent = {**page.answers(decline)}
    worker.client.post(forged, data=sent, base_url=worker.base_url)  # one's own proposal
    assert group(office, walk) == ""
    assert "Adopted on 3 May." in second(office, walk).get(path).text
    other = second(office, walk)
    other.submit(other.get(path), form=decline)
    assert group(office, walk) == ""
    seal(office, walk, "Adoption team")
    assert group(office, walk) == team.id.hex
    with office.runtime.database.read() as session:
        acts = session.scalars(sa.text("SELECT act FROM log")).all()
        events = [event.name for event in ledger.history(session, session.get_one(Case, walk.case_id))]
    assert {"seal_proposed", "seal_declined", "record_sealed"} <= set(acts)
    assert events[-3:] == ["record_sealed", "assigned", "new_order"]


def test_a_sealed_record_leaves_its_cases_to_the_team_and_opens_to_nobody_else(office: Office) -> None:
    walk = builders.case_in(office.runtime, "review")
    seal(office, walk, "Adoption team")
    for client in (client_of(office, walk.worker), second(office, walk)):
        client.get(desk_of(walk), 404)
    adoption = builders.make_team(office.runtime, "Adoption team")
    own = client_of(office, builders.make_staff(office.runtime, team=adoption, name="Noor Lind"))
    assert "Checking who is asking" in own.get(desk_of(walk)).text
    assert walk.case.assignee_id is None


def plain(page: Page, case: Case) -> str:
    """A page's bytes without what differs between any two requests: reference, tokens, keys."""
    html = page.html.replace(case.reference, "REF")
    return re.sub(r'value="[^"]{16,}"|nonce="[^"]*"|nonce-[^\'"]*', "", html)


def test_a_search_for_a_sealed_record_reads_to_the_byte_as_one_for_a_record_that_never_was(
    office: Office, seat: Seat
) -> None:
    case = office.case_in("finding", seat.actor)
    nothing = {
        "number": plain(found(seat, case, identifier="L-77"), case),
        "name": plain(found(seat, case, **BY_NAME), case),
    }
    child_id = child(office)
    assert "Bo Example" in found(seat, case, identifier="L-77").text
    with office.runtime.database.write() as session:
        session.execute(sa.update(Child).values(access_group="another team"))
    assert plain(found(seat, case, identifier="L-77"), case) == nothing["number"]
    assert plain(found(seat, case, **BY_NAME), case) == nothing["name"]
    with office.runtime.database.read() as session:
        bodies = [bytes(one) for one in session.scalars(sa.text("SELECT body FROM log WHERE act = 'search'"))]
        looked = session.scalar(sa.text("SELECT count(*) FROM log WHERE act = 'look_candidate'"))
    assert looked == 1  # of the search before it was sealed
    assert child_id
    assert [b'"hits": 0' in body or b'"hits":0' in body for body in bodies] == [True, True, False, True, True]


# Whoever acts for another


def test_a_signature_of_a_parent_who_is_shown_to_hold_it_carries_a_solicitor(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    office.step(case, "record_right", seat.actor, right="representative", reason="A solicitor writes")
    base = f"/staff/cases/{case.reference}"
    signed = {"signed_by": "holder", **days("signed_on", TODAY - 9 * DAY), **days("signed_until", TODAY + 90 * DAY)}
    page = write_down(seat.client, base, signed)
    assert "Whoever signs can give no more than they hold." in page.text
    page = write_down(seat.client, base, {**signed, "signer_holds": "yes"})
    assert "Yes, on these facts" in page.text
    step = seat.client.get(f"{base}/steps/accept_authority")
    (chosen,) = [one.get("value") for one in step.all("option") if one.get("selected") is not None]
    assert chosen == "parent-agreement"
    until = step.answers(f"{base}/steps/accept_authority")
    assert until["answer_valid_until-year"] == [str((TODAY + 90 * DAY).year)]

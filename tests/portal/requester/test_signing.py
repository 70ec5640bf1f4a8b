"""Signing that somebody may act, and taking it back; and that no holder learns of another (R-56, R-60)."""

from __future__ import annotations

import re
import uuid

import pytest
from flask import Flask
from sqlmodel import select

from portal import gate, jobs
from portal.cases import authorities, holders_beside, ledger, signed, verbs
from portal.cases.actors import Actor
from portal.cases.authority_models import SignedAuthority
from portal.cases.clocking import uk_today
from portal.cases.models import Case
from portal.documents import correspondence
from tests import builders
from tests.client import client_for, mails, runtime_of, sign_in, staff_client
from tests.judge import JudgingClient, Page
from tests.portal.requester.following import sent_request

SAID = {
    "acting": "Pat Sedge, Sedge and Sons",
    "about": "Robin Vale",
    "scope": "All of it",
    "name": "Robin Vale",
    "sure": "y",
}


def sign(client: JudgingClient, reference: str) -> Page:
    return client.follow(client.submit(client.get("/signatures/new"), {**SAID, "reference": reference}))


def accepted(app: Flask, case_id: uuid.UUID, basis: str = "subject-agreement") -> None:
    """The request of somebody who acts for another, with the authority accepted and work begun."""
    by = Actor("staff", uuid.UUID(int=7), builders.Role.CASEWORKER)
    for name, answers in (
        ("start_checking", {}),
        ("accept_identity", {"known_by": "known"}),
        ("record_right", {"right": "representative", "reason": "A solicitor"}),
        ("accept_identity", {"known_by": "known"}),
        ("accept_authority", {"basis": basis, "orders": "No order", "seen": "Signed on the portal"}),
        ("start_finding", {}),
    ):
        with runtime_of(app).database.write() as session:
            verbs.take_step(session, case_id, name, by=by, answers=answers, today=uk_today())


def state(app: Flask, case_id: uuid.UUID) -> str:
    with runtime_of(app).database.read() as session:
        return session.get_one(Case, case_id).state


def test_what_is_signed_is_there_for_staff_and_ends_at_once_when_it_is_taken_back(app: Flask) -> None:
    theirs, mine = sent_request(app, email="pat@example.org"), sent_request(app)
    page = sign(mine.client, theirs.reference.lower())
    assert "You have signed" in page.text
    staff = staff_client(app)
    with runtime_of(app).database.write() as session:
        row = ledger.locked(session, theirs.case_id)
        row.assignee_id = staff.who.id  # type: ignore[attr-defined]
        session.add(row)
    shown = staff.get(f"/staff/cases/{theirs.reference}/authority").text
    assert "Pat Sedge, Sedge and Sons" in shown
    accepted(app, theirs.case_id)
    (form,) = [str(one.get("action")) for one in page.all("form") if "take-back" in str(one.get("action"))]
    assert "You took it back" in mine.client.follow(mine.client.submit(page, form=form, max_queries=90)).text
    assert state(app, theirs.case_id) == "checking"
    with runtime_of(app).database.read() as session, runtime_of(app).vault.unlocked():
        assert [one.row.status for one in authorities.of_case(session, theirs.case_id)] == ["ended"]
    assert "Taken back on" in staff.get(f"/staff/cases/{theirs.reference}/authority").text


@pytest.mark.parametrize(("basis", "late"), [("parent-agreement", True), ("care-order", False)])
def test_taking_back_stops_nothing_that_does_not_rest_on_it(app: Flask, basis: str, late: bool) -> None:
    theirs, mine = sent_request(app, email="pat@example.org"), sent_request(app)
    if late:
        accepted(app, theirs.case_id, basis)
    page = sign(mine.client, theirs.reference)
    if not late:
        accepted(app, theirs.case_id, basis)
    (form,) = [str(one.get("action")) for one in page.all("form") if "take-back" in str(one.get("action"))]
    mine.client.submit(page, form=form, max_queries=90)
    assert state(app, theirs.case_id) == "finding"


def test_a_reference_that_nobody_has_and_one_that_somebody_has_read_alike(app: Flask) -> None:
    theirs, mine = sent_request(app, email="pat@example.org"), sent_request(app)
    other = sent_request(app, email="third@example.org")
    alike = []
    for reference, client in ((theirs.reference, mine.client), ("SAR-2222-2222", other.client)):
        page = sign(client, reference)
        assert reference not in page.html
        alike.append(re.sub(r'(value|data-token)="[^"]{16,}"|nonce="[^"]*"|[0-9a-f-]{36}', "", page.html))
    assert alike[0] == alike[1]
    with runtime_of(app).database.read() as session:
        rows = session.exec(select(SignedAuthority).order_by(SignedAuthority.id)).all()
    assert [row.case_id for row in rows] == [theirs.case_id, None]


def test_nobody_signs_after_the_mailed_link_alone_or_takes_back_what_another_signed(app: Flask) -> None:
    half = sent_request(app, second_factor=False)
    half.client.get("/signatures/new", 303)
    theirs, mine = sent_request(app, email="pat@example.org"), sent_request(app, email="third@example.org")
    page = sign(mine.client, theirs.reference)
    (form,) = [str(one.get("action")) for one in page.all("form") if "take-back" in str(one.get("action"))]
    own = theirs.client.get("/signatures/new")
    data = own.answers("/signatures/new")
    theirs.client.client.post(form, data=data, base_url=theirs.client.base_url)
    with runtime_of(app).database.read() as session, runtime_of(app).vault.unlocked():
        assert [one.row.ended_on for one in signed.of_person(session, mine.person_id)] == [None]


CANARY = ("Canary", "canary", "19 Brimstone Crescent", "07700 900555")


def test_no_holder_learns_of_another_from_any_page_letter_or_mail(app: Flask) -> None:
    """R-56: two parents with open cases on one record; every page that a reference leads to, letters and mails."""
    runtime = runtime_of(app)
    mine = builders.case_in(runtime, "ready")
    other = builders.open_case(runtime, requester="Canary Copperfield", email="canary@example.org")
    theirs = builders.Walk(runtime, other.id, mine.worker, mine.approver, record=mine.record)
    builders._review(theirs)
    with runtime.database.read() as session, runtime.vault.unlocked():
        case = session.get_one(Case, mine.case_id)
        assert len(holders_beside.others(session, case, mine.worker.actor)) == 1
        assert case.requester_id is not None
        person = case.requester_id
    jobs.run_all(runtime.database, runtime)
    client = client_for(app)
    sign_in(client, "family", person)
    seen = "\n".join(pages(app, client, case.reference))
    with runtime.database.read() as session, runtime.vault.unlocked():
        for letter in correspondence.of_case(session, session.get_one(Case, mine.case_id), by=mine.requester):
            seen += str(letter)
        ours = [one for one in mails(runtime) if "canary" not in one["To"]]
    seen += "\n".join(one["Subject"] + one.get_content() for one in ours)
    assert case.reference in seen
    for word in (*CANARY, other.reference, other.id.hex, str(other.id)):
        assert word not in seen, word


def pages(app: Flask, client: JudgingClient, reference: str) -> list[str]:
    """Every page of the family's door that the reference alone leads to, or nothing at all."""
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("requester.")]
    plain = [one.rule for one in rules if "GET" in gate.MATRIX[one.endpoint].methods and one.arguments <= {"reference"}]
    assert len(plain) > 20
    return [
        client.client.get(rule.replace("<string:reference>", reference), base_url=client.base_url).get_data(
            as_text=True
        )
        for rule in plain
        if "sign-out" not in rule
    ]

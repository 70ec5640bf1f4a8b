"""Steps: the form comes from the table, a refusal is said beside its question, a lost race loses nothing."""

from __future__ import annotations

import datetime
import secrets

import pytest
import sqlalchemy as sa

from portal import db
from portal.cases import ledger, verbs
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.models import Case, Evidence
from portal.caseworker import staff_words
from tests.judge import Page
from tests.portal.caseworker.desk import STATES, TODAY, Office, Seat
from workflows.facts import CaseFacts
from workflows.kinds.subject_access import WORKFLOW
from workflows.table import Ask, Step

HOSTILE = [
    "",
    "\x00",
    "x" * 100_000,
    "{{7*7}}",
    "None",
    "<script>alert(1)</script>",
    "\u202egnp.exe",
    "😀" * 5000,
    "' OR 1=1 --",
]


def step_path(reference: str, name: str) -> str:
    return f"/staff/cases/{reference}/steps/{name}"


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("role", ["caseworker", "approver"])
def test_every_step_in_every_state_has_a_page_that_offers_it_or_says_why_not(
    office: Office, state: str, role: str
) -> None:
    seat = office.seat(role)
    case = office.case_in(state, seat.actor)
    for step in _steps_to_look_at(state):
        path = step_path(case.reference, step.name)
        if step.name in staff_words.OWN_PAGE:
            seat.client.get(path, 303)
            continue
        page = seat.client.get(path)
        offered = any(form.get("action") == path for form in page.forms())
        assert offered or "This step is closed now." in page.text, step.name
        if offered or step is WORKFLOW.steps[-1]:  # of the closed ones, one stands for all
            _sent_empty_it_is_refused_in_words(seat, page, path, offered=offered)
    assert office.row(case).state == state


def _steps_to_look_at(state: str) -> list[Step]:
    """Those of the state, and of the others every sixth, each in another state: that all are closed in all the other
    states is proved by the table's own tests."""
    turn = STATES.index(state)
    return [
        step
        for place, step in enumerate(WORKFLOW.steps)
        if any(one.name == state for one in step.from_states) or (place + turn) % 6 == 0 or step is WORKFLOW.steps[-1]
    ]


def _sent_empty_it_is_refused_in_words(seat: Seat, page: Page, path: str, *, offered: bool) -> None:
    step = WORKFLOW.step(path.rsplit("/", 1)[1])
    if not offered:
        token = page.answers()["csrf_token"]
        sent = {"seen": "2", "csrf_token": token, "form_key": secrets.token_urlsafe(24)}
        assert "This step is closed now." in seat.client.post(path, sent, 409).text
    elif any(need.required for need in step.needs):  # otherwise it would be taken
        assert seat.client.post(path, page.answers(path), 400).errors


def test_a_step_says_beforehand_what_it_will_do(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    text = seat.client.get(step_path(case.reference, "ask_identity")).text
    for words in (
        "The case stays where it is",
        "The clock stops",
        "A letter to the requester",
        "We asked you to show us who you are",
    ):
        assert words in text


def test_a_step_is_taken_once_however_often_its_form_is_sent(office: Office, seat: Seat) -> None:
    case = office.case()
    page = seat.client.get(step_path(case.reference, "start_checking"))
    first = seat.client.submit(page)
    second = seat.client.submit(page)
    assert first.location == second.location == f"/staff/cases/{case.reference}"
    assert office.row(case).state == "checking"
    assert office.row(case).seq == 2


def test_answers_are_read_as_the_workflow_wants_them(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    page = seat.client.get(step_path(case.reference, "ask_identity"))
    seat.client.submit(page, {"answer_doubt": "not-known", "answer_proof": "A letter from the school"})
    assert office.row(case).clock_status == "stopped"
    page = seat.client.get(step_path(case.reference, "record_identity"))
    seat.client.submit(page, date_of("came_on", TODAY))
    page = seat.client.get(step_path(case.reference, "accept_identity"))
    seat.client.submit(page, {"answer_known_by": "papers"})
    text = seat.client.get(f"/staff/cases/{case.reference}/timeline").text
    assert "Papers were seen" in text
    assert "A letter from the school" in text


def date_of(need: str, day: datetime.date) -> dict[str, str]:
    return {f"answer_{need}-{part}": str(getattr(day, part)) for part in ("day", "month", "year")}


def test_a_refusal_of_the_workflow_is_said_on_the_page_and_what_was_typed_stays(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    office.step(case, "ask_identity", seat.actor, doubt="not-known", proof="Any")
    page = seat.client.get(step_path(case.reference, "record_identity"))
    refused = seat.client.submit(page, date_of("came_on", TODAY - datetime.timedelta(days=3)), 400)
    assert refused.errors
    assert refused.answers(step_path(case.reference, "record_identity"))["answer_came_on-year"] == [str(TODAY.year)]


def test_of_two_windows_the_later_one_sees_what_happened_and_can_send_again(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    colleague = office.seat(name="Kit Marsh")
    path = step_path(case.reference, "ask_identity")
    mine, theirs = seat.client.get(path), colleague.client.get(f"/staff/cases/{case.reference}/messages/new/note")
    colleague.client.submit(theirs, {"words": "They rang"})
    lost = seat.client.submit(mine, {"answer_doubt": "not-known", "answer_proof": "None of their letters"}, 409)
    assert "A note was added" in lost.text
    assert "Kit Marsh" in lost.text
    assert lost.answers(path)["answer_proof"] == ["None of their letters"]
    assert lost.answers(path)["answer_doubt"] == ["not-known"]
    seat.client.submit(lost, form=path)
    with office.runtime.database.read() as session:
        names = [event.name for event in ledger.history(session, office.row(case))]
    assert names == ["opened", "start_checking", "note", "ask_identity"]


def test_a_step_that_closed_meanwhile_says_so_and_gives_back_what_was_typed(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    path = step_path(case.reference, "ask_clarification")
    page = seat.client.get(path)
    office.step(case, "record_withdrawal", seat.actor, came_on=TODAY, said="By phone")
    answers = {
        "answer_about": "which-dates",
        "answer_question": "Which years do you mean?",
        "answer_necessary": "Nine boxes",
    }
    lost = seat.client.submit(page, answers, 409)
    assert "This step is closed now." in lost.text
    assert "Which years do you mean?" in lost.text
    assert office.row(case).state == "withdrawn"


def test_steps_of_the_approver_are_for_approvers(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    office.step(case, "propose_receipt_day", seat.actor, day=TODAY - datetime.timedelta(days=2), reason="Post room")
    path = step_path(case.reference, "confirm_receipt_day")
    assert "someone in another role" in seat.client.get(path).text
    approver = office.seat("approver")
    assert "Confirm the other day of receipt" in approver.client.get(f"/staff/cases/{case.reference}").text
    approver.client.submit(approver.client.get(path))
    assert office.row(case).received_on == TODAY - datetime.timedelta(days=2)


def test_a_pack_is_never_approved_or_released_through_a_plain_step(office: Office, seat: Seat) -> None:
    for role in ("caseworker", "approver"):
        who = office.seat(role)
        case = office.case_in("approval", seat.actor)
        token = who.client.get(f"/staff/cases/{case.reference}/messages/new/note").answers()["csrf_token"]
        for name in ("approve", "release", "release_part", "confirm_again"):
            who.client.post(step_path(case.reference, name), {"csrf_token": token, "seen": "2"}, 303)
        assert office.row(case).state == "approval"
        assert office.row(case).seq == 2


def test_proof_is_destroyed_when_it_is_accepted(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    with office.runtime.database.write() as session:
        for purpose in ("identity", "authority"):
            row = Evidence(
                case_id=case.id,
                status="clean",
                purpose=purpose,
                file_id=db.new_id(),
                size=9,
                at=db.now(),
                actor="family",
                sealed=b"",
            )
            office.runtime.vault.put(row, {"name": "passport.png", "kind": "png", "pages": 1})
            session.add(row)
    page = seat.client.get(step_path(case.reference, "accept_identity"))
    seat.client.submit(page, {"answer_known_by": "papers"})
    with office.runtime.database.read() as session:
        stands = dict(session.execute(sa.text("SELECT purpose, status FROM evidence")).all())
    assert stands == {"identity": "destroyed", "authority": "clean"}
    assert "was accepted, so the file was destroyed" in seat.client.get(f"/staff/cases/{case.reference}/files").text


@pytest.mark.parametrize("typed", HOSTILE)
def test_no_answer_breaks_a_step(office: Office, seat: Seat, typed: str) -> None:
    case = office.case_in("checking", seat.actor)
    for step in WORKFLOW.steps_for("checking", seat.actor.role, _facts(office, seat, case)):
        if step.refused or not step.step.needs or step.step.name in staff_words.OWN_PAGE:
            continue
        path = step_path(case.reference, step.step.name)
        page = seat.client.get(path)
        answers = {f"answer_{need.name}": typed for need in step.step.needs if need.kind is not Ask.DATE}
        answers |= {
            f"answer_{need.name}-{part}": typed
            for need in step.step.needs
            if need.kind is Ask.DATE
            for part in ("day", "month", "year")
        }
        status = seat.client.client.post(
            path, data={**page.answers(path), **answers}, base_url=seat.client.base_url
        ).status_code
        assert status in {303, 400, 409, 413}, (step.step.name, status)
    seat.client.get(f"/staff/cases/{case.reference}/timeline")


def _facts(office: Office, seat: Seat, case: Case) -> CaseFacts:
    with office.runtime.database.read() as session:
        row = office.row(case)
        return facts_of(session, row, ledger.history(session, row), actor=seat.actor, today=TODAY)


@pytest.mark.parametrize("seen", ["", "x", "-1", "99999999999999999999", "1.5"])
def test_a_form_without_the_number_it_saw_is_refused_in_words(office: Office, seat: Seat, seen: str) -> None:
    case = office.case()
    page = seat.client.get(step_path(case.reference, "start_checking"))
    seat.client.submit(page, {"seen": seen}, 400)
    assert office.row(case).state == "received"


def test_an_unknown_step_is_no_page(office: Office, seat: Seat) -> None:
    case = office.case()
    for name in ("nothing", "__class__", "x" * 2000, "%00"):
        seat.client.get(step_path(case.reference, name), 404)


def test_a_requester_who_writes_between_look_and_step_is_not_passed_over(office: Office, seat: Seat) -> None:
    case = office.case()
    page = seat.client.get(step_path(case.reference, "start_checking"))
    with office.runtime.database.write() as session:
        verbs.write_message(session, case.id, "from_requester", "Stop please", by=Actor.requester(case.requester_id))
    lost = seat.client.submit(page, expect=409)
    assert "The requester wrote" in lost.text

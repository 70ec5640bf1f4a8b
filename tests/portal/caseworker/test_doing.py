"""Messages, requests entered by staff, files, code sheets, and what waits for a person."""

from __future__ import annotations

import datetime
import io

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from PIL import Image
from sqlmodel import select

from portal import db, jobs
from portal.cases import mailbox, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case, Evidence
from portal.caseworker import entering
from portal.caseworker.waiting import MOST
from portal.documents.models import Letter
from portal.people import factors
from portal.people.models import OutboxMessage
from portal.vault import Owner
from tests.client import sign_in
from tests.portal.caseworker.desk import TODAY, Office, Seat


def test_a_message_goes_out_once_and_says_nothing_in_the_mail(office: Office, seat: Seat) -> None:
    case = office.case()
    path = f"/staff/cases/{case.reference}/messages/new/to-requester"
    page = seat.client.get(path)
    seat.client.submit(page, {"words": "Please ring the school"})
    seat.client.submit(page, {"words": "Please ring the school"})
    with office.runtime.database.read() as session:
        said = verbs.messages(session, office.row(case), kinds=("to_requester",))
        mails = session.execute(sa.text("SELECT count(*) FROM outbox WHERE template = 'update'")).scalar()
    assert [told["words"] for _row, told in said] == ["Please ring the school"]
    assert mails == 1
    assert "not read yet" in seat.client.get(f"/staff/cases/{case.reference}/messages").text


def test_staff_see_when_the_requester_opened_what_they_wrote(office: Office, seat: Seat) -> None:
    case = office.case()
    page = f"/staff/cases/{case.reference}/messages"
    for words in ("The first", "The second"):
        seat.client.submit(seat.client.get(f"{page}/new/to-requester"), {"words": words})
        if words == "The first":
            with office.runtime.database.write() as session:
                mailbox.log_look(session, case.id, by=Actor.requester(case.requester_id))
    shown = seat.client.get(page).text
    newest, first = shown.index("The second"), shown.index("The first")
    assert "not read yet" in shown[:newest]
    assert "not read yet" not in shown[newest:first]
    assert ", read " in shown[newest:first]


def test_a_note_and_a_call_are_kept_and_reach_nobody(office: Office, seat: Seat) -> None:
    case = office.case()
    base = f"/staff/cases/{case.reference}/messages"
    seat.client.submit(seat.client.get(f"{base}/new/note"), {"words": "Check the orders"})
    seat.client.submit(seat.client.get(f"{base}/new/contact"), {"words": "Left our name only"}, 400)
    seat.client.submit(seat.client.get(f"{base}/new/contact"), {"words": "Left our name only", "way": "voicemail"})
    text = seat.client.get(base).text
    assert "Check the orders" in text
    assert "Voicemail" in text
    with office.runtime.database.read() as session:
        assert session.execute(sa.text("SELECT count(*) FROM outbox WHERE template = 'update'")).scalar() == 0
    seat.client.get(f"{base}/new/gossip", 404)


LETTER: dict[str, object] = {
    "channel": "letter",
    "name": "Ada Example",
    "postal": "1 Low Lane\nEastmere",
    "safe": ["post"],
    "requester_kind_1": "parent",
    "relationship_1": "mother",
    "names_1": "Bo Example",
}


def received(day: datetime.date) -> dict[str, object]:
    return {f"received_on-{part}": str(getattr(day, part)) for part in ("day", "month", "year")}


def test_a_letter_is_entered_with_its_true_day_and_its_receipt_can_be_printed(office: Office, seat: Seat) -> None:
    day = TODAY - datetime.timedelta(days=9)
    page = seat.client.get("/staff/requests/new")
    done = seat.client.submit(page, {**LETTER, **received(day)}, max_queries=60)
    again = seat.client.submit(page, {**LETTER, **received(day)})
    assert done.location == again.location
    with office.runtime.database.read() as session:
        (case,) = session.exec(select(Case)).all()
    assert (case.received_on, case.assignee_id, case.team_id) == (day, seat.staff.id, office.team.id)
    assert "Letter" in seat.client.follow(done).text
    receipt = seat.client.get(f"/staff/cases/{case.reference}/receipt")
    assert "1 Low Lane" in receipt.text
    assert "Bo" not in receipt.text


def test_a_request_about_two_children_is_entered_at_once_and_keeps_what_was_typed(office: Office, seat: Seat) -> None:
    page = seat.client.get("/staff/requests/new")
    page = seat.client.submit(page, {**LETTER, **received(TODAY), "more": "1"}, 200)
    assert page.answers("/staff/requests/new")["names_1"] == ["Bo Example"]
    wrong = seat.client.submit(page, {}, 400, form="/staff/requests/new")
    assert len(wrong.errors) == 2
    seat.client.submit(
        wrong, {"requester_kind_2": "parent", "names_2": "Cy Example"}, form="/staff/requests/new", max_queries=60
    )
    with office.runtime.database.read() as session:
        one, two = session.exec(select(Case)).all()
    assert one.group_id == two.group_id is not None


@pytest.mark.parametrize("typed", ["\x00", "x" * 50_000, "{{7*7}}", "9" * 400, "😀" * 400])
def test_no_answer_breaks_the_entering_of_a_request(office: Office, seat: Seat, typed: str) -> None:
    shown = seat.client.get("/staff/requests/new").answers("/staff/requests/new")
    sent = {**dict.fromkeys(shown, typed), "csrf_token": shown["csrf_token"][0], "form_key": "k" * 30}
    answer = seat.client.client.post("/staff/requests/new", data=sent, base_url=seat.client.base_url)
    assert answer.status_code in {400, 413}


def test_a_request_is_not_received_tomorrow(office: Office, seat: Seat) -> None:
    page = seat.client.get("/staff/requests/new")
    refused = seat.client.submit(page, {**LETTER, **received(TODAY + datetime.timedelta(days=1))}, 400)
    assert refused.errors == ["The day of receipt must be today or in the past"]


@pytest.mark.parametrize("year", [1890, 1899])
def test_a_day_of_receipt_before_anybody_now_alive_is_refused_beside_its_field(
    office: Office, seat: Seat, year: int
) -> None:
    page = seat.client.get("/staff/requests/new")
    refused = seat.client.submit(page, {**LETTER, **received(datetime.date(year, 5, 6))}, 400)
    assert refused.errors == ["The day of receipt is too long ago"]


def test_a_day_that_the_clock_refuses_is_said_in_its_words_and_enters_nothing(
    office: Office, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entering, "EARLIEST", datetime.date(1880, 1, 1))
    page = seat.client.get("/staff/requests/new")
    assert seat.client.submit(page, {**LETTER, **received(datetime.date(1890, 5, 6))}, 400).errors
    with office.runtime.database.read() as session:
        assert session.exec(select(Case)).all() == []


def test_the_earliest_day_of_receipt_is_one_that_the_clock_takes(office: Office, seat: Seat) -> None:
    page = seat.client.get("/staff/requests/new")
    seat.client.submit(page, {**LETTER, **received(entering.EARLIEST)}, max_queries=60)


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(made, "PNG")
    return made.getvalue()


def sent_file(office: Office, case: Case, status: str, kind: str = "png") -> Evidence:
    with office.runtime.database.write() as session:
        file_id = office.runtime.files.write(Owner.case(case.id), picture())
        row = Evidence(
            case_id=case.id,
            status=status,
            purpose="identity",
            file_id=file_id,
            size=9,
            at=db.now(),
            actor="family",
            sealed=b"",
        )
        office.runtime.vault.put(row, {"name": "scan None.png", "kind": kind, "pages": 1})
        session.add(row)
    return row


def test_a_rebuilt_picture_is_shown_and_can_run_nothing(office: Office, seat: Seat) -> None:
    case = office.case()
    row = sent_file(office, case, "clean")
    base = f"/staff/cases/{case.reference}/files"
    assert "Can be opened" in seat.client.get(base).text
    assert seat.client.get(f"{base}/{row.id}").one("img").get("src") == f"{base}/{row.id}/picture"
    shown = seat.client.get(f"{base}/{row.id}/picture")
    assert shown.response.data == picture()
    assert "sandbox" in shown.response.headers["Content-Security-Policy"]
    assert "attachment" in shown.response.headers["Content-Disposition"]
    office.seat(team="Other team").client.get(f"{base}/{row.id}/picture", 404)


@pytest.mark.parametrize("status", ["held", "quarantined", "infected"])
def test_a_file_that_is_not_clean_is_explained_and_opens_to_nobody(office: Office, seat: Seat, status: str) -> None:
    case = office.case()
    row = sent_file(office, case, status, "pdf")
    base = f"/staff/cases/{case.reference}/files"
    seat.client.get(base)
    assert seat.client.get(f"{base}/{row.id}").all("img") == []
    seat.client.get(f"{base}/{row.id}/picture", 404)


def test_a_sheet_of_codes_is_made_only_after_identity_and_shown_once(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    path = f"/staff/cases/{case.reference}/code-sheet"
    assert "only once we know who is asking" in seat.client.get(path).text
    office.step(case, "accept_identity", seat.actor, known_by="papers")
    page = seat.client.get(path)
    seat.client.submit(page, {}, 400)
    sheet = seat.client.submit(page, {"way": "in_person"}, 200)
    codes = ["".join(one.itertext()) for one in sheet.all("code")]
    assert len(set(codes)) == factors.SHEET_CODES
    again = seat.client.submit(page, {"way": "in_person"}, 303)
    assert not any(code in seat.client.follow(again).html for code in codes)
    pepper = office.runtime.settings.secrets.pepper
    with office.runtime.database.read() as session:
        assert factors.codes_left(session, case.requester_id) == factors.SHEET_CODES
        assert factors.check_sheet(session, case.requester_id, codes[0], pepper=pepper)
    text = seat.client.get(f"/staff/cases/{case.reference}/timeline").text
    assert "Handed over in person" in text


@pytest.mark.parametrize(
    ("safe", "address", "posted"),
    [(("email", "post"), "1 Low Lane", True), (("email",), "1 Low Lane", False), (("email", "post"), " ", False)],
)
def test_a_sheet_is_posted_only_to_an_address_where_post_is_safe(
    office: Office, seat: Seat, safe: tuple[str, ...], address: str, posted: bool
) -> None:
    case = office.case_in("checking", seat.actor, address=address, safe_channels=safe)
    office.step(case, "accept_identity", seat.actor, known_by="papers")
    path = f"/staff/cases/{case.reference}/code-sheet"
    if posted:
        office.place_by_post(case, "code_sheet")
    page = seat.client.get(path)
    assert ("post" in {one.get("value") for one in page.all("input", name="way")}) is posted
    assert ("It cannot be posted" in page.text) is not posted
    seat.client.submit(page, {"way": "post"}, 200 if posted else 400)
    with office.runtime.database.read() as session:
        assert factors.codes_left(session, case.requester_id) == (factors.SHEET_CODES if posted else 0)


def test_a_sheet_is_worked_out_while_nobody_has_to_wait_for_the_database(
    office: Office, seat: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = office.case_in("checking", seat.actor)
    office.step(case, "accept_identity", seat.actor, known_by="papers")
    page = seat.client.get(f"/staff/cases/{case.reference}/code-sheet")
    pool, in_use, hashing = office.runtime.database.engine.pool, [], PasswordHasher.hash

    def watched(hasher: PasswordHasher, *typed: object) -> str:
        in_use.append(pool.checkedout())  # type: ignore[attr-defined]
        return hashing(hasher, *typed)  # type: ignore[arg-type]

    monkeypatch.setattr(PasswordHasher, "hash", watched)
    seat.client.submit(page, {"way": "in_person"}, 200)
    assert in_use == [0] * factors.SHEET_CODES


def test_a_sheet_needs_a_second_factor_shown_just_now(office: Office, seat: Seat) -> None:
    case = office.case_in("checking", seat.actor)
    sign_in(seat.client, "staff", seat.staff.id, ago=datetime.timedelta(minutes=6))
    page = seat.client.get(f"/staff/cases/{case.reference}/code-sheet", 303)
    assert page.location.startswith("/staff/sign-in/code")


def failed_job(office: Office, key: str, **args: str) -> jobs.Job:
    with office.runtime.database.write() as session:
        job = jobs.Job(kind="make_letter", key=key, args=args, state="failed", attempts=3, error="TimeoutError")
        session.add(job)
    return job


def test_failed_work_and_held_mail_wait_for_the_team_of_the_case(office: Office, seat: Seat) -> None:
    case = office.case()
    job = failed_job(office, "one", case=case.id.hex)
    with office.runtime.database.write() as session:
        session.execute(sa.update(OutboxMessage).values(state="held"))
    page = seat.client.get("/staff/waiting")
    assert page.text.count(case.reference) == 2
    seat.client.submit(page, form=f"/staff/waiting/jobs/{job.id}")
    (message,) = [path for form in page.forms() if "/messages/" in (path := form.get("action") or "")]
    seat.client.submit(page, form=message)
    text = seat.client.get("/staff/waiting").text
    assert case.reference not in text
    with office.runtime.database.read() as session:
        assert session.get(jobs.Job, job.id).state == "waiting"  # type: ignore[union-attr]


@pytest.mark.parametrize("waiting", ["job", "mail"])
def test_what_other_teams_left_waiting_pushes_nothing_off_the_page(office: Office, seat: Seat, waiting: str) -> None:
    case, others = office.case(), office.case()
    stranger = office.seat(team="Other team")
    with office.runtime.database.write() as session:
        session.execute(sa.update(OutboxMessage).values(state="held" if waiting == "mail" else "sent"))
        verbs.assign(session, others.id, stranger.staff, by=stranger.actor)
    if waiting == "job":
        failed_job(office, "own", case=case.id.hex)
    with office.runtime.database.write() as session:
        for number in range(MOST + 1):
            if waiting == "job":
                made: object = jobs.Job(
                    kind="assemble_pack", key=str(number), args={"case": others.id.hex}, state="failed"
                )
            else:
                made = OutboxMessage(
                    key=str(number), template="update", case_id=others.id, state="held", made_at=db.now()
                )
            session.add(made)
    page = seat.client.get("/staff/waiting")
    assert page.text.count(case.reference) == 1
    assert others.reference not in page.text


def test_a_mail_that_failed_waits_for_the_team_of_its_case(office: Office, seat: Seat) -> None:
    case = office.case()
    with office.runtime.database.read() as session:
        (message,) = session.exec(select(OutboxMessage)).all()
    failed_job(office, "mail", message=message.id.hex)
    assert case.reference in seat.client.get("/staff/waiting").text
    assert case.reference not in office.seat(team="Other team").client.get("/staff/waiting").text


def test_another_team_sees_none_of_it_and_an_administrator_no_case(office: Office, seat: Seat) -> None:
    case = office.case()
    job = failed_job(office, "one", case=case.id.hex)
    stranger, administrator = office.seat(team="Other team"), office.seat("administrator")
    assert "TimeoutError" not in stranger.client.get("/staff/waiting").text
    token = stranger.client.get("/staff/requests/new").answers("/staff/requests/new")["csrf_token"]
    stranger.client.post(f"/staff/waiting/jobs/{job.id}", {"csrf_token": token}, 404)
    page = administrator.client.get("/staff/waiting")
    assert "TimeoutError" in page.text
    assert case.reference not in page.text
    administrator.client.submit(page, form=f"/staff/waiting/jobs/{job.id}")


def test_a_letter_of_the_case_can_be_printed_by_its_team_alone(office: Office, seat: Seat) -> None:
    case = office.case()
    with office.runtime.database.write() as session:
        file_id = office.runtime.files.write(Owner.case(case.id), b"%PDF-1.7 letter")
        letter = Letter(
            case_id=case.id,
            event_seq=1,
            template="acknowledgement",
            state="made",
            made_at=db.now(),
            pdf_file=file_id,
            sealed=b"",
        )
        session.add(letter)
    base = f"/staff/cases/{case.reference}/letters"
    assert "Acknowledgement (PDF)" in seat.client.get(base).text
    assert seat.client.get(f"{base}/{letter.id}").response.data == b"%PDF-1.7 letter"
    office.seat(team="Other team").client.get(f"{base}/{letter.id}", 404)

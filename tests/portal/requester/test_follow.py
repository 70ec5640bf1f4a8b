"""Following a request: what its requester sees, and what they can say."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import replace

import pytest
import sqlalchemy as sa
import time_machine

from portal import jobs
from portal.cases import evidence, verbs
from portal.cases.actors import Actor
from portal.cases.clocking import uk_today
from portal.people import limits
from tests.client import runtime_of
from tests.judge import text_of
from tests.portal.requester.following import sent_request
from tests.portal.test_scanner import StubScanner
from workflows.table import Role

STAFF = Actor("staff", uuid.UUID(int=7), Role.CASEWORKER)
CLARIFY = {"about": "which-dates", "question": "Which years do you mean?", "necessary": "The files are many."}


@pytest.fixture
def sent(app):
    return sent_request(app)


def test_the_list_shows_reference_state_and_date_of_ones_own_requests_alone(app, sent):
    other = sent_request(app, email="other@example.org")
    page = sent.client.get("/cases")
    assert sent.reference in page.text
    assert other.reference not in page.text
    assert "Ash" not in page.text


def test_the_case_says_where_it_is_whose_turn_it_is_by_when_and_why(sent):
    page = sent.client.get(sent.page)
    for words in (
        "We have got your request.",
        "Ours",
        "Why this date",
        "we have one month from that day",
        "You sent your request.",
    ):
        assert words in page.text
    assert str(sent.case().due_on.year) in page.text


def test_the_email_link_alone_shows_state_and_dates_but_no_name_message_or_file(app):
    sent = sent_request(app, second_factor=False)
    with sent.runtime.database.write() as session:
        verbs.write_message(session, sent.case_id, "to_requester", "Please ring about Hill School", by=STAFF)
    page = sent.client.get(sent.page)
    assert "We have got your request." in page.text
    assert "Ash Vale" not in page.html
    assert "Hill School" not in page.html
    for under in ("messages", "files", "answer", "withdraw", "copies"):
        assert sent.client.get(f"{sent.page}/{under}", 303).location.startswith("/sign-in/code")


@pytest.mark.parametrize(
    "under", ["", "/messages", "/files", "/answer", "/withdraw", "/copies", f"/letters/{uuid.UUID(int=3)}"]
)
def test_somebody_elses_request_looks_like_none_at_all(app, sent, under):
    other = sent_request(app, email="other@example.org")
    theirs = other.client.get(sent.page + under, 404)
    nobodys = other.client.get(f"/cases/SAR-2222-2222{under}", 404)
    assert theirs.text == nobodys.text


def test_asking_the_child_leaves_no_trace_on_the_requesters_page(sent):
    sent.take("start_checking")
    before = sent.client.get(sent.page).text
    sent.take("record_child_answer", answer="no")
    assert sent.client.get(sent.page).text == before


def test_whoever_works_on_it_the_requester_reads_one_sentence(sent):
    sent.take("start_checking")
    sent.take("accept_identity", known_by="known")
    assert "We are working on it." in sent.client.get(sent.page).text


def test_a_message_reaches_staff_and_shows_once_on_the_page(sent):
    page = sent.client.get(f"{sent.page}/messages")
    done = sent.client.submit(page, {"words": "We moved.\nThe new address is secret."})
    again = sent.client.submit(page, {"words": "We moved.\nThe new address is secret."})
    assert done.location == again.location == sent.page
    with sent.runtime.database.read() as session:
        said = verbs.messages(session, sent.case(), kinds=("from_requester",))
    assert [told["words"] for _row, told in said] == ["We moved.\nThe new address is secret."]
    assert "You wrote to us." in sent.client.get(sent.page).text


def test_what_staff_wrote_is_new_until_it_was_opened(sent):
    with sent.runtime.database.write() as session:
        verbs.write_message(session, sent.case_id, "to_requester", "Please ring us.", by=STAFF)
        verbs.write_message(session, sent.case_id, "note", "An inner note", by=STAFF)
    assert sent.client.get(sent.page).all("strong", cls="govuk-tag")[-1].text == "New"
    page = sent.client.get(f"{sent.page}/messages")
    assert "Please ring us." in page.text
    assert "An inner note" not in page.html
    assert "New" not in [text_of(tag) for tag in sent.client.get(sent.page).all("strong", cls="govuk-tag")]


def test_opening_the_messages_writes_nothing_but_the_look(sent):
    with sent.runtime.database.write() as session:
        verbs.write_message(session, sent.case_id, "to_requester", "Please ring us.", by=STAFF)
    tables = ("message", "event", "outbox", "job", '"case"')
    before = {table: rows(sent, table) for table in tables}
    assert looks(sent) == []
    sent.client.get(f"{sent.page}/messages")
    sent.client.get(f"{sent.page}/messages")
    assert {table: rows(sent, table) for table in tables} == before
    assert looks(sent) == [f"family:{sent.person_id.hex}"] * 2


def test_a_message_written_after_the_look_is_new_again(sent):
    for words in ("Please ring us.", "Please ring us today."):
        with sent.runtime.database.write() as session:
            verbs.write_message(session, sent.case_id, "to_requester", words, by=STAFF)
        assert sent.client.get(sent.page).all("strong", cls="govuk-tag")[-1].text == "New"
        sent.client.get(f"{sent.page}/messages")
        assert "New" not in [text_of(tag) for tag in sent.client.get(sent.page).all("strong", cls="govuk-tag")]


def rows(sent, table: str) -> list:
    with sent.runtime.database.read() as session:
        return session.execute(sa.text(f"SELECT * FROM {table}")).all()


def looks(sent) -> list[str]:
    with sent.runtime.database.read() as session:
        return list(session.scalars(sa.text("SELECT actor FROM log WHERE act = 'messages_read'")))


def test_answering_our_question_starts_the_clock_again(sent):
    sent.take("start_checking")
    sent.take("ask_clarification", **CLARIFY)
    page = sent.client.get(sent.page)
    assert "Yours" in page.text
    assert "Which years do you mean?" in sent.client.get(f"{sent.page}/answer").text
    sent.client.submit(sent.client.get(f"{sent.page}/answer"), {"answer": "2019 to 2021"})
    assert sent.case().clock_status == "running"
    assert "You answered our question." in sent.client.get(sent.page).text
    assert sent.client.get(f"{sent.page}/answer", 303).location == sent.page


def test_nothing_is_taken_back_by_a_no(sent):
    page = sent.client.get(f"{sent.page}/withdraw")
    sent.client.submit(page, {"sure": "no"})
    assert sent.case().state == "received"


def test_a_request_taken_back_is_over_and_says_so(sent):
    sent.client.submit(sent.client.get(f"{sent.page}/withdraw"), {"sure": "yes"})
    page = sent.client.get(sent.page)
    assert "You took it back." in page.text
    assert "Why this date" not in page.text
    sent.client.get(f"{sent.page}/withdraw", 303)


def test_taking_it_back_needs_a_code_of_the_last_five_minutes(app):
    sent = sent_request(app, ago=datetime.timedelta(minutes=6))
    assert sent.client.get(f"{sent.page}/withdraw", 303).location.startswith("/sign-in/code")


def test_no_copy_means_no_page_of_copies(sent):
    sent.client.get(f"{sent.page}/copies", 404)
    for under in ("", "/part/1", "/whole", "/file"):
        sent.client.get(f"{sent.page}/copies/{uuid.UUID(int=5)}{under}", 404)


NOON = datetime.datetime(2026, 11, 2, 12, 5, tzinfo=datetime.UTC)


def test_one_person_cannot_write_without_end_and_what_they_typed_is_not_lost(app):
    with time_machine.travel(NOON):
        sent = sent_request(app)
        for _one in range(limits.MESSAGES.most):
            sent.client.submit(sent.client.get(f"{sent.page}/messages"), {"words": "Hello"})
        page = sent.client.submit(sent.client.get(f"{sent.page}/messages"), {"words": "One more"}, 429)
        assert "Wait 55 minutes" in page.errors[0]
        assert page.answers()["words"] == ["One more"]
        with sent.runtime.database.read() as session:
            assert len(verbs.messages(session, sent.case(), kinds=("from_requester",))) == limits.MESSAGES.most
        other = sent_request(app, email="other@example.org")
        other.client.submit(other.client.get(f"{other.page}/messages"), {"words": "Hello"})


def test_one_person_cannot_send_files_without_end(app, picture):
    with time_machine.travel(NOON):
        sent = sent_request(app)
        with sent.runtime.database.write() as session:
            for _one in range(limits.FILES.most):
                limits.within(session, limits.FILES, f"family:{sent.person_id.hex}")
        page = sent.client.get(f"{sent.page}/files")
        file = {"purpose": "other", "file": picture()}
        page = sent.client.submit(page, file, 429, content_type="multipart/form-data")
        assert "Wait 55 minutes" in page.errors[0]
        with sent.runtime.database.read() as session:
            assert evidence.listed(session, sent.case_id) == []


def test_a_file_waits_for_the_scanner_in_a_job_and_a_harmful_one_is_destroyed(app, picture, tmp_path):
    socket = str(tmp_path / "scanner")  # nobody listens there yet: sending the file does not ask
    app.extensions["portal"] = scanning = replace(
        runtime_of(app), settings=replace(runtime_of(app).settings, scanner_socket=socket)
    )
    sent = sent_request(app)
    page = sent.client.get(f"{sent.page}/files")
    page = sent.client.submit(page, {"purpose": "other", "file": picture()}, content_type="multipart/form-data")
    assert "We are checking that this file" in sent.client.follow(page).text
    with scanning.database.read() as session:
        ((row, _told),) = evidence.listed(session, sent.case_id)
    assert row.status == "held"
    with StubScanner(socket, b"stream: Eicar-Test-Signature FOUND\0"):
        jobs.run_all(scanning.database, scanning)
    assert "so we destroyed it" in sent.client.get(f"{sent.page}/files").text
    with scanning.database.read() as session:
        ((after, _told),) = evidence.listed(session, sent.case_id)
    assert (after.status, after.file_id) == ("infected", None)
    assert row.file_id.hex not in {path.name for path in scanning.settings.files.glob("*/*")}


def test_a_finished_case_takes_no_more_files(sent, picture):
    page = sent.client.get(f"{sent.page}/files")
    sent.client.submit(sent.client.get(f"{sent.page}/withdraw"), {"sure": "yes"})
    sent.client.submit(page, {"purpose": "other", "file": picture()}, 409, content_type="multipart/form-data")
    assert not sent.client.get(f"{sent.page}/files").forms()[1:]


def test_a_file_sent_later_is_on_the_case(sent, picture):
    page = sent.client.get(f"{sent.page}/files")
    sent.client.submit(page, {"purpose": "identity", "file": picture("pass.png")}, content_type="multipart/form-data")
    with sent.runtime.database.read() as session:
        ((row, told),) = evidence.listed(session, sent.case_id)
    assert (row.purpose, told["name"]) == ("identity", "pass.png")
    assert "You sent us a file." in sent.client.get(sent.page).text


def test_asking_again_while_signed_in_uses_the_same_person(sent):
    from tests.portal.requester.asking import CHILD, go_on

    sent.client.get("/")
    page = go_on(
        sent.client, sent.client.get("/ask/about"), {k: v for k, v in CHILD.items() if k not in {"you", "reach"}}
    )
    sent.client.submit(page)
    with sent.runtime.database.read() as session:
        own = verbs.own_cases(session, sent.person_id)
    assert len(own) == 2
    assert own[0].received_on == uk_today()


def test_the_list_costs_the_same_for_one_request_and_for_many(sent):
    few = sent.client.get("/cases").queries
    for _again in range(5):
        from portal.cases.opening import open_cases, visitor
        from tests.portal.requester.following import ASKED

        with sent.runtime.database.write() as session:
            open_cases(session, ASKED, by=visitor(), received_on=uk_today(), person_id=sent.person_id)
    assert sent.client.get("/cases").queries == few

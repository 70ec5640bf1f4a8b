"""Acts that weigh much ask once more who one is (security.md 6c), and what was typed meanwhile is not lost."""

from __future__ import annotations

import dataclasses
import datetime
import re
from urllib.parse import unquote

import pytest
import time_machine
from flask import Flask
from sqlmodel import select

from portal import db, gate, route_matrix
from portal.people import kept_forms
from portal.people.kept_forms import Kept, KeptForm
from tests import builders
from tests.builders import Walk
from tests.client import PASSWORD, client_for, enter_family, runtime_of, sign_in
from tests.judge import JudgingClient

# The acts of security.md 6c, each with the routes that do it. An act that is not built yet has none.
ACTS = {
    "open or download a disclosure": {
        "requester.open_copy",
        "requester.copy_parts",
        "requester.copy_part",
        "requester.copy_whole",
        "requester.copy_file",
        "requester.copy_data",
        "requester.copy_short",
        "requester.open_decision",
        "requester.read_decision",
        "requester.decision_file",
        "requester.challenge_line",
        "requester.wrong_say",
        "caseworker.approval_pdf",
        "caseworker.open_copy_again",
    },
    "change contact or factor": {
        "requester.own_passkeys",
        "requester.new_passkey",
        "requester.end_passkey",
        "caseworker.code_sheet",
        "caseworker.first_passkey",
        "caseworker.new_passkey",
        "caseworker.own_passkeys",
        "caseworker.end_passkey",
        "caseworker.own_password",
        "caseworker.enter_body",
        "caseworker.change_body",
        "requester.begin_app",
        "requester.my_app_picture",
        "requester.set_up_app",
        "requester.end_way_in",
        "requester.end_my_card",
        "requester.end_joined",
        "requester.openid_join",
        "requester.new_way",
        "requester.reach_wishes",
        "requester.code_word",
        "caseworker.card",
        "caseworker.telephone",
        "caseworker.call",
        "caseworker.lost",
        "caseworker.new_channel",
        "caseworker.confirm_change",
    },
    "add a delegate": {"requester.sign"},
    "withdraw": {"requester.withdraw", "requester.line_take_back"},
    "break-glass": set(),  # a restricted entry of one's own case is none: nothing may slow protecting a child
    "approve": {"caseworker.approve", "caseworker.confirm_again", "caseworker.second_person"},
    "release": {"caseworker.release_copy", "caseworker.release_part"},
    "un-shield": {"caseworker.confirm_seal"},
    "grant role": {
        "caseworker.invite",
        "caseworker.send_invitation",
        "caseworker.print_invitation",
        "caseworker.propose_way_in",
        "caseworker.seat_page",
        "caseworker.seat_role",
        "caseworker.seat_owner",
        "caseworker.seat_away",
        "caseworker.close_seat",
        "caseworker.grants_page",
        "caseworker.decide_grant",
    },
    "raise quota": set(),
    "read the log": set(),
    "send what was kept": {"requester.go_on", "caseworker.go_on"},
}
# A route whose name or reason speaks of one of these acts is one of them, or stands below with why it is not.
SPEAKS_OF = re.compile(
    r"download|withdraw|take back|passkey|password|factor|delegate|approv|second|release|shield"
    r"|\brole\b|quota|the log\b"
)
NOT_ONE = {
    "requester.app": "enrols for a request that is being written: there is no account yet",
    "requester.ask_passkey": "enrols for a request that is being written: there is no account yet",
    "requester.ask_second_step": "asks how; nothing is changed",
    "requester.second_factor": "shows the factor",
    "requester.lost": "says that a factor is lost; changes nothing",
    "requester.take_back": "takes a right away, which must work at once",
    "caseworker.seats_page": "a list; each act on a seat asks",
    "requester.sign_in_passkey": "shows the factor",
    "requester.letter_file": "a letter about the request: nothing of the record",
    "caseworker.sign_in": "shows the password",
    "caseworker.second_factor": "shows the factor",
    "caseworker.sign_in_passkey": "shows the factor",
    "caseworker.approval": "says where the approval stands",
    "caseworker.approval_copy": "is read on the screen, and approving asks",
    "caseworker.send_to_approval": "asks a second person, and decides nothing",
    "caseworker.send_answer": "asks a second person, and decides nothing",
    "caseworker.send_back": "opens nothing: the copy goes back to review",
    "caseworker.send_back_again": "opens nothing: the answer goes back",
    "caseworker.undo_entry": "takes back a draft's decision, which a second person approves later",
}


def routes() -> dict[str, gate.Row]:
    return {row.endpoint: row for row in route_matrix.rows() if not row.endpoint.startswith("sample")}


@pytest.mark.parametrize("act", [act for act, names in ACTS.items() if names])
def test_each_act_asks_for_a_fresh_second_factor(act: str) -> None:
    assert {name for name in ACTS[act] if not routes()[name].step_up} == set()


def test_every_route_that_asks_is_one_of_the_acts() -> None:
    named = set().union(*ACTS.values())
    assert {name for name, row in routes().items() if row.step_up} - named == set()


def test_a_new_route_that_speaks_of_such_an_act_is_not_forgotten() -> None:
    named = set().union(*ACTS.values()) | set(NOT_ONE)
    speaking = {
        name for name, row in routes().items() if SPEAKS_OF.search(f"{name.replace('_', ' ')} {row.why}".casefold())
    }
    assert speaking - named == set(), "one of ACTS, or NOT_ONE with its reason"
    assert set(NOT_ONE) <= set(routes())


LATE = datetime.timedelta(minutes=6)
SAID = "She rang, and read every word of her letter out: <b>no more</b>, thank you."


@pytest.fixture
def walk(app: Flask) -> Walk:
    return builders.case_in(runtime_of(app), "review")


def step(walk: Walk, name: str) -> str:
    return f"/staff/cases/{walk.case.reference}/steps/{name}"


def sent_late(client: JudgingClient, walk: Walk) -> str:
    """A withdrawal that was typed for more than five minutes; answers with where the worker is sent."""
    sign_in(client, "staff", walk.worker.id)
    page = client.get(step(walk, "record_withdrawal"))
    sign_in(client, "staff", walk.worker.id, ago=LATE)
    (words,) = [one.get("name") for one in page.all("textarea")]
    day = {f"answer_came_on-{part}": getattr(walk.today, part) for part in ("day", "month", "year")}
    return client.submit(page, {words: SAID, **day}).location


def test_what_was_typed_comes_back_after_the_second_factor_and_is_sent(app: Flask, walk: Walk) -> None:
    client = client_for(app)
    there = sent_late(client, walk)
    assert there.startswith("/staff/sign-in/code?next=%2Fstaff%2Fgo-on%2F")
    assert walk.case.state == "review"
    page = client.follow(client.submit(client.get(there), {"code": walk.worker.code()}))
    assert "It is not sent yet" in page.text
    assert SAID in [one.get("value") for one in page.all("input", type="hidden")]
    assert client.submit(page).location == f"/staff/cases/{walk.case.reference}"
    assert walk.case.state == "withdrawn"
    assert all_kept(app) == []


def test_nobody_else_gets_what_was_typed_and_after_a_quarter_of_an_hour_nobody(app: Flask, walk: Walk) -> None:
    client, other = client_for(app), client_for(app)
    there = unquote(sent_late(client, walk).partition("next=")[2])
    sign_in(other, "staff", walk.approver.id)
    other.get(there, 404)
    sign_in(client, "staff", walk.worker.id)
    client.get(there)
    with time_machine.travel(db.now() + datetime.timedelta(minutes=16)):
        sign_in(client, "staff", walk.worker.id)
        client.get(there, 404)
        with runtime_of(app).database.write() as session:
            kept_forms.sweep(session, now=db.now())
            assert session.exec(select(KeptForm)).all() == []


def all_kept(app: Flask) -> list[KeptForm]:
    with runtime_of(app).database.read() as session:
        return list(session.exec(select(KeptForm)).all())


def test_only_an_accounts_newest_forms_are_kept_one_of_each_page_and_none_after_its_time(app: Flask) -> None:
    now, mine, other = db.now(), db.new_id(), db.new_id()
    with runtime_of(app).database.write() as session:
        kept_forms.keep(session, "staff", other, Kept("/old", []), now=now - kept_forms.LIFE * 2)
        for number in range(8):
            at = now + datetime.timedelta(seconds=number)
            last = kept_forms.keep(session, "staff", mine, Kept(f"/page/{number}?form=1", []), now=at)
        newer = kept_forms.keep(session, "staff", mine, Kept("/page/7?form=2", []), now=at)
    rows = all_kept(app)
    assert {row.holder_id for row in rows} == {mine}
    assert len(rows) == kept_forms.MOST
    assert newer in {row.id for row in rows}
    assert last not in {row.id for row in rows}


@pytest.mark.parametrize("typed", ["/reach/word", "/my/ways-in/app"])
def test_a_familys_secret_that_was_typed_is_not_kept(app: Flask, typed: str) -> None:
    client, who = client_for(app), enter_family(runtime_of(app))
    sign_in(client, "family", who.person_id)
    page = client.get(typed) if typed == "/reach/word" else client.follow(client.submit(client.get("/my"), form=typed))
    sign_in(client, "family", who.person_id, ago=LATE)
    assert client.submit(page, {"word": "a secret badger", "code": "123456"}).location == "/sign-in/code"
    assert all_kept(app) == []


def test_a_page_of_which_only_some_uses_ask_again_keeps_no_secret_either(app: Flask, walk: Walk, monkeypatch) -> None:
    endpoint = "caseworker.step_page"
    monkeypatch.setitem(gate.MATRIX, endpoint, dataclasses.replace(gate.MATRIX[endpoint], keeps=False))
    assert sent_late(client_for(app), walk) == "/staff/sign-in/code"
    assert all_kept(app) == []


def test_what_was_typed_is_sealed(app: Flask, walk: Walk) -> None:
    sent_late(client_for(app), walk)
    with runtime_of(app).database.read() as session:
        rows = repr(session.connection().exec_driver_sql("SELECT * FROM kept_form").all())
    assert "letter" not in rows
    assert walk.case.reference not in rows


def test_a_secret_that_was_typed_is_not_kept(app: Flask, walk: Walk) -> None:
    client = client_for(app)
    sign_in(client, "staff", walk.worker.id)
    page = client.get("/staff/password")
    sign_in(client, "staff", walk.worker.id, ago=LATE)
    assert client.submit(page, {"present": PASSWORD}).location == "/staff/sign-in/code"
    with runtime_of(app).database.read() as session:
        assert session.exec(select(KeptForm)).all() == []


@pytest.mark.parametrize("name", ["record_withdrawal", "refuse_for_identity"])
def test_a_step_that_weighs_much_asks_and_another_does_not(app: Flask, walk: Walk, name: str) -> None:
    client, who = client_for(app), walk.worker if name == "record_withdrawal" else walk.approver
    sign_in(client, "staff", who.id, ago=LATE)
    assert client.get(step(walk, name), 303).location.startswith("/staff/sign-in/code?next=")
    client.get(step(walk, "back_to_finding"))

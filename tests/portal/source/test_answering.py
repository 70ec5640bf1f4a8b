"""What a body sees and says: its own entry, one answer, one file, and nobody's name but the child's."""

from __future__ import annotations

import datetime
import io
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask

from portal import audit, db
from portal.cases import evidence, ledger
from portal.cases.models import Case
from portal.cases.opening import visitor
from portal.settings import Settings
from portal.uploads import inspect
from portal.vault import Owner
from tests.builders import CHILD_NAME, NEIGHBOUR, REQUESTER, Walk
from tests.client import client_for, mails, runtime_of
from tests.corrections import challenge_in
from tests.judge import Page
from tests.portal.requester.test_hostile import NASTY
from tests.portal.source.asked import ANSWER, NOTICE, READING, RIGHT, SAYS, Question, photo, question


@pytest.fixture
def asked(app: Flask) -> Question:
    return question(app)


def events(walk: Walk) -> list[str]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return [one.name for one in ledger.history(session, session.get_one(Case, walk.case_id))]


def logged(asked: Question, act: str) -> int:
    with asked.runtime.database.read() as session:
        return len(audit.of_case(session, asked.walk.case_id, act))


def papers(walk: Walk) -> list[tuple[Any, dict[str, Any]]]:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return evidence.listed(session, walk.case_id)


def upload(data: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), name


def test_an_answer_is_read_once_more_then_sent_once(asked: Question) -> None:
    page = asked.typed()
    for said in ("It is wrong", ANSWER["value"], ANSWER["reasons"], "Jo Park", "School secretary"):
        assert said in page.text
    assert asked.link.state == "waiting"
    done = asked.client.follow(asked.client.submit(page, form=asked.at("check")))
    assert done.h1 == "Thank you"
    link = asked.link
    assert link.state == "answered" and link.said is not None
    assert (link.said.answer, link.said.value.value, link.said.reasons) == ("wrong", ANSWER["value"], ANSWER["reasons"])
    assert (link.said.name, link.said.role) == ("Jo Park", "School secretary")
    assert events(asked.walk)[-1] == "body_answered"


def test_a_second_press_of_the_button_finds_the_first_answer(asked: Question) -> None:
    page = asked.typed()
    for _n in range(2):
        assert asked.client.submit(page, form=asked.at("check")).location == "/source/thanks"
    assert events(asked.walk).count("body_answered") == 1


def test_an_answer_from_another_window_comes_too_late(asked: Question) -> None:
    one, other = asked.typed(), asked.client.get(asked.at("check"))
    asked.client.submit(one, form=asked.at("check"))
    asked.client.submit(other, expect=410, form=asked.at("check"))
    assert events(asked.walk).count("body_answered") == 1


def test_every_look_is_in_the_log_before_it_is_shown(asked: Question) -> None:
    asked.enter()
    asked.client.get(asked.at("question"))
    assert logged(asked, "outside_look") == 2
    assert logged(asked, "outside_opened") == 1


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({**ANSWER, "answer": ""}, "Choose one of the answers"),
        ({**ANSWER, "answer": "acknowledged"}, "Choose from the answers on this page"),
        ({**ANSWER, "value": " "}, "Write what it should say"),
        ({**ANSWER, "reasons": ""}, "Say how you know, or why you cannot tell"),
        ({**ANSWER, "name": ""}, "Enter your name"),
        ({**ANSWER, "role": ""}, "Enter your role"),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(
    asked: Question, answers: dict[str, str], words: str
) -> None:
    page = asked.client.submit(asked.enter(), answers, 400)
    assert words in page.errors
    typed = page.answers()
    kept = {name for name in answers if name != "answer" and typed[name] == [answers[name].strip() or answers[name]]}
    assert kept >= {name for name in ("reasons", "name", "role") if answers[name]}


def test_it_is_right_needs_no_value(asked: Question) -> None:
    page = asked.typed(RIGHT)
    assert "It is right as it is" in page.text and "It should say" not in page.text
    asked.client.submit(page, form=asked.at("check"))
    assert asked.link.said is not None and asked.link.said.value.value == ""


def test_the_answer_can_be_changed_until_it_is_sent(asked: Question) -> None:
    asked.typed()
    page = asked.client.get(asked.at("question"))
    assert page.answers()["reasons"] == [ANSWER["reasons"]]
    asked.client.follow(asked.client.submit(page, {**RIGHT, "reasons": "The register of June."}))
    assert asked.client.last is not None and "The register of June." in asked.client.last.text


def test_what_was_typed_for_an_hour_is_still_taken(asked: Question) -> None:
    page = asked.enter()
    with time_machine.travel(db.now() + datetime.timedelta(hours=1), tick=True):
        asked.client.follow(asked.client.submit(page, ANSWER))
        asked.client.get(asked.at("question"), 303)


def test_an_answer_lies_in_the_browser_that_wrote_it(asked: Question) -> None:
    asked.typed()
    colleague = client_for(asked.app)
    page = asked.enter(colleague)
    assert ANSWER["reasons"] not in page.html
    assert colleague.get(asked.at("check"), 303).location == asked.at("question")


def test_a_file_goes_along_rebuilt_and_becomes_evidence_of_the_case(asked: Question) -> None:
    page = asked.typed({**ANSWER, "file": upload(photo(), "register of June.png")})
    assert "register of June.png" in page.text and papers(asked.walk) == []
    asked.client.submit(page, form=asked.at("check"))
    ((row, told),) = papers(asked.walk)
    assert (row.status, row.purpose, told["name"]) == ("clean", "other", "register of June.png")
    assert row.actor == f"outside:{asked.link_id.hex}"
    assert asked.link.said is not None and asked.link.said.file_id == row.id.hex
    assert asked.runtime.files.read(Owner.case(asked.walk.case_id), row.file_id).startswith(b"\x89PNG")


def test_another_file_takes_the_place_of_the_first_and_can_be_taken_off(asked: Question) -> None:
    asked.typed({**ANSWER, "file": upload(photo(), "first.png")})
    page = asked.client.follow(
        asked.client.submit(
            asked.client.get(asked.at("question")), {**ANSWER, "file": upload(photo("red"), "next.png")}
        )
    )
    assert "next.png" in page.text and "first.png" not in page.text
    page = asked.client.follow(asked.client.submit(page, form=asked.at("check") + "/remove-file"))
    assert "next.png" not in page.text
    asked.client.submit(page, form=asked.at("check"))
    assert papers(asked.walk) == []


@pytest.mark.parametrize(("data", "name"), [(b"MZ hello", "virus.exe"), (b"", "empty.png"), (b"%PDF-1.7 x", "a.png")])
def test_a_file_that_is_not_taken_says_why_and_keeps_the_answer(asked: Question, data: bytes, name: str) -> None:
    page = asked.client.submit(asked.enter(), {**ANSWER, "file": upload(data, name)}, 400)
    assert len(page.errors) == 1
    assert page.answers()["reasons"] == [ANSWER["reasons"]]


def test_the_family_does_not_see_the_bodys_file_among_its_own(asked: Question) -> None:
    asked.typed({**ANSWER, "file": upload(photo(), "register.png")})
    asked.client.submit(asked.client.last, form=asked.at("check"))  # type: ignore[arg-type]
    with asked.runtime.database.read() as session, asked.runtime.vault.unlocked():
        assert evidence.sent_by_requester(session, asked.walk.case_id) == []


def test_only_the_pictures_that_were_chosen_are_shown(app: Flask) -> None:
    walk = challenge_in(runtime_of(app), "weighing", about=[READING])
    chosen, kept = (stored(walk, colour) for colour in ("green", "red"))
    asked = question(app, walk=walk, evidence=(chosen.hex,), evidence_names_claimant=True)
    page = asked.enter()
    assert "stands in it" in page.text
    (image,) = page.all("img")
    assert asked.client.get(image.get("src") or "").response.data == rebuilt(walk, chosen)
    asked.client.get(asked.at("picture") + f"/{kept}", 404)
    asked.client.get(asked.at("picture") + f"/{uuid.uuid4()}", 404)
    assert client_for(app).get(image.get("src") or "", 303).location == asked.path
    assert logged(asked, "outside_look") == 4


def stored(walk: Walk, colour: str) -> uuid.UUID:
    made: list[uuid.UUID] = []
    accepted = inspect("letter.png", photo(colour))
    walk.act(
        lambda session: made.append(
            evidence.add_to_case(
                session, walk.runtime.files, walk.case_id, accepted, purpose="other", scanner="", by=visitor()
            ).id
        )
    )
    return made[0]


def rebuilt(walk: Walk, evidence_id: uuid.UUID) -> bytes:
    with walk.runtime.database.read() as session, walk.runtime.vault.unlocked():
        return evidence.content(session, walk.runtime.files, walk.case_id, evidence_id)[1]


def test_somebody_who_was_told_says_that_it_is_put_right(app: Flask) -> None:
    told = question(app, purpose="tell_recipient", now="As is usual at this age.")
    page = told.enter()
    assert SAYS in page.text and "As is usual at this age." in page.text
    assert page.all("input", type="file") == []
    for _n in range(2):
        assert told.client.submit(page, NOTICE).location == "/source/thanks"
    assert told.link.state == "answered" and told.link.said is not None
    assert told.link.said.answer == "acknowledged"
    assert events(told.walk).count("body_answered") == 1


def test_an_acknowledgement_without_a_name_is_asked_for_it(app: Flask) -> None:
    told = question(app, purpose="tell_source", now="Now right.")
    assert told.client.submit(told.enter(), {"name": "", "role": ""}, 400).errors == [
        "Enter your name",
        "Enter your role",
    ]


def test_nothing_of_the_requester_or_the_case_is_in_any_byte(app: Flask, settings: Settings) -> None:
    walk = challenge_in(runtime_of(app), "weighing", about=[READING, "School"], email="ada.lark@example.org")
    hidden = (
        *(REQUESTER, "ada.lark", "Fuller Street", "Nether Quill", "Lock Cottages", "Kiln Lane", "Millrace"),
        *(CHILD_NAME, NEIGHBOUR, "Hanne", "Asthma", walk.case.reference, walk.case_id.hex, str(walk.case_id)),
        *("Sam Field", "Ines Moor", "COR-"),
    )
    seen: list[Page] = []
    for purpose, more in (("ask_source", {}), ("tell_recipient", {"now": "As is usual."})):
        asked = question(app, walk=walk, purpose=purpose, **more)
        seen += [asked.client.get("/source"), asked.client.get(asked.path), asked.enter()]
        seen += [asked.client.get(asked.at("pass-on"))]
        seen += [asked.client.submit(asked.client.get(asked.at("question")), {"name": ""}, 400)]
        answers: dict[str, Any] = {**ANSWER, "file": upload(photo(), "a.png")} if purpose == "ask_source" else NOTICE
        seen += [asked.client.follow(asked.client.submit(asked.client.get(asked.at("question")), answers))]
        if purpose == "ask_source":
            seen += [asked.client.follow(asked.client.submit(seen[-1], form=asked.at("check")))]
        seen += [asked.client.get(asked.path, 410)]
    assert len(seen) > 14
    told = [f"{page.path} {page.response.headers} {page.html}" for page in seen]
    told += [message.as_string() for message in mails(runtime_of(app)) if "larkfield" in str(message["To"])]
    for one in told:
        for canary in hidden:
            assert canary not in one, canary


def test_no_page_is_titled_with_anything_personal(asked: Question) -> None:
    for page in (asked.enter(), asked.typed(), asked.client.get(asked.at("pass-on"))):
        assert "Ashdown" not in page.title and READING not in page.title


def test_hostile_answers_never_break_the_page(asked: Question) -> None:
    page = asked.enter()
    for value in NASTY.values():
        names = ("answer", "value", "reasons", "name", "role", "file")
        for answers in (dict.fromkeys(names, value), {"code": value}):
            sent = {**page.answers(), **answers}
            for path in (asked.at("question"), asked.at("check"), asked.at("pass-on"), asked.path):
                try:
                    data = {name: str(one[0] if isinstance(one, list) else one) for name, one in sent.items()}
                    response = asked.client.client.post(path, data=data, base_url=asked.client.base_url)
                except UnicodeEncodeError:
                    continue
                assert response.status_code < 500, (path, value)


def test_a_look_costs_the_same_however_much_the_record_holds(app: Flask) -> None:
    asked = question(app)
    asked.enter()
    asked.client.get(asked.at("question"), max_queries=20)


def test_answers_are_kept_sealed(asked: Question) -> None:
    asked.typed()
    with asked.runtime.database.read() as session:
        for table in ("draft", "outside_link", "evidence"):
            for row in session.execute(sa.text(f"SELECT * FROM {table}")):
                assert b"reading test" not in b"|".join(bytes(str(one), "utf-8") for one in row)

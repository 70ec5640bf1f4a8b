"""The second factor by telephone: the checked number alone, one session, ten minutes, once."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
import time_machine
from flask import Flask
from sqlmodel import col

from portal import db, jobs
from portal.cases.models import Case
from portal.people import factors, limits, outbox, spoken_codes
from portal.people.models import OutboxMessage, Person, SignInSession
from portal.people.spoken_codes import Line, SpokenCode
from portal.records.models import Child
from portal.runtime import Runtime
from portal.vault import vault_of
from tests.client import Family, client_for, code_of, enter_family, runtime_of, sign_in
from tests.judge import JudgingClient, Page
from tests.portal.people.at_once import at_once, count

NUMBER = "07700 900123"


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def robin(runtime: Runtime) -> Family:
    """Somebody whose number was checked at a visit."""
    made = enter_family(runtime, app=False)
    told(runtime, made, phone=NUMBER, safe_channels=["text"])
    with runtime.database.write() as session:
        spoken_codes.enrol(session, made.person_id, "phone", Line("text", "+447700900123"), now=db.now())
    return made


@pytest.fixture
def first_step(visitor: JudgingClient, robin: Family) -> JudgingClient:
    sign_in(visitor, "family", robin.person_id, second_factor=False)
    return visitor


def told(runtime: Runtime, who: Family, **more: object) -> None:
    with runtime.database.write() as session:
        person = session.get_one(Person, who.person_id)
        vault_of(session).put(person, {**vault_of(session).get(person), **more})
        session.add(person)


def shield(runtime: Runtime, who: Family) -> None:
    with runtime.database.write() as session:
        child = Child(sealed=b"", created_at=db.now(), shielded_at=db.now())
        session.add(child)
        session.flush()
        session.get_one(Case, who.case_id).child_id = child.id


def send(client: JudgingClient, expect: int = 303) -> Page:
    page = client.get("/sign-in/phone?next=/my")
    return client.submit(page, form="/sign-in/phone/send?next=%2Fmy", expect=expect)


def sent(runtime: Runtime) -> list[dict[str, str]]:
    """What the provider got, oldest first."""
    jobs.run_all(runtime.database, runtime)
    files = Path(runtime.settings.telephone_url.removeprefix("folder:")).glob("*.json")
    return sorted((json.loads(file.read_text()) for file in files), key=lambda one: one["at"])


def code(runtime: Runtime) -> str:
    return re.findall(r"\b\d{6}\b", sent(runtime)[-1]["words"])[0]


def show(client: JudgingClient, typed: str, expect: int) -> Page:
    return client.submit(
        client.get("/sign-in/phone?next=/my"), {"code": typed}, expect, form="/sign-in/phone?next=%2Fmy"
    )


def test_a_code_sent_to_the_checked_number_opens_once(
    first_step: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    ways = first_step.get("/sign-in/code?next=/my")
    assert ways.all("input", name="code") == []
    assert "900123" not in first_step.get("/sign-in/phone").html
    send(first_step)
    [message] = sent(runtime)
    assert message["to"] == "+447700900123"
    right = code(runtime)
    assert show(first_step, f" {right[:3]} {right[3:]}", 303).location == "/my"
    first_step.get("/my")
    show(first_step, right, 400)
    with runtime.database.read() as session:
        kinds = session.execute(sa.select(SignInSession.__table__.c.factor_kind)).scalars().all()  # type: ignore[attr-defined]
    assert kinds == ["phone"]


def test_no_row_and_no_job_holds_the_code(first_step: JudgingClient, runtime: Runtime) -> None:
    send(first_step)
    right = code(runtime)
    with runtime.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT spoken_code.*, job.* FROM spoken_code, job").all()
    assert rows
    assert right not in " ".join(str(value) for row in rows for value in row if not hasattr(value, "isoformat"))


def test_twenty_at_once_begin_one_session(first_step: JudgingClient, runtime: Runtime) -> None:
    page = first_step.get("/sign-in/phone")
    first_step.submit(page, form="/sign-in/phone/send")
    page = first_step.get("/sign-in/phone")
    answers = at_once(first_step, page, {"code": code(runtime)}, times=8, form="/sign-in/phone")
    assert answers.count(303) >= 1
    assert count(runtime, SignInSession) == 1
    with runtime.database.read() as session:
        assert session.execute(sa.select(col(SpokenCode.used_at))).scalar_one() is not None


def test_another_session_of_the_same_person_cannot_use_it(
    app: Flask, first_step: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    send(first_step)
    thief = client_for(app)
    sign_in(thief, "family", robin.person_id, second_factor=False)
    show(thief, code(runtime), 400)
    show(first_step, code(runtime), 303)


@pytest.mark.parametrize("other", ["the code before", "of a call", "sheet", "too late", "of somebody else"])
def test_no_other_code_opens(
    first_step: JudgingClient, runtime: Runtime, robin: Family, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(db.now(), tick=False) as clock:
        send(first_step)
        typed = code(runtime)
        if other == "the code before":
            send(first_step)
        if other == "of a call":
            key = spoken_codes.key_of(runtime.settings)
            with runtime.database.write() as session:
                row = session.execute(sa.select(SpokenCode)).scalar_one()
                row.kind = "call_back"
                typed = spoken_codes.code_of(key, row)
                session.rollback()
        if other == "sheet":
            sheet = factors.new_sheet(runtime.settings.secrets.pepper)
            with runtime.database.write() as session:
                factors.give_sheet(session, robin.person_id, sheet, now=db.now())
            typed = sheet.codes[0]
        if other == "too late":
            clock.shift(spoken_codes.LIFE)
        if other == "of somebody else":
            secret = enter_family(runtime, email="other@example.org").secret
            typed = code_of(secret)
        show(first_step, typed, 400)


@pytest.mark.parametrize("change", ["number", "safe", "shield", "ended", "provider"])
def test_nothing_goes_out_where_the_number_is_no_longer_the_checked_one_or_not_safe(
    first_step: JudgingClient, runtime: Runtime, robin: Family, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = first_step.get("/sign-in/phone")
    if change == "number":
        told(runtime, robin, phone="07700 900999")
    if change == "safe":
        told(runtime, robin, safe_channels=["email"])
    if change == "shield":
        shield(runtime, robin)
    if change == "provider":
        monkeypatch.setattr("portal.people.telephone.available", lambda _settings: False)
    if change == "ended":
        with runtime.database.write() as session:
            [factor] = factors.live(session, "family", robin.person_id, "phone")
            factors.end(session, factor, now=db.now())
    first_step.submit(page, form="/sign-in/phone/send")
    assert "We cannot send you a code" in first_step.get("/sign-in/phone").text
    assert sent(runtime) == []
    assert count(runtime, SpokenCode) == 0


def test_no_code_and_no_text_message_goes_out_once_a_shield_is_on(
    first_step: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    with runtime.database.write() as session:
        outbox.queue(session, "update", person_id=robin.person_id, case_id=robin.case_id, key="one")
    send(first_step)
    shield(runtime, robin)
    assert sent(runtime) == []
    noon = db.now().replace(hour=12) + datetime.timedelta(days=1)  # texts rest at night
    with time_machine.travel(noon, tick=False):
        assert sent(runtime) == []
    with runtime.database.read() as session:
        assert session.execute(sa.select(col(OutboxMessage.state))).scalars().all() == ["held"]


def test_a_number_that_changed_after_the_code_was_asked_for_gets_none(
    first_step: JudgingClient, runtime: Runtime, robin: Family
) -> None:
    send(first_step)
    told(runtime, robin, phone="07700 900999")
    assert sent(runtime) == []


def test_a_telephone_does_not_ring_all_night(first_step: JudgingClient) -> None:
    early = datetime.datetime.fromtimestamp(db.now().timestamp() // 3600 * 3600 + 60, datetime.UTC)
    with time_machine.travel(early, tick=False):
        sign_in(first_step, "family", first_step_person(first_step), second_factor=False)
        for _n in range(limits.SPOKEN_CODES.most):
            send(first_step)
        send(first_step, 429)


def first_step_person(client: JudgingClient):
    with runtime_of(client.app).database.read() as session:
        return session.execute(sa.select(col(Person.id))).scalar_one()


def test_wrong_codes_are_counted_with_all_others(first_step: JudgingClient, runtime: Runtime) -> None:
    early = datetime.datetime.fromtimestamp(db.now().timestamp() // 900 * 900 + 60, datetime.UTC)
    with time_machine.travel(early, tick=False):
        sign_in(first_step, "family", first_step_person(first_step), second_factor=False)
        send(first_step)
        right = code(runtime)
        wrong = f"{(int(right) + 1) % 10**6:06d}"
        page = first_step.get("/sign-in/phone")
        for _n in range(10):
            first_step.submit(page, {"code": wrong}, 400, form="/sign-in/phone")
        first_step.submit(page, {"code": right}, 429, form="/sign-in/phone")


def test_whoever_reads_the_mailbox_uses_up_their_own_tries_and_not_the_persons(
    first_step: JudgingClient, app: Flask, runtime: Runtime, robin: Family
) -> None:
    early = datetime.datetime.fromtimestamp(db.now().timestamp() // 3600 * 3600 + 60, datetime.UTC)
    with time_machine.travel(early, tick=False):
        sign_in(first_step, "family", robin.person_id, second_factor=False)
        send(first_step)
        right = code(runtime)
        stranger = client_for(app)
        sign_in(stranger, "family", robin.person_id, second_factor=False)
        for _n in range(limits.SPOKEN_CODES.most):
            send(stranger)
        page = stranger.get("/sign-in/phone")
        for _n in range(limits.CODES.most):
            stranger.submit(page, {"code": "no"}, 400, form="/sign-in/phone")
        stranger.submit(page, {"code": right}, 429, form="/sign-in/phone")
        first_step.submit(first_step.get("/sign-in/phone"), {"code": right}, form="/sign-in/phone")


def test_ever_new_sessions_do_not_give_tries_without_end(app: Flask, runtime: Runtime, robin: Family) -> None:
    with runtime.database.write() as session:
        for _n in range(limits.CODES_OF_ALL.most):
            limits.within(session, limits.CODES_OF_ALL, f"family:{robin.person_id.hex}")
    stranger = client_for(app)
    sign_in(stranger, "family", robin.person_id, second_factor=False)
    send(stranger)
    stranger.submit(stranger.get("/sign-in/phone"), {"code": code(runtime)}, 429, form="/sign-in/phone")


def test_a_wish_to_be_rung_dies_with_its_session_and_not_by_another_one(runtime: Runtime, robin: Family) -> None:
    now = db.now()
    with runtime.database.write() as session:
        spoken_codes.ask(session, robin.person_id, "call_back", b"one", now=now)
        spoken_codes.ask(session, robin.person_id, "call_back", b"two", now=now)
        assert len(session.execute(sa.select(SpokenCode)).all()) == 2
        spoken_codes.ask(session, robin.person_id, "call_back", b"three", now=now + datetime.timedelta(hours=1))
        assert [row.session_hash for row in session.execute(sa.select(SpokenCode)).scalars()] == [b"three"]

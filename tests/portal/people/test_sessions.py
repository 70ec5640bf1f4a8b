"""A session lives in one row: when it is gone, no cookie brings it back."""

import datetime
import uuid

import pytest
from flask import Flask

from portal import device_words
from portal.people import devices, sessions
from portal.runtime import Runtime
from tests.client import runtime_of

MINUTE = datetime.timedelta(minutes=1)
NOW = datetime.datetime(2026, 11, 2, 9, 0, tzinfo=datetime.UTC)


def begin(
    runtime: Runtime, door: str = "family", *, second_factor: bool = True, holder: uuid.UUID | None = None
) -> str:
    with runtime.database.write() as session:
        at = NOW if second_factor else None
        return sessions.start(session, door, holder or uuid.uuid4(), now=NOW, second_factor_at=at)


def found(runtime: Runtime, cookie: str, door: str = "family", *, minutes: float = 0) -> sessions.Found | None:
    with runtime.database.read() as session:
        return sessions.find(session, door, cookie, now=NOW + minutes * MINUTE)


def seen_at(runtime: Runtime, cookie: str, door: str, minutes: float) -> None:
    live = found(runtime, cookie, door, minutes=minutes)
    assert live is not None
    with runtime.database.write() as session:
        sessions.seen(session, live, now=NOW + minutes * MINUTE)


@pytest.mark.parametrize("door", ["family", "staff"])
def test_fifteen_minutes_without_a_page_end_a_session(runtime: Runtime, door: str) -> None:
    cookie = begin(runtime, door)
    assert found(runtime, cookie, door, minutes=14.9)
    assert not found(runtime, cookie, door, minutes=15)


@pytest.mark.parametrize(("door", "most"), [("family", 60), ("staff", 480)])
def test_a_session_in_use_ends_at_its_absolute_limit(runtime: Runtime, door: str, most: int) -> None:
    cookie = begin(runtime, door)
    for minutes in range(10, most, 10):
        seen_at(runtime, cookie, door, minutes)
    assert found(runtime, cookie, door, minutes=most - 0.1)
    assert not found(runtime, cookie, door, minutes=most)


def test_a_password_without_its_code_waits_five_minutes(runtime: Runtime) -> None:
    cookie = begin(runtime, "staff", second_factor=False)
    assert found(runtime, cookie, "staff", minutes=4.9)
    assert not found(runtime, cookie, "staff", minutes=5)


def test_a_cookie_opens_no_other_door(runtime: Runtime) -> None:
    assert not found(runtime, begin(runtime, "family"), "staff")


def test_a_slow_request_does_not_bring_an_ended_session_back(runtime: Runtime) -> None:
    cookie = begin(runtime)
    slow = found(runtime, cookie)
    assert slow
    with runtime.database.write() as session:
        assert sessions.end(session, slow)
    with runtime.database.write() as session:
        sessions.seen(session, slow, now=NOW + MINUTE)
        assert sessions.renew(session, slow, now=NOW) is None
    assert not found(runtime, cookie)


def test_the_second_factor_brings_a_new_id_and_no_more_time(runtime: Runtime) -> None:
    cookie = begin(runtime, second_factor=False)
    live = found(runtime, cookie)
    assert live
    assert not live.stepped_up(NOW)
    with runtime.database.write() as session:
        newer = sessions.renew(session, live, now=NOW + 10 * MINUTE)
    assert newer
    assert newer != cookie
    assert not found(runtime, cookie, minutes=10)
    renewed = found(runtime, newer, minutes=10)
    assert renewed
    assert renewed.made_at == NOW
    assert renewed.stepped_up(NOW + 15 * MINUTE)
    assert not renewed.stepped_up(NOW + 15.1 * MINUTE)


def test_a_second_sign_in_ends_the_first_and_says_so(runtime: Runtime) -> None:
    holder = uuid.uuid4()
    first = begin(runtime, "staff", holder=holder)
    second = begin(runtime, "staff", holder=holder)
    with runtime.database.write() as session:
        assert sessions.end_others(session, "staff", holder, second, now=NOW) == 1
    assert not found(runtime, first, "staff")
    assert found(runtime, second, "staff")


def test_a_holder_sees_and_ends_their_own_sessions_and_nobody_elses(runtime: Runtime) -> None:
    holder, other = uuid.uuid4(), uuid.uuid4()
    with runtime.database.write() as session:
        phone = sessions.start(session, "family", holder, now=NOW, device="phone")
        sessions.start(session, "family", holder, now=NOW - 2 * MINUTE, device="computer")
        sessions.start(session, "family", holder, now=NOW - 16 * MINUTE)  # over, though not swept yet
        theirs = sessions.start(session, "family", other, now=NOW)
        mine = sessions.all_of(session, "family", holder, now=NOW)
        assert [found.device for found in mine] == ["phone", "computer"]
        assert sessions.all_of(session, "staff", holder, now=NOW) == []
        assert not sessions.end_one(session, "family", holder, sessions.hash_of(theirs).hex()[:16])
        assert sessions.end_one(session, "family", holder, mine[0].prefix)
        assert not sessions.end_one(session, "family", holder, mine[0].prefix)
    assert not found(runtime, phone)
    assert found(runtime, theirs)


def test_a_new_id_keeps_the_machine_and_says_which_factor_was_shown(runtime: Runtime) -> None:
    with runtime.database.write() as session:
        cookie = sessions.start(session, "family", uuid.uuid4(), now=NOW, device="tablet")
        live = sessions.find(session, "family", cookie, now=NOW)
        assert live
        assert live.factor_kind is None
        newer = sessions.renew(session, live, now=NOW, factor_kind="passkey")
    renewed = found(runtime, newer or "")
    assert renewed
    assert (renewed.device, renewed.factor_kind) == ("tablet", "passkey")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari", "phone"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36", "phone"),
        ("Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", "tablet"),
        ("Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari", "tablet"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0", "computer"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36", "computer"),
        ("curl/8.9", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_session_keeps_the_kind_of_machine_and_nothing_else(said: str, kind: str) -> None:
    assert devices.kind_of(said) == kind


def test_a_session_has_a_neutral_name(app: Flask) -> None:
    began = datetime.datetime(2026, 7, 3, 17, 30, tzinfo=datetime.UTC)  # half past six in London
    live = sessions.Found(b"", "family", uuid.uuid4(), None, began, began, None, "phone")
    with app.test_request_context(base_url=runtime_of(app).settings.family_url):
        assert device_words.label(live) == "Phone, evening of 3 July"


def test_the_table_does_not_hold_the_cookie(runtime: Runtime) -> None:
    cookie = begin(runtime)
    with runtime.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM sign_in_session").all()
    assert cookie not in repr(rows)


def test_what_is_over_is_swept_away_and_what_lives_stays(runtime: Runtime) -> None:
    begin(runtime, "family")
    begin(runtime, "staff")
    with runtime.database.write() as session:
        assert sessions.sweep(session, now=NOW + 14 * MINUTE) == 0
        assert sessions.sweep(session, now=NOW + 16 * MINUTE) == 2

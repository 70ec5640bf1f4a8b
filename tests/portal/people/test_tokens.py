"""A link opens once, for one purpose, in one browser, for ten minutes."""

import datetime
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from portal import db, links
from portal.people import tokens
from portal.people.models import SignInToken
from portal.people.tokens import State
from portal.runtime import Runtime

BROWSER, OTHER = b"b" * 32, b"o" * 32
MINUTE = datetime.timedelta(minutes=1)


def make(runtime: Runtime, holder: uuid.UUID, *, now: datetime.datetime | None = None) -> str:
    with runtime.database.write() as session:
        return tokens.make(session, "sign_in", holder, BROWSER, now=now or db.now())


def use(
    runtime: Runtime,
    token: str,
    *,
    purpose: str = "sign_in",
    browser_hash: bytes = BROWSER,
    later: datetime.timedelta = 0 * MINUTE,
) -> uuid.UUID | None:
    with runtime.database.write() as session:
        return tokens.consume(session, purpose, token, browser_hash, now=db.now() + later)


def test_of_twenty_uses_at_once_one_succeeds(runtime: Runtime) -> None:
    holder = uuid.uuid4()
    token = make(runtime, holder)
    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(lambda _n: use(runtime, token), range(20)))
    assert [one for one in won if one] == [holder]


@pytest.mark.parametrize(
    "changed",
    [
        {"purpose": "resume_draft"},
        {"browser_hash": OTHER},
        {"later": 11 * MINUTE},
        {"later": -60 * MINUTE},
    ],
    ids=["another purpose", "another browser", "too late", "clock set back"],
)
def test_a_link_opens_nothing_elsewhere_or_later(runtime: Runtime, changed: dict[str, Any]) -> None:
    token = make(runtime, uuid.uuid4())
    assert use(runtime, token, **changed) is None
    assert use(runtime, token) is not None


def test_a_new_link_kills_the_one_before(runtime: Runtime) -> None:
    holder = uuid.uuid4()
    first, second = make(runtime, holder), make(runtime, holder)
    assert use(runtime, first) is None
    assert use(runtime, second) == holder


def test_of_links_made_without_seeing_each_other_one_works(runtime: Runtime) -> None:
    holder = uuid.uuid4()
    first = make(runtime, holder)
    with runtime.database.read() as session:
        row = dict(session.execute(sa.select(SignInToken.__table__)).mappings().one())  # type: ignore[attr-defined]
    second = make(runtime, holder)
    with runtime.database.write() as session:  # as two transactions leave it that overlap
        session.execute(sa.insert(SignInToken.__table__), [row])  # type: ignore[attr-defined]
    assert len([token for token in (first, second) if use(runtime, token)]) == 1


def test_looking_at_a_link_changes_nothing(runtime: Runtime) -> None:
    token = make(runtime, uuid.uuid4())
    with runtime.database.read() as session:
        seen = [tokens.look(session, "sign_in", token, BROWSER, now=db.now()) for _n in range(10)]
        elsewhere = tokens.look(session, "sign_in", token, OTHER, now=db.now())
    assert seen == [State.USABLE] * 10
    assert elsewhere is State.OTHER_BROWSER


def test_the_table_does_not_hold_the_token(runtime: Runtime) -> None:
    token = make(runtime, uuid.uuid4())
    with runtime.database.read() as session:
        rows = session.connection().exec_driver_sql("SELECT * FROM sign_in_token").all()
    assert token not in repr(rows)


@pytest.mark.parametrize("ending", ["", "x", "=", "%00"])
def test_a_signature_counts_for_its_purpose_alone(runtime: Runtime, ending: str) -> None:
    settings = runtime.settings
    signed = links.sealed_path(settings, "sign_in", "token").removeprefix(links.PATHS["sign_in"])
    assert links.opened(settings, "sign_in", signed) == "token"
    assert links.opened(settings, "resume_draft", signed) is None
    assert links.opened(settings, "sign_in", "token" + ending) is None


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("/cases/SAR-1", True),
        ("/staff/cases?after=3", True),
        ("//evil.example.org", False),
        ("///evil.example.org", False),
        ("https://evil.example.org", False),
        ("/\\evil.example.org", False),
        ("/\t/evil.example.org", False),
        ("javascript:alert(1)", False),
        ("/" + "a" * 600, False),
        ("", False),
        (None, False),
    ],
)
def test_nobody_is_sent_to_another_site(asked: str | None, kept: bool) -> None:
    assert links.safe_next(asked) == (asked if kept else None)

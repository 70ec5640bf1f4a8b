"""A printed card takes the place of the link by mail, and a stranger learns and stops nothing with it."""

from __future__ import annotations

import datetime
import uuid

import pytest
import sqlalchemy as sa
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from sqlmodel import col

from portal import db
from portal.people import cards, factors, limits
from portal.people.cards import Card
from portal.people.models import SignInSession
from portal.runtime import Runtime
from tests.client import Family, client_for, enter_family, runtime_of
from tests.judge import JudgingClient, Page
from tests.portal.people.at_once import at_once, count, statements


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def robin(runtime: Runtime) -> Family:
    """Somebody without an address for mail, and without an app."""
    return enter_family(runtime, email="", app=False)


@pytest.fixture
def card(runtime: Runtime, robin: Family) -> cards.NewCard:
    return give(runtime, robin.person_id)


def give(runtime: Runtime, person_id: uuid.UUID) -> cards.NewCard:
    made = cards.new_card(runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        cards.issue(session, purpose="sign_in", holder_id=person_id, new=made, now=db.now())
    return made


def show(client: JudgingClient, number: str, words: str, expect: int = 303) -> Page:
    return client.submit(client.get("/sign-in/card"), {"number": number, "words": words}, expect)


def test_a_card_shows_where_the_case_is_and_no_more(
    visitor: JudgingClient, runtime: Runtime, robin: Family, card: cards.NewCard
) -> None:
    here = show(visitor, f" {card.number.lower()} ", card.words.upper())
    assert visitor.follow(here).h1 == "My requests"
    visitor.get(f"/cases/{robin.reference}")
    asked = visitor.get(f"/cases/{robin.reference}/messages", 303)
    assert asked.location.startswith("/sign-in/code")


def test_card_and_sheet_together_are_both_factors(
    visitor: JudgingClient, runtime: Runtime, robin: Family, card: cards.NewCard
) -> None:
    sheet = factors.new_sheet(runtime.settings.secrets.pepper)
    with runtime.database.write() as session:
        factors.give_sheet(session, robin.person_id, sheet, now=db.now())
    visitor.get(f"/sign-in/card?next=/cases/{robin.reference}/messages")
    assert show(visitor, card.number, card.words).location == f"/cases/{robin.reference}/messages"
    page = visitor.get("/sign-in/code")
    visitor.submit(page, {"code": sheet.codes[0]})
    visitor.get(f"/cases/{robin.reference}/messages")


def test_a_card_opens_again_and_each_use_is_counted(app: Flask, runtime: Runtime, card: cards.NewCard) -> None:
    for uses in (1, 2):
        show(client_for(app), card.number, card.words)
        with runtime.database.read() as session:
            assert session.execute(sa.select(col(Card.uses))).scalar_one() == uses
    assert count(runtime, SignInSession) == 2


def test_twenty_at_once_are_twenty_uses_each_with_a_session_of_its_own(
    app: Flask, runtime: Runtime, card: cards.NewCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A card is no single-use token: its holder has nothing else to come back with. No use is lost or shared."""
    monkeypatch.setattr(limits, "CARDS", limits.Rule("card", 20, 900))
    page = (client := client_for(app)).get("/sign-in/card")
    answers = at_once(client, page, {"number": card.number, "words": card.words})
    assert answers == [303] * 20
    with runtime.database.read() as session:
        assert session.execute(sa.select(col(Card.uses))).scalar_one() == count(runtime, SignInSession) == 20


@pytest.mark.parametrize("wrong", ["number", "words", "ended", "voice", "no number"])
def test_whatever_is_wrong_the_answer_and_the_work_are_the_same(
    visitor: JudgingClient, runtime: Runtime, robin: Family, card: cards.NewCard, wrong: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    slow, verify = [], PasswordHasher.verify
    monkeypatch.setattr(PasswordHasher, "verify", lambda *typed: (slow.append(1), verify(*typed))[1])
    number, words = card.number, card.words
    if wrong == "ended":
        with runtime.database.write() as session:
            cards.end(session, robin.person_id, "sign_in", now=db.now())
    if wrong == "voice":
        other = cards.new_card(runtime.settings.secrets.pepper)
        with runtime.database.write() as session:
            cards.issue(session, purpose="voice", holder_id=uuid.uuid4(), new=other, now=db.now())
        number, words = other.number, other.words
    number = {"number": "ZZZZ-ZZZZ", "no number": "?"}.get(wrong, number)
    words = "abandon " * 6 if wrong == "words" else words
    page = show(visitor, number, words, 400)
    assert page.errors == ["The number or the words are not right. Check each word, and the order they are in"]
    assert words.strip() not in page.html
    assert slow == [1]
    assert count(runtime, SignInSession) == 0
    assert statements("card", page, runtime) == statements.first


def test_ten_wrong_tries_shut_the_card_out_of_that_network_alone(
    app: Flask, visitor: JudgingClient, card: cards.NewCard
) -> None:
    early = datetime.datetime.fromtimestamp(db.now().timestamp() // 900 * 900 + 60, datetime.UTC)
    with time_machine.travel(early, tick=False):
        page = visitor.get("/sign-in/card")
        for _n in range(10):
            visitor.submit(page, {"number": card.number, "words": "wrong"}, 400)
        right = {"number": card.number, "words": card.words}
        visitor.submit(page, right, 429)
        elsewhere = client_for(app)
        page = elsewhere.get("/sign-in/card")
        elsewhere.submit(page, right, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})


def test_the_form_signs_nobody_in_from_another_site(app: Flask, card: cards.NewCard) -> None:
    client = client_for(app)
    client.get("/sign-in/card")
    client.post("/sign-in/card", {"number": card.number, "words": card.words}, 400, bare=True)

"""A printed card stands for the link by mail: number and words open it, nothing else does."""

from __future__ import annotations

import datetime
import uuid

import pytest

from portal.people import cards
from portal.runtime import Runtime

PEPPER = b"p" * 32
NOW = datetime.datetime(2026, 11, 23, 9, 0, tzinfo=datetime.UTC)


@pytest.fixture
def holder() -> uuid.UUID:
    return uuid.uuid4()


@pytest.fixture
def new(runtime: Runtime, holder: uuid.UUID) -> cards.NewCard:
    made = cards.new_card(PEPPER)
    with runtime.database.write() as session:
        cards.issue(session, purpose="sign_in", holder_id=holder, new=made, now=NOW)
    return made


def found(runtime: Runtime, number: str, words: str, purpose: str = "sign_in") -> uuid.UUID | None:
    with runtime.database.read() as session:
        card = cards.find(session, purpose, number, words, pepper=PEPPER)
        return card.holder_id if card else None


def test_number_and_words_open_however_they_are_typed(runtime: Runtime, new: cards.NewCard, holder: uuid.UUID) -> None:
    assert found(runtime, new.number, new.words) == holder
    typed = f"  {new.number.lower().replace('-', ' ').replace('1', 'l').replace('0', 'o')} "
    assert found(runtime, typed, new.words.upper().replace(" ", " - ")) == holder


@pytest.mark.parametrize("wrong", ["five of six", "another order", "nothing", "another purpose", "another number"])
def test_anything_less_opens_nothing(runtime: Runtime, new: cards.NewCard, wrong: str) -> None:
    words = new.words.split()
    tried = {
        "five of six": (new.number, " ".join(words[:5])),
        "another order": (new.number, " ".join([*words[1:], words[0]])),
        "nothing": (new.number, ""),
        "another number": ("0000-0000", new.words),
    }
    number, typed = tried.get(wrong, (new.number, new.words))
    assert found(runtime, number, typed, "voice" if wrong == "another purpose" else "sign_in") is None


def test_a_new_card_ends_the_one_before(runtime: Runtime, new: cards.NewCard, holder: uuid.UUID) -> None:
    second = cards.new_card(PEPPER)
    with runtime.database.write() as session:
        cards.issue(session, purpose="sign_in", holder_id=holder, new=second, now=NOW)
    assert (found(runtime, new.number, new.words), found(runtime, second.number, second.words)) == (None, holder)


def test_a_card_that_ended_since_it_was_found_is_not_used(
    runtime: Runtime, new: cards.NewCard, holder: uuid.UUID
) -> None:
    with runtime.database.read() as session:
        card = cards.find(session, "sign_in", new.number, new.words, pepper=PEPPER)
        assert card is not None
    with runtime.database.write() as session:
        assert cards.use(session, card, now=NOW)
        assert cards.still_live(session, card.id)
        cards.end(session, holder, "sign_in", now=NOW)
        assert not cards.use(session, card, now=NOW)
        assert not cards.still_live(session, card.id)


def test_six_words_of_two_thousand_are_kept_as_a_slow_hash_alone(new: cards.NewCard) -> None:
    assert len(new.words.split()) == cards.WORDS
    assert new.card_hash.startswith("$argon2id$")
    assert not any(word in new.card_hash for word in new.words.split())
    assert "words" not in repr(new)

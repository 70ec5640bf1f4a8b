"""Printed cards: a number and six words, for people without a mailbox of their own or whose mail somebody else reads.

A card is handed over by somebody the person trusts, or posted; it takes the place of the link by mail, not of the
second factor (security.md 6a). Six words of a list of 2,048 are 66 bits, kept as a slow hash alone.
"""

from __future__ import annotations

import datetime
import re
import secrets
import unicodedata
import uuid
from dataclasses import dataclass, field
from functools import cache

import sqlalchemy as sa
from mnemonic import Mnemonic
from sqlmodel import Session, SQLModel, col, select

from portal import db
from portal.db import choice, column
from portal.people import hashing
from portal.processing import SIGN_IN, processed

WORDS = 6
PURPOSES = ("sign_in", "voice")
# No I, L, O or U: what looks alike is read as the digit.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKS_LIKE = str.maketrans({"I": "1", "L": "1", "O": "0"})
_LONGEST = 200


@processed(SIGN_IN)
class Card(SQLModel, table=True):
    """A card that somebody holds. Whoever has number and words comes as far as a link by mail would bring them."""

    __tablename__ = "card"

    id: uuid.UUID = column("random, time-ordered", default_factory=db.new_id, primary_key=True)
    purpose: str = column(
        "signs its holder in, or lets a child answer one question", sa_type=choice(*PURPOSES, name="card_purpose")
    )
    number: str = column("random number printed on the card; says nothing of a case", unique=True)
    card_hash: str = column("slow hash of the six words")
    holder_id: uuid.UUID = column("the person, or the child's question, that it opens", index=True)
    made_at: datetime.datetime = column("when it was printed")
    uses: int = column("how often it was used", default=0)
    used_at: datetime.datetime | None = column("when it was last used", default=None)
    ended_at: datetime.datetime | None = column("when it stopped counting", default=None)


@dataclass(frozen=True)
class NewCard:
    """What is printed now and never shown again, and what is kept of it."""

    number: str
    words: str = field(repr=False)
    card_hash: str = field(repr=False)


def new_card(pepper: bytes) -> NewCard:
    """A card for nobody yet. Slow, so outside any transaction."""
    listed = _listed()
    words = " ".join(secrets.choice(listed) for _ in range(WORDS))
    number = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    return NewCard(f"{number[:4]}-{number[4:]}", words, hashing.slow_hash(pepper, words))


def issue(session: Session, *, purpose: str, holder_id: uuid.UUID, new: NewCard, now: datetime.datetime) -> Card:
    """The card opens what `holder_id` names from now on; an earlier one of the same purpose ends."""
    end(session, holder_id, purpose, now=now)
    card = Card(purpose=purpose, number=new.number, card_hash=new.card_hash, holder_id=holder_id, made_at=now)
    session.add(card)
    session.flush()
    return card


def find(session: Session, purpose: str, number: str, words: str, *, pepper: bytes) -> Card | None:
    """The live card with this number and these words. As slow where nobody has the number, so call it outside a write
    transaction and `use` the card inside."""
    query = select(Card).where(*_live(purpose), col(Card.number) == normal_number(number))
    card = session.exec(query).first()
    right = hashing.matches(pepper, card.card_hash if card else None, normal_words(words))
    return card if right else None


def still_live(session: Session, card_id: uuid.UUID) -> bool:
    query = sa.select(sa.func.count()).where(col(Card.id) == card_id, col(Card.ended_at).is_(None))
    return bool(session.execute(query).scalar_one())


def use(session: Session, card: Card, *, now: datetime.datetime) -> bool:
    """Counts a use. False: the card has ended since it was found. A card opens again and again until it ends, since
    its holder has nothing else to come back with; the tries at its words are limited by whoever asks for them."""
    live = (col(Card.id) == card.id, col(Card.ended_at).is_(None))
    used = sa.update(Card).where(*live).values(uses=col(Card.uses) + 1, used_at=now)
    return session.execute(used).rowcount == 1  # type: ignore[attr-defined]


def live(session: Session, holder_id: uuid.UUID, purpose: str) -> Card | None:
    """The card that the holder has now, or None."""
    return session.exec(select(Card).where(*_live(purpose), col(Card.holder_id) == holder_id)).first()


def end(session: Session, holder_id: uuid.UUID, purpose: str, *, now: datetime.datetime) -> None:
    """Every card of the holder for this purpose stops working."""
    mine = (*_live(purpose), col(Card.holder_id) == holder_id)
    session.execute(sa.update(Card).where(*mine).values(ended_at=now))


def normal_number(typed: str) -> str:
    """A card's number as it is printed, however it was typed."""
    plain = re.sub(r"[^0-9A-Z]", "", typed.upper()[:_LONGEST]).translate(_LOOKS_LIKE)
    return f"{plain[:4]}-{plain[4:]}"


def normal_words(typed: str) -> str:
    """The words as they are printed: small letters, one space between."""
    plain = unicodedata.normalize("NFKC", typed[:_LONGEST]).casefold()
    return " ".join(re.findall(r"[a-z]+", plain))


@cache
def _listed() -> tuple[str, ...]:
    return tuple(Mnemonic("english").wordlist)


def _live(purpose: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (col(Card.purpose) == purpose, col(Card.ended_at).is_(None))

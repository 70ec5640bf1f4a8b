"""Links sent by mail: a random value that opens once, for one purpose, in the browser that asked (security.md 6d)."""

from __future__ import annotations

import datetime
import hashlib
import secrets
import uuid
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session

from portal.people.models import SignInToken

_table = SignInToken.__table__  # type: ignore[attr-defined]

LIFE = datetime.timedelta(minutes=10)  # ASVS V6.5.5
KEPT = datetime.timedelta(days=1)


class State(StrEnum):
    """What a link is good for when it is opened."""

    USABLE = "usable"
    OTHER_BROWSER = "other browser"
    DEAD = "dead"


def make(session: Session, purpose: str, holder_id: uuid.UUID, browser_hash: bytes, *, now: datetime.datetime) -> str:
    """A new link's random value (256 bits); the table keeps only its hash. Earlier links of the holder die."""
    kill(session, purpose, holder_id)
    token = secrets.token_urlsafe(32)
    row = {
        "token_hash": _hash(token),
        "purpose": purpose,
        "holder_id": holder_id,
        "browser_hash": browser_hash,
        "made_at": now,
        "expires_at": now + LIFE,
    }
    session.execute(sa.insert(_table), [row])
    return token


def look(session: Session, purpose: str, token: str, browser_hash: bytes, *, now: datetime.datetime) -> State:
    """What opening the link would do. It changes nothing, so a scanner that opens every link burns none."""
    query = sa.select(_table.c.browser_hash).where(*_live(purpose, token, now))
    bound_to = session.execute(query).scalar_one_or_none()
    if bound_to is None:
        return State.DEAD
    return State.USABLE if secrets.compare_digest(bound_to, browser_hash) else State.OTHER_BROWSER


def holder(
    session: Session, purpose: str, token: str, browser_hash: bytes, *, now: datetime.datetime
) -> uuid.UUID | None:
    """Whose link it is, in the browser that asked; None for any other. It changes nothing."""
    query = sa.select(_table.c.holder_id).where(*_live(purpose, token, now), _table.c.browser_hash == browser_hash)
    found: uuid.UUID | None = session.execute(query).scalar_one_or_none()
    return found


def consume(
    session: Session, purpose: str, token: str, browser_hash: bytes, *, now: datetime.datetime
) -> uuid.UUID | None:
    """Whose link it was, for the first use alone: one conditional UPDATE, so that of twenty at once one wins."""
    used = (
        sa.update(_table)
        .where(*_live(purpose, token, now), _table.c.browser_hash == browser_hash)
        .values(used_at=now)
        .returning(_table.c.holder_id)
    )
    holder_id: uuid.UUID | None = session.execute(used).scalar_one_or_none()
    if holder_id is not None:
        kill(session, purpose, holder_id)
    return holder_id


def kill(session: Session, purpose: str, holder_id: uuid.UUID) -> None:
    """Every unused link of the holder stops working: a new link was asked for, or the address changed."""
    mine = (_table.c.purpose == purpose, _table.c.holder_id == holder_id, _table.c.used_at.is_(None))
    session.execute(sa.delete(_table).where(*mine))


def sweep(session: Session, *, now: datetime.datetime) -> None:
    """Deletes links a day after they were asked for; for the daily job."""
    session.execute(sa.delete(_table).where(_table.c.made_at < now - KEPT))


def _live(purpose: str, token: str, now: datetime.datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _table.c.token_hash == _hash(token),
        _table.c.purpose == purpose,
        _table.c.used_at.is_(None),
        _table.c.expires_at > now,
        _table.c.made_at <= now,  # a clock that was set back opens nothing
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

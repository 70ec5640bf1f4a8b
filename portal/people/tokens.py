"""Links sent by mail: a random value that opens once, for one purpose, in the browser that asked (security.md 6d)."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
import uuid
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Session

from portal.people import factors
from portal.people.models import SignInToken

_table = SignInToken.__table__  # type: ignore[attr-defined]

LIFE = datetime.timedelta(minutes=10)  # ASVS V6.5.5
KEPT = datetime.timedelta(days=1)
CODE_KEY = "typed-code"  # which of the web key's derived keys makes the codes that stand beside links
CODE_LENGTH = 8
CODES_TRIED = 5  # live links that one browser may have asked for: a family's several references


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
    query = sa.select(_table.c.browser_hash).where(*_live(purpose, _hash(token), now))
    bound_to = session.execute(query).scalar_one_or_none()
    if bound_to is None:
        return State.DEAD
    return State.USABLE if secrets.compare_digest(bound_to, browser_hash) else State.OTHER_BROWSER


def holder(
    session: Session, purpose: str, token: str, browser_hash: bytes, *, now: datetime.datetime
) -> uuid.UUID | None:
    """Whose link it is, in the browser that asked; None for any other. It changes nothing."""
    mine = (*_live(purpose, _hash(token), now), _table.c.browser_hash == browser_hash)
    query = sa.select(_table.c.holder_id).where(*mine)
    found: uuid.UUID | None = session.execute(query).scalar_one_or_none()
    return found


def consume(
    session: Session, purpose: str, token: str, browser_hash: bytes, *, now: datetime.datetime
) -> uuid.UUID | None:
    """Whose link it was, for the first use alone: one conditional UPDATE, so that of twenty at once one wins."""
    return _use(session, purpose, _hash(token), browser_hash, now=now)


def code_of(key: bytes, purpose: str, token: str) -> str:
    """The code that stands beside the link in the mail, as it is printed. It is worked out from the link's row and a
    key that no database holds, so that nothing of it is kept."""
    return factors.printed(_code(key, purpose, _hash(token)))


def consume_code(
    session: Session, purpose: str, typed: str, browser_hash: bytes, *, key: bytes, now: datetime.datetime
) -> uuid.UUID | None:
    """Whose link it was whose code was typed in the browser that asked for it: link and code are used up together.

    Forty bits for ten minutes; whoever calls this limits the tries (ASVS V6.5.5, V6.6.3)."""
    asked_here = (_table.c.browser_hash == browser_hash, *_unused(purpose, now))
    newest = sa.select(_table.c.token_hash).where(*asked_here).order_by(_table.c.made_at.desc()).limit(CODES_TRIED)
    plain = factors.normal_code(typed).encode()
    there = session.execute(newest).scalars().all()
    right = [one for one in there if hmac.compare_digest(_code(key, purpose, one).encode(), plain)]
    return _use(session, purpose, right[0], browser_hash, now=now) if right else None


def _code(key: bytes, purpose: str, token_hash: bytes) -> str:
    made = hmac.digest(key, purpose.encode() + b"\0" + token_hash, "sha256")
    return "".join(factors.ALPHABET[byte % len(factors.ALPHABET)] for byte in made[:CODE_LENGTH])


def _use(
    session: Session, purpose: str, token_hash: bytes, browser_hash: bytes, *, now: datetime.datetime
) -> uuid.UUID | None:
    used = (
        sa.update(_table)
        .where(*_live(purpose, token_hash, now), _table.c.browser_hash == browser_hash)
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


def _live(purpose: str, token_hash: bytes, now: datetime.datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (_table.c.token_hash == token_hash, *_unused(purpose, now))


def _unused(purpose: str, now: datetime.datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _table.c.purpose == purpose,
        _table.c.used_at.is_(None),
        _table.c.expires_at > now,
        _table.c.made_at <= now,  # a clock that was set back opens nothing
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

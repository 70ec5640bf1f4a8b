"""Signed-in sessions: rows that can be ended. A copied cookie opens nothing once the row is gone (ASVS V7)."""

from __future__ import annotations

import datetime
import hashlib
import secrets
import uuid
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlmodel import Session

from portal.people.models import SignInSession

_table = SignInSession.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Limits:
    """How long a session may rest, and how long it may last at all."""

    idle: datetime.timedelta
    absolute: datetime.timedelta


MINUTE = datetime.timedelta(minutes=1)
# Families often sit at a shared computer (security.md 6a); staff figures follow NIST AAL3.
LIMITS = {
    "family": Limits(15 * MINUTE, 60 * MINUTE),
    "staff": Limits(15 * MINUTE, 8 * 60 * MINUTE),
}
HALF_WAY = 5 * MINUTE  # a password without its code opens nothing and waits no longer than this
STEP_UP = 5 * MINUTE


@dataclass(frozen=True)
class Found:
    """A live session."""

    id_hash: bytes
    door: str
    holder_id: uuid.UUID
    second_factor_at: datetime.datetime | None
    made_at: datetime.datetime
    seen_at: datetime.datetime
    factor_kind: str | None
    device: str

    @property
    def prefix(self) -> str:
        """The part of the hash that the log keeps: enough to tie acts together, useless as a cookie."""
        return self.id_hash.hex()[:16]

    def stepped_up(self, now: datetime.datetime) -> bool:
        """Whether the second factor was shown within the last five minutes (security.md 6c)."""
        return self.second_factor_at is not None and now - self.second_factor_at <= STEP_UP


def start(
    session: Session,
    door: str,
    holder_id: uuid.UUID,
    *,
    now: datetime.datetime,
    second_factor_at: datetime.datetime | None = None,
    factor_kind: str | None = None,
    device: str = "unknown",
) -> str:
    """Begins a session and answers its random id, which only the cookie ever holds."""
    fresh = Found(b"", door, holder_id, second_factor_at, now, now, factor_kind, device)
    return _insert(session, fresh)


def find(session: Session, door: str, cookie: str | None, *, now: datetime.datetime) -> Found | None:
    """The live session of this cookie at this door, or None."""
    if not cookie:
        return None
    query = sa.select(_table).where(_table.c.id_hash == hash_of(cookie), _table.c.door == door)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        return None
    found = Found(**row)
    return None if _over(found, now) else found


def seen(session: Session, found: Found, *, now: datetime.datetime) -> None:
    """Moves the idle limit on. Only an UPDATE: a slow request cannot bring back a session that was ended."""
    session.execute(
        sa.update(_table).where(_table.c.id_hash == found.id_hash, _table.c.seen_at < now).values(seen_at=now)
    )


def renew(session: Session, found: Found, *, now: datetime.datetime, factor_kind: str | None = None) -> str | None:
    """A new id once the second factor was shown, with its kind; the absolute limit stays. None when the session ended
    meanwhile."""
    if not end(session, found):
        return None
    return _insert(session, replace(found, seen_at=now, second_factor_at=now, factor_kind=factor_kind))


def all_of(session: Session, door: str, holder_id: uuid.UUID, *, now: datetime.datetime) -> list[Found]:
    """The account's live sessions, newest first, for the list in which their holder recognises and ends them."""
    mine = sa.select(_table).where(_table.c.door == door, _table.c.holder_id == holder_id)
    rows = session.execute(mine.order_by(_table.c.made_at.desc())).mappings()
    return [found for found in (Found(**row) for row in rows) if not _over(found, now)]


def end_one(session: Session, door: str, holder_id: uuid.UUID, prefix: str) -> bool:
    """Ends the session of this account whose `prefix` this is. False: there is none, or it is somebody else's."""
    mine = sa.select(_table.c.id_hash).where(_table.c.door == door, _table.c.holder_id == holder_id)
    named = [id_hash for id_hash in session.execute(mine).scalars() if id_hash.hex()[:16] == prefix]
    return _delete(session, _table.c.id_hash.in_(named)) == 1


def end(session: Session, found: Found) -> bool:
    return _delete(session, _table.c.id_hash == found.id_hash) == 1


def end_all(session: Session, door: str, holder_id: uuid.UUID) -> int:
    """Ends every session of an account; answers how many there were."""
    return _delete(session, _table.c.door == door, _table.c.holder_id == holder_id)


def end_others(session: Session, door: str, holder_id: uuid.UUID, cookie: str, *, now: datetime.datetime) -> int:
    """Ends every other session of the account; answers how many of them were still in use."""
    mine = (_table.c.door == door, _table.c.holder_id == holder_id, _table.c.id_hash != hash_of(cookie))
    in_use = session.execute(
        sa.select(sa.func.count()).where(
            *mine, _table.c.second_factor_at.is_not(None), _table.c.seen_at > now - LIMITS[door].idle
        )
    ).scalar_one()
    _delete(session, *mine)
    return int(in_use)


def sweep(session: Session, *, now: datetime.datetime) -> int:
    """Deletes rows that are over anyway; for the daily job."""
    gone = 0
    for door, limits in LIMITS.items():
        over = sa.or_(_table.c.seen_at <= now - limits.idle, _table.c.made_at <= now - limits.absolute)
        gone += _delete(session, _table.c.door == door, over)
    return gone


def hash_of(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode()).digest()


def _over(found: Found, now: datetime.datetime) -> bool:
    limits = LIMITS[found.door]
    half_way = found.door == "staff" and found.second_factor_at is None
    absolute = HALF_WAY if half_way else limits.absolute
    return now - found.seen_at >= limits.idle or now - found.made_at >= absolute


def _insert(session: Session, fresh: Found) -> str:
    cookie = secrets.token_urlsafe(32)
    session.execute(sa.insert(_table), [{**vars(fresh), "id_hash": hash_of(cookie)}])
    return cookie


def _delete(session: Session, *which: sa.ColumnElement[bool]) -> int:
    return int(session.execute(sa.delete(_table).where(*which)).rowcount)  # type: ignore[attr-defined]

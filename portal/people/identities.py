"""Who an account is at a sign-in elsewhere, and the starts that wait for their return. It waits for no server."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import db
from portal.people import sessions
from portal.people.openid import Going, LoggedOut, SignedIn
from portal.people.openid_models import OpenIdIdentity, OpenIdStart
from portal.vault import vault_of

LIFE = datetime.timedelta(minutes=10)
KEPT = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Started:
    """A start whose return has come. `holder_id` is the account, or the invitation, that it was about."""

    purpose: str
    holder_id: uuid.UUID | None
    made_at: datetime.datetime
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    then: str = ""


def begin(
    session: Session,
    door: str,
    purpose: str,
    going: Going,
    *,
    browser_hash: bytes,
    now: datetime.datetime,
    holder_id: uuid.UUID | None = None,
    then: str = "",
) -> None:
    """Keeps what must come back with somebody who is sent elsewhere."""
    start = OpenIdStart(
        state_hash=_hash(going.state),
        door=door,
        purpose=purpose,
        holder_id=holder_id,
        browser_hash=browser_hash,
        sealed=b"",
        made_at=now,
    )
    vault_of(session).put(start, {"nonce": going.nonce, "verifier": going.verifier, "then": then})
    session.add(start)
    session.flush()


def returned(session: Session, door: str, state: str, browser_hash: bytes, *, now: datetime.datetime) -> Started | None:
    """The start that this return belongs to, for the first use alone and in the browser that began it; otherwise None.

    One conditional UPDATE: of two returns at once, one is right."""
    used = (
        sa.update(OpenIdStart)
        .where(
            col(OpenIdStart.state_hash) == _hash(state),
            col(OpenIdStart.door) == door,
            col(OpenIdStart.browser_hash) == browser_hash,
            col(OpenIdStart.used_at).is_(None),
            col(OpenIdStart.made_at) > now - LIFE,
            col(OpenIdStart.made_at) <= now,
        )
        .values(used_at=now)
    )
    if db.changed_rows(session.execute(used)) != 1:
        return None
    start = session.get_one(OpenIdStart, _hash(state))
    told = vault_of(session).get(start)
    return Started(start.purpose, start.holder_id, start.made_at, told["nonce"], told["verifier"], told["then"])


def link(session: Session, door: str, holder_id: uuid.UUID, who: SignedIn, *, now: datetime.datetime) -> bool:
    """The account is this person elsewhere from now on. False: somebody's account is already."""
    row = {
        "identity_blind": _blind(session, who.issuer, who.subject),
        "door": door,
        "holder_id": holder_id,
        "linked_at": now,
        "seen_at": now,
        "sid_blind": _blind(session, who.issuer, "sid", who.sid) if who.sid else None,
    }
    return db.insert_ignore(session, OpenIdIdentity, [row]) == 1


def holder(session: Session, door: str, who: SignedIn, *, now: datetime.datetime) -> uuid.UUID | None:
    """Whose account it is, and notes that they came. By issuer and subject, never by an address (ASVS V6.8.1)."""
    row = db.lock(session, OpenIdIdentity, identity_blind=_blind(session, who.issuer, who.subject))
    if row is None or row.door != door:
        return None
    row.seen_at = now
    row.sid_blind = _blind(session, who.issuer, "sid", who.sid) if who.sid else None
    session.flush()
    found: uuid.UUID = row.holder_id
    return found


def is_linked(session: Session, door: str, holder_id: uuid.UUID) -> bool:
    """Whether the account can come in by the sign-in elsewhere."""
    mine = sa.select(sa.func.count()).where(
        col(OpenIdIdentity.door) == door, col(OpenIdIdentity.holder_id) == holder_id
    )
    return bool(session.execute(mine).scalar_one())


def unlink(session: Session, door: str, holder_id: uuid.UUID) -> None:
    """The account comes in by the sign-in elsewhere no more."""
    mine = (col(OpenIdIdentity.door) == door, col(OpenIdIdentity.holder_id) == holder_id)
    session.execute(sa.delete(OpenIdIdentity).where(*mine))


def log_out(session: Session, door: str, told: LoggedOut) -> list[uuid.UUID]:
    """Ends the sessions of whoever was logged out elsewhere; answers whose they were."""
    which = []
    if told.subject:
        which.append(col(OpenIdIdentity.identity_blind) == _blind(session, told.issuer, told.subject))
    if told.sid:
        which.append(col(OpenIdIdentity.sid_blind) == _blind(session, told.issuer, "sid", told.sid))
    query = sa.select(col(OpenIdIdentity.holder_id)).where(col(OpenIdIdentity.door) == door, sa.or_(*which))
    holders = list(session.execute(query.distinct()).scalars())
    for holder_id in holders:
        sessions.end_all(session, door, holder_id)
    return holders


def sweep(session: Session, *, now: datetime.datetime) -> None:
    """Deletes starts a day after they were made; for the daily job."""
    session.execute(sa.delete(OpenIdStart).where(col(OpenIdStart.made_at) < now - KEPT))


def _blind(session: Session, *parts: str) -> bytes:
    """Subjects that differ only in case are two people; the index folds case, so it gets a hash of them."""
    plain = "\0".join(parts).encode()
    return vault_of(session).blind("openid", hashlib.sha256(plain).hexdigest())


def _hash(state: str) -> bytes:
    return hashlib.sha256(state.encode()).digest()

"""What the daily job throws away: sessions that are over, links and counts of yesterday."""

from __future__ import annotations

import datetime

from sqlmodel import Session

from portal.people import (
    factors,
    identities,
    invitations,
    kept_forms,
    limits,
    passkeys,
    sessions,
    spoken_codes,
    tokens,
)


def sweep(session: Session, *, now: datetime.datetime) -> None:
    """Deletes what has no use any more (its columns say how long each is kept)."""
    sessions.sweep(session, now=now)
    tokens.sweep(session, now=now)
    passkeys.sweep(session, now=now)
    kept_forms.sweep(session, now=now)
    limits.sweep(session, now=now)
    identities.sweep(session, now=now)
    invitations.sweep(session, now=now)
    spoken_codes.sweep(session, now=now)
    factors.sweep(session, now=now)

"""How often a person's second factor may be tried: strictly in one session, loosely for the account.

A session is begun with the mailbox alone. Were the tries counted for the person only, whoever reads the mailbox could
keep the person out of every factor they have (portal.people.limits)."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from portal.people import limits
from portal.people.limits import Rule
from portal.people.sessions import Found


def used_up(session: Session, person_id: uuid.UUID, found: Found) -> Rule | None:
    """Counts one try of a code or passkey; answers the rule that it is over, or None."""
    if not limits.within(session, limits.CODES, *_in_session(person_id, found)):
        return limits.CODES
    return None if limits.within(session, limits.CODES_OF_ALL, _person(person_id)) else limits.CODES_OF_ALL


def forgive(session: Session, person_id: uuid.UUID, found: Found) -> None:
    """Forgets the tries of this session after one that was right; those of the account stay counted."""
    limits.forgive(session, limits.CODES, *_in_session(person_id, found))


def asked_too_often(session: Session, person_id: uuid.UUID, kind: str, found: Found) -> Rule | None:
    """Counts that a code by telephone was asked for; answers the rule that it is over, or None."""
    if not limits.within(session, limits.SPOKEN_CODES, kind, *_in_session(person_id, found)):
        return limits.SPOKEN_CODES
    of_all = limits.within(session, limits.SPOKEN_CODES_OF_ALL, kind, _person(person_id))
    return None if of_all else limits.SPOKEN_CODES_OF_ALL


def _in_session(person_id: uuid.UUID, found: Found) -> tuple[str, str]:
    return _person(person_id), found.prefix


def _person(person_id: uuid.UUID) -> str:
    return f"family:{person_id.hex}"

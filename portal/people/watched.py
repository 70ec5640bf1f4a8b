"""Somebody is watching: a way to say so at the second factor that whoever looks over the shoulder does not see.

The page asks which screen to show. Whoever was told with their card, or has read the help page, knows what the second
screen is: the session shows where requests stand and nothing else, and a caseworker is told to get in touch in a safe
way (security.md 6a). The mark lies in the session's row, so that no link or address takes it off; it ends with the
session.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import db
from portal.people import sessions
from portal.people.models import Person, SignInSession

SCREENS = ("1", "2")
THIN = "2"
WhenWatched = Callable[[Session, uuid.UUID], None]
_when_watched: list[WhenWatched] = []


def when_watched(function: WhenWatched) -> WhenWatched:
    """Registers who is told that a person is being watched; twice changes nothing."""
    if function not in _when_watched:
        _when_watched.append(function)
    return function


def begin(session: Session, cookie: str, person_id: uuid.UUID, *, now: datetime.datetime) -> None:
    """Makes the session of this cookie a thin one, and tells a caseworker."""
    here = sa.update(SignInSession).where(col(SignInSession.id_hash) == sessions.hash_of(cookie))
    session.execute(here.values(watched=True))
    session.execute(sa.update(Person).where(col(Person.id) == person_id).values(watched_at=now))
    for function in _when_watched:
        function(session, person_id)


def settle(session: Session, person_id: uuid.UUID) -> bool:
    """A caseworker has seen to it. False: somebody had already."""
    mine = (col(Person.id) == person_id, col(Person.watched_at).is_not(None))
    return db.changed_rows(session.execute(sa.update(Person).where(*mine).values(watched_at=None))) == 1

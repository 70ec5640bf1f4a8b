"""After a lost second factor was replaced, copies wait: whoever deceived us into it must not read at once what the
true person is only then told about (security.md 6a)."""

from __future__ import annotations

import datetime
import uuid

import sqlalchemy as sa
from sqlmodel import Session, col

from portal.people.models import Person

WAIT = datetime.timedelta(hours=72)


def begin(session: Session, person_id: uuid.UUID, *, now: datetime.datetime) -> None:
    """From now on this person's copies wait."""
    session.execute(sa.update(Person).where(col(Person.id) == person_id).values(recovered_at=now))


def waits_until(session: Session, person_id: uuid.UUID | None, *, now: datetime.datetime) -> datetime.datetime | None:
    """When this person's copies open again, or None when they are open."""
    query = sa.select(col(Person.recovered_at)).where(col(Person.id) == person_id)
    since: datetime.datetime | None = session.execute(query).scalar_one_or_none()
    return since + WAIT if since is not None and now < since + WAIT else None

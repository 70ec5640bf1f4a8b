"""Messages that could not be mailed, because the person has no safe e-mail address: somebody passes them on."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import db
from portal.people.models import OutboxMessage


def settle(session: Session, message_id: uuid.UUID) -> bool:
    """Marks a held message as passed on another way. False: somebody else has done so already."""
    held = (col(OutboxMessage.id) == message_id, col(OutboxMessage.state) == "held")
    done = session.execute(sa.update(OutboxMessage).where(*held).values(state="sent", sent_at=db.now()))
    return done.rowcount == 1  # type: ignore[attr-defined]

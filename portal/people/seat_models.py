"""Tables of seats: who may sit at the staff's door, for how long, on whose word, and what becomes of their work."""

from __future__ import annotations

import datetime
import uuid

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.people.models import STAFF_ROLES
from portal.processing import SIGN_IN, STAFF, processed
from portal.vault import Owner

INVITED_TO = ("seat", "first_administrator")
GRANT_STATES = ("waiting", "confirmed", "declined", "withdrawn")
HANDED_OVER_WHY = ("closed", "away", "moved")
_OPEN_GRANT = text("state = 'waiting'")
_OPEN_HAND_OVER = text("ended_at IS NULL")


@processed(STAFF)
class Seat(SQLModel, table=True):
    """The right of one person to an account, for a time. Somebody answers for it: the seat's owner (security.md 1a)."""

    __tablename__ = "seat"

    staff_id: uuid.UUID = column("the account", primary_key=True, foreign_key="staff.id")
    version: int = column("grows with each edit, so that no edit is lost", default=1)
    owner_id: uuid.UUID | None = column("who answers for the seat", default=None, foreign_key="staff.id", index=True)
    ends_on: datetime.date | None = column("last day of the seat; empty for the first administrator's", default=None)
    opened_at: datetime.datetime = column("when the seat was made")
    came_in_at: datetime.datetime | None = column("when its holder first came in", default=None)
    confirmed_at: datetime.datetime = column("when its owner last said that it is needed")
    away_from: datetime.date | None = column("first day of an absence", default=None)
    away_until: datetime.date | None = column("last day of the absence", default=None)
    stand_in_id: uuid.UUID | None = column("who has the cases meanwhile; empty: the team", default=None, index=True)
    way_in_until: datetime.datetime | None = column(
        "until when a new way in may be given, because two people said so; emptied when it is used", default=None
    )
    closing_at: datetime.datetime | None = column("when it was said that the seat closes", default=None)
    closed_why: str | None = column("why it closes: said by a person, ended, or unused", default=None)


@processed(SIGN_IN)
class Invitation(SQLModel, table=True):
    """The way in of somebody who has none yet. It opens once: to a password and a factor, or to a sign-in elsewhere."""

    __tablename__ = "invitation"

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    purpose: str = column("to a seat, or to be the first", sa_type=choice(*INVITED_TO, name="invitation_purpose"))
    staff_id: uuid.UUID | None = column("whose seat; empty for the first administrator", default=None, index=True)
    sealed: bytes = column("name and work e-mail that the first administrator typed; system's key", default=b"")
    token_hash: bytes | None = column("SHA-256 of the random value in a mailed link", default=None, unique=True)
    number: str | None = column("random number printed on a card, or shown on the console", default=None, unique=True)
    words_hash: str | None = column("slow hash of the six words beside the number", default=None)
    made_at: datetime.datetime = column("when it was made")
    expires_at: datetime.datetime = column("from when it is dead")
    used_at: datetime.datetime | None = column("when it was used: once", default=None)

    def vault_owner(self) -> Owner:
        return Owner.system()

    def vault_row(self) -> str:
        return f"invitation:{self.id.hex}"


@processed(STAFF)
class Grant(SQLModel, table=True):
    """A role or a team that one person proposes and another confirms (security.md section 5, four eyes)."""

    __tablename__ = "role_grant"
    __table_args__ = (Index("ix_role_grant_waiting", "id", sqlite_where=_OPEN_GRANT, postgresql_where=_OPEN_GRANT),)

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    staff_id: uuid.UUID | None = column(
        "whose role changes; empty for a new seat", default=None, foreign_key="staff.id"
    )
    role: str = column("the role that is granted", sa_type=choice(*STAFF_ROLES, name="granted_role"))
    team_id: uuid.UUID | None = column("the team that is granted", default=None, foreign_key="team.id")
    owner_id: uuid.UUID | None = column("who will answer for a new seat", default=None)
    ends_on: datetime.date | None = column("last day of a new seat", default=None)
    sealed: bytes = column("name and work e-mail for a new seat; system's key; emptied once decided")
    way_in: bool = column("whether a new way in is granted, and the role stays", default=False)
    state: str = column("waiting until somebody else decides", sa_type=choice(*GRANT_STATES, name="grant_state"))
    proposed_by: uuid.UUID = column("who proposed it", foreign_key="staff.id")
    proposed_at: datetime.datetime = column("when")
    decided_by: uuid.UUID | None = column("who confirmed or declined it: never the one who proposed", default=None)
    decided_at: datetime.datetime | None = column("when", default=None)

    def vault_owner(self) -> Owner:
        return Owner.system()

    def vault_row(self) -> str:
        return f"role_grant:{self.id.hex}"


@processed(STAFF)
class HandOver(SQLModel, table=True):
    """Everything somebody works on goes to a colleague or to a team: for good, or for the days of an absence."""

    __tablename__ = "hand_over"
    __table_args__ = (
        Index("ix_hand_over_open", "staff_id", sqlite_where=_OPEN_HAND_OVER, postgresql_where=_OPEN_HAND_OVER),
    )

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    staff_id: uuid.UUID = column("whose work it was", foreign_key="staff.id")
    to_staff_id: uuid.UUID | None = column("who has it now; empty: the team", default=None, foreign_key="staff.id")
    to_team_id: uuid.UUID | None = column("the team that has it now", default=None, foreign_key="team.id")
    why: str = column(
        "the seat closes, its holder is away, or works elsewhere",
        sa_type=choice(*HANDED_OVER_WHY, name="hand_over_why"),
    )
    asked_by: str = column("kind and id of who said so, or the portal itself")
    asked_at: datetime.datetime = column("when it was said")
    moved_at: datetime.datetime | None = column("when everything had moved", default=None)
    ended_at: datetime.datetime | None = column("when it was over: moved for good, or given back", default=None)


@processed(STAFF)
class LentCase(SQLModel, table=True):
    """A case that somebody has only while its holder is away."""

    __tablename__ = "lent_case"

    hand_over_id: uuid.UUID = column("the hand-over", primary_key=True, foreign_key="hand_over.id")
    case_id: uuid.UUID = column("the case", primary_key=True)


__all__ = ["GRANT_STATES", "HANDED_OVER_WHY", "INVITED_TO", "Grant", "HandOver", "Invitation", "LentCase", "Seat"]

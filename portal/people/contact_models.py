"""The table of new ways to reach a person that wait before they are used."""

import datetime
import uuid

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.processing import PERSON, processed
from portal.vault import Owner

_WAITING = text("state = 'waiting'")


@processed(PERSON)
class ContactChange(SQLModel, table=True):
    """A new address, number or channel of a person. It is not used before it has waited (security.md 6a)."""

    __tablename__ = "contact_change"
    __table_args__ = (
        Index("uq_contact_change_waiting", "person_id", unique=True, sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    person_id: uuid.UUID = column("whom it is about", foreign_key="person.id", index=True)
    state: str = column(
        "waiting, done, or stopped by somebody",
        default="waiting",
        sa_type=choice("waiting", "done", "stopped", name="contact_change_state"),
    )
    made_at: datetime.datetime = column("when it was asked for")
    made_by: str = column("role and id of who asked")
    due_at: datetime.datetime = column("not used before")
    needs_second: bool = column("whether a member of staff, other than whoever asked, must confirm it")
    confirmed_by: str | None = column("role and id of who confirmed it", default=None)
    ended_at: datetime.datetime | None = column("when it took effect or was stopped", default=None)
    ended_by: str | None = column("who stopped it", default=None)
    sealed: bytes = column("new address or number and the channels it is for; person's key; emptied once it has ended")

    def vault_owner(self) -> Owner:
        return Owner.person(self.person_id)

    def vault_row(self) -> str:
        return f"contact_change:{self.id.hex}"

"""The record of an authority: who may act for whom, on what footing, for how long, on what proof."""

import datetime
import uuid

from sqlalchemy import Index
from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.processing import CASE, processed
from portal.vault import Owner

STATUSES = ("counts", "later", "in_doubt", "ended")


@processed(CASE)
class Authority(SQLModel, table=True):
    """One requester's authority in one case, from the day somebody accepted it. The ledger is the truth; this is made
    in the same transaction, so that an authority is seen with all that belongs to it, and found without a replay."""

    __tablename__ = "authority"
    __table_args__ = (Index("ix_authority_requester", "requester_id"),)

    case_id: uuid.UUID = column("the case; its record is the child's", primary_key=True, foreign_key="case.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    requester_id: uuid.UUID = column("who may act", foreign_key="person.id")
    seq: int = column("number of the event that accepted it")
    status: str = column(
        "counts, begins later, in doubt since something new is known, or ended",
        sa_type=choice(*STATUSES, name="authority_status"),
    )
    valid_from: datetime.date = column("first day on which it counts")
    valid_until: datetime.date | None = column("last day on which it counts, where it ends", default=None)
    ended_on: datetime.date | None = column("day on which it ended", default=None)
    decided_on: datetime.date = column("day on which it was accepted")
    decided_by: str = column("role and id of who accepted it")
    sealed: bytes = column(
        "footing, limits, orders read, reasons, which proof was seen and when it came, never the papers; case key; R-64"
    )

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"authority:{self.id.hex}"


@processed(CASE)
class SignedAuthority(SQLModel, table=True):
    """An authority that somebody signed here for whoever acts for them, by typing their name after a second factor.

    It is kept apart from the request it is for: the signer types that reference, and learns nothing of the case."""

    __tablename__ = "signed_authority"
    __table_args__ = (Index("ix_signed_authority_case", "case_id"),)

    person_id: uuid.UUID = column("who signed", primary_key=True, foreign_key="person.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    case_id: uuid.UUID | None = column(
        "the request it is for; empty where no request has the reference that was typed", default=None
    )
    signed_on: datetime.date = column("when it was signed")
    until: datetime.date | None = column("last day on which it counts, where the signer gave one", default=None)
    ended_on: datetime.date | None = column("when the signer took it back", default=None)
    sealed: bytes = column("name as typed, who may act, for whom, in what; the statement signed; person's key")

    def vault_owner(self) -> Owner:
        return Owner.person(self.person_id)

    def vault_row(self) -> str:
        return f"signed_authority:{self.id.hex}"

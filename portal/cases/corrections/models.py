"""Tables of a correction case: its challenged lines, the bodies that are asked or told, and who has to be told.

What people wrote is sealed under the case's own key. What counts for the record is in the record itself."""

import datetime
import uuid

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.processing import ASKING_OUTSIDE, CASE, processed
from portal.vault import CLASSES, Owner

_WAITING = text("state = 'waiting'")
_DECIDED = text("decided_on IS NOT NULL")
LINE_STATES = ("received", "disputed", "proposed", "decided", "withdrawn")
LINK_PURPOSES = ("ask_source", "tell_source", "tell_recipient")
LINK_STATES = ("waiting", "answered", "silent", "ended", "passed_on")
NOTICE_STATES = ("open", "told", "acknowledged", "impossible", "disproportionate", "not_concerned")


@processed(CASE)
class ChallengedLine(SQLModel, table=True):
    """One thing of which the requester says that it is wrong, with what became of it."""

    __tablename__ = "challenged_line"
    __table_args__ = (
        Index("uq_challenged_line_number", "case_id", "number", unique=True),
        Index("ix_challenged_line_entry", "child_id", "entry_id"),
        Index("ix_challenged_line_decided", "decided_on", "id", sqlite_where=_DECIDED, postgresql_where=_DECIDED),
    )

    case_id: uuid.UUID = column("the correction case", primary_key=True, foreign_key="case.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each change, carried in the form", default=1)
    number: int = column("number within the case, as letters quote it")
    state: str = column("how far it is", default="received", sa_type=choice(*LINE_STATES, name="line_state"))
    kind: str = column("what is wrong with it, as the requester says")
    outcome: str | None = column("what was decided, or is proposed", default=None)
    matched: bool = column("whether somebody settled which entry is meant, or that none is", default=False)
    child_id: uuid.UUID | None = column("the record it is about, once it is known", default=None)
    entry_id: uuid.UUID | None = column("the entry it is about; empty where none is held", default=None)
    version_id: uuid.UUID | None = column("the version that was challenged", default=None)
    cls: str | None = column(
        "class of the entry's data", default=None, sa_type=choice(*CLASSES, name="challenged_line_cls")
    )
    source_id: uuid.UUID | None = column(
        "the body of the register that supplied the entry, once it is decided; for counting", default=None
    )
    shown: bool = column("whether the requester was given this entry in a copy, or may be told of it", default=False)
    restrict: bool = column("whether restriction of its use is asked for (Art 18)", default=False)
    proposed_by: uuid.UUID | None = column("who proposed the outcome that waits for a second person", default=None)
    decided_by: uuid.UUID | None = column("who decided, or confirmed", default=None)
    decided_on: datetime.date | None = column("when", default=None)
    sealed: bytes = column("what it is about, what it should say, why; the decision and its reasons; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"challenged_line:{self.id.hex}"


@processed(ASKING_OUTSIDE)
class OutsideLink(SQLModel, table=True):
    """A narrow way in for one body and one line: it shows one entry and takes one answer (R-111, Art 19)."""

    __tablename__ = "outside_link"
    __table_args__ = (
        Index("ix_outside_link_line", "case_id", "line_id"),
        Index("uq_outside_link_id", "id", unique=True),
        Index("ix_outside_link_waiting", "answer_by", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )

    case_id: uuid.UUID = column("the case it belongs to; it outlives whoever sent it", primary_key=True)
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each change", default=1)
    line_id: uuid.UUID = column("the line it is about")
    purpose: str = column("what it is for", sa_type=choice(*LINK_PURPOSES, name="outside_link_purpose"))
    source_id: uuid.UUID | None = column("the body of the register that is written to", default=None)
    state: str = column("how far it is", default="waiting", sa_type=choice(*LINK_STATES, name="outside_link_state"))
    token_hash: bytes | None = column("SHA-256 of the link's random value; empty once it has ended", unique=True)
    code_hash: str = column("slow hash of the code that goes by another way")
    tries: int = column("wrong codes so far", default=0)
    sent_on: datetime.date = column("when it was sent")
    answer_by: datetime.date = column("when an answer is wanted")
    chased_on: datetime.date | None = column("when a reminder last went out", default=None)
    opened_at: datetime.datetime | None = column("when it was first opened with its code", default=None)
    answered_at: datetime.datetime | None = column("when it was answered", default=None)
    answer: str | None = column("right, wrong or cannot_tell; acknowledged of a notice", default=None)
    passed_from: uuid.UUID | None = column("the link that this one replaces inside the same body", default=None)
    sealed: bytes = column("address, what is shown, the answer in words; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"outside_link:{self.id.hex}"


@processed(ASKING_OUTSIDE)
class RecipientNotice(SQLModel, table=True):
    """Somebody who received the wrong version, and how they were told (Art 19)."""

    __tablename__ = "recipient_notice"
    __table_args__ = (Index("ix_recipient_notice_line", "case_id", "line_id"),)

    case_id: uuid.UUID = column("the correction case", primary_key=True, foreign_key="case.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each change", default=1)
    line_id: uuid.UUID = column("the line whose change they are told")
    kind: str = column("a body, or a person who holds an earlier copy", sa_type=choice("body", "person", name="told"))
    state: str = column("how far it is", default="open", sa_type=choice(*NOTICE_STATES, name="recipient_notice_state"))
    source_id: uuid.UUID | None = column("the body of the register", default=None)
    copy_case_id: uuid.UUID | None = column("the case whose released copy holds the wrong version", default=None)
    link_id: uuid.UUID | None = column("the link by which they acknowledge", default=None)
    told_on: datetime.date | None = column("when they were told", default=None)
    acknowledged_on: datetime.date | None = column("when they said that they put it right", default=None)
    sealed: bytes = column("who, what they received, what they are told and how, reasons; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"recipient_notice:{self.id.hex}"

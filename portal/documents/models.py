"""Tables of what is given out: packs, their copies and letters."""

import datetime
import uuid

from sqlalchemy import Index
from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.processing import RELEASE, processed
from portal.vault import Owner

PACK_STATES = ("assembling", "assembled", "failed", "approved", "void", "released")


@processed(RELEASE)
class StoredPack(SQLModel, table=True):
    """One assembly of a disclosure for one recipient: approval and release are bound to its manifest."""

    __tablename__ = "pack"
    __table_args__ = (Index("ix_pack_case", "case_id", "number"),)

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    case_id: uuid.UUID = column("the case", foreign_key="case.id")
    number: int = column("assembly of the case, counted from one")
    content: str = column(
        "a copy of the record, or the decision on a challenge",
        default="copy",
        sa_type=choice("copy", "decision", name="pack_content"),
    )
    copy_number: str = column("printed on every page of the copy", unique=True)
    recipient_id: uuid.UUID = column("whose copy it is", foreign_key="person.id")
    state: str = column("how far it is", sa_type=choice(*PACK_STATES, name="pack_state"))
    version: int = column("grows with each change of state", default=1)
    cut_off: datetime.datetime = column("the record as it stood at this moment")
    progress: int = column("pages or parts made so far, for the page that waits", default=0)
    content_hash: str | None = column("SHA-256 of the frozen pack", default=None)
    manifest_hash: str | None = column("SHA-256 of the manifest that approval is bound to", default=None)
    content_file: uuid.UUID | None = column("the sealed frozen pack; case key; R-150", default=None)
    pdf_file: uuid.UUID | None = column("the sealed PDF; case key; R-150", default=None)
    sealed: bytes = column("manifest, leak findings, allowances, void reason; case key; R-150")
    prepared_by: uuid.UUID | None = column("who sent it to approval", default=None)
    approved_by: uuid.UUID | None = column("who approved it: someone else", default=None)
    approved_hash: str | None = column("the manifest hash that was approved", default=None)
    approved_at: datetime.datetime | None = column("when", default=None)
    released_at: datetime.datetime | None = column("when the requester could first open it", default=None)

    @property
    def destroyed(self) -> bool:
        """It was released, and its files are gone: something in it was erased by decision."""
        return self.released_at is not None and self.content_file is None

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"pack:{self.id.hex}"


@processed(RELEASE)
class Letter(SQLModel, table=True):
    """A letter of the case: made once by a job, the same bytes ever after."""

    __tablename__ = "letter"
    __table_args__ = (Index("ix_letter_case", "case_id", "made_at"),)

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    case_id: uuid.UUID = column("the case", foreign_key="case.id")
    event_seq: int = column("the event that caused it")
    template: str = column("which letter")
    language: str = column("language of the letter", default="en")
    state: str = column("waiting, made or failed", sa_type=choice("waiting", "made", "failed", name="letter_state"))
    made_at: datetime.datetime = column("when it was asked for")
    pdf_file: uuid.UUID | None = column("the sealed PDF; case key; R-150", default=None)
    sealed: bytes = column("the facts it states; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"letter:{self.id.hex}"

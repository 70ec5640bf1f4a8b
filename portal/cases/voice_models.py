"""The table of questions to a child whom somebody else's case is about."""

import datetime
import uuid

from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.processing import CASE, processed
from portal.vault import Owner

WAYS = ("card", "link")


@processed(CASE)
class ChildQuestion(SQLModel, table=True):
    """A question that was put to a child by a card or a link. What they answered stands in the ledger alone, sealed: a
    copied table must not tell who said no."""

    __tablename__ = "child_question"

    id: uuid.UUID = column("random, time-ordered; the child's acts bear it", default_factory=new_id, primary_key=True)
    case_id: uuid.UUID = column("the case in which the child is asked", foreign_key="case.id", index=True)
    way: str = column("on a printed card, or by a link", sa_type=choice(*WAYS, name="child_question_way"))
    sealed: bytes = column("who asks, in words for the child; who hands the card over; the link's address; case key")
    made_at: datetime.datetime = column("when it was put")
    until: datetime.date = column("last day on which it can be answered, or the answer changed")
    link_hash: bytes | None = column("SHA-256 of the link's random token", default=None, unique=True)
    link_used_at: datetime.datetime | None = column("when the link was used: once", default=None)
    visit_hash: bytes | None = column(
        "SHA-256 of the random value in the browser that shows the question", default=None, unique=True
    )
    visit_at: datetime.datetime | None = column("when number and words were shown last", default=None)
    answered_at: datetime.datetime | None = column("when the child last answered", default=None)
    read_at: datetime.datetime | None = column("when staff said that they had read it", default=None)
    ended_at: datetime.datetime | None = column("when it was ended before its last day", default=None)

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"child_question:{self.id.hex}"

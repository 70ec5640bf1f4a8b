"""Tables of the review: one decision per entry, with its redactions, tied to the version that was read."""

import datetime
import uuid

from sqlalchemy import Index
from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.processing import CASE, processed
from portal.vault import Owner

DECISIONS = ("undecided", "give", "redact", "withhold", "not_subject", "duplicate")


@processed(CASE)
class ReviewItem(SQLModel, table=True):
    """What is to be done with one entry in one case."""

    __tablename__ = "review_item"
    __table_args__ = (
        Index("uq_review_item_entry", "case_id", "entry_id", unique=True),
        Index("ix_review_item_position", "case_id", "decision", "position"),
    )

    case_id: uuid.UUID = column("the case", primary_key=True, foreign_key="case.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each decision, carried in the form", default=1)
    child_id: uuid.UUID = column("whose record it is of: items of a record that was detached are out of sight")
    position: int = column("order in the review")
    entry_id: uuid.UUID = column("the entry of that record, or one line of whom it was shared with")
    version_id: uuid.UUID = column("the version that was read; of a sharing its own id")
    cls: str = column("class of the entry's data")
    decision: str = column("the decision", default="undecided", sa_type=choice(*DECISIONS, name="review_decision"))
    upsetting: bool = column("announced before it is shown", default=False)
    decided_by: uuid.UUID | None = column("who decided", default=None)
    decided_at: datetime.datetime | None = column("when", default=None)
    sealed: bytes = column("redactions, codes, answers to the tests, content note; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"review_item:{self.id.hex}"


@processed(CASE)
class ReviewChange(SQLModel, table=True):
    """Every decision an item ever had, so that it can be undone and answered for (R-94)."""

    __tablename__ = "review_change"

    case_id: uuid.UUID = column("the case", primary_key=True, foreign_key="case.id")
    item_id: uuid.UUID = column("the item", primary_key=True)
    seq: int = column("number of the change", primary_key=True)
    decision: str = column("decision after the change")
    actor: uuid.UUID = column("who")
    at: datetime.datetime = column("when")
    sealed: bytes = column("the item's payload after the change; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"review_change:{self.item_id.hex}:{self.seq}"


@processed(CASE)
class MentionDecision(SQLModel, table=True):
    """Whether a person mentioned in the file is shown to this requester: decided once for every occurrence."""

    __tablename__ = "mention_decision"

    case_id: uuid.UUID = column("the case", primary_key=True, foreign_key="case.id")
    mentioned_id: uuid.UUID = column("the person mentioned", primary_key=True)
    child_id: uuid.UUID = column("in whose record they stand")
    version: int = column("grows with each decision", default=1)
    decision: str = column(
        "shown, hidden or not yet decided",
        default="undecided",
        sa_type=choice("undecided", "show", "hide", name="mention_decision_value"),
    )
    decided_by: uuid.UUID | None = column("who decided", default=None)
    sealed: bytes = column("the third-party test's answers and the code; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"mention_decision:{self.case_id.hex}:{self.mentioned_id.hex}"


@processed(CASE)
class MentionChange(SQLModel, table=True):
    """Every decision about a person mentioned, so that whoever ever decided is known as a reviewer (R-94)."""

    __tablename__ = "mention_change"

    case_id: uuid.UUID = column("the case", primary_key=True, foreign_key="case.id")
    mentioned_id: uuid.UUID = column("the person mentioned", primary_key=True)
    seq: int = column("number of the change", primary_key=True)
    decision: str = column("decision after the change")
    actor: uuid.UUID = column("who")
    at: datetime.datetime = column("when")

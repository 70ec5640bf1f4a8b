"""Tables of cases: the ledger of events is the truth, the case row its cache.

What people wrote is sealed under the case's own key, so that a closed case can be destroyed alone (R-150).
"""

import datetime
import uuid
from typing import Any

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from portal.db import choice, column, new_id
from portal.processing import CASE, processed
from portal.vault import Owner

_OPEN = text("closed_at IS NULL")


def open_only() -> dict[str, Any]:
    """Options of an index over open cases alone: it never grows with the authority's history."""
    return {"sqlite_where": _OPEN, "postgresql_where": _OPEN}


@processed(CASE)
class Case(SQLModel, table=True):
    """One case about one data subject. State and dates are a cache of the events."""

    __tablename__ = "case"
    __table_args__ = (
        Index("ix_case_open_due", "due_on", "id", **open_only()),
        Index("ix_case_open_team", "team_id", "due_on", "id", **open_only()),
        Index("ix_case_open_assignee", "assignee_id", "due_on", "id", **open_only()),
        Index("ix_case_wake", "wake_on", **open_only()),
        Index("ix_case_requester", "requester_id"),
        Index("ix_case_child", "child_id"),
    )

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    reference: str = column("what people quote; random, with a check character", unique=True)
    kind: str = column("kind of case: a workflow's name")
    state: str = column("cache: state after the last event")
    seq: int = column("cache: number of the last event", default=0)
    version: int = column("grows with each edit of the row outside the ledger", default=1)
    received_on: datetime.date = column("day of receipt, UK date (R-8, R-9)")
    due_on: datetime.date | None = column(
        "cache: day by which the law wants an answer; empty while stopped and once met", default=None
    )
    clock_status: str = column("cache: running, stopped, extension-invalid, provisional or met", default="running")
    wake_on: datetime.date | None = column("day on which time itself acts on the case", default=None)
    team_id: uuid.UUID | None = column("team it belongs to", default=None, foreign_key="team.id")
    assignee_id: uuid.UUID | None = column("caseworker it is assigned to", default=None, foreign_key="staff.id")
    assigned_at: datetime.datetime | None = column("since when", default=None)
    requester_id: uuid.UUID | None = column(
        "who asks; empty where nobody does: a breach is opened by staff", default=None, foreign_key="person.id"
    )
    child_id: uuid.UUID | None = column("the record attached to it", default=None, foreign_key="child.id")
    group_id: uuid.UUID | None = column("cases of one submission about several data subjects", default=None, index=True)
    sealed: bytes = column("what was asked: data subject as described, relationship, scope; case key; R-150")
    label: bytes = column("initials and birth year of the data subject for worklists, sealed under the case key")
    created_at: datetime.datetime = column("when it was entered")
    closed_at: datetime.datetime | None = column("when it ended", default=None)

    def vault_owner(self) -> Owner:
        return Owner.case(self.id)

    def vault_row(self) -> str:
        return f"case:{self.id.hex}"

    @property
    def requester(self) -> uuid.UUID:
        """Who asks. Raises ValueError for a case that nobody asked for."""
        if self.requester_id is None:
            raise ValueError(f"a {self.kind} case has no requester")
        return self.requester_id


@processed(CASE)
class Event(SQLModel, table=True):
    """One thing that happened to a case. Never changed, never deleted before the case's retention ends."""

    __tablename__ = "event"

    case_id: uuid.UUID = column("the case", primary_key=True, foreign_key="case.id")
    seq: int = column("number within the case, without gaps", primary_key=True)
    at: datetime.datetime = column("when it was recorded")
    on_date: datetime.date = column("day it counts for in law")
    name: str = column("step taken, or what happened (message, evidence, contact, assigned, attached ...)")
    clock: str | None = column("what it does to the statutory clock", default=None)
    from_state: str = column("state before")
    to_state: str = column("state after")
    actor: str = column("role and id of who did it")
    sealed: bytes = column("answers and reasons; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        """Bound to what the row says in the clear too: whoever changes a name, a day or an actor breaks the seal."""
        at = self.at.astimezone(datetime.UTC).isoformat()
        told = (at, self.on_date.isoformat(), self.name, self.clock or "", self.from_state, self.to_state, self.actor)
        return ":".join((f"event:{self.case_id.hex}:{self.seq}", *told))


@processed(CASE)
class Message(SQLModel, table=True):
    """Something said between the requester and the authority, or a note of staff, or a contact logged."""

    __tablename__ = "message"

    case_id: uuid.UUID = column("the case", primary_key=True, foreign_key="case.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    kind: str = column(
        "who speaks to whom",
        sa_type=choice("from_requester", "to_requester", "note", "contact", name="message_kind"),
    )
    at: datetime.datetime = column("when")
    actor: str = column("role and id of who wrote it")
    sealed: bytes = column("the words; case key; R-150")
    read_at: datetime.datetime | None = column(
        "when staff said that they had read it; a requester's looks are in the log", default=None
    )

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"message:{self.id.hex}"


@processed(CASE)
class Evidence(SQLModel, table=True):
    """A file somebody sent: evidence of identity or authority, or something they want considered."""

    __tablename__ = "evidence"

    case_id: uuid.UUID = column("the case, or the draft that becomes it", primary_key=True)
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    status: str = column(
        "held until scanned, clean, quarantined, infected, or destroyed",
        sa_type=choice("held", "clean", "quarantined", "infected", "destroyed", name="evidence_status"),
    )
    purpose: str = column(
        "identity, authority or other", sa_type=choice("identity", "authority", "other", name="evidence_for")
    )
    file_id: uuid.UUID | None = column("the sealed file; destroyed once accepted, latest at closure (R-64, R-151)")
    size: int = column("bytes")
    at: datetime.datetime = column("when it was sent")
    actor: str = column("role and id of who sent it")
    sealed: bytes = column("name as sent, kind, pages; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"evidence:{self.id.hex}"


@processed(CASE)
class Draft(SQLModel, table=True):
    """A request being written. It dies after seven days."""

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_browser", "browser_hash"),)

    id: uuid.UUID = column("becomes the key owner of the answers", default_factory=new_id, primary_key=True)
    version: int = column("grows with each saved page", default=1)
    browser_hash: bytes = column("SHA-256 of the cookie of the browser that writes it")
    address_blind: bytes | None = column("blind index of the address a resume link may go to", default=None, index=True)
    word_hash: str | None = column("slow hash of the word chosen at the start", default=None)
    person_id: uuid.UUID | None = column(
        "who is signed in and writes it: they come back to it by signing in", default=None, index=True
    )
    sealed: bytes = column("the answers so far; key of the draft; destroyed with it")
    made_at: datetime.datetime = column("when it was begun")
    expires_at: datetime.datetime = column("seven days after it was begun", index=True)
    submitted_at: datetime.datetime | None = column("when it became a case", default=None)

    def vault_owner(self) -> Owner:
        return Owner.case(self.id)

    def vault_row(self) -> str:
        return f"draft:{self.id.hex}"


@processed(CASE)
class SearchPlace(SQLModel, table=True):
    """A place where the record was looked for (R-73, R-74)."""

    __tablename__ = "search_place"

    case_id: uuid.UUID = column("the case", primary_key=True, foreign_key="case.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each edit", default=1)
    place: str = column("code of the place, or 'other'")
    answer: str = column("what came of it; 'open' until answered", default="open")
    asked_on: datetime.date | None = column("when the owner was asked", default=None)
    sealed: bytes = column("owner, terms, answer in words; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"search_place:{self.id.hex}"


@processed(CASE)
class Consultation(SQLModel, table=True):
    """Somebody who must or should be asked before something is given: a third party, a health professional (R-83)."""

    __tablename__ = "consultation"

    case_id: uuid.UUID = column("the case", primary_key=True, foreign_key="case.id")
    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    version: int = column("grows with each edit", default=1)
    kind: str = column("third_party, health, social_work, education, legal, police or other")
    asked_on: datetime.date = column("when they were asked")
    answer_by: datetime.date | None = column("when an answer is wanted", default=None)
    answered_on: datetime.date | None = column("when they answered", default=None)
    outcome: str = column("waiting, agrees, objects, no_answer or opinion", default="waiting")
    sealed: bytes = column("who, excerpt shown, reply; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"consultation:{self.id.hex}"

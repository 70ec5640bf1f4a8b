"""Worklists in the order of the law's dates. They open no child's record, and no page of them grows with the authority:
paging is by key, counts stop at a hundred."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit
from portal.audit import Act
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.vault import vault_of

PAGE = 25
COUNT_STOPS_AT = 100
NO_DAY = datetime.date.max  # a stopped clock sorts last


@dataclass(frozen=True)
class Line:
    """One case in a worklist: its label is initials and birth year, sealed under the case's own key."""

    case_id: uuid.UUID
    reference: str
    kind: str
    state: str
    due_on: datetime.date | None
    clock_status: str
    label: str
    assignee_id: uuid.UUID | None


@dataclass(frozen=True)
class Page:
    lines: list[Line]
    following: str | None


def page(session: Session, reader: Actor, which: str, *, today: datetime.date, after: str | None = None) -> Page:
    """One page of `mine`, `team`, `unassigned` or `overdue`; `after` is the key the last page ended with."""
    query = _narrowed(select(Case).where(col(Case.closed_at).is_(None)), reader, which, today)
    day = sa.func.coalesce(Case.due_on, NO_DAY)
    start = _key(after)
    if start:
        query = query.where(sa.tuple_(day, Case.id) > sa.tuple_(sa.literal(start[0]), sa.literal(start[1], sa.Uuid)))
    rows = session.exec(query.order_by(day, Case.id).limit(PAGE + 1)).all()
    shown, more = rows[:PAGE], len(rows) > PAGE
    following = f"{(shown[-1].due_on or NO_DAY).isoformat()}.{shown[-1].id.hex}" if more else None
    return Page(_lines(session, list(shown)), following)


def counts(session: Session, reader: Actor, *, today: datetime.date) -> dict[str, int]:
    """How many cases each worklist holds; 100 means a hundred or more."""
    return {
        which: session.scalar(
            sa.select(sa.func.count()).select_from(
                _narrowed(select(Case.id).where(col(Case.closed_at).is_(None)), reader, which, today)
                .limit(COUNT_STOPS_AT)
                .subquery()
            )
        )
        or 0
        for which in ("mine", "team", "unassigned", "overdue")
    }


def log_list(session: Session, reader: Actor, which: str) -> None:
    """One event on the reader's own chain: that they saw a list, and which."""
    act = Act(chain=str(reader), act="list", actor=str(reader), role=reader.role, reason=which, session=reader.session)
    audit.append(session, act)


def _narrowed(query: Any, reader: Actor, which: str, today: datetime.date) -> Any:
    """A reader sees cases of their own team, and those assigned to them."""
    own = sa.or_(col(Case.team_id) == reader.team_id, col(Case.assignee_id) == reader.id)
    if which == "mine":
        return query.where(col(Case.assignee_id) == reader.id)
    if which == "team":
        return query.where(col(Case.team_id) == reader.team_id)
    if which == "unassigned":
        return query.where(col(Case.team_id) == reader.team_id, col(Case.assignee_id).is_(None))
    if which == "overdue":
        return query.where(own, col(Case.due_on) < today)
    raise ValueError(f"no such worklist: {which}")


def _lines(session: Session, rows: list[Case]) -> list[Line]:
    vault = vault_of(session)
    vault.preload({row.vault_owner() for row in rows})
    return [
        Line(
            row.id,
            row.reference,
            row.kind,
            row.state,
            row.due_on,
            row.clock_status,
            str(vault.open(row.vault_owner(), label_row(row), row.label)["label"]),
            row.assignee_id,
        )
        for row in rows
    ]


def label_row(case: Case) -> str:
    """The row name to which a case's label is bound."""
    return f"case_label:{case.id.hex}"


def _key(after: str | None) -> tuple[datetime.date, uuid.UUID] | None:
    if not after:
        return None
    day, _dot, case_id = after.partition(".")
    try:
        return datetime.date.fromisoformat(day), uuid.UUID(case_id)
    except ValueError:
        return None

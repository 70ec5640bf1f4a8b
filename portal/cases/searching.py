"""The search plan: each place looked in, by whom, with which terms, and what came of it (R-73, R-74)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.facts import provides
from portal.cases.ledger import Happened, LostRace
from portal.cases.models import Case, SearchPlace
from portal.vault import vault_of
from workflows.table import StepRefused
from workflows.words import mark as _

PLACES = {
    "directory": _("This directory"),
    "case_system": _("Case system"),
    "paper_store": _("Paper store"),
    "email": _("E-mail"),
    "school_team": _("School team"),
    "youth_justice": _("Youth justice"),
    "legal": _("Legal"),
    "other": _("Another place"),
}
USUAL = ("directory", "case_system", "paper_store", "email")
ANSWERS = {
    "open": _("Not answered yet"),
    "found": _("Found"),
    "nothing": _("Nothing held"),
    "destroyed": _("Destroyed"),
    "missing": _("Should exist but cannot be found"),
    "elsewhere": _("Held by another body"),
    "not_searched": _("Not searched"),
}
NEEDS_WORDS = {
    "destroyed": _("Say when it was destroyed and under which rule."),
    "missing": _("Say what was done to find it."),
    "elsewhere": _("Say which body holds it and how to ask them."),
    "not_searched": _("Say why this place was not searched."),
}


@dataclass(frozen=True)
class Place:
    """One line of the plan in plain values."""

    id: uuid.UUID
    version: int
    place: str
    answer: str
    asked_on: datetime.date | None
    name: str
    owner: str
    terms: str
    words: str


def plan(session: Session, case: Case) -> list[Place]:
    """The lines of the plan, in the order they were added."""
    rows = session.exec(
        select(SearchPlace).where(col(SearchPlace.case_id) == case.id).order_by(col(SearchPlace.id))
    ).all()
    return [_place(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def add_place(
    session: Session,
    case_id: uuid.UUID,
    place: str,
    *,
    name: str = "",
    owner: str = "",
    terms: str = "",
    asked_on: datetime.date | None = None,
    by: Actor,
) -> uuid.UUID:
    """Adds a place to the plan. Raises StepRefused when the case is closed or the place has no name."""
    case = _open_case(session, case_id)
    if place not in PLACES or (place == "other" and not name.strip()):
        raise StepRefused(_("Say which place is meant."))
    row = SearchPlace(case_id=case.id, place=place, asked_on=asked_on, sealed=b"")
    vault_of(session).put(row, {"name": name, "owner": owner, "terms": terms, "words": ""})
    session.add(row)
    _note(session, case, "search_place_added", {"place": row.id.hex}, by)
    return row.id


def answer_place(
    session: Session,
    case_id: uuid.UUID,
    place_id: uuid.UUID,
    *,
    version: int,
    answer: str,
    owner: str,
    terms: str,
    words: str,
    asked_on: datetime.date | None,
    by: Actor,
) -> None:
    """Records what came of looking in one place. Raises LostRace when somebody else edited the line meanwhile."""
    case = _open_case(session, case_id)
    if answer not in ANSWERS:
        raise StepRefused(_("Choose one of the answers in the list."))
    if answer in NEEDS_WORDS and not words.strip():
        raise StepRefused(NEEDS_WORDS[answer], need="words")
    row = db.lock(session, SearchPlace, case_id=case_id, id=place_id)
    if row is None:
        raise ledger.CaseNotFound
    if row.version != version:
        raise LostRace
    told = vault_of(session).get(row)
    vault_of(session).put(row, {**told, "owner": owner, "terms": terms, "words": words})
    row.answer, row.asked_on, row.version = answer, asked_on, version + 1
    session.add(row)
    _note(session, case, "search_place_answered", {"place": row.id.hex, "answer": answer}, by)


@provides
def provide(session: Session, case: Case, _events: Sequence[Happened]) -> dict[str, Any]:
    """Facts of the plan: how many places, how many without an answer."""
    row = session.execute(
        sa.select(sa.func.count(), sa.func.count().filter(col(SearchPlace.answer) == "open")).where(
            col(SearchPlace.case_id) == case.id
        )
    ).one()
    return {"search_lines": row[0], "search_lines_open": row[1]}


def _open_case(session: Session, case_id: uuid.UUID) -> Case:
    case = ledger.locked(session, case_id)
    if case.closed_at is not None:
        raise StepRefused(_("This case is closed. Open it again first."))
    return case


def _note(session: Session, case: Case, name: str, answers: dict[str, Any], by: Actor) -> None:
    ledger.append(session, case, name, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, name))


def _place(row: SearchPlace, told: dict[str, Any]) -> Place:
    return Place(
        row.id,
        row.version,
        row.place,
        row.answer,
        row.asked_on,
        told.get("name") or PLACES[row.place],
        told.get("owner", ""),
        told.get("terms", ""),
        told.get("words", ""),
    )

"""The lines of a challenge: all of them with whose turn it is, and one of them beside the entry it is about."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from sqlmodel import Session

from portal.cases.corrections import adding, lines, outside
from portal.cases.corrections.lines import KIND, Line
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import on_overview, tag_of
from portal.caseworker.challenges import line_words
from portal.caseworker.challenges.table import Table, table
from portal.caseworker.review_room import RECORD
from portal.caseworker.staff_words import Tag
from portal.gate import page
from portal.records import OpenEntry
from workflows.lines import needs_second


@dataclass(frozen=True)
class Row:
    """One line as the list shows it."""

    line: Line
    kind: str
    state: Tag
    outcome: str
    turn: str
    about: str
    entry: OpenEntry | None
    can_decide: bool


@page(
    blueprint,
    "/cases/<string:reference>/lines",
    who=desk.STAFF,
    opens=RECORD,
    why="what is said to be wrong, line by line, with whose turn it is",
)
def case_lines(reference: str) -> str:
    with table(reference, "lines") as opened:
        links = outside.of_case(opened.session, opened.case)
        wanted = [line.entry_id for line in opened.lines if line.entry_id]
        entries = opened.read(wanted, challenged=True)
        doubled = lines.others_on(opened.session, opened.case, wanted)
        heard = opened.heard
    rows = [_row(line, entries, links, opened.case) for line in opened.lines]
    return render_template(
        "caseworker/challenges/list.html",
        case=opened.case,
        tag=tag_of(opened),
        rows=rows,
        heard=heard,
        doubled={entry_id for entry_id in doubled if any(line.open for _case, line in doubled[entry_id])},
        shut=_(opened.shut) if opened.shut else "",
        takes_more=opened.by.role == "caseworker" and adding.takes_more(opened.case),
        several=opened.by.role == "caseworker" and sum(row.can_decide for row in rows) > 1,
    )


@on_overview
def challenged(session: Session, case: Case) -> dict[str, Any]:
    """The lines for the case's own page, which opens no record."""
    if case.kind != KIND:
        return {}
    links = outside.of_case(session, case)
    return {"challenged": [_row(line, {}, links, case) for line in lines.of_case(session, case)]}


def of_one(opened: Table, line: Line, entry: OpenEntry | None, links: Sequence[outside.Link]) -> Row:
    """A line as the list shows it."""
    return _row(line, {entry.id: entry} if entry else {}, links, opened.case)


def _row(line: Line, entries: dict[uuid.UUID, OpenEntry], links: Sequence[outside.Link], case: Case) -> Row:
    entry = entries.get(line.entry_id) if line.entry_id else None
    return Row(
        line=line,
        kind=line_words.kind_of(line),
        state=line_words.state_of(line),
        outcome=line_words.outcome_of(line),
        turn=line_words.turn_of(line, links),
        about=entry.label if entry and not entry.masked else line.claim.about,
        entry=entry,
        can_decide=line.state == "disputed" and line.matched and case.state in {"weighing", "reconsidering"},
    )


def second_needed(line: Line) -> bool:
    """Whether every decision about the line takes two people: the requester may not be told of its entry."""
    return needs_second("corrected", shown=line.shown)

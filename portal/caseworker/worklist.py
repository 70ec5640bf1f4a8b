"""The first page of staff: what to do next, in the order of the law's dates. It opens no child's record."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

from flask import render_template, request
from flask_babel import gettext as _
from sqlmodel import Session

from portal import gate
from portal.cases import clocking, mailbox, voice, worklist
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.staff_words import Tag
from portal.gate import page
from workflows.kinds import WORKFLOWS

LISTS = ("mine", "team", "unassigned", "overdue")


@dataclass(frozen=True)
class Row:
    """One case as the list shows it."""

    reference: str
    label: str
    state: str
    due: str
    due_iso: str
    tag: Tag | None
    assignee: str
    unread: bool
    child: bool


@page(
    blueprint,
    "/",
    who=desk.STAFF,
    opens=("case",),
    why="cases to work on, by initials and reference, in the order of their dates",
)
def worklist_page() -> str:
    by, today = gate.actor(), clocking.uk_today()
    usual = "mine" if by.role == "caseworker" else "team"
    which = request.args.get("list", usual)
    which = which if which in LISTS else usual
    with gate.runtime().database.write() as session:
        worklist.log_list(session, by, which)
    with gate.runtime().database.read() as session:
        counts = worklist.counts(session, by, today=today)
        found = worklist.page(session, by, which, today=today, after=request.args.get("after"))
        rows = _rows(session, found.lines, today)
    return render_template(
        "caseworker/worklist.html",
        rows=rows,
        which=which,
        lists=_lists(counts, which),
        older=f"/staff/?list={which}&after={found.following}" if found.following else "",
        newer=f"/staff/?list={which}" if request.args.get("after") else "",
    )


def _lists(counts: dict[str, int], which: str) -> list[dict[str, object]]:
    words = {"mine": _("Mine"), "team": _("My team’s"), "unassigned": _("Unassigned"), "overdue": _("Overdue")}
    return [
        {
            "text": words[name],
            "href": f"/staff/?list={name}",
            "current": name == which,
            "count": staff_words.count(counts[name]),
        }
        for name in LISTS
    ]


def _rows(session: Session, lines: list[worklist.Line], today: datetime.date) -> list[Row]:
    ids = [line.case_id for line in lines]
    unread, children = mailbox.with_unread(session, ids), voice.with_unread(session, ids)
    names = staff_words.names_of(session, {_actor(line.assignee_id) for line in lines if line.assignee_id})
    return [_row(line, today, names, unread=line.case_id in unread, child=line.case_id in children) for line in lines]


def _row(line: worklist.Line, today: datetime.date, names: dict[str, str], *, unread: bool, child: bool) -> Row:
    return Row(
        reference=line.reference,
        label=line.label,
        state=_(WORKFLOWS[line.kind].state(line.state).label),
        due=staff_words.day(line.due_on),
        due_iso=line.due_on.isoformat() if line.due_on else "",
        tag=staff_words.due_tag(line.due_on, line.clock_status, today),
        assignee=names.get(_actor(line.assignee_id), "") if line.assignee_id else "",
        unread=unread,
        child=child,
    )


def _actor(staff_id: uuid.UUID | None) -> str:
    return f"staff:{staff_id.hex}" if staff_id else ""

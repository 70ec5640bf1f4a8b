"""Who received the wrong version of each line, how each is told, and which names the family may read (Article 19)."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from functools import partial

from flask import Response, flash, render_template
from flask_babel import gettext as _
from sqlmodel import Session, col, select

from portal import records
from portal.cases.actors import Actor
from portal.cases.corrections import recipients
from portal.cases.corrections.recipients import Notice
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges import line_words
from portal.caseworker.challenges.table import Table, table
from portal.caseworker.recipient_forms import STATES, TOLD_BY, Add, Names, NotConcerned
from portal.caseworker.review_room import RECORD
from portal.caseworker.staff_words import Tag
from portal.gate import page
from workflows.table import StepRefused


@dataclass(frozen=True)
class Row:
    """One recipient as the list shows it. `copy` is the reference of the case whose copy holds the wrong version;
    `named` says that it is known here who they are."""

    notice: Notice
    name: str
    what: str
    state: Tag
    way: str
    copy: str
    named: bool
    shared_on: datetime.date | None = None


@page(
    blueprint,
    "/cases/<string:reference>/recipients",
    who=desk.STAFF,
    opens=RECORD,
    why="who received the wrong version of each line, and how each was told",
)
def case_recipients(reference: str) -> str:
    with table(reference, "recipients") as opened:
        rows, lines = rows_of(opened), opened.lines
    return render_template(
        "caseworker/recipients/list.html",
        case=opened.case,
        tag=tag_of(opened),
        lines=[(line, [row for row in rows if row.notice.line_id == line.id]) for line in lines],
        outcome=line_words.outcome_of,
        named=recipients.names_for_family([row.notice for row in rows]),
        caseworker=opened.by.role == "caseworker",
        button=desk.Button(),
    )


@page(
    blueprint,
    "/cases/<string:reference>/recipients/<uuid:notice_id>/acknowledged",
    methods=("POST",),
    who=desk.CASEWORKER,
    opens=("case",),
    why="record that a recipient says they put it right",
)
def acknowledge(reference: str, notice_id: uuid.UUID) -> Response:
    def confirmed(session: Session, case: Case, by: Actor) -> None:
        one = next((one for one in recipients.of_case(session, case) if one.id == notice_id), None)
        if one is None:
            raise CaseNotFound
        recipients.acknowledged(session, case.id, notice_id, version=one.version, by=by)

    return desk.press(reference, f"/staff/cases/{reference}/recipients", confirmed)


@page(
    blueprint,
    "/cases/<string:reference>/lines/<uuid:line_id>/recipients",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="add a recipient that no register knows of",
)
def add_recipient(reference: str, line_id: uuid.UUID) -> Response | tuple[str, int]:
    form = Add()
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, partial(_add, line_id=line_id, form=form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with table(reference, "add-recipient") as opened:
        line = opened.line(line_id)
    shown = render_template(
        "caseworker/recipients/add.html", case=opened.case, tag=tag_of(opened), form=form, line=line
    )
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/recipients/names",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=RECORD,
    why="decide which names of recipients the family may read",
)
def review_names(reference: str) -> Response | tuple[str, int]:
    with table(reference, "names") as opened:
        rows = [row for row in rows_of(opened) if row.named and row.notice.state in {"told", "acknowledged"}]
    form = Names(data={"names": [row.notice.id.hex for row in rows if row.notice.named]})
    form.names.choices = [(row.notice.id.hex, f"{row.name}, {row.what}" if row.what else row.name) for row in rows]
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, partial(_name, rows=rows, form=form))
        except StepRefused as refused:
            desk.blame(form, refused)
    shown = render_template(
        "caseworker/recipients/names.html", case=opened.case, tag=tag_of(opened), form=form, rows=rows
    )
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/lines/<uuid:line_id>/not-concerned",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=RECORD,
    why="record of several bodies at once that they never got the wrong version of a line",
)
def not_concerned(reference: str, line_id: uuid.UUID) -> Response | tuple[str, int]:
    with table(reference, "not-concerned") as opened:
        line, rows = opened.line(line_id), [row for row in rows_of(opened) if _is_open(row.notice, line_id)]
    form = NotConcerned()
    form.which.choices = [(_pick(row.notice), _named(row)) for row in rows]
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, partial(_leave_out, form=form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            there = f"/staff/cases/{reference}/recipients"
            return desk.told(_("Somebody settled one of them meanwhile, so nothing was saved. Look again."), there)
    shown = render_template(
        "caseworker/recipients/not_concerned.html",
        case=opened.case,
        tag=tag_of(opened),
        form=form,
        line=line,
        rows=rows,
    )
    return shown, form.status


def _is_open(notice: Notice, line_id: uuid.UUID) -> bool:
    return notice.line_id == line_id and notice.state == "open" and notice.kind == "body"


def _pick(notice: Notice) -> str:
    """A notice with the version that is shown, as the box carries it."""
    return f"{notice.id.hex}.{notice.version}"


def _named(row: Row) -> str:
    """Who it is, what they received and when, as far as the register of sharings says it."""
    on = staff_words.day(row.shared_on) if row.shared_on else ""
    return ", ".join(part for part in (row.name, row.what, on) if part)


def _leave_out(session: Session, case: Case, by: Actor, *, form: NotConcerned) -> str:
    picked = (one.partition(".") for one in form.which.data or ())
    versions = {uuid.UUID(hex=notice_id): int(version) for notice_id, _dot, version in picked}
    recipients.not_concerned(session, case.id, versions, str(form.reason.data), by=by)
    flash(_("Saved, with the reason."), "success")
    return desk.address(case, "recipients")


def rows_of(opened: Table) -> list[Row]:
    """The recipients of the case with the names that the record has for them, where it can be opened."""
    session, notices = opened.session, recipients.of_case(opened.session, opened.case)
    wanted = [one.sharing_id for one in notices if one.sharing_id]
    found: dict[uuid.UUID, records.OpenEntry] = {}
    if opened.looking and wanted:
        opened.opened_something = True
        found = {one.id: one for one in records.shared_with(session, opened.looking, list(dict.fromkeys(wanted)))}
    copies = _references(session, {one.copy_case_id for one in notices if one.copy_case_id})
    return [_row(one, found.get(one.sharing_id) if one.sharing_id else None, copies) for one in notices]


def _row(notice: Notice, sharing: records.OpenEntry | None, copies: dict[uuid.UUID, str]) -> Row:
    name, _colon, what = sharing.value.partition(": ") if sharing else (notice.who, "", "")
    copy = copies.get(notice.copy_case_id, "") if notice.copy_case_id else ""
    known = bool(name) and notice.kind == "body"
    if not name:
        name = _("Somebody who holds a copy") if notice.kind == "person" else _("A body that the record names")
    text, colour = STATES[notice.state]
    on = sharing.about_on if sharing else None
    return Row(notice, name, what, Tag(str(text), colour), str(TOLD_BY.get(notice.way, "")), copy, known, on)


def _references(session: Session, ids: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Of the cases whose copies are out there is the reference alone: who holds them is not for this case."""
    if not ids:
        return {}
    return dict(session.exec(select(Case.id, Case.reference).where(col(Case.id).in_(list(ids)))).all())


def _add(session: Session, case: Case, by: Actor, *, line_id: uuid.UUID, form: Add) -> str:
    recipients.add(session, case.id, line_id, str(form.who.data), by=by)
    flash(_("Added to the list."), "success")
    return desk.address(case, "recipients")


def _name(session: Session, case: Case, by: Actor, *, rows: list[Row], form: Names) -> str:
    ticked = set(form.names.data or ())
    names = {row.notice.id: row.name if row.notice.id.hex in ticked else "" for row in rows}
    recipients.review_names(session, case.id, names, by=by)
    flash(_("Saved: the family can read the names that you ticked."), "success")
    return desk.address(case, "recipients")

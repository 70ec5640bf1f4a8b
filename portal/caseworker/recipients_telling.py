"""Telling one recipient of a change: by a link, by hand, on their own case, or not at all with the reason."""

from __future__ import annotations

import datetime
import uuid
from functools import partial
from http import HTTPStatus
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from sqlmodel import Session

from portal import forms, gate, once, records
from portal.cases.actors import Actor
from portal.cases.corrections import recipients
from portal.cases.corrections.lines import Line
from portal.cases.corrections.outside import Shown
from portal.cases.corrections.recipients import Addressed, Notice
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.bodies import chooser
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges import line_words
from portal.caseworker.challenges.table import Table, lay, table
from portal.caseworker.recipient_forms import ByHand, ByLink, LeaveOut, ToRelative
from portal.caseworker.recipients_told import Row, rows_of
from portal.caseworker.review_room import RECORD
from portal.caseworker.sources import chosen_body, code_page, sent_already, ways_of
from portal.gate import page
from workflows.table import StepRefused


@page(
    blueprint,
    "/cases/<string:reference>/recipients/<uuid:notice_id>/link",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=RECORD,
    why="tell a body of a change by a link to its registered address",
)
def tell_by_link(reference: str, notice_id: uuid.UUID) -> Response | tuple[str, int]:
    form, lost, finding = ByLink(), False, "find" in request.form
    if form.is_submitted() and not finding:
        try:
            done = _send(reference, notice_id, form)
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            lost = True
        else:
            if done is not None:
                return done
    with table(reference, "tell-by-link") as opened:
        row, line = _one(opened, notice_id)
        body, offered, about = chosen_body(opened.session, None), chooser(opened.session), _about(opened, line)
    form.way.choices = ways_of(body)
    usual = {"now": _says_now(line), "answer_by": _usual_day(opened.today)}
    _fill(form, row.notice, lost=lost, fresh=finding, **usual)
    shown = render_template(
        "caseworker/recipients/link.html",
        case=opened.case,
        tag=tag_of(opened),
        form=form,
        row=row,
        line=line,
        about=about,
        body=body,
        chooser=offered,
        lost=lost,
    )
    return shown, HTTPStatus.CONFLICT if lost else form.status


@page(
    blueprint,
    "/cases/<string:reference>/recipients/<uuid:notice_id>/tell",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=RECORD,
    why="record that a recipient is told by letter, file or telephone, or write to a relative on their own case",
)
def tell_recipient(reference: str, notice_id: uuid.UUID) -> Response | tuple[str, int]:
    return _settle(reference, notice_id, "tell", _told_form, _tell)


@page(
    blueprint,
    "/cases/<string:reference>/recipients/<uuid:notice_id>/leave-out",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=RECORD,
    why="record why a recipient is not told",
)
def leave_out(reference: str, notice_id: uuid.UUID) -> Response | tuple[str, int]:
    return _settle(reference, notice_id, "leave-out", lambda _row: LeaveOut, _leave_out)


def _one(opened: Table, notice_id: uuid.UUID) -> tuple[Row, Line]:
    row = next((row for row in rows_of(opened) if row.notice.id == notice_id), None)
    if row is None:
        raise CaseNotFound
    return row, opened.line(row.notice.line_id)


def _says_now(line: Line) -> str:
    """What recipients are told, to begin with: staff read it over before it goes."""
    decided = line.decided
    if decided is None:
        return ""
    if decided.outcome in {"erased", "moved"}:
        return _("This should not have been passed on. We have removed it. Please remove it too.")
    if decided.outcome == "restricted":
        return _("This may not be used at the moment. Please do not use it until you hear from us.")
    says = line_words.in_words(decided.says)
    return _("It now says: %(words)s", words=says) if says else decided.words


def _usual_day(today: datetime.date) -> datetime.date:
    return today + datetime.timedelta(days=gate.runtime().settings.source_answer_days)


def _fill(form: Any, notice: Notice, *, lost: bool, fresh: bool = False, **usual: Any) -> None:
    """A form that was not sent yet shows the usual words; after a lost race the version that counts now."""
    if fresh or not request.form:
        form.process(formdata=None, version=notice.version, **usual)
    elif lost:
        form.version.raw_data, form.version.data = None, notice.version


def _send(reference: str, notice_id: uuid.UUID, form: ByLink) -> Any:
    """Sends the link and shows its code once; None for answers that have to be put right."""
    with table(reference, "tell-by-link") as opened:
        body = chosen_body(opened.session, None)
        form.way.choices = ways_of(body)
        if not form.validate() or body is None or opened.looking is None:
            return None
        notice = next((one for one in recipients.of_case(opened.session, opened.case) if one.id == notice_id), None)
        if notice is None:
            raise CaseNotFound
        known = records.identity(opened.session, opened.looking)
        about = _about(opened, opened.line(notice.line_id))
    shown = Shown(known.name, known.birth_date, "", about, "", None, now=str(form.now.data))
    by, key, code = opened.by, str(form.form_key.data), ""
    with gate.runtime().database.write() as session:
        case = desk.find(session, reference, by)
        _check_words(session, case, shown.now, "now")
        again = once.first_outcome(session, str(by), key) or not once.remember(
            session, str(by), key, desk.address(case, "recipients")
        )
        if not again:
            code = recipients.tell_by_link(
                session,
                case.id,
                notice.id,
                version=form.version.data or 0,
                source_id=body.id,
                way=str(form.way.data),
                shown=shown,
                answer_by=form.answer_by.data or opened.today,
                by=by,
            )
    return sent_already(case) if again else code_page(case, tag_of(opened), code, body, str(form.way.data))


def _settle(reference: str, notice_id: uuid.UUID, at: str, form_of: Any, do: Any) -> Response | tuple[str, int]:
    """A form about one recipient: told, or why not."""
    with table(reference, at) as opened:
        row, line = _one(opened, notice_id)
    form, lost = form_of(row)(), False
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, partial(do, row=row, form=form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            lost = True
    _fill(form, row.notice, lost=lost, words=_says_now(line))
    shown = render_template(
        "caseworker/recipients/settle.html",
        case=opened.case,
        tag=tag_of(opened),
        form=form,
        row=row,
        line=line,
        lost=lost,
        title=_("Why are they not told?") if at == "leave-out" else _("Tell a recipient"),
    )
    return shown, HTTPStatus.CONFLICT if lost else form.status


def _told_form(row: Row) -> type[forms.Form]:
    return ToRelative if row.notice.copy_case_id else ByHand


def _tell(session: Session, case: Case, by: Actor, *, row: Row, form: Any) -> str:
    words, version = str(form.words.data), form.version.data or 0
    if row.notice.copy_case_id:
        recipients.tell_relative(
            session, case.id, row.notice.id, version=version, words=words, reason=str(form.reason.data), by=by
        )
    else:
        _check_words(session, case, words, "words")
        recipients.told(
            session,
            case.id,
            row.notice.id,
            version=version,
            way=str(form.way.data),
            words=words,
            letter=_letter(session, case, by, row, form),
            by=by,
        )
    flash(_("Saved: they are told."), "success")
    return desk.address(case, "recipients")


def _letter(session: Session, case: Case, by: Actor, row: Row, form: Any) -> Addressed | None:
    """The letter to be made here, where an address is given for one. Raises StepRefused while the record is shut."""
    lines = tuple(line.strip() for line in str(form.address.data or "").splitlines() if line.strip())
    if form.way.data != "letter" or not lines:
        return None
    opened = lay(session, case, by)
    if opened.looking is None:
        raise StepRefused(_("The letter names the child, and the record cannot be opened now. Write it elsewhere."))
    line, words = opened.line(row.notice.line_id), str(form.words.data)
    child = records.identity(session, opened.looking).name
    now, note = _said_in_letter(line, words)
    return Addressed(row.name, lines, child, _about(opened, line), now, note)


def _said_in_letter(line: Line, words: str) -> tuple[str, str]:
    """What the letter gives as the value of now, and what it adds in our words."""
    if line.outcome in {"erased", "moved"}:
        return "", words
    says = line_words.in_words(line.decided.says) if line.decided else ""
    return (says, "" if words == _says_now(line) else words) if says else (words, "")


def _leave_out(session: Session, case: Case, by: Actor, *, row: Row, form: Any) -> str:
    recipients.left_out(
        session,
        case.id,
        row.notice.id,
        version=form.version.data or 0,
        state=str(form.state.data),
        reason=str(form.reason.data),
        by=by,
    )
    flash(_("Saved, with the reason."), "success")
    return desk.address(case, "recipients")


def _check_words(session: Session, case: Case, words: str, need: str) -> None:
    if recipients.names_who_asks(session, case, words):
        raise StepRefused(_("Leave out the name of whoever asked for the change, and our reference."), need=need)


def _about(opened: Table, line: Line) -> str:
    """What the entry is called in the record; as the requester called it where it is gone or cannot be opened."""
    entries = opened.read([line.entry_id], challenged=True) if line.entry_id else {}
    entry = entries.get(line.entry_id) if line.entry_id else None
    return entry.label if entry else line.claim.about

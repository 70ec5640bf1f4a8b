"""The queue for paper: letters, notices, sheets and cards on their way to a letter box or a hand (R-78)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session, col

from portal import forms, gate
from portal.cases import clocking, posting, worklist
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.cases.posting import Posted
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.desk import Desk
from portal.documents import correspondence
from portal.gate import page
from workflows.table import StepRefused

WHAT = {
    "letter": _l("Letter"),
    "notice": _l("Letter with what could not be mailed"),
    "code_sheet": _l("Sheet of codes"),
    "card": _l("Card"),
}
WAYS = {"post": _l("By post"), "hand": _l("To be handed over")}
STATES = {
    "to_check": _l("To be checked"),
    "checked": _l("Checked by two people"),
    "printed": _l("Printed"),
    "posted": _l("Posted"),
    "handed_over": _l("Handed over"),
    "returned": _l("Came back"),
    "called_off": _l("Called off"),
}


class Queue(forms.Form):
    """A letter, or a place for a sheet or a card that is printed when it is made."""

    what = forms.SelectField(_l("What goes out on paper?"), needed=_l("Choose what goes out"))
    way = forms.RadiosField(_l("How?"), choices=list(WAYS.items()), needed=_l("Choose how it goes out"))
    save = forms.SubmitField(_l("Queue it"))


class Check(forms.VersionedForm):
    """One of two people looks at the address."""

    typed = forms.TextField(
        _l("Type the last line of the address"),
        hint=_l("From the letter itself or the file. It is how we know that somebody looked."),
        needed=_l("Type the last line of the address"),
        short=_l("The last line"),
    )
    save = forms.SubmitField(_l("The address is right"))


class Print(forms.VersionedForm):
    """It is on paper."""

    save = forms.SubmitField(_l("It is printed"))


class Send(forms.VersionedForm):
    """It left."""

    on = forms.DateField(_l("Day on which it was posted"), needed=_l("Enter the day"), latest=clocking.uk_today)
    tracking = forms.TextField(
        _l("Tracking number"), needed=_l("Enter the tracking number: these papers go by tracked post"), longest=60
    )
    save = forms.SubmitField(_l("It is posted"))


class HandOver(forms.VersionedForm):
    """It was put into a hand."""

    on = forms.DateField(_l("Day on which it was handed over"), needed=_l("Enter the day"), latest=clocking.uk_today)
    identity = forms.LongTextField(
        _l("What identity was seen, and by whom?"),
        hint=_l("For example: bus pass with photo, seen by the school nurse. Do not copy its number."),
        needed=_l("Say what identity was seen, and by whom"),
        longest=300,
        counted=False,
        short=_l("The identity seen"),
    )
    save = forms.SubmitField(_l("It is handed over"))


class CameBack(forms.VersionedForm):
    """It came back undelivered."""

    on = forms.DateField(_l("Day on which it came back"), needed=_l("Enter the day"), latest=clocking.uk_today)
    why = forms.LongTextField(
        _l("What does the envelope say?"), needed=_l("Say what the envelope says"), longest=300, counted=False
    )
    save = forms.SubmitField(_l("It came back"))


def _next(row: Posted) -> type[forms.VersionedForm] | None:
    """The form of what is to be done next with it."""
    if row.state == "to_check":
        return Check if row.way == "post" else Print
    if row.state == "printed":
        return Send if row.way == "post" else HandOver
    return {"checked": Print, "posted": CameBack}.get(row.state)


@page(blueprint, "/paper", who=desk.STAFF, opens=("case",), why="what is to be printed, posted and handed over")
def paper_queue() -> str:
    by = gate.actor()
    with gate.runtime().database.write() as session:
        worklist.log_list(session, by, "paper")
    with gate.runtime().database.read() as session:
        rows = posting.waiting(session, _visible_to(by))
    lines = [_line(row, case) for row, case in rows]
    return render_template("caseworker/paper/queue.html", lines=lines, most=posting.MOST)


@page(
    blueprint,
    "/cases/<string:reference>/paper",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="what of a case goes out on paper; queue something",
)
def case_paper(reference: str) -> Response | tuple[str, int]:
    form = Queue()
    with desk.looking(reference, "paper") as opened:
        if opened.case.requester_id is None:
            raise CaseNotFound
        letters = _offer(form, opened)
        facts: dict[str, Any] = {
            "case": opened.case,
            "tag": tag_of(opened),
            "lines": [_line(row, opened.case) for row in posting.of_case(opened.session, opened.case)],
            "by_post": posting.reachable(opened.session, opened.case) is not None,
        }
    if form.validate_on_submit():

        def queue(session: Session, case: Case, _by: Actor) -> str:
            _queue(session, case, form, letters.get(str(form.what.data)))
            flash(_("It is in the queue."), "success")
            return desk.address(case, "paper")

        try:
            return desk.act(reference, form, queue)
        except StepRefused as refused:
            desk.blame(form, refused)
    return render_template("caseworker/paper/case.html", form=form, **facts), form.status


@page(
    blueprint,
    "/cases/<string:reference>/paper/<uuid:posted_id>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="one thing on paper: check its address, print it, post it or hand it over, note that it came back",
)
def one_paper(reference: str, posted_id: uuid.UUID) -> Response | tuple[str, int]:
    with desk.looking(reference, "paper") as opened:
        row = _row(opened.session, opened.case, posted_id)
        kind = _next(row)
        form = kind(data={"version": row.version}) if kind else desk.Button()
        facts = _facts(opened, row)
    if kind and form.validate_on_submit():

        def act(session: Session, case: Case, by: Actor) -> str:
            _act(session, _row(session, case, posted_id), form, by)
            return desk.address(case, "paper", str(posted_id))

        try:
            return desk.act(reference, form, act)
        except StepRefused as refused:
            desk.blame(form, refused)
    shown = render_template("caseworker/paper/one.html", form=form, kind=kind, button=desk.Button(), **facts)
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/paper/<uuid:posted_id>/call-off",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="call off something on paper, or note that what came back was seen to",
)
def call_off_paper(reference: str, posted_id: uuid.UUID) -> Response:
    return _press(reference, posted_id, posting.call_off)


@page(
    blueprint,
    "/cases/<string:reference>/paper/<uuid:posted_id>/hand",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="hand something on paper over instead of posting it",
)
def hand_paper(reference: str, posted_id: uuid.UUID) -> Response:
    return _press(reference, posted_id, posting.to_hand)


def _press(reference: str, posted_id: uuid.UUID, verb: Callable[..., None]) -> Response:
    def press(session: Session, case: Case, by: Actor) -> None:
        verb(session, _row(session, case, posted_id), by=by)

    return desk.press(reference, f"/staff/cases/{reference}/paper/{posted_id}", press)


def _act(session: Session, row: Posted, form: Any, by: Actor) -> None:
    on: Any = form["on"].data if "on" in form else None
    if form.version.data != row.version:  # a page from before, which asked for something else
        raise StepRefused(_("Somebody was here before you: it has moved on. Look at it again."))
    if isinstance(form, Check):
        posting.check_address(session, row, str(form.typed.data), by=by)
    elif isinstance(form, Print):
        posting.printed(session, row, by=by)
    elif isinstance(form, Send):
        posting.post(session, row, on, str(form.tracking.data), by=by)
    elif isinstance(form, HandOver):
        posting.hand_over(session, row, on, str(form.identity.data), by=by)
    elif isinstance(form, CameBack):
        posting.came_back(session, row, on, str(form.why.data), by=by)


def _queue(session: Session, case: Case, form: Queue, letter: dict[str, Any] | None) -> None:
    what, way = str(form.what.data), str(form.way.data)
    about = letter or {"key": f"{what}:{case.id.hex}:{form.form_key.data}"}
    if not posting.queue(session, case.id, "letter" if letter else what, way=way, **about):
        raise StepRefused(_("That letter is in the queue already, or has gone out."), need="what")


def _offer(form: Queue, opened: Desk) -> dict[str, dict[str, Any]]:
    """Puts the letters of the case and what is printed when it is made into the form; answers what is queued of each
    letter."""
    letters = correspondence.for_paper(opened.session, opened.case, by=opened.by)
    names = [(code, f"{_('Letter')}: {about.pop('title')}") for code, about in letters.items()]
    form.what.choices = [("", _("Choose one")), *names, *[(one, WHAT[one]) for one in ("code_sheet", "card")]]
    return letters


def _row(session: Session, case: Case, posted_id: uuid.UUID) -> Posted:
    row = session.get(Posted, posted_id)
    if row is None or row.case_id != case.id:
        raise CaseNotFound
    return row


def _facts(opened: Desk, row: Posted) -> dict[str, Any]:
    """What the page of one thing shows. There is an address on it only while it may be posted there."""
    session, case = opened.session, opened.case
    kept, names = posting.kept(session, row), _names(session, row)
    address = posting.reachable(session, case) if row.way == "post" and not row.to_child else None
    return {
        "case": case,
        "tag": tag_of(opened),
        "row": row,
        "line": _line(row, case),
        "address": address if row.state in posting.OPEN else None,
        "unsafe": row.way == "post" and address is None and row.state in posting.OPEN,
        "kept": kept,
        "names": names,
        "open": row.state in posting.OPEN,
    }


def _names(session: Session, row: Posted) -> dict[str, str]:
    by = {one: getattr(row, one) for one in ("checked_by", "checked_again_by", "printed_by", "sent_by")}
    names = staff_words.names_of(session, [who for who in by.values() if who])
    return {one: names.get(who, "") for one, who in by.items() if who}


def _line(row: Posted, case: Case) -> dict[str, Any]:
    return {
        "id": row.id,
        "reference": case.reference,
        "what": str(WHAT[row.what]),
        "way": _("For the child, to be handed over") if row.to_child else str(WAYS[row.way]),
        "state": str(STATES[row.state]),
        "when": staff_words.moment(row.made_at),
        "sent_on": row.sent_on,
        "returned_on": row.returned_on,
    }


def _visible_to(by: Actor) -> Any:
    team = (col(Case.team_id) == by.team_id,) if by.team_id else ()
    return sa.or_(col(Case.assignee_id) == by.id, *team)

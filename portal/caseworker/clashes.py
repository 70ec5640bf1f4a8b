"""Feeds that say again what a correction has replaced: what was decided, what the source says now, and what to do."""

from __future__ import annotations

import datetime
import uuid
from http import HTTPStatus
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import audit, forms, gate
from portal.cases import clocking, worklist
from portal.cases.actors import Actor
from portal.cases.corrections import clashing
from portal.cases.corrections.clashing import Compared
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import tag_of
from portal.caseworker.desk import Desk
from portal.caseworker.review_room import RECORD
from portal.gate import page
from workflows.table import StepRefused

HERE = "/staff/clashes"
WAYS = {"phone": _l("By telephone"), "letter": _l("By letter"), "in_person": _l("In person")}


class Settle(forms.Form):
    """What becomes of a clash. `seen` is the source's version that was looked at."""

    what = forms.RadiosField(
        _l("What is to be done?"),
        needed=_l("Choose what is to be done"),
    )
    way = forms.SelectField(
        _l("If they were told: how?"), choices=[("", _l("Choose one")), *WAYS.items()], short=_l("How they were told")
    )
    reason = forms.LongTextField(_l("The reason, unless they were only told"))
    message = forms.LongTextField(
        _l("If the source’s value is to count: what the requester reads"),
        hint=_l("Our answer to them said something else. They are told why it changes, and can challenge it again."),
        longest=2000,
    )
    seen = forms.HiddenField()
    save = forms.SubmitField(_l("Save"))


@page(
    blueprint,
    "/clashes",
    who=desk.CASEWORKER,
    opens=("case",),
    why="feeds that disagree with a decision of the reader's own cases and their team's",
)
def clashes_page() -> str:
    by = gate.actor()
    after = _key(request.args.get("after"))
    with gate.runtime().database.write() as session:
        worklist.log_list(session, by, "clashes")
    with gate.runtime().database.read() as session:
        found = clashing.open_clashes(session, by, limit=clashing.PAGE + 1, after=after)
    shown, more = found[: clashing.PAGE], len(found) > clashing.PAGE
    return render_template(
        "caseworker/clashes/list.html",
        clashes=shown,
        older=f"{HERE}?after={shown[-1].found_at.timestamp()}.{shown[-1].id.hex}" if more else "",
        newer=HERE if after else "",
    )


@page(
    blueprint,
    "/cases/<string:reference>/clashes/<uuid:clash_id>",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=RECORD,
    why="what was decided beside what the source says now; tell it, keep the decision or take the source's value",
)
def settle_clash(reference: str, clash_id: uuid.UUID) -> Response | tuple[str, int]:
    form, lost = Settle(), False
    form.what.choices = _choices()
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _settle(session, case, by, clash_id, form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            lost = True
    opened, compared = _compared(reference, clash_id)
    if compared is None:
        return desk.told(_("This is settled already."), f"/staff/cases/{reference}")
    if lost or not request.form:  # a slip in the form is put right with the version that was looked at
        form.seen.raw_data, form.seen.data = None, compared.clash.version_id.hex if compared.clash.version_id else ""
    shown = render_template(
        "caseworker/clashes/clash.html",
        case=opened.case,
        tag=tag_of(opened),
        form=form,
        compared=compared,
        lost=lost,
    )
    return shown, HTTPStatus.CONFLICT if lost else form.status


def _compared(reference: str, clash_id: uuid.UUID) -> tuple[Desk, Compared | None]:
    """Both values, with their looks in the log. A case of another team is refused as one that never was."""
    by = gate.actor()
    try:
        with gate.runtime().database.write() as session:
            opened = Desk(session, desk.find(session, reference, by), by, clocking.uk_today())
            if any(one.id == clash_id and one.closed_at for one in clashing.of_case(session, opened.case)):
                return opened, None
            return opened, clashing.compare(session, opened.case, clash_id, by=by)
    except CaseNotFound:
        with gate.runtime().database.write() as session:
            audit.append(session, desk.look(by, "clash", outcome="denied"))
        raise


def _choices() -> list[tuple[str, str]]:
    return [
        ("told", _("The source was told by a person")),
        ("keep", _("The decision stands, whatever the source says")),
        ("accept", _("The source’s newer value counts from now on")),
    ]


def _settle(session: Session, case: Case, by: Actor, clash_id: uuid.UUID, form: Settle) -> str:
    reason = str(form.reason.data or "")
    match form.what.data:
        case "told":
            clashing.told_by_staff(session, case.id, clash_id, str(form.way.data or ""), by=by)
            flash(_("Noted: the source was told. The decision stands."), "success")
        case "keep":
            clashing.keep_decision(session, case.id, clash_id, reason, by=by)
            flash(_("The decision stands."), "success")
        case _:
            seen = _id(form.seen.data)
            message = str(form.message.data or "")
            clashing.accept_source_value(session, case.id, clash_id, reason, by=by, seen=seen, message=message)
            flash(_("The source’s value counts from now on."), "success")
    return HERE


def _id(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None


def _key(text: str | None) -> tuple[datetime.datetime, uuid.UUID] | None:
    """Where the last page of the list ended."""
    moment, _dot, clash_id = (text or "").rpartition(".")
    try:
        return datetime.datetime.fromtimestamp(float(moment), datetime.UTC), uuid.UUID(clash_id)
    except (ValueError, OverflowError, OSError):
        return None

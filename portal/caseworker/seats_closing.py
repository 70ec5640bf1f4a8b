"""The end of a seat, and absences: first everything somebody works on goes to a colleague or a team."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session
from wtforms.validators import ValidationError

from portal import db, forms, gate
from portal.cases import clocking, handing_over
from portal.caseworker import blueprint
from portal.caseworker.seats import ADMINISTRATOR, HERE, ROLES, a_year_from_now, me
from portal.errors import Refused
from portal.gate import page
from portal.people import closing, seats
from portal.people.seats import SeatChanged, Sitting


class Close(forms.Form):
    """Where the work of a seat goes, and that it is meant."""

    to = forms.SelectField(
        _l("Who gets what this person works on?"),
        hint=_l("Cases, packs in preparation, questions to bodies and messages go with them."),
    )
    sure = forms.CheckboxField(
        _l("Close this seat. It cannot be opened again; the person would be invited anew"),
        needed=_l("Confirm that the seat is to be closed"),
    )
    close = forms.SubmitField(_l("Close the seat"))


class Away(forms.VersionedForm):
    """The days of an absence. Without days there is none."""

    first = forms.DateField(_l("First day away"), latest=a_year_from_now)
    last = forms.DateField(
        _l("Last day away"),
        hint=_l("The cases come back on the day after."),
        earliest=clocking.uk_today,
        latest=a_year_from_now,
    )
    stand_in = forms.SelectField(_l("Who has the cases meanwhile?"))
    save = forms.SubmitField(_l("Save"))

    def validate_first(self, _field: forms.DateField) -> None:
        if not self.last.data and not self.last.errors:
            raise ValidationError(_("Enter the last day too, or neither"))

    def validate_last(self, field: forms.DateField) -> None:
        if not self.first.data and not self.first.errors:
            raise ValidationError(_("Enter the first day too, or neither"))
        if self.first.data and field.data and field.data < self.first.data:
            raise ValidationError(_("The last day away must not be before the first"))


@page(
    blueprint,
    "/seats/<uuid:staff_id>/close",
    methods=("GET", "POST"),
    who=ADMINISTRATOR,
    why="close a seat and say who gets its work; how many cases, never which",
    step_up=True,
)
def close_seat(staff_id: uuid.UUID) -> Response | tuple[str, int]:
    form = Close()
    with gate.runtime().database.read() as session:
        sitting = seats.one(session, staff_id)
        form.to.choices = _heirs(session, sitting)
        amount = handing_over.waiting_for(session, sitting.staff, today=clocking.uk_today())
        alone = sitting.staff.role == "approver" and not handing_over.approvers_left(session, sitting.staff)
    if form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _close(session, staff_id, str(form.to.data or "")))
        except Refused as refused:
            form.form_errors.append(_(refused.words))
    facts = {"sitting": sitting, "amount": amount, "alone": alone, "roles": ROLES}
    return render_template("caseworker/seats/close.html", form=form, **facts), form.status


@page(
    blueprint,
    "/seats/<uuid:staff_id>/away",
    methods=("GET", "POST"),
    who=ADMINISTRATOR,
    why="note when somebody is away, and who has their cases meanwhile",
    step_up=True,
)
def seat_away(staff_id: uuid.UUID) -> Response | tuple[str, int]:
    form, lost = Away(), False
    with gate.runtime().database.read() as session:
        sitting = seats.one(session, staff_id)
        choices = _stand_ins(session, sitting)
    form.stand_in.choices = choices
    if form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _away(session, staff_id, form))
        except SeatChanged:
            lost = True
    seat = sitting.seat
    if not form.is_submitted():
        told = {
            "first": seat.away_from,
            "last": seat.away_until,
            "stand_in": f"{seat.stand_in_id or ''}".replace("-", ""),
        }
        form = Away(formdata=None, data=told)
        form.stand_in.choices = choices
    form.version.raw_data, form.version.data = None, seat.version
    shown = render_template("caseworker/seats/away.html", form=form, lost=lost, sitting=sitting)
    return shown, HTTPStatus.CONFLICT if lost else form.status


def _close(session: Session, staff_id: uuid.UUID, to: str) -> str:
    kind, _colon, found = to.partition(":")
    heir = {f"to_{kind}_id": uuid.UUID(found)} if found else {}
    closing.close(session, staff_id, by=me(), now=db.now(), **heir)  # type: ignore[arg-type]
    flash(
        _("The seat is being closed. Its work moves first; within a minute nothing of it is open any more."), "success"
    )
    return f"{HERE}/{staff_id}"


def _away(session: Session, staff_id: uuid.UUID, form: Away) -> str:
    stand_in = uuid.UUID(form.stand_in.data) if form.stand_in.data else None
    days: dict[str, Any] = {"first": form.first.data, "last": form.last.data, "stand_in_id": stand_in}
    closing.away(session, staff_id, version=form.version.data or 0, by=me(), **days)
    if form.first.data:
        flash(_("Saved. The cases go over on the first day and come back after the last."), "success")
    else:
        flash(_("Saved. No absence is written down. What was given away comes back with the next morning."), "success")
    return f"{HERE}/{staff_id}"


def _heirs(session: Session, sitting: Sitting) -> list[tuple[str, str]]:
    """Colleagues of the same role, and teams."""
    people = seats.colleagues(session, roles=(sitting.staff.role,))
    named = [(f"staff:{found}", name) for found, name in people if found != sitting.staff.id.hex]
    teams = [
        (f"team:{team.id.hex}", _("The team: %(name)s", name=team.name))
        for team in seats.teams(session)
        if team.id != sitting.staff.team_id
    ]
    return [("", _("Their own team")), *named, *teams]


def _stand_ins(session: Session, sitting: Sitting) -> list[tuple[str, str]]:
    people = seats.colleagues(session, roles=(sitting.staff.role,))
    return [("", _("Their own team")), *(one for one in people if one[0] != sitting.staff.id.hex)]

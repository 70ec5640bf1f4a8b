"""Seats, for the administrator: who works here, in which role and team, who answers for it, and until when.

An administrator sees people and never a case. What grants more than a caseworker's work is proposed here and confirmed
by somebody else (`seats_confirming`)."""

from __future__ import annotations

import datetime
import uuid
from http import HTTPStatus
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session
from wtforms.validators import ValidationError

from portal import audit, db, forms, gate, once
from portal.cases import clocking
from portal.caseworker import blueprint, desk
from portal.caseworker.staff_words import Tag
from portal.errors import PortalError
from portal.gate import page
from portal.people import cards, contact, grants, invitations, seats, staff
from portal.people.models import Staff
from portal.people.seats import AddressTaken, Asked, SeatChanged, Sitting

ADMINISTRATOR = ("administrator",)
HERE = "/staff/seats"
ROLES = {
    "caseworker": _l("Caseworker"),
    "approver": _l("Approver"),
    "auditor": _l("Auditor"),
    "administrator": _l("Administrator"),
}
STATES = {
    "invited": Tag(_l("Has not come in yet"), "blue"),
    "sitting": Tag(_l("In use"), "green"),
    "away": Tag(_l("Away"), "yellow"),
    "closing": Tag(_l("Is being closed"), "orange"),
    "closed": Tag(_l("Closed"), "grey"),
}
NEED_A_TEAM = ("caseworker", "approver")


def a_year_from_now() -> datetime.date:
    return clocking.uk_today() + datetime.timedelta(days=366)


class _Role(forms.VersionedForm):
    """A role and a team."""

    role = forms.RadiosField(
        _l("Role"),
        choices=list(ROLES.items()),
        needed=_l("Choose a role"),
        hint=_l("Anything but a caseworker’s seat must be confirmed by somebody else."),
    )
    team = forms.SelectField(_l("Team"), hint=_l("Caseworkers and approvers see the cases of their team."))

    def validate_role(self, field: forms.RadiosField) -> None:
        if field.data in NEED_A_TEAM and not self.team.data:
            raise ValidationError(_("A caseworker or approver belongs to a team. Choose the team as well"))


class Invite(_Role):
    """A seat that is to be made."""

    name = forms.TextField(_l("Name"), needed=_l("Enter their name"))
    email = forms.EmailField(_l("Work email address"), needed=_l("Enter their work email address"))
    owner = forms.SelectField(
        _l("Who answers for this seat?"),
        needed=_l("Choose who answers for the seat"),
        hint=_l("They are asked every quarter whether the seat is still needed."),
    )
    ends_on = forms.DateField(
        _l("Last day of the seat"),
        needed=_l("Enter the last day of the seat"),
        hint=_l("A year from now at most; it can be moved on later."),
        earliest=clocking.uk_today,
        latest=a_year_from_now,
    )
    save = forms.SubmitField(_l("Make the seat"))

    def validate_email(self, field: forms.EmailField) -> None:
        if not contact.is_address(field.data or ""):
            raise ValidationError(_("Enter an email address in the right form, like name@example.org"))


class Answering(forms.VersionedForm):
    """Who answers for a seat, and until when it lasts."""

    owner = forms.SelectField(_l("Who answers for this seat?"), needed=_l("Choose who answers for the seat"))
    ends_on = forms.DateField(
        _l("Last day of the seat"),
        needed=_l("Enter the last day of the seat"),
        earliest=clocking.uk_today,
        latest=a_year_from_now,
    )
    save = forms.SubmitField(_l("Save"))


class ChangeRole(_Role):
    """Another role or team for somebody."""

    propose = forms.SubmitField(_l("Propose it"))


@page(blueprint, "/seats", who=ADMINISTRATOR, why="who has a seat, in which role and team, and who answers for it")
def seats_page() -> str:
    after = id_of(request.args.get("after"))
    with gate.runtime().database.read() as session:
        found = seats.listed(session, after=after)
    shown, more = found[: seats.PAGE], len(found) > seats.PAGE
    return render_template(
        "caseworker/seats/list.html",
        seats=shown,
        roles=ROLES,
        states=STATES,
        older=f"{HERE}?after={shown[-1].staff.id.hex}" if more else "",
        newer=HERE if after else "",
    )


@page(blueprint, "/seats/new", methods=("GET", "POST"), who=ADMINISTRATOR, why="make a seat", step_up=True)
def invite() -> Response | tuple[str, int]:
    form = Invite()
    form.version.data = 0
    with gate.runtime().database.read() as session:
        _offer(session, form)
    if form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _make(session, form))
        except AddressTaken as taken:
            form.email.errors = [_(taken.words)]
    if not form.is_submitted():
        form.owner.data = me().hex
    return render_template("caseworker/seats/invite.html", form=form), form.status


@page(
    blueprint,
    "/seats/<uuid:staff_id>",
    who=ADMINISTRATOR,
    why="one seat: its role, owner and end, and what can be done",
    step_up=True,  # its buttons need it, and a button pressed too late would be lost
)
def seat_page(staff_id: uuid.UUID) -> str:
    with gate.runtime().database.read() as session:
        sitting = seats.one(session, staff_id)
        owner = name_of(session, sitting.seat.owner_id)
    mail = bool(gate.runtime().settings.mail_url)
    facts = {"button": desk.Button(), "roles": ROLES, "states": STATES, "owner": owner, "mail": mail}
    return render_template("caseworker/seats/seat.html", sitting=sitting, **facts)


@page(
    blueprint,
    "/seats/<uuid:staff_id>/owner",
    methods=("GET", "POST"),
    who=ADMINISTRATOR,
    why="change who answers for a seat, and when it ends",
    step_up=True,
)
def seat_owner(staff_id: uuid.UUID) -> Response | tuple[str, int]:
    form, lost = Answering(), False
    with gate.runtime().database.read() as session:
        sitting = seats.one(session, staff_id)
        form.owner.choices = colleagues(session, but=staff_id)
    if form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _answer_for(session, staff_id, form))
        except SeatChanged:
            lost = True
    if not form.is_submitted():
        told: dict[str, Any] = {"owner": _hex(sitting.seat.owner_id), "ends_on": sitting.seat.ends_on}
        form = _filled(Answering, form.owner.choices, told)
    form.version.raw_data, form.version.data = None, sitting.seat.version
    shown = render_template("caseworker/seats/owner.html", form=form, lost=lost)
    return shown, HTTPStatus.CONFLICT if lost else form.status


@page(
    blueprint,
    "/seats/<uuid:staff_id>/role",
    methods=("GET", "POST"),
    who=ADMINISTRATOR,
    why="propose another role or team for somebody",
    step_up=True,
)
def seat_role(staff_id: uuid.UUID) -> Response | tuple[str, int]:
    form = ChangeRole()
    with gate.runtime().database.read() as session:
        sitting = seats.one(session, staff_id)
        _offer(session, form)
    form.version.data = sitting.staff.version
    if form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _propose(session, staff_id, form))
        except PortalError as refused:
            form.form_errors.append(_(refused.words))
    if not form.is_submitted():
        form.role.data, form.team.data = sitting.staff.role, _hex(sitting.staff.team_id)
    return render_template("caseworker/seats/role.html", form=form), form.status


@page(
    blueprint,
    "/seats/<uuid:staff_id>/invitation",
    methods=("POST",),
    who=ADMINISTRATOR,
    why="send somebody the link by which they come in to their seat",
    step_up=True,
)
def send_invitation(staff_id: uuid.UUID) -> Response:
    form = desk.Button()
    back = f"{HERE}/{staff_id}"
    if not form.validate_on_submit():
        return desk.told(_("Nothing was done: the page was not complete. Try again."), back)

    def send(session: Session) -> str:
        _open_seat(session, staff_id)
        invitations.by_mail(session, staff_id, now=db.now())
        _log(session, staff_id, "seat_invited", way="mail")
        flash(_("The link is on its way. It works once, for three days."), "success")
        return back

    return gate.perform(form.form_key.data, send)


@page(
    blueprint,
    "/seats/<uuid:staff_id>/card",
    methods=("POST",),
    who=ADMINISTRATOR,
    why="print words by which somebody comes in to their seat; shown once",
    step_up=True,
)
def print_invitation(staff_id: uuid.UUID) -> Response | str:
    form, back = desk.Button(), f"{HERE}/{staff_id}"
    if not form.validate_on_submit():
        return desk.told(_("Nothing was done: the page was not complete. Try again."), back)
    new = cards.new_card(gate.runtime().settings.secrets.pepper)  # slow, so before the transaction
    with gate.runtime().database.write() as session:
        sitting = _open_seat(session, staff_id)
        again = not once.remember(session, str(gate.reader()), str(form.form_key.data), back)
        if not again:
            invitations.on_paper(session, staff_id, new, now=db.now())
            _log(session, staff_id, "seat_invited", way="paper")
    if again:
        return desk.told(_("Those words were shown already. If they were not printed, print new ones."), back)
    address = gate.runtime().settings.staff_url.rstrip("/") + "/staff/invitation"
    return render_template("caseworker/seats/card.html", sitting=sitting, card=new, address=address)


def _open_seat(session: Session, staff_id: uuid.UUID) -> Sitting:
    sitting = seats.one(session, staff_id)
    if sitting.staff.disabled_at is not None:
        raise seats.SeatNotThere
    return sitting


def _make(session: Session, form: Invite) -> str:
    asked = Asked(
        str(form.name.data),
        str(form.email.data),
        str(form.role.data),
        id_of(form.team.data),
        id_of(form.owner.data),
        form.ends_on.data,
    )
    made = grants.seat(session, asked, by=me(), now=db.now())
    if made is None:
        flash(_("It has been proposed. The seat is made when somebody else has confirmed it."), "success")
        return "/staff/grants"
    flash(_("The seat has been made. Now let the person in: send the link, or print the words."), "success")
    return f"{HERE}/{made.id}"


def _answer_for(session: Session, staff_id: uuid.UUID, form: Answering) -> str:
    told: dict[str, Any] = {"owner_id": id_of(form.owner.data), "ends_on": form.ends_on.data, "by": me()}
    seats.answer_for(session, staff_id, version=form.version.data or 0, **told)
    flash(_("Saved. The change is in the log."), "success")
    return f"{HERE}/{staff_id}"


def _propose(session: Session, staff_id: uuid.UUID, form: ChangeRole) -> str:
    grants.change(session, staff_id, str(form.role.data), id_of(form.team.data), by=me(), now=db.now())
    flash(_("It has been proposed. It holds when somebody else has confirmed it."), "success")
    return "/staff/grants"


def _offer(session: Session, form: Invite | ChangeRole) -> None:
    form.team.choices = [("", _("No team")), *((team.id.hex, team.name) for team in seats.teams(session))]
    if isinstance(form, Invite):
        form.owner.choices = colleagues(session)


def colleagues(session: Session, *, but: uuid.UUID | None = None) -> list[tuple[str, str]]:
    found = [one for one in seats.colleagues(session) if but is None or one[0] != but.hex]
    return [("", _("Choose one")), *found]


def _filled(kind: type[Answering], choices: list[tuple[str, str]], told: dict[str, Any]) -> Answering:
    form = kind(formdata=None, data=told)
    form.owner.choices = choices
    return form


def name_of(session: Session, staff_id: uuid.UUID | None) -> str:
    account = session.get(Staff, staff_id) if staff_id else None
    return staff.name_of(session, account) if account else ""


def _log(session: Session, staff_id: uuid.UUID, name: str, **detail: str) -> None:
    audit.append(session, seats.act(staff_id, name, by=me(), **detail))


def me() -> uuid.UUID:
    found = gate.reader().id
    if found is None:  # the gate lets nobody without one come here
        raise PermissionError
    return found


def _hex(found: uuid.UUID | None) -> str:
    return found.hex if found else ""


def id_of(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None

"""The second pair of eyes on roles, and what the owner of a seat is asked every quarter."""

from __future__ import annotations

import uuid

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import db, forms, gate
from portal.cases import clocking
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.seats import ROLES, me
from portal.errors import PortalError
from portal.gate import page
from portal.people import grants, seats
from portal.people.models import STAFF_ROLES

GRANTS, OWNED = "/staff/grants", "/staff/my-seats"


class Decide(forms.Form):
    """Two buttons."""

    confirm = forms.SubmitField(_l("Confirm"))
    decline = forms.SubmitField(_l("Decline"))


class StillNeeded(forms.Form):
    """Two buttons."""

    needed = forms.SubmitField(_l("Still needed"))
    ends = forms.SubmitField(_l("No longer needed"))


@page(
    blueprint,
    "/grants",
    who=STAFF_ROLES,
    why="roles that were proposed and wait for somebody else to confirm",
    step_up=True,
)
def grants_page() -> str:
    who = gate.reader()
    with gate.runtime().database.read() as session:
        found = [
            {
                "id": one.grant.id,
                "name": one.name,
                "email": one.email,
                "role": ROLES[one.grant.role],
                "new": one.grant.staff_id is None,
                "way_in": one.grant.way_in,
                "when": staff_words.moment(one.grant.proposed_at),
                "by": staff_words.names_of(session, {f"staff:{one.grant.proposed_by.hex}"}).get(
                    f"staff:{one.grant.proposed_by.hex}", ""
                ),
                "mine": grants.may_decide(one.grant, me(), who.role),
            }
            for one in grants.waiting(session)
            if who.role != "caseworker" or grants.may_decide(one.grant, me(), who.role)
        ]
    return render_template("caseworker/seats/grants.html", grants=found, form=Decide())


@page(
    blueprint,
    "/grants/<uuid:grant_id>",
    methods=("POST",),
    who=STAFF_ROLES,
    why="confirm or decline a role that somebody else proposed",
    step_up=True,
)
def decide_grant(grant_id: uuid.UUID) -> Response:
    form = Decide()
    if not form.validate_on_submit() or form.confirm.data == form.decline.data:
        return desk.told(_("Nothing was done: the page was not complete. Try again."), GRANTS)

    def decide(session: Session) -> str:
        who = gate.reader()
        grants.decide(session, grant_id, confirmed=bool(form.confirm.data), by=me(), role=who.role, now=db.now())
        flash(_("Confirmed.") if form.confirm.data else _("Declined."), "success")
        return GRANTS

    try:
        return gate.perform(form.form_key.data, decide)
    except grants.GrantNotThere:
        return desk.told(_("This was decided meanwhile."), GRANTS)
    except seats.AddressTaken as taken:
        return desk.told(_(taken.words), GRANTS)


@page(
    blueprint,
    "/seats/<uuid:staff_id>/way-in",
    methods=("POST",),
    who=("administrator",),
    why="propose a new way in for somebody who has lost theirs; somebody else confirms it",
    step_up=True,
)
def propose_way_in(staff_id: uuid.UUID) -> Response:
    form = desk.Button()
    if not form.validate_on_submit():
        return desk.told(_("Nothing was done: the page was not complete. Try again."), f"/staff/seats/{staff_id}")

    def propose(session: Session) -> str:
        grants.way_in(session, staff_id, by=me(), now=db.now())
        flash(_("It has been proposed. The new way in can be given when somebody else has confirmed it."), "success")
        return GRANTS

    return gate.perform(form.form_key.data, propose)


@page(
    blueprint, "/my-seats", who=STAFF_ROLES, why="seats that the reader answers for, and when each was last confirmed"
)
def owned_seats() -> str:
    with gate.runtime().database.read() as session:
        found = seats.owned(session, me())
    due = db.now() - seats.CONFIRM_EVERY
    return render_template("caseworker/seats/owned.html", seats=found, roles=ROLES, due=due, form=StillNeeded())


@page(
    blueprint,
    "/my-seats/<uuid:staff_id>",
    methods=("POST",),
    who=STAFF_ROLES,
    why="say whether a seat that the reader answers for is still needed",
)
def confirm_seat(staff_id: uuid.UUID) -> Response:
    form = StillNeeded()
    if not form.validate_on_submit() or form.needed.data == form.ends.data:
        return desk.told(_("Nothing was done: the page was not complete. Try again."), OWNED)

    def say(session: Session) -> str:
        today = clocking.uk_today()
        seats.still_needed(session, staff_id, needed=bool(form.needed.data), by=me(), today=today)
        flash(_("Noted.") if form.needed.data else _("Noted. The seat ends with this day."), "success")
        return OWNED

    try:
        return gate.perform(form.form_key.data, say)
    except PortalError as refused:
        return desk.told(_(refused.words) or _("This seat is not yours to answer for."), OWNED)

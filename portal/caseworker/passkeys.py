"""Passkeys of staff: shown to come in, made within the first hour of an account, listed and ended."""

from __future__ import annotations

import uuid
from typing import NamedTuple

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import audit, ceremony, db, forms, gate, links
from portal.caseworker import blueprint
from portal.caseworker.sign_in import Arrival, arrive, arrived, here, needs_passkey, try_factor, ways_of
from portal.errors import Conflict, NotThere
from portal.gate import page
from portal.people import factors, passkeys, staff
from portal.people.models import STAFF_ROLES, Staff
from portal.people.passkeys import Passkey

ANYONE = ("visitor", *STAFF_ROLES)
Answer = Response | str | tuple[str, int]


class EndForm(forms.Form):
    """The button that ends a passkey."""

    go = forms.SubmitField(_l("End this passkey"))


class Listed(NamedTuple):
    """A passkey in the list of its holder's."""

    passkey: Passkey
    name: str
    form: EndForm


@page(blueprint, "/sign-in/passkey", methods=("GET", "POST"), who=ANYONE, why="staff show their passkey")
def sign_in_passkey() -> Answer:
    who = gate.reader()
    then = links.safe_next(request.args.get("next"))
    if who.id is None or "passkey" not in ways_of(who.id):
        return gate.see_other(here("/staff/sign-in" if who.id is None else "/staff/sign-in/code", then))
    form, options = ceremony.ShowForm(), ""
    if form.validate_on_submit() and form.answer.data:
        answer = str(form.answer.data)
        arrival = try_factor(who.id, "passkey", lambda session: ceremony.shown(session, answer))
        if arrival:
            return arrived(arrival, then)
        ceremony.say_not_shown(form)
    elif form.is_submitted():
        options = ceremony.to_show(own(who.id))
    facts = {
        "options": options,
        "action": here("/staff/sign-in/passkey", then),
        "by_code": "" if needs_passkey(who) else here("/staff/sign-in/code", then),
    }
    return render_template("caseworker/sign_in/passkey.html", form=form, **facts), form.status


@page(
    blueprint,
    "/passkeys/first",
    methods=("GET", "POST"),
    who=("enrolling",),
    why="make the passkey that an approver, auditor or administrator needs, in the account's first hour",
    step_up=True,
)
def first_passkey() -> Answer:
    who = _me()
    if "passkey" in ways_of(who):
        return gate.see_other("/staff/sign-in/passkey")
    with gate.runtime().database.read() as session:
        if not staff.may_enrol_first(session, who, now=db.now()):
            return render_template("caseworker/sign_in/too_late.html")
    return _make("/staff/passkeys/first", first=True)


@page(
    blueprint,
    "/passkeys/new",
    methods=("GET", "POST"),
    who=STAFF_ROLES,
    why="make a further passkey for one's own account",
    step_up=True,
)
def new_passkey() -> Answer:
    return _make("/staff/passkeys/new", first=False)


@page(blueprint, "/passkeys", who=STAFF_ROLES, why="see one's own passkeys, and when each was last used", step_up=True)
def own_passkeys() -> str:
    listed = [Listed(one, one.name or _("A passkey"), EndForm(formdata=None)) for one in own(_me())]
    return render_template("caseworker/sign_in/passkeys.html", listed=listed)


@page(
    blueprint, "/passkeys/<uuid:passkey_id>/end", methods=("POST",), who=STAFF_ROLES, why="end a passkey", step_up=True
)
def end_passkey(passkey_id: uuid.UUID) -> Answer:
    if not EndForm().validate_on_submit():
        return gate.see_other("/staff/passkeys")
    with gate.runtime().database.write() as session:
        db.lock(session, Staff, id=_me())  # two ended at once must not leave none
        kinds = factors.kinds(session, "staff", _me())
        left = len(passkeys.all_of(session, "staff", _me())) - 1
        last = not left and (needs_passkey(gate.reader()) or kinds == {"passkey"})
        if not last:
            if not passkeys.end(session, "staff", _me(), passkey_id, now=db.now()):
                raise NotThere
            audit.append(session, gate.act("factor_ended", detail={"by": "passkey"}))
    flash(
        _("You need a passkey to sign in. Make another one first.")
        if last
        else _("The passkey opens nothing any more."),
        "error" if last else "success",
    )
    return gate.see_other("/staff/passkeys")


def own(staff_id: uuid.UUID) -> list[Passkey]:
    """The account's passkeys."""
    with gate.runtime().database.read() as session:
        return passkeys.all_of(session, "staff", staff_id)


def _make(action: str, *, first: bool) -> Answer:
    form, options = ceremony.MakeForm(), ""
    if form.validate_on_submit() and form.answer.data:
        arrival = _added(str(form.answer.data), str(form["name"].data or ""))
        if arrival:
            flash(_("The passkey is made. Use it from now on to sign in."), "success")
            return arrived(arrival, None if first else "/staff/passkeys")
        ceremony.say_not_made(form)
    elif form.is_submitted() and not form.errors:
        options = ceremony.to_make(_("staff account"), own(_me()))
    return render_template(
        "caseworker/sign_in/make_passkey.html", form=form, options=options, action=action, first=first
    ), form.status


def _added(answer: str, name: str) -> Arrival | None:
    """The passkey is the account's from now on, and the session is one that began with it."""
    who, now = _me(), db.now()
    with gate.runtime().database.write() as session:
        made = ceremony.made(session, answer)
        factor = passkeys.add(session, "staff", who, made, name=name, now=now) if made else None
        outcome = "allowed" if factor else "denied"
        audit.append(session, gate.act("factor_added", outcome=outcome, detail={"by": "passkey"}))
        arrival = arrive(session, who, "passkey") if factor else None
        if factor and arrival is None:  # the session ended meanwhile, and the passkey is not kept
            raise Conflict
        return arrival


def _me() -> uuid.UUID:
    staff_id = gate.reader().id
    if staff_id is None:  # the gate lets nobody without one come here
        raise PermissionError
    return staff_id

"""Signing that somebody may act for me, and taking it back: name typed after the second factor (R-60).

The page never tells whether a request has the reference that was typed, nor anything of it.
"""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, flash, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import db, forms, gate
from portal.cases import signed
from portal.cases.clocking import uk_today
from portal.cases.signed import Signed
from portal.gate import page
from portal.people import limits
from portal.requester import blueprint
from portal.requester.cases import PROVEN, day


class SignForm(forms.Form):
    """What is signed: who may act, for whom, in what, until when."""

    acting = forms.TextField(
        _l("Who may act for you?"),
        hint=_l("Their full name, and who they work for"),
        needed=_l("Enter the name of the person who may act"),
        longest=200,
    )
    reference = forms.TextField(
        _l("Which request is it for?"),
        hint=_l("The person who acts for you can tell you its reference"),
        needed=_l("Enter the reference of the request"),
        longest=30,
    )
    about = forms.TextField(
        _l("Whose record is it?"),
        hint=_l("Your own name, or your child’s name"),
        needed=_l("Enter the name"),
        longest=150,
    )
    scope = forms.LongTextField(
        _l("May they see all of it?"),
        hint=_l("Write “all of it”, or say which parts"),
        needed=_l("Say what they may see"),
        longest=500,
        counted=False,
    )
    until = forms.DateField(
        _l("Until which day may they act?"),
        hint=_l("Leave it empty if you do not want to name a day"),
        earliest=uk_today,
    )
    name = forms.TextField(_l("Sign with your full name"), needed=_l("Enter your full name"), longest=150)
    sure = forms.CheckboxField(_l(signed.STATEMENT), needed=_l("Tick the box if you agree"))
    go = forms.SubmitField(_l("Sign"))


class TakeBackForm(forms.Form):
    """The button that takes a signature back."""

    go = forms.SubmitField(_l("Take it back"))


@page(blueprint, "/signatures", who=PROVEN, opens=("case",), why="list what the reader signed so that others may act")
def signatures() -> str:
    person = _me()
    with gate.runtime().database.read() as session:
        mine = signed.of_person(session, person)
    return render_template(
        "requester/signing/list.html",
        signed=[_line(one) for one in mine],
        form=TakeBackForm(formdata=None),
        back=url_for("requester.cases"),
    )


@page(
    blueprint,
    "/signatures/new",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="sign, after the second factor, that somebody may act for the reader",
    step_up=True,
)
def sign() -> Response | tuple[str, int]:
    form = SignForm()
    if form.validate_on_submit():
        return gate.perform(form.form_key.data, lambda session: _sign(session, form))
    return render_template("requester/signing/new.html", form=form, back=url_for("requester.signatures")), form.status


@page(
    blueprint,
    "/signatures/<uuid:signed_id>/take-back",
    methods=("POST",),
    who=PROVEN,
    opens=("case",),
    why="take back, at once, that somebody may act for the reader",
)
def take_back(signed_id: uuid.UUID) -> Response:
    if TakeBackForm().validate_on_submit():
        with gate.runtime().database.write() as session:
            signed.take_back(session, _me(), signed_id, by=gate.actor())
    return gate.see_other(url_for("requester.signatures"))


def _sign(session: Session, form: SignForm) -> str:
    if not limits.within(session, limits.SUBMISSIONS, str(gate.reader())):
        raise limits.limited(limits.SUBMISSIONS, now=db.now())
    told = {name: form[name].data for name in ("name", "acting", "about", "scope")}
    signed.sign(session, _me(), told, reference=str(form.reference.data), until=form.until.data, by=gate.actor())
    flash(_("You have signed. You can take it back at any time."), "success")
    return url_for("requester.signatures")


def _line(one: Signed) -> dict[str, Any]:
    return {
        "told": one.told,
        "signed_on": day(one.row.signed_on),
        "until": day(one.row.until) if one.row.until else "",
        "ended_on": day(one.row.ended_on) if one.row.ended_on else "",
        "take_back": url_for("requester.take_back", signed_id=one.row.id) if one.stands(uk_today()) else "",
    }


def _me() -> uuid.UUID:
    who = gate.reader().id
    if who is None:  # the gate lets nobody in who is not signed in
        raise RuntimeError("nobody is signed in")
    return who

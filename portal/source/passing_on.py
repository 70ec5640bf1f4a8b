"""Passing a question on to a colleague: a new link to them, a new code for them, and the end of one's own link."""

from __future__ import annotations

from flask import Response, render_template, url_for
from flask import session as form_session
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, gate
from portal.cases.corrections import outside
from portal.gate import page
from portal.people import limits
from portal.source import blueprint
from portal.source.entering import ANYONE, TYPED_FOR, Answer, Gone, shown_before, unlocked
from workflows.table import StepRefused

CODE = "passed_on_code"


class PassOnForm(forms.Form):
    """Who answers instead."""

    email = forms.EmailField(
        _l("Email address of your colleague"),
        hint=_l("It must be an address of your own organisation."),
        needed=_l("Enter the email address of your colleague"),
        short=_l("The email address"),
    )
    go = forms.SubmitField(_l("Pass it on"))


@page(
    blueprint,
    "/source/pass-on/<string:signed>",
    methods=("GET", "POST"),
    who=ANYONE,
    opens=("link",),
    why="pass a question on inside the same body",
)
def pass_on(signed: str) -> Answer:
    form = PassOnForm()
    if form.validate_on_submit():
        token = shown_before(signed)
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        try:
            return _passed(form, token)
        except StepRefused as refused:
            form.email.errors = [_(refused.reason)]
    unlocked(signed, within=TYPED_FOR)
    return render_template("source/pass_on.html", form=form, signed=signed), form.status


@page(blueprint, "/source/passed-on", who=ANYONE, why="give the code for a colleague, once")
def passed_on() -> str:
    """The code stands in no table. It came back to this browser alone, and leaves it with this page."""
    return render_template("source/passed_on.html", code=form_session.pop(CODE, ""))


def _passed(form: PassOnForm, token: str) -> Response:
    codes: list[str] = []

    def do(session: Session) -> str:
        code = outside.pass_on(session, token, str(form.email.data))
        if code is None:
            raise Gone
        codes.append(code)
        return url_for("source.passed_on")

    response = gate.perform(form.form_key.data, do)
    if codes:
        form_session[CODE] = codes[-1]
    return response

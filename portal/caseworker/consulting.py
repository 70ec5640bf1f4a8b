"""Consultations: who was asked what, with the excerpt they were shown, and their reply (R-83, R-94)."""

from __future__ import annotations

import uuid
from functools import partial
from http import HTTPStatus

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms
from portal.cases import clocking, consulting
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import tag_of
from portal.gate import page
from workflows.table import StepRefused


class Ask(forms.Form):
    """Somebody who is asked before something is given."""

    kind = forms.RadiosField(_l("Who is asked?"), needed=_l("Choose who is asked"))
    who = forms.TextField(_l("Name and role"), needed=_l("Say who was asked"))
    excerpt = forms.LongTextField(
        _l("What they were shown and asked"),
        hint=_l("Only what they need for their answer. Never say who made the request, unless you must."),
        needed=_l("Say what they were shown and asked"),
    )
    asked_on = forms.DateField(
        _l("When they were asked"), short=_l("The date"), needed=_l("Enter the date"), latest=clocking.uk_today
    )
    answer_by = forms.DateField(_l("When an answer is wanted, if a day was set"), short=_l("The date"))
    save = forms.SubmitField(_l("Save"))


class Reply(forms.VersionedForm):
    """What they answered."""

    outcome = forms.RadiosField(_l("What was the answer?"), needed=_l("Choose what the answer was"))
    reply = forms.LongTextField(
        _l("Their words, or what you did to get an answer"), needed=_l("Say what they answered")
    )
    answered_on = forms.DateField(
        _l("When they answered"), short=_l("The date"), needed=_l("Enter the date"), latest=clocking.uk_today
    )
    save = forms.SubmitField(_l("Save the reply"))


@page(
    blueprint,
    "/cases/<string:reference>/consultations",
    who=desk.STAFF,
    opens=("case",),
    why="see who was consulted on a case, and what they answered",
)
def case_consultations(reference: str) -> str:
    with desk.looking(reference, "consultations") as opened:
        return render_template(
            "caseworker/consultations/list.html",
            case=opened.case,
            tag=tag_of(opened),
            asked=consulting.consultations(opened.session, opened.case),
            kinds=consulting.KINDS,
            outcomes=consulting.OUTCOMES,
            today=opened.today,
        )


@page(
    blueprint,
    "/cases/<string:reference>/consultations/new",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="record that somebody was consulted",
)
def consult(reference: str) -> Response | tuple[str, int]:
    form = Ask()
    form.kind.choices = [(code, _(words)) for code, words in consulting.KINDS.items()]
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _ask(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "consultation") as opened:
        shown = render_template("caseworker/consultations/ask.html", case=opened.case, tag=tag_of(opened), form=form)
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/consultations/<uuid:consultation_id>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="record the reply to a consultation",
)
def record_reply(reference: str, consultation_id: uuid.UUID) -> Response | tuple[str, int]:
    form, lost = _reply_form(), False
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, partial(_reply, consultation_id=consultation_id, form=form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            lost = True
    with desk.looking(reference, "consultation") as opened:
        asked = consulting.consultations(opened.session, opened.case)
        one = next((one for one in asked if one.id == consultation_id), None)
        if one is None:
            raise CaseNotFound
        if not request.form:
            form = _reply_form(one)
        if lost:
            form.version.raw_data, form.version.data = None, one.version
        shown = render_template(
            "caseworker/consultations/reply.html",
            case=opened.case,
            tag=tag_of(opened),
            form=form,
            one=one,
            lost=lost,
            kinds=consulting.KINDS,
            outcomes=consulting.OUTCOMES,
        )
    return shown, HTTPStatus.CONFLICT if lost else form.status


def _reply_form(one: consulting.Asked | None = None) -> Reply:
    form = Reply(obj=one)
    form.outcome.choices = [(code, _(words)) for code, words in consulting.OUTCOMES.items() if code != "waiting"]
    return form


def _ask(session: Session, case: Case, by: Actor, form: Ask) -> str:
    consulting.ask(
        session,
        case.id,
        kind=str(form.kind.data),
        who=str(form.who.data),
        excerpt=str(form.excerpt.data),
        asked_on=form.asked_on.data or clocking.uk_today(),
        answer_by=form.answer_by.data,
        by=by,
    )
    flash(_("The consultation is saved. Waiting for the answer does not stop the clock."), "success")
    return desk.address(case, "consultations")


def _reply(session: Session, case: Case, by: Actor, *, consultation_id: uuid.UUID, form: Reply) -> str:
    consulting.record_reply(
        session,
        case.id,
        consultation_id,
        version=form.version.data or 0,
        outcome=str(form.outcome.data),
        reply=str(form.reply.data),
        answered_on=form.answered_on.data or clocking.uk_today(),
        by=by,
    )
    flash(_("The reply is saved."), "success")
    return desk.address(case, "consultations")

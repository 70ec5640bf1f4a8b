"""The search plan: which places were asked, and what came of it. Two people who edit one line lose nothing."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms
from portal.cases import clocking, searching
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import tag_of
from portal.gate import page
from workflows.table import StepRefused


class AddPlace(forms.Form):
    """A place to look in."""

    place = forms.RadiosField(_l("Which place?"), needed=_l("Choose a place"))
    name = forms.TextField(_l("Its name, if it is another place"))
    owner = forms.TextField(_l("Who looks there"), hint=_l("A name, a role or a team"))
    terms = forms.LongTextField(_l("What to look for"), hint=_l("Names, numbers, dates"), counted=False, longest=1000)
    asked_on = forms.DateField(
        _l("When they were asked, if they have been"), short=_l("The date"), latest=clocking.uk_today
    )
    save = forms.SubmitField(_l("Add to the plan"))


class AnswerPlace(forms.VersionedForm):
    """What came of looking in one place."""

    answer = forms.RadiosField(_l("What came of it?"), needed=_l("Choose what came of it"))
    words = forms.LongTextField(_l("In words"), hint=_l("Needed unless something was found, or nothing is held"))
    owner = forms.TextField(_l("Who looked there"))
    terms = forms.LongTextField(_l("What was looked for"), counted=False, longest=1000)
    asked_on = forms.DateField(_l("When they were asked"), short=_l("The date"), latest=clocking.uk_today)
    save = forms.SubmitField(_l("Save the answer"))


@page(
    blueprint,
    "/cases/<string:reference>/search-plan/usual",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="add the usual places to a case's search plan",
)
def add_usual_places(reference: str) -> Response:
    def add(session: Session, case: Case, by: Actor) -> None:
        there = {line.place for line in searching.plan(session, case)}
        for place in searching.USUAL:
            if place not in there:
                searching.add_place(session, case.id, place, by=by)

    return desk.press(reference, f"/staff/cases/{reference}/finding", add)


@page(
    blueprint,
    "/cases/<string:reference>/search-plan/new",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="add a place to a case's search plan",
)
def add_place(reference: str) -> Response | tuple[str, int]:
    form = AddPlace()
    form.place.choices = [(code, _(words)) for code, words in searching.PLACES.items()]
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _add(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "search-plan") as opened:
        shown = render_template("caseworker/finding/add_place.html", case=opened.case, tag=tag_of(opened), form=form)
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/search-plan/<uuid:place_id>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="record what came of looking in one place",
)
def answer_place(reference: str, place_id: uuid.UUID) -> Response | tuple[str, int]:
    form, lost = AnswerPlace(), False
    form.answer.choices = [(code, _(words)) for code, words in searching.ANSWERS.items() if code != "open"]
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _answer(session, case, by, place_id, form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            lost = True
    with desk.looking(reference, "search-plan") as opened:
        line = next((one for one in searching.plan(opened.session, opened.case) if one.id == place_id), None)
        if line is None:
            raise CaseNotFound
        if not request.form:
            form = AnswerPlace(obj=line)
            form.answer.choices = [(code, _(words)) for code, words in searching.ANSWERS.items() if code != "open"]
        if lost:
            form.version.raw_data, form.version.data = None, line.version
        shown = render_template(
            "caseworker/finding/answer_place.html",
            case=opened.case,
            tag=tag_of(opened),
            form=form,
            line=line,
            lost=lost,
            answers=searching.ANSWERS,
        )
    return shown, HTTPStatus.CONFLICT if lost else form.status


def _add(session: Session, case: Case, by: Actor, form: AddPlace) -> str:
    searching.add_place(
        session,
        case.id,
        str(form.place.data),
        name=form.name.data or "",
        owner=form.owner.data or "",
        terms=form.terms.data or "",
        asked_on=form.asked_on.data,
        by=by,
    )
    flash(_("The place is in the plan."), "success")
    return desk.address(case, "finding")


def _answer(session: Session, case: Case, by: Actor, place_id: uuid.UUID, form: AnswerPlace) -> str:
    searching.answer_place(
        session,
        case.id,
        place_id,
        version=form.version.data or 0,
        answer=str(form.answer.data),
        owner=form.owner.data or "",
        terms=form.terms.data or "",
        words=form.words.data or "",
        asked_on=form.asked_on.data,
        by=by,
    )
    flash(_("The answer is saved."), "success")
    return desk.address(case, "finding")

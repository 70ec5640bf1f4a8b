"""Finding the record: search, compare, attach; and the plan of every place that was looked in (R-73, R-74)."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, records
from portal.cases import clocking, searching, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import tag_of
from portal.gate import page
from portal.records import Candidate
from workflows.table import StepRefused

MATCHED_BY = {
    "local_id": _l("Local number"),
    "upn": _l("Unique pupil number"),
    "nhs_number": _l("NHS number"),
    "directory_id": _l("Directory number"),
    "surname": _l("Surname and date of birth"),
    "former_surname": _l("Former surname and date of birth"),
    "phonetic_surname": _l("A surname that sounds alike, and date of birth"),
    "forename": _l("First name and date of birth"),
}
Refused = StepRefused | None


class Search(forms.Form):
    """An identifier, or a name with the birth date: nobody can browse by name alone. Sent by POST, because what is
    typed here must not stand in an address."""

    identifier = forms.TextField(_l("Identifier"), hint=_l("Local number, UPN or NHS number"), longest=40)
    surname = forms.TextField(_l("Surname, now or before"), longest=80)
    forename = forms.TextField(_l("First name"), longest=80)
    born = forms.DateField(_l("Date of birth"), latest=clocking.uk_today)
    look = forms.SubmitField(_l("Search"))

    def validate(self, extra_validators: object = None) -> bool:
        """Either the identifier, or a name together with the date of birth."""
        if not super().validate(extra_validators):
            return False
        if self.identifier.data or (self.born.data and (self.surname.data or self.forename.data)):
            return True
        if self.surname.data or self.forename.data:
            self.born.errors = [_("Enter the date of birth as well: a name alone finds too many people")]
            self.born.wrong_parts = self.born.PARTS
        else:
            self.identifier.errors = [_("Enter an identifier, or a name with the date of birth")]
        return False


class Choose(Search):
    """The search again with the record that was chosen from it: only what a search has found can be attached."""

    child = forms.HiddenField()
    sure = forms.CheckboxField(
        _l("I compared them, and this is the record of the person the request is about"),
        needed=_l("Tick the box once you have compared them"),
    )
    attach = forms.SubmitField(_l("Attach this record"))


class Detach(forms.Form):
    """Why a record does not belong to the case."""

    reason = forms.LongTextField(_l("Why is this the wrong record?"), needed=_l("Say why it is the wrong record"))
    detach = forms.SubmitField(_l("Detach the record"))


@page(
    blueprint,
    "/cases/<string:reference>/finding",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case", "core"),
    why="find the record a request is about: at most five candidates, by the minimum that tells them apart",
)
def find_record(reference: str) -> Response | tuple[str, int]:
    form = Search()
    with desk.looking(reference, "finding") as opened:
        session, case = opened.session, opened.case
        refused, found = _search(session, case, opened.by, form) if form.validate_on_submit() else (None, None)
        if refused:
            desk.blame(form, refused)
        shown = render_template(
            "caseworker/finding/finding.html",
            case=case,
            tag=tag_of(opened),
            form=form,
            found=found,
            matched_by=MATCHED_BY,
            subject=verbs.told(session, case)["subject"],
            attached=_attached(session, case, opened.by),
            may_detach=verbs.may_detach(case),
            may_search=verbs.may_search(case),
            plan=searching.plan(session, case),
            answers=searching.ANSWERS,
            button=desk.Button(),
            choose=Choose,
        )
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/finding/attach",
    states="attached_in",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case", "core"),
    why="compare one candidate with what the requester said, and attach it",
)
def attach_record(reference: str) -> Response | tuple[str, int]:
    form = Choose()
    if form.attach.data and form.validate():
        try:
            return desk.act(reference, form, lambda session, case, by: _attach(session, case, by, form))
        except StepRefused as refused:
            return desk.told(_(refused.reason), f"/staff/cases/{reference}/finding")
    with desk.looking(reference, "attach") as opened:
        session, case = opened.session, opened.case
        chosen = _chosen(session, case, opened.by, form)
        if chosen is None:
            return desk.told(_("Search again and choose one of the records found."), desk.address(case, "finding"))
        shown = render_template(
            "caseworker/finding/compare.html",
            case=case,
            tag=tag_of(opened),
            form=form,
            chosen=chosen,
            matched_by=MATCHED_BY,
            subject=verbs.told(session, case)["subject"],
        )
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/finding/detach",
    states="detached_in",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="take a wrongly attached record off a case, with the reason",
)
def detach_record(reference: str) -> Response | tuple[str, int]:
    form = Detach()
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _detach(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "detach") as opened:
        shown = render_template("caseworker/finding/detach.html", case=opened.case, tag=tag_of(opened), form=form)
    return shown, form.status


def _search(session: Session, case: Case, by: Actor, form: Search) -> tuple[Refused, list[Candidate] | None]:
    try:
        looking = verbs.look_for(case, by, search=True)
    except StepRefused as refused:
        return refused, None
    if case.child_id is not None:
        return StepRefused(_("A record is attached to this case already. Detach it first.")), None
    return None, records.candidates(session, looking, **_asked(form))


def _asked(form: Search) -> dict[str, Any]:
    born = form.born.data
    return {
        "identifier": form.identifier.data or "",
        "surname": form.surname.data or "",
        "forename": form.forename.data or "",
        "birth_date": born if isinstance(born, datetime.date) else None,
    }


def _chosen(session: Session, case: Case, by: Actor, form: Choose) -> Candidate | None:
    """The chosen record, if the search that is sent along still finds it."""
    try:
        child_id = uuid.UUID(str(form.child.data))
    except ValueError:
        return None
    _refused, found = _search(session, case, by, form)
    return next((one for one in found or [] if one.child_id == child_id), None)


def _attach(session: Session, case: Case, by: Actor, form: Choose) -> str:
    chosen = _chosen(session, case, by, form)
    if chosen is None:
        raise StepRefused(_("Search again and choose one of the records found."))
    verbs.attach_record(session, case.id, chosen.child_id, chosen.birth_date, by=by)
    flash(_("The record is attached to this case."), "success")
    return desk.address(case, "finding")


def _detach(session: Session, case: Case, by: Actor, form: Detach) -> str:
    verbs.detach_record(session, case.id, str(form.reason.data), by=by)
    flash(_("The record was detached. Nothing of it can be seen from this case any more."), "success")
    return desk.address(case, "finding")


def _attached(session: Session, case: Case, by: Actor) -> records.Identity | None:
    """Who the attached record is about; logged as a look. Nothing is opened before it is settled who asks."""
    if case.child_id is None or not verbs.may_open(case):
        return None
    return records.identity(session, verbs.look_for(case, by))

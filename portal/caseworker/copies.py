"""The copies of a case that are out: how long each can be read, and opening one again whose time is over."""

from __future__ import annotations

import uuid

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, gate
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import copies_out, tag_of
from portal.documents import opening_again
from portal.gate import page
from workflows.table import StepRefused


class OpenAgain(forms.Form):
    """Why a copy is opened again."""

    reason = forms.LongTextField(
        _l("Why is it opened again?"),
        hint=_l("For example: the person asked for it, and how they asked"),
        needed=_l("Say why the copy is opened again"),
        longest=1000,
    )
    open = forms.SubmitField(_l("Open the copy again"))


@page(
    blueprint,
    "/cases/<string:reference>/copies/<uuid:pack_id>/open-again",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="open a released copy again for its requester, with the reason: the same copy, for a new time",
    step_up=True,
)
def open_copy_again(reference: str, pack_id: uuid.UUID) -> Response | tuple[str, int]:
    form = OpenAgain()
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _open(session, case, by, pack_id, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "open-copy-again") as opened:
        copy = next((one for one in copies_out(opened) if one.id == pack_id), None)
        if copy is None:
            raise CaseNotFound
        shown = render_template(
            "caseworker/case/open_again.html",
            case=opened.case,
            tag=tag_of(opened),
            form=form,
            copy=copy,
            days=gate.runtime().settings.copy_days,
        )
    return shown, form.status


def _open(session: Session, case: Case, by: Actor, pack_id: uuid.UUID, form: OpenAgain) -> None:
    opening_again.open_again(session, gate.runtime().files, case.id, pack_id, str(form.reason.data), by=by)
    flash(_("The copy is open again. The requester has been told that there is news."), "success")

"""Sealing the record of a case for one team, after an adoption: proposed by one, confirmed by another."""

from __future__ import annotations

import uuid

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session, col, select

from portal import forms, gate
from portal.cases import sealing
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.desk import Desk
from portal.gate import page
from portal.people.models import Team
from portal.records import group_of
from portal.records.sealing import proposals
from workflows.table import StepRefused

LIST = "/staff/"  # where somebody goes who may not see the case any more


class Propose(forms.Form):
    """For which team, and why. To lift a seal no team is named."""

    team = forms.SelectField(_l("Which team keeps the record?"))
    reason = forms.LongTextField(_l("Why?"), needed=_l("Say why"))
    propose = forms.SubmitField(_l("Propose it"))


@page(
    blueprint,
    "/cases/<string:reference>/seal",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="propose to seal the record of a case for one team after an adoption, or to lift the seal",
)
def seal_record(reference: str) -> Response | tuple[str, int]:
    form = Propose()
    with gate.runtime().database.read() as session:
        teams = session.exec(select(Team).order_by(col(Team.name)).limit(200)).all()
    form.team.choices = [("", _("Choose one")), *((team.id.hex, team.name) for team in teams)]
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _propose(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "seal") as opened:
        return _shown(opened, form, {team.id.hex: team.name for team in teams})


@page(
    blueprint,
    "/cases/<string:reference>/seal/<uuid:seal_id>/confirm",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="confirm, as a second person, that a record is sealed or a seal lifted",
    step_up=True,
)
def confirm_seal(reference: str, seal_id: uuid.UUID) -> Response:
    def confirm(session: Session, case: Case, by: Actor) -> str:
        row = sealing.confirm(session, case.id, seal_id, by=by)
        flash(_("Done."), "success")
        own = by.team_id is not None and by.team_id.hex == row.access_group
        return desk.address(case, "seal") if own or row.what == "lift" else LIST

    return _press(reference, confirm)


@page(
    blueprint,
    "/cases/<string:reference>/seal/<uuid:seal_id>/decline",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="turn down a proposal to seal a record or to lift a seal",
)
def decline_seal(reference: str, seal_id: uuid.UUID) -> Response:
    def decline(session: Session, case: Case, by: Actor) -> str:
        sealing.decline(session, case.id, seal_id, by=by)
        return desk.address(case, "seal")

    return _press(reference, decline)


def _press(reference: str, do: desk.Doing) -> Response:
    form, back = desk.Button(), f"/staff/cases/{reference}/seal"
    if not form.validate_on_submit():
        return desk.told(_("Nothing was done: the page was not complete. Try again."), back)
    try:
        return desk.act(reference, form, do)
    except StepRefused as refused:
        return desk.told(_(refused.reason), back)


def _propose(session: Session, case: Case, by: Actor, form: Propose) -> str:
    sealed = bool(case.child_id and group_of(session, case.child_id))
    team = uuid.UUID(form.team.data) if form.team.data else None
    if not sealed and team is None:
        raise StepRefused(_("Choose the team that keeps the record from now on."), need="team")
    what = "lift" if sealed else "seal"
    sealing.propose(session, case.id, what=what, team_id=team, reason=str(form.reason.data), by=by)
    flash(_("Proposed. Somebody else confirms it."), "success")
    return desk.address(case, "seal")


def _shown(opened: Desk, form: Propose, teams: dict[str, str]) -> tuple[str, int]:
    session, case = opened.session, opened.case
    history = proposals(session, case.child_id) if case.child_id else []
    waiting = next((one for one in history if one.status == "proposed"), None)
    said = next((event for event in reversed(opened.events) if event.name == sealing.PROPOSED), None)
    names = staff_words.names_of(session, [waiting.proposed_by] if waiting else [])
    shown = render_template(
        "caseworker/finding/seal.html",
        case=case,
        tag=tag_of(opened),
        form=form,
        sealed=bool(case.child_id and group_of(session, case.child_id)),
        waiting=waiting,
        team=teams.get(waiting.access_group, "") if waiting else "",
        by=staff_words.by_whom(waiting.proposed_by, names) if waiting else "",
        reason=said.answers.get("reason", "") if said and waiting else "",
        mine=waiting is not None and waiting.proposed_by == str(opened.by),
        button=desk.Button(),
    )
    return shown, form.status

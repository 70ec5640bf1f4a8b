"""Teams, for the administrator: a case belongs to one, and whoever is in it sees the case."""

from __future__ import annotations

import uuid
from http import HTTPStatus

import sqlalchemy as sa
from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from portal import audit, db, forms, gate
from portal.caseworker import blueprint
from portal.errors import Conflict, NotThere
from portal.gate import page
from portal.people import seats
from portal.people.models import Team

ADMINISTRATOR = ("administrator",)
HERE = "/staff/teams"


class NameTeam(forms.Form):
    """The name of a team. `was` is the name that the page showed."""

    name = forms.TextField(_l("Name of the team"), needed=_l("Enter the name of the team"), longest=80)
    was = forms.HiddenField()
    save = forms.SubmitField(_l("Save"))


@page(blueprint, "/teams", methods=("GET", "POST"), who=ADMINISTRATOR, why="see the teams, and make one")
def teams_page() -> Response | tuple[str, int]:
    form = NameTeam()
    if form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _make(session, str(form.name.data)))
        except IntegrityError:
            form.name.errors = [_("There is a team of this name already")]
    with gate.runtime().database.read() as session:
        found = seats.teams(session)
    return render_template("caseworker/teams/list.html", form=form, teams=found), form.status


@page(blueprint, "/teams/<uuid:team_id>", methods=("GET", "POST"), who=ADMINISTRATOR, why="rename a team")
def rename_team(team_id: uuid.UUID) -> Response | tuple[str, int]:
    form = NameTeam()
    if form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _rename(session, team_id, form))
        except IntegrityError:
            form.name.errors = [_("There is a team of this name already")]
    with gate.runtime().database.read() as session:
        team = session.get(Team, team_id)
    if team is None:
        raise NotThere
    if not form.is_submitted():
        form = NameTeam(formdata=None, data={"name": team.name})
    form.was.raw_data, form.was.data = None, team.name
    return render_template("caseworker/teams/team.html", form=form), form.status or HTTPStatus.OK


def _make(session: Session, name: str) -> str:
    team = Team(id=db.new_id(), name=name)
    session.add(team)
    session.flush()
    audit.append(session, gate.act("team_made", detail={"team": team.id.hex}))
    flash(_("The team has been made."), "success")
    return HERE


def _rename(session: Session, team_id: uuid.UUID, form: NameTeam) -> str:
    same = (col(Team.id) == team_id, col(Team.name) == str(form.was.data or ""))
    if db.changed_rows(session.execute(sa.update(Team).where(*same).values(name=str(form.name.data)))) != 1:
        raise Conflict
    audit.append(session, gate.act("team_renamed", detail={"team": team_id.hex}))
    flash(_("The team has been renamed."), "success")
    return HERE

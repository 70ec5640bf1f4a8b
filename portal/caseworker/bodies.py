"""The register of bodies, for the administrator: how a school, a surgery or another service is reached.

Whoever could change an address could have questions about a child sent to themselves. So nobody who works on cases
changes one, each change is in the log, and the code shown with a question goes by another way than its link."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from http import HTTPStatus

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, gate
from portal.caseworker import blueprint, staff_words
from portal.gate import page
from portal.records import bodies
from portal.records.bodies import BodyChanged, Reach

ADMINISTRATOR = ("administrator",)
HERE = "/staff/bodies"
CHANGED = {
    "name": _l("Name"),
    "email": _l("Email address"),
    "phone": _l("Phone number"),
    "address": _l("Postal address"),
}


class Reached(forms.VersionedForm):
    """How one body is reached."""

    name = forms.TextField(_l("Name of the body"), needed=_l("Enter the name of the body"))
    email = forms.EmailField(
        _l("Email address"),
        hint=_l("An address of the whole office, taken from a letter or the body’s own website. Links go there."),
    )
    phone = forms.TextField(
        _l("Phone number"), hint=_l("The switchboard. The code that opens a link is given by this number."), longest=40
    )
    address = forms.LongTextField(_l("Postal address"), counted=False, longest=500)
    save = forms.SubmitField(_l("Save"))


@page(blueprint, "/bodies", who=ADMINISTRATOR, why="bodies that supply or receive records, and how each is reached")
def bodies_page() -> str:
    after = _id(request.args.get("after"))
    with gate.runtime().database.read() as session:
        found = bodies.listed(session, after=after, limit=bodies.PAGE + 1)
    shown, more = found[: bodies.PAGE], len(found) > bodies.PAGE
    return render_template(
        "caseworker/bodies/list.html",
        bodies=shown,
        older=f"{HERE}?after={shown[-1].id.hex}" if more else "",
        newer=HERE if after else "",
    )


@page(
    blueprint,
    "/bodies/new",
    methods=("GET", "POST"),
    who=ADMINISTRATOR,
    why="enter a body in the register",
    step_up=True,
)
def enter_body() -> Response | tuple[str, int]:
    form = Reached()
    form.version.data = 0
    if form.validate_on_submit():
        return gate.perform(form.form_key.data, lambda session: _keep(session, form))
    return render_template("caseworker/bodies/body.html", form=form, body=None, changes=[]), form.status


@page(
    blueprint,
    "/bodies/<uuid:body_id>",
    methods=("GET", "POST"),
    who=ADMINISTRATOR,
    why="change how a body of the register is reached, and see who changed it before",
    step_up=True,
)
def change_body(body_id: uuid.UUID) -> Response | tuple[str, int]:
    form, lost = Reached(), False
    if form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _keep(session, form, body_id))
        except BodyChanged:
            lost = True
    with gate.runtime().database.read() as session:
        one = bodies.body(session, body_id)
        changes = _changes(session, body_id)
    if not request.form:
        form = Reached(formdata=None, obj=one.reach)
        form.version.data = one.version
    if lost:
        form.version.raw_data, form.version.data = None, one.version
    shown = render_template("caseworker/bodies/body.html", form=form, body=one, changes=changes, lost=lost)
    return shown, HTTPStatus.CONFLICT if lost else form.status


class Find(forms.Form):
    """The search for a body; sent by POST, because a name that is typed must not stand in an address."""

    search = forms.TextField(
        _l("Words of the body’s name"),
        hint=_l("Three letters of each word are enough."),
        longest=100,
    )
    find = forms.SubmitField(_l("Find it"))


@dataclass
class Chooser:
    """A search in the register. `found` are bodies to which a link can be sent; `unreachable` counts those that the
    register has no address or second way for; `more` says that more words are needed."""

    form: Find
    asked: bool = False
    found: list[tuple[str, str]] = field(default_factory=list)
    unreachable: int = 0
    more: bool = False


def chooser(session: Session) -> Chooser:
    """The search as it was sent, with what it finds; else an empty one."""
    if "find" not in request.form:
        return Chooser(Find(formdata=None))
    form = Find()
    some = bodies.search(session, str(form.search.data or "")) if form.validate_on_submit() else []
    if form.errors:
        form = Find(formdata=None)  # nothing was found: the page has another form, whose faults stand at its head
    shown = some[: bodies.MOST_FOUND]
    reached = [one for one in shown if one.reach.email and one.reach.other_ways]
    named = sorted(((one.id.hex, one.reach.name) for one in reached), key=lambda one: one[1].casefold())
    lacking, more = len(shown) - len(reached), len(some) > len(shown)
    return Chooser(form, asked=True, found=named, unreachable=lacking, more=more)


def _keep(session: Session, form: Reached, body_id: uuid.UUID | None = None) -> str:
    reach = Reach(**{name: str(form[name].data or "") for name in CHANGED})
    who = gate.reader()
    version = form.version.data or 0
    kept = bodies.keep(session, reach, body_id=body_id, version=version, actor=str(who), role=who.role)
    flash(_("Saved. The change is in the log."), "success")
    return f"{HERE}/{kept}"


def _changes(session: Session, body_id: uuid.UUID) -> list[dict[str, str]]:
    found = bodies.changes(session, body_id)
    names = staff_words.names_of(session, {one.actor for one in found})
    return [
        {
            "when": staff_words.moment(one.at),
            "by": staff_words.by_whom(one.actor, names),
            "what": ", ".join(str(CHANGED.get(name, name)) for name in one.detail.get("changed", [])),
        }
        for one in found
    ]


def _id(text: str | None) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None

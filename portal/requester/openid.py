"""Families may sign in by a national sign-in, where one is set (the shape of GOV.UK One Login).

It takes the place of the link by mail, and of the second factor too where its vector of trust says two factors. Nobody
is recognised by an address: a person joins the two once, after they have come in by their own way and shown their
second factor. Whoever has not joined them finds no case here, and learns nothing of whether there is one."""

from __future__ import annotations

import datetime
import uuid
from http import HTTPStatus

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from sqlmodel import Session

from portal import audit, db, elsewhere, forms, gate
from portal.cases import ways_in
from portal.gate import page
from portal.people import identities, sessions
from portal.people.identities import Started
from portal.people.models import Person
from portal.people.openid import NotSignedIn, SignedIn
from portal.people.openid_provider import ProviderAway
from portal.people.sessions import Found
from portal.requester import blueprint, screens
from portal.requester.screens import WithScreen

ANYONE = ("visitor", "family", "family+2")


class Back(WithScreen, elsewhere.Return):
    """What was sent back, with the choice of a screen: two factors there are the second factor here."""


@page(blueprint, "/openid", methods=("POST",), who=ANYONE, why="go to the national sign-in, to sign in or to join it")
def openid_start() -> Response | tuple[str, int]:
    try:
        url = elsewhere.begin(*_purpose())
    except ProviderAway:
        return _away()
    return render_template("requester/openid/leaving.html", url=url, elsewhere=elsewhere.offered()), HTTPStatus.OK


@page(
    blueprint, "/openid/return", methods=("GET", "POST"), who=ANYONE, why="come back from there; a button completes it"
)
def openid_return() -> Response | str | tuple[str, int]:
    form = Back()
    if not form.validate_on_submit():
        shown = elsewhere.came_back(Back)
        if shown is None:
            return _nothing()
        return render_template("requester/openid/back.html", form=shown, elsewhere=elsewhere.offered())
    try:
        began, who = elsewhere.completed(form)
    except ProviderAway:
        return _away()
    except NotSignedIn as wrong:
        return _nothing(wrong.why)
    with gate.runtime().database.write() as session:
        cookie = _let_in(session, began, who, form)
    if cookie is None:
        return _nothing()
    return gate.let_in(gate.see_other(began.then or gate.HOME["family"]), cookie)


@page(blueprint, "/openid/logout", methods=("POST",), who=("visitor",), why="the national sign-in says that one ended")
@forms.from_a_machine
def openid_logout() -> Response:
    return elsewhere.logged_out()


@page(
    blueprint,
    "/openid/join",
    who=("family+2",),
    why="join the national sign-in to one's own account here",
    step_up=True,
)
def openid_join() -> str:
    return render_template("requester/openid/join.html", elsewhere=elsewhere.offered(link="1"))


@blueprint.context_processor
def with_sign_in_elsewhere() -> dict[str, object]:
    """For the pages on which somebody signs in, or shows their second factor again."""
    return {"sign_in_elsewhere": elsewhere.offered, "show_elsewhere": _shown_again}


def _shown_again() -> dict[str, str] | None:
    who = gate.reader()
    return elsewhere.offered_to(who.id, request.args.get("next")) if who.id else None


def _purpose() -> tuple[str, uuid.UUID | None]:
    """To join needs the person's own way and their second factor, shown lately (security.md 6c)."""
    who = gate.reader()
    if who.id and request.args.get("link"):
        return ("link", who.id) if who.stepped_up else ("sign_in", None)
    return ("step_up", who.id) if who.id else ("sign_in", None)


def _let_in(session: Session, began: Started, who: SignedIn, form: Back) -> str | None:
    """The cookie of a session; None for somebody who has not joined the two. Each outcome stands in the log."""
    now, found = db.now(), gate.reader().found
    if began.purpose == "link":
        return _joined(session, began, who)
    holder_id = identities.holder(session, "family", who, now=now)
    known = holder_id is not None and session.get(Person, holder_id) is not None
    if not known or holder_id is None or (began.purpose == "step_up" and holder_id != began.holder_id):
        audit.append(session, gate.act("sign_in_openid", outcome="denied", reason="account"))
        return None
    shown_at = min(who.at, now) if who.two_factors else None
    if began.purpose == "step_up" and found and found.holder_id == holder_id:
        cookie = _shown_anew(session, found, shown_at)
        if shown_at:
            screens.heed(session, form, cookie, holder_id, now=now)
        return cookie
    if found:  # whoever was signed in at this browser no longer is
        sessions.end(session, found)
    audit.append(session, elsewhere.act(holder_id, "sign_in_openid"))
    kind = "directory" if shown_at else None
    cookie = sessions.start(
        session, "family", holder_id, now=now, second_factor_at=shown_at, factor_kind=kind, device=gate.device()
    )
    if shown_at:
        screens.heed(session, form, cookie, holder_id, now=now)
    return cookie


def _shown_anew(session: Session, found: Found, shown_at: datetime.datetime | None) -> str | None:
    """The same session with a fresh factor: its hour does not begin again. One factor there leaves it as it was."""
    outcome = "allowed" if shown_at else "denied"
    audit.append(session, gate.act("second_factor", outcome=outcome, detail={"by": "directory"}))
    if shown_at is None:
        return gate.cookie("family")
    return sessions.renew(session, found, now=shown_at, factor_kind="directory")


def _joined(session: Session, began: Started, who: SignedIn) -> str | None:
    """A new way in: the factor is still fresh now that they are back, the person is told, and all others come in
    anew."""
    now, found = db.now(), gate.reader().found
    if found is None or found.holder_id != began.holder_id or not found.stepped_up(now):
        audit.append(session, gate.act("join_openid", outcome="denied"))
        return None
    if not identities.link(session, "family", found.holder_id, who, now=now):
        audit.append(session, gate.act("join_openid", outcome="denied"))
        return None
    audit.append(session, gate.act("join_openid"))
    flash(_("Done. You can sign in this way from now on."), "success")
    ways_in.tell_person(session, found.holder_id)
    cookie = sessions.renew(session, found, now=now, factor_kind=found.factor_kind)
    sessions.end_others(session, "family", found.holder_id, cookie or "", now=now)
    return cookie


def _away() -> tuple[str, int]:
    return render_template("requester/openid/away.html"), HTTPStatus.SERVICE_UNAVAILABLE


def _nothing(why: str = "") -> tuple[str, int]:
    if why:
        with gate.runtime().database.write() as session:
            audit.append(session, gate.act("sign_in_openid", outcome="denied", reason=why))
    return render_template("requester/openid/refused.html"), HTTPStatus.FORBIDDEN

"""Staff sign in by the authority's directory, where one is set (security.md 6b)."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from flask import Response, render_template, request
from flask import session as form_session
from sqlmodel import Session

from portal import audit, db, elsewhere, forms, gate
from portal.caseworker import arriving, blueprint
from portal.caseworker.arriving import Arrived
from portal.gate import page
from portal.people import identities, seats, sessions
from portal.people.identities import Started
from portal.people.models import STAFF_ROLES, Staff
from portal.people.openid import NotSignedIn, SignedIn
from portal.people.openid_provider import ProviderAway

ANYONE = ("visitor", *STAFF_ROLES)
NOBODYS = "account"  # a good token, and no seat under it


@page(blueprint, "/openid", methods=("POST",), who=ANYONE, why="go to the directory, to sign in or to show it anew")
def openid_start() -> Response | tuple[str, int]:
    try:
        url = elsewhere.begin(*_purpose())
    except ProviderAway:
        return _away()
    return render_template("caseworker/openid/leaving.html", url=url, elsewhere=elsewhere.offered()), HTTPStatus.OK


@page(
    blueprint,
    "/openid/return",
    methods=("GET", "POST"),
    who=ANYONE,
    why="come back from the directory; a button signs in",
)
def openid_return() -> Response | str | tuple[str, int]:
    form = elsewhere.Return()
    if not form.validate_on_submit():
        shown = elsewhere.came_back()
        if shown is None:
            return _nothing()
        return render_template("caseworker/openid/back.html", form=shown, elsewhere=elsewhere.offered())
    try:
        arrived, then = _complete(form)
    except ProviderAway:
        return _away()
    except NotSignedIn as wrong:
        return _nothing() if wrong.why == NOBODYS else _refused(wrong.why)
    return arriving.through_the_door(arrived, then or None)


@page(blueprint, "/openid/logout", methods=("POST",), who=("visitor",), why="the directory says that a session ended")
@forms.from_a_machine
def openid_logout() -> Response:
    return elsewhere.logged_out()


def _purpose() -> tuple[str, uuid.UUID | None]:
    """Somebody who is signed in shows it anew; somebody invited links; everybody else signs in."""
    who = gate.reader()
    if who.id and who.has_second_factor:
        return "step_up", who.id
    invited = form_session.get("invited")
    return ("link", uuid.UUID(invited)) if invited and request.args.get("link") else ("sign_in", None)


def _complete(form: elsewhere.Return) -> tuple[Arrived, str]:
    """Lets in whoever came. Raises NotSignedIn, ProviderAway."""
    began, who = elsewhere.completed(form)
    if not who.two_factors:
        raise NotSignedIn("factors")
    with gate.runtime().database.write() as session:
        arrived = _let_in(session, began, who)
        if arrived is None:
            audit.append(session, gate.act("sign_in_openid", outcome="denied", reason=NOBODYS))
    if arrived is None:
        raise NotSignedIn(NOBODYS)
    form_session.pop("invited", None)
    return arrived, began.then


def _let_in(session: Session, began: Started, who: SignedIn) -> Arrived | None:
    if began.purpose == "link" and began.holder_id:
        account = seats.come_in(session, began.holder_id, now=db.now(), elsewhere=who)
        holder_id = account.id if account else None
    else:
        holder_id = identities.holder(session, "staff", who, now=db.now())
    if holder_id is None:
        return None
    if began.purpose == "step_up":
        return _shown_anew(session, holder_id, began)
    return arriving.arrive(session, holder_id, shown_at=who.at, way="openid")


def _shown_anew(session: Session, holder_id: uuid.UUID, began: Started) -> Arrived | None:
    """The same session goes on under a new id, with its factors fresh; only for whoever it belongs to."""
    found = gate.reader().found
    if found is None or not holder_id == found.holder_id == began.holder_id:
        return None
    account = session.get_one(Staff, holder_id)
    kind = arriving.FACTORS["openid"]
    cookie = sessions.renew(session, found, now=db.now(), factor_kind=kind) if account.disabled_at is None else None
    if cookie is None:
        return None
    audit.append(session, elsewhere.act(holder_id, "second_factor"))
    return Arrived(holder_id, account.role, cookie)


def _away() -> tuple[str, int]:
    """The directory does not answer. The other way in stays, where it is allowed."""
    local = gate.runtime().settings.staff_passwords
    return render_template("caseworker/openid/away.html", local=local), HTTPStatus.SERVICE_UNAVAILABLE


def _refused(why: str) -> tuple[str, int]:
    with gate.runtime().database.write() as session:
        audit.append(session, gate.act("sign_in_openid", outcome="denied", reason=why))
    return _nothing()


def _nothing() -> tuple[str, int]:
    return render_template("caseworker/openid/refused.html"), HTTPStatus.FORBIDDEN

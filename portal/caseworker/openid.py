"""Staff sign in by the authority's directory, where one is set (security.md 6b).

Explicit start, by a button (ASVS V7.6.2). The return is a page with a button too: opening an address changes nothing,
and our session's cookie, which no other site can make a browser send, is there when the button is pressed."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from flask import Response, jsonify, render_template, request
from flask import session as form_session
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import audit, db, forms, gate, links, once
from portal.audit import Act
from portal.caseworker import arriving, blueprint
from portal.caseworker.arriving import Arrived
from portal.gate import page
from portal.people import identities, limits, openid, seats, sessions
from portal.people.identities import Started
from portal.people.models import STAFF_ROLES, Staff
from portal.people.openid import Client, NotSignedIn, ProviderAway, SignedIn

ANYONE = ("visitor", *STAFF_ROLES)
LONGEST = 2000
NOBODYS = "account"  # a good token, and no seat under it


class Start(forms.Form):
    """The button that leads to the directory."""

    go = forms.SubmitField(_l("Continue"))


class Return(forms.Form):
    """What the directory sent back, carried from the address into a form that is pressed."""

    code = forms.HiddenField()
    state = forms.HiddenField()
    issuer = forms.HiddenField()
    go = forms.SubmitField(_l("Continue"))


def offered(then: str | None = None, **query: str) -> dict[str, str] | None:
    """What a page says of the directory, and where its button leads; None where there is none."""
    settings = gate.runtime().settings
    if not settings.staff_openid_issuer:
        return None
    action = links.with_query("/staff/openid", {**({"next": then} if then else {}), **query})
    return {"name": settings.staff_openid_name, "action": action}


def offered_to(staff_id: uuid.UUID, then: str | None) -> dict[str, str] | None:
    """As `offered`, for somebody who is signed in and shows their factors anew: only where they come in by it."""
    found = offered(then)
    if found is None:
        return None
    with gate.runtime().database.read() as session:
        return found if identities.is_linked(session, "staff", staff_id) else None


@page(blueprint, "/openid", methods=("POST",), who=ANYONE, why="go to the directory, to sign in or to show it anew")
def openid_start() -> Response | tuple[str, int]:
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    purpose, holder_id = _purpose()
    try:
        client = _client()
        going = openid.go(client, again=purpose == "step_up")
    except ProviderAway:
        return away()
    then = links.safe_next(request.args.get("next")) or ""
    with gate.runtime().database.write() as session:
        at = {"browser_hash": gate.browser_hash(), "now": db.now(), "holder_id": holder_id, "then": then}
        identities.begin(session, "staff", purpose, going, **at)  # type: ignore[arg-type]
    return render_template("caseworker/openid/leaving.html", url=going.url, elsewhere=offered()), HTTPStatus.OK


@page(
    blueprint,
    "/openid/return",
    methods=("GET", "POST"),
    who=ANYONE,
    why="come back from the directory; a button signs in",
)
def openid_return() -> Response | str | tuple[str, int]:
    form = Return()
    if not form.validate_on_submit():
        return _came_back(form)
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    try:
        arrived, then = _complete(form)
    except ProviderAway:
        return away()
    except NotSignedIn as wrong:
        return _nothing() if wrong.why == NOBODYS else _refused(wrong.why)
    return arriving.through_the_door(arrived, then or None)


@page(blueprint, "/openid/logout", methods=("POST",), who=("visitor",), why="the directory says that a session ended")
@forms.from_a_machine
def openid_logout() -> Response:
    """OpenID Connect Back-Channel Logout. The answer is the same for somebody we do not know."""
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    try:
        told = openid.read_logout(_client(), request.form.get("logout_token", ""), now=db.now())
    except (NotSignedIn, ProviderAway):
        return _machine_answer("invalid_request", HTTPStatus.BAD_REQUEST)
    with gate.runtime().database.write() as session:
        fresh = once.remember(session, "openid-logout", told.jti, "")
        ended = identities.log_out(session, "staff", told) if fresh else []
        for holder_id in ended:
            audit.append(session, _act(holder_id, "openid_logout", "allowed"))
    return _machine_answer("", HTTPStatus.OK) if fresh else _machine_answer("invalid_request", HTTPStatus.BAD_REQUEST)


def away() -> tuple[str, int]:
    """The directory does not answer. The other way in stays, where it is allowed."""
    local = gate.runtime().settings.staff_passwords
    return render_template("caseworker/openid/away.html", local=local), HTTPStatus.SERVICE_UNAVAILABLE


def _client() -> Client:
    client = openid.client_of(gate.runtime().settings, "staff")
    if client is None:
        raise ProviderAway
    return client


def _purpose() -> tuple[str, uuid.UUID | None]:
    """Somebody who is signed in shows it anew; somebody invited links; everybody else signs in."""
    who = gate.reader()
    if who.id and who.has_second_factor:
        return "step_up", who.id
    invited = form_session.get("invited")
    return ("link", uuid.UUID(invited)) if invited and request.args.get("link") else ("sign_in", None)


def _came_back(form: Return) -> str | tuple[str, int]:
    """The page with the button, for what stands in the address; or the page that nothing came of it."""
    code, state = request.args.get("code", ""), request.args.get("state", "")
    issuer = request.args.get("iss", "")
    if not code or not state or len(code) + len(state) + len(issuer) > LONGEST or form.errors:
        return _nothing()
    form = Return(formdata=None, data={"code": code, "state": state, "issuer": issuer})
    return render_template("caseworker/openid/back.html", form=form, elsewhere=offered())


def _complete(form: Return) -> tuple[Arrived, str]:
    """Uses the start up, asks the directory who came (between two transactions), lets them in. Raises NotSignedIn."""
    client, now, database = _client(), db.now(), gate.runtime().database
    if form.issuer.data and form.issuer.data != client.issuer:  # RFC 9207: an answer of some other server
        raise NotSignedIn("issuer")
    with database.write() as session:
        began = identities.returned(session, "staff", str(form.state.data), gate.browser_hash(), now=now)
    if began is None:
        raise NotSignedIn("state")
    since = began.made_at if began.purpose == "step_up" else None
    how = {"nonce": began.nonce, "verifier": began.verifier}
    who = openid.come_back(client, str(form.code.data), **how, now=now, since=since)
    if not who.two_factors:
        raise NotSignedIn("factors")
    with database.write() as session:
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
    cookie = sessions.renew(session, found, now=db.now()) if account.disabled_at is None else None
    if cookie is None:
        return None
    audit.append(session, _act(holder_id, "second_factor", "allowed"))
    return Arrived(holder_id, account.role, cookie)


def _refused(why: str) -> tuple[str, int]:
    with gate.runtime().database.write() as session:
        audit.append(session, gate.act("sign_in_openid", outcome="denied", reason=why))
    return _nothing()


def _nothing() -> tuple[str, int]:
    local = gate.runtime().settings.staff_passwords
    return render_template("caseworker/openid/refused.html", local=local), HTTPStatus.FORBIDDEN


def _act(holder_id: uuid.UUID, name: str, outcome: str) -> Act:
    return Act(chain=audit.account_chain("staff", holder_id), act=name, actor=f"staff:{holder_id.hex}", outcome=outcome)


def _machine_answer(error: str, status: HTTPStatus) -> Response:
    answer = jsonify({"error": error} if error else {})
    answer.status_code = status
    return answer

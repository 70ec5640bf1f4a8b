"""Signing in elsewhere, as both doors do it: an explicit start, a return that a button completes, a logout from there.

Explicit start, by a button (ASVS V7.6.2). The return is a page with a button too: opening an address changes nothing,
and our session's cookie, which no other site can make a browser send, is there when the button is pressed."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from flask import Response, jsonify, request
from flask_babel import lazy_gettext as _l

from portal import audit, db, forms, gate, links, once, shell
from portal.audit import Act
from portal.people import identities, limits, openid
from portal.people.identities import Started
from portal.people.openid import Client, NotSignedIn, SignedIn
from portal.people.openid_provider import ProviderAway

LONGEST = 2000
START = {"staff": "/staff/openid", "family": "/openid"}


class Start(forms.Form):
    """The button that leads elsewhere."""

    go = forms.SubmitField(_l("Continue"))


class Return(forms.Form):
    """What was sent back, carried from the address into a form that is pressed."""

    code = forms.HiddenField()
    state = forms.HiddenField()
    issuer = forms.HiddenField()
    go = forms.SubmitField(_l("Continue"))


def offered(then: str | None = None, **query: str) -> dict[str, str] | None:
    """What a page of this door says of the sign-in elsewhere, and where its button leads; None where there is none."""
    settings, door = gate.runtime().settings, shell.door()
    if not getattr(settings, f"{door}_openid_issuer"):
        return None
    action = links.with_query(START[door], {**({"next": then} if then else {}), **query})
    return {"name": getattr(settings, f"{door}_openid_name"), "action": action}


def offered_to(holder_id: uuid.UUID, then: str | None) -> dict[str, str] | None:
    """As `offered`, for somebody who is signed in and shows their factors anew: only where they come in by it."""
    found = offered(then)
    if found is None:
        return None
    with gate.runtime().database.read() as session:
        return found if identities.is_linked(session, shell.door(), holder_id) else None


def begin(purpose: str, holder_id: uuid.UUID | None) -> str:
    """Where to send somebody; what must come back with them is kept. Raises ProviderAway."""
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    going = openid.go(client(), again=purpose == "step_up")
    then = links.safe_next(request.args.get("next")) or ""
    with gate.runtime().database.write() as session:
        identities.begin(
            session,
            shell.door(),
            purpose,
            going,
            browser_hash=gate.browser_hash(),
            now=db.now(),
            holder_id=holder_id,
            then=then,
        )
    return going.url


def came_back(kind: type[Return] = Return) -> Return | None:
    """The form, of the door's own `kind`, for what stands in the address; None where nothing came of it."""
    code, state, issuer = (request.args.get(name, "") for name in ("code", "state", "iss"))
    if not code or not state or len(code) + len(state) + len(issuer) > LONGEST:
        return None
    return kind(formdata=None, data={"code": code, "state": state, "issuer": issuer})


def completed(form: Return) -> tuple[Started, SignedIn]:
    """Uses the start up, then asks elsewhere who came: between two transactions. Raises NotSignedIn, ProviderAway."""
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    there, now = client(), db.now()
    if form.issuer.data and form.issuer.data != there.issuer:  # RFC 9207: an answer of some other server
        raise NotSignedIn("issuer")
    with gate.runtime().database.write() as session:
        began = identities.returned(session, shell.door(), str(form.state.data), gate.browser_hash(), now=now)
    if began is None:
        raise NotSignedIn("state")
    since = began.made_at if began.purpose == "step_up" else None
    how = {"nonce": began.nonce, "verifier": began.verifier}
    return began, openid.come_back(there, str(form.code.data), **how, now=now, since=since)


def logged_out() -> Response:
    """OpenID Connect Back-Channel Logout. The answer is the same for somebody we do not know.

    Without a limit: at the end of a day thousands come from one address, and none may be lost; a token that nobody
    signed costs little."""
    door = shell.door()
    try:
        told = openid.read_logout(client(), request.form.get("logout_token", ""), now=db.now())
    except (NotSignedIn, ProviderAway):
        return _answer("invalid_request")
    with gate.runtime().database.write() as session:
        fresh = once.remember(session, f"openid-logout {door}", told.jti, "")
        ended = identities.log_out(session, door, told) if fresh else []
        for holder_id in ended:
            audit.append(session, act(holder_id, "openid_logout"))
    return _answer("" if fresh else "invalid_request")


def client() -> Client:
    """What we are at the sign-in of this door. Raises ProviderAway where there is none."""
    found = openid.client_of(gate.runtime().settings, shell.door())
    if found is None:
        raise ProviderAway
    return found


def act(holder_id: uuid.UUID, name: str) -> Act:
    """The log row of something that happened to an account by its sign-in elsewhere."""
    door = shell.door()
    return Act(chain=audit.account_chain(door, holder_id), act=name, actor=f"{door}:{holder_id.hex}")


def _answer(error: str) -> Response:
    """For a machine."""
    answer = jsonify({"error": error} if error else {})
    answer.status_code = HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK
    return answer

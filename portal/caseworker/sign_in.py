"""How staff come in: password, then a passkey or a code from an app. One account has one live session (security.md 6b).

Approvers, auditors and administrators need a passkey (portal.people.staff.PASSKEY_ROLES); the pages about passkeys are
in portal.caseworker.passkeys."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import NamedTuple

from babel.dates import format_datetime
from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import audit, db, elsewhere, forms, gate, going_on, links
from portal.audit import Act
from portal.caseworker import arriving, blueprint
from portal.gate import page
from portal.people import factors, known_browsers, limits, sessions, staff
from portal.people.limits import Rule
from portal.people.models import STAFF_ROLES, Staff

ANYONE = ("visitor",)
going_on.register(blueprint, STAFF_ROLES)


class Arrival(NamedTuple):
    """What a complete sign-in brings: the cookie, how many sessions it ended, and words about the one before."""

    cookie: str
    ended: int
    before: str


class SignIn(forms.Form):
    """Work e-mail and password. An error never says which of the two was wrong."""

    email = forms.EmailField(_l("Work email address"), needed=_l("Enter your work email address"))
    password = forms.PasswordField(_l("Password"), needed=_l("Enter your password"))
    go = forms.SubmitField(_l("Continue"))


class EnterCode(forms.Form):
    """A code from the app."""

    code = forms.TextField(_l("Code from your app"), needed=_l("Enter the code from your app"), longest=40)
    go = forms.SubmitField(_l("Sign in"))


@page(blueprint, "/sign-in", methods=("GET", "POST"), who=ANYONE, why="staff enter address and password")
def sign_in() -> Response | tuple[str, int]:
    form = SignIn()
    then = links.safe_next(request.args.get("next"))
    action = here("/staff/sign-in", then)
    local = gate.runtime().settings.staff_passwords
    if local and form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        cookie = _try_password(str(form.email.data), str(form.password.data))
        if cookie:
            return gate.let_in(gate.see_other(here("/staff/sign-in/code", then)), cookie)
        form.password.errors = [_("The email address or the password is not right")]
    facts = {"action": action, "elsewhere": elsewhere.offered(then), "local": local}
    return render_template("caseworker/sign_in/password.html", form=form, **facts), form.status


@page(
    blueprint,
    "/sign-in/code",
    methods=("GET", "POST"),
    who=(*ANYONE, *STAFF_ROLES),
    why="staff show their second factor, when they sign in and again before acts that need it fresh",
)
def second_factor() -> Response | tuple[str, int]:
    who = gate.reader()
    if who.id is None:
        return gate.see_other("/staff/sign-in")
    then = links.safe_next(request.args.get("next"))
    kinds = ways_of(who.id)
    if "passkey" in kinds and (needs_passkey(who) or "totp" not in kinds):
        return gate.see_other(here("/staff/sign-in/passkey", then))
    form = EnterCode()
    if form.validate_on_submit():
        arrival = try_factor(who.id, "totp", _right_code(who.id, str(form.code.data)))
        if arrival:
            return arrived(arrival, then)
        form.code.raw_data, form.code.data = [], None  # a code is not shown again
        form.code.errors = [_("This code is not right, or it was used before. Wait for the next one and try again")]
    facts = {
        "action": here("/staff/sign-in/code", then),
        "by_passkey": here("/staff/sign-in/passkey", then) if "passkey" in kinds else "",
        "elsewhere": elsewhere.offered_to(who.id, then),
    }
    return render_template("caseworker/sign_in/code.html", form=form, **facts), form.status


@page(blueprint, "/sign-out", methods=("POST",), who=(*ANYONE, *STAFF_ROLES), why="end the session")
def sign_out() -> Response:
    who = gate.reader()
    if who.found:
        with gate.runtime().database.write() as session:
            sessions.end(session, who.found)
            audit.append(session, gate.act("sign_out"))
    return gate.let_out(gate.see_other("/staff/signed-out"))


@page(blueprint, "/signed-out", who=ANYONE, why="say that the session has ended")
def signed_out() -> str:
    return render_template("caseworker/sign_in/signed_out.html")


def _try_password(email: str, password: str) -> str | None:
    """A session that still waits for its code, for a right password. The slow hash runs before the transaction."""
    runtime, now = gate.runtime(), db.now()
    with runtime.database.read() as session:
        tried = staff.recognise(session, email, password, pepper=runtime.settings.secrets.pepper)
    place = _place(tried.staff)
    with runtime.database.write() as session:
        used_up = _used_up(session, email, place)
        cookie = None
        if not used_up and tried.right and tried.staff:
            cookie = sessions.start(session, "staff", tried.staff.id, now=now, device=gate.device())
            limits.forgive(session, limits.PASSWORDS, email, place.name)
        audit.append(session, _password_act(tried.staff, cookie))
    if used_up:
        raise limits.limited(used_up, now=now)
    return cookie


class Place(NamedTuple):
    """Where a password is tried: a browser in which the account has signed in before, or a network."""

    name: str
    known: bool


def _place(account: Staff | None) -> Place:
    settings, cookie = gate.runtime().settings, gate.cookie(known_browsers.COOKIE)
    browser = known_browsers.browser_of(settings, cookie, account.id) if account else None
    return Place(f"browser {browser}", known=True) if browser else Place(f"network {gate.network()}", known=False)


def _used_up(session: Session, email: str, place: Place) -> Rule | None:
    """Counts one try of the address from this place; answers the rule that it is over, or None."""
    if not limits.within(session, limits.PASSWORDS, email, place.name):
        return limits.PASSWORDS
    if not place.known and not limits.within(session, limits.PASSWORDS_OF_ALL, email):
        return limits.PASSWORDS_OF_ALL
    return None


def ways_of(staff_id: uuid.UUID) -> set[str]:
    """Which second factors the account has."""
    with gate.runtime().database.read() as session:
        return factors.kinds(session, "staff", staff_id)


def needs_passkey(who: gate.Reader) -> bool:
    """Whether nothing less will do for this role; the demo is played without one."""
    return who.role in staff.PASSKEY_ROLES and not gate.runtime().settings.demo


def here(path: str, then: str | None) -> str:
    """A page of the way in, with where to go afterwards."""
    return links.with_query(path, {"next": then} if then else {})


def try_factor(staff_id: uuid.UUID, by: str, right: Callable[[Session], bool]) -> Arrival | None:
    """The complete session, when `right` says so of what was shown; None for a wrong one, which counts."""
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    with gate.runtime().database.write() as session:
        allowed = limits.within(session, limits.CODES, f"staff:{staff_id.hex}")
        arrival = arrive(session, staff_id, by) if allowed and right(session) else None
        outcome = "allowed" if arrival else "denied"
        audit.append(session, gate.act("second_factor", outcome=outcome, detail={"by": by}))
    if not allowed:
        raise limits.limited(limits.CODES, now=db.now())
    return arrival


def _right_code(staff_id: uuid.UUID, code: str) -> Callable[[Session], bool]:
    return lambda session: factors.check_app(session, "staff", staff_id, code, now=db.now())


def arrive(session: Session, staff_id: uuid.UUID, by: str) -> Arrival | None:
    """A new session id in this transaction; whoever is signed in to the account elsewhere no longer is."""
    found, now = gate.reader().found, db.now()
    account = db.lock(session, Staff, id=staff_id)  # two sign-ins at once: the later one stays
    cookie = sessions.renew(session, found, now=now, factor_kind=by) if found and account else None
    if cookie is None or account is None or account.disabled_at is not None:
        return None
    limits.forgive(session, limits.CODES, f"staff:{staff_id.hex}")
    ended = sessions.end_others(session, "staff", staff_id, cookie, now=now)
    before = staff.signed_in(session, account, now=now)
    return Arrival(cookie, ended, format_datetime(before, "d MMMM y, HH:mm") if before else "")


def arrived(arrival: Arrival, then: str | None) -> Response:
    """The browser gets its new session and goes where it wanted."""
    who = gate.reader()
    arriving.tell(arrival.ended, "" if who.has_second_factor else arrival.before)
    response = gate.see_other(then or gate.home("staff", who.role))
    if who.id:
        arriving.know_again(response, who.id)
    return gate.let_in(response, arrival.cookie)


def _password_act(account: Staff | None, cookie: str | None) -> Act:
    outcome = "allowed" if cookie else "denied"
    if account is None:
        return Act(chain=audit.visitor_chain(), act="password", actor="visitor", outcome=outcome)
    chain = audit.account_chain("staff", account.id)
    return Act(chain=chain, act="password", actor=f"staff:{account.id.hex}", role=account.role, outcome=outcome)

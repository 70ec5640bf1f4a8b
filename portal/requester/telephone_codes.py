"""The second factor by telephone: a code that is sent or read aloud, or that one of us tells on a call.

The page never shows the number: whoever came as far as this may hold no more than the mailbox."""

from __future__ import annotations

import uuid

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import audit, db, forms, gate, links
from portal.gate import page
from portal.people import limits, sessions, spoken_codes, telephone
from portal.requester import blueprint, screens, tries
from portal.requester.screens import WithScreen

WHO = ("family", "family+2")
Answer = Response | tuple[str, int]


class SpokenForm(WithScreen):
    """The six figures."""

    code = forms.TextField(_l("Code"), needed=_l("Enter the code"), hint=_l("6 numbers"), longest=20)
    go = forms.SubmitField(_l("Continue"))


class AskForm(forms.Form):
    """The button that asks for a code."""


@page(blueprint, "/sign-in/phone", methods=("GET", "POST"), who=WHO, why="show a code that came by telephone")
def phone_code() -> Answer:
    return _code_page("phone")


@page(blueprint, "/sign-in/call", methods=("GET", "POST"), who=WHO, why="show a code that one of us told on a call")
def call_code() -> Answer:
    return _code_page("call_back")


@page(
    blueprint, "/sign-in/phone/send", methods=("POST",), who=WHO, why="have a code sent to the number that was checked"
)
def send_code() -> Response:
    return _ask("phone")


@page(blueprint, "/sign-in/call/ask", methods=("POST",), who=WHO, why="ask to be rung with a code")
def ask_for_call() -> Response:
    return _ask("call_back")


PLACES = {"phone": "/sign-in/phone", "call_back": "/sign-in/call"}
ASKING = {"phone": "/sign-in/phone/send", "call_back": "/sign-in/call/ask"}


def _code_page(kind: str) -> Answer:
    form, person_id = SpokenForm(), _person_id()
    with gate.runtime().database.read() as session:
        there = _open(session, person_id, kind)
    if there and form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        cookie = _use(person_id, kind, form)
        if cookie:
            return gate.let_in(gate.see_other(_then() or gate.HOME["family"]), cookie)
        form.code.raw_data, form.code.data = [], None  # a code is not shown again
        form.code.errors = [_("This code is not right, or its time is over. Check it, or ask for a new one")]
    then = {"next": _then()} if _then() else {}
    facts = {"kind": kind, "there": there, "here": links.with_query(PLACES[kind], then)}
    facts |= {"asking": links.with_query(ASKING[kind], then), "other": links.with_query("/sign-in/code", then)}
    return render_template(
        "requester/sign_in/telephone.html", form=form, ask=AskForm(formdata=None), **facts
    ), form.status


def _ask(kind: str) -> Response:
    """Asks for a code; at most so many an hour, or a stranger with the mailbox could let a telephone ring all night."""
    form, person_id, now, found = AskForm(), _person_id(), db.now(), gate.reader().found
    back = gate.see_other(links.with_query(PLACES[kind], {"next": _then()} if _then() else {}))
    if found is None or not form.validate_on_submit():
        return back
    gate.hold_back_floods(limits.NETWORK_SIGN_INS)
    with gate.runtime().database.write() as session:
        over = tries.asked_too_often(session, person_id, kind, found)
        there = over is None and _open(session, person_id, kind)
        if there:
            spoken_codes.ask(session, person_id, kind, found.id_hash, now=now)
        outcome = "allowed" if there else "denied"
        audit.append(session, gate.act("ask_for_code", outcome=outcome, detail={"by": kind}))
    if over:
        raise limits.limited(over, now=now)
    if there:
        flash(_("A code is on its way to you.") if kind == "phone" else _("We will ring you. Leave this page open."))
    return back


def _use(person_id: uuid.UUID, kind: str, form: SpokenForm) -> str | None:
    """A session with the second factor, for a right code; None for a wrong one, which counts with all other codes."""
    runtime, now, found = gate.runtime(), db.now(), gate.reader().found
    if found is None:
        return None
    key, cookie = spoken_codes.key_of(runtime.settings), None
    with runtime.database.write() as session:
        over = tries.used_up(session, person_id, found)
        open_ = over is None and _open(session, person_id, kind)
        typed = str(form.code.data)
        if open_ and spoken_codes.use(session, person_id, kind, typed, found.id_hash, key=key, now=now):
            cookie = sessions.renew(session, found, now=now, factor_kind=kind)
            screens.heed(session, form, cookie, person_id, now=now)
            tries.forgive(session, person_id, found)
        audit.append(session, gate.act("second_factor", outcome="allowed" if cookie else "denied", detail={"by": kind}))
    if over:
        raise limits.limited(over, now=now)
    return cookie


def _open(session: Session, person_id: uuid.UUID, kind: str) -> bool:
    """Whether a code of this kind may go to this person now."""
    if kind == "phone" and not telephone.available(gate.runtime().settings):
        return False
    return spoken_codes.line(session, person_id, kind) is not None


def _then() -> str:
    return links.safe_next(request.args.get("next")) or ""


def _person_id() -> uuid.UUID:
    person_id = gate.reader().id
    if person_id is None:  # the gate lets nobody without one come here
        raise PermissionError
    return person_id

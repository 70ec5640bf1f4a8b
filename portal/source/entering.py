"""How a body comes in: the link of the mail, then the code that was given by another way.

Opening the link shows nothing of the case and burns nothing: programmes open links too. Whatever became of a link that
is no more, its page is the same, byte for byte, as that of one that never was (R-56)."""

from __future__ import annotations

import datetime
import hashlib
from http import HTTPStatus

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, Signer

from portal import db, forms, gate, links
from portal.cases.corrections import outside
from portal.gate import page
from portal.people import limits
from portal.source import blueprint

Answer = Response | str | tuple[str, int]

ANYONE = ("visitor",)
COOKIE = "source"
SHOWN_FOR = datetime.timedelta(minutes=30)
TYPED_FOR = datetime.timedelta(hours=2)  # what was typed in time is taken, though the question is shown no longer
MOST_LINKS = 8  # which one browser can have open beside each other: a school's office has several questions


class Gone(Exception):
    """The link is unknown, used, ended, passed on, or nobody needs its answer any more."""


class CodeNeeded(Exception):
    """The link lives, and this browser has not shown its code, or too long ago."""

    def __init__(self, signed: str) -> None:
        super().__init__()
        self.signed = signed


class CodeForm(forms.Form):
    """The code that goes with the link."""

    code = forms.TextField(
        _l("Code"),
        needed=_l("Enter the code"),
        hint=_l("8 letters and numbers. We gave it to you by telephone or letter, or a colleague told you."),
        longest=40,
    )
    go = forms.SubmitField(_l("Continue"))


@page(blueprint, "/source", who=ANYONE, why="say that this door opens with a link alone")
def front() -> str:
    return render_template("source/front.html")


@page(
    blueprint,
    "/source/open/<string:signed>",
    methods=("GET", "POST"),
    who=ANYONE,
    why="ask for the code of a link before anything of it is shown",
)
def open_link(signed: str) -> Answer:
    token = alive(signed)
    form = CodeForm()
    if form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        with gate.runtime().database.write() as session:
            right = outside.unlock(session, token, str(form.code.data))
        if right:
            return _with_cookie(gate.see_other(url_for("source.question", signed=signed)), token)
        alive(signed)  # it may have been the last try
        form.code.raw_data, form.code.data = [], None
        form.code.errors = [_("This code is not right. Check it and try again. After 5 wrong codes the link ends")]
    return render_template("source/code.html", form=form), form.status


@blueprint.errorhandler(Gone)
def gone(_gone: Gone) -> tuple[str, int]:
    return render_template("source/gone.html"), HTTPStatus.GONE


@blueprint.errorhandler(CodeNeeded)
def code_needed(needed: CodeNeeded) -> Response:
    return gate.see_other(url_for("source.open_link", signed=needed.signed))


def alive(signed: str) -> str:
    """The random value of a link that can be answered. Raises Gone."""
    token = links.opened(gate.runtime().settings, "outside", signed)
    if token is None:
        raise Gone
    with gate.runtime().database.read() as session:
        if outside.waiting(session, token) is None:
            raise Gone
    return token


def unlocked(signed: str, *, within: datetime.timedelta = SHOWN_FOR) -> str:
    """The random value of a link whose code this browser has shown within this time. Raises Gone, CodeNeeded."""
    token = alive(signed)
    if not shown_here(token, within=within):
        raise CodeNeeded(signed)
    return token


def shown_before(signed: str) -> str:
    """As `unlocked` for what was typed, whether or not the link still lives: a form sent twice finds its result."""
    token = links.opened(gate.runtime().settings, "outside", signed)
    if token is None or not shown_here(token, within=TYPED_FOR):
        return unlocked(signed, within=TYPED_FOR)
    return token


def shown_here(token: str, *, within: datetime.timedelta) -> bool:
    """Whether this browser has shown the link's code in this time. A clock that was set back opens nothing."""
    at = _kept().get(_name(token))
    return at is not None and datetime.timedelta() <= db.now() - at < within


def _with_cookie(response: Response, token: str) -> Response:
    """Lets the browser remember that it has shown the code; the link alone, in another browser, is asked for it."""
    kept = {**_kept(), _name(token): db.now()}
    newest = sorted(kept.items(), key=lambda one: one[1])[-MOST_LINKS:]
    told = "~".join(f"{name}.{int(at.timestamp())}" for name, at in newest)
    gate.give_cookie(response, COOKIE, _signer().sign(told).decode(), lasts=TYPED_FOR)
    return response


def _kept() -> dict[str, datetime.datetime]:
    """The links whose code this browser has shown, and when."""
    try:
        told = _signer().unsign(gate.cookie(COOKIE) or "").decode()
    except (BadSignature, UnicodeError):
        return {}
    pairs = (one.partition(".") for one in told.split("~"))
    return {name: datetime.datetime.fromtimestamp(int(at), datetime.UTC) for name, _dot, at in pairs}


def _name(token: str) -> str:
    """How the cookie calls a link: not by what opens it."""
    return hashlib.sha256(f"cookie:{token}".encode()).hexdigest()[:32]


def _signer() -> Signer:
    key = links.derived_key(gate.runtime().settings, "source-cookie")
    return Signer(key, salt="portal.source", key_derivation="hmac", digest_method=hashlib.sha256)

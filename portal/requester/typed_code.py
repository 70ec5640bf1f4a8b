"""The code that stands in the mail beside the link, for whoever reads the mail on another device.

It is typed in the browser that asked for the link, and works nowhere else: a programme that opens every link of a mail
finds nothing to burn, and whoever reads the mail somewhere else has a code without the browser it belongs to."""

from __future__ import annotations

from flask import Response, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import db, forms, gate, links
from portal.gate import page
from portal.people import limits, tokens
from portal.people.models import Person
from portal.requester import arriving, blueprint


class TypeCode(forms.Form):
    """The code from the mail."""

    code = forms.TextField(_l("Code from the email"), needed=_l("Enter the code from the email"), longest=40)
    go = forms.SubmitField(_l("Sign in"))


@page(
    blueprint,
    "/sign-in/sent",
    methods=("GET", "POST"),
    who=("visitor",),
    why="say that a link is on its way, if there is one to send, and take the code that stands beside it",
)
def link_sent() -> Response | tuple[str, int]:
    form = TypeCode()
    if form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SIGN_INS)
        cookie = _use_code(str(form.code.data))
        if cookie:
            return arriving.onward(cookie)
        refuse(form)
    minutes = int(tokens.LIFE.total_seconds() // 60)
    return render_template("requester/sign_in/sent.html", form=form, minutes=minutes), form.status


def refuse(form: TypeCode) -> None:
    """Says that the code is wrong, in words that tell nothing of whether a mail went out."""
    form.code.raw_data, form.code.data = [], None  # a code is not shown again
    form.code.errors = [_("This code is not right, or its time is over. Check it, or ask for a new link")]


def _use_code(typed: str) -> str | None:
    """Uses up the link whose code this is; None for a wrong one, which counts against this browser's ten."""
    now, browser = db.now(), gate.browser_hash()
    key = links.derived_key(gate.runtime().settings, tokens.CODE_KEY)
    with gate.runtime().database.write() as session:
        allowed = limits.within(session, limits.TYPED_CODES, browser.hex())
        person_id = tokens.consume_code(session, "sign_in", typed, browser, key=key, now=now) if allowed else None
        cookie = None
        if person_id is not None and session.get(Person, person_id) is not None:
            cookie = arriving.begin(session, person_id, by="typed code", now=now)
            limits.forgive(session, limits.TYPED_CODES, browser.hex())
        else:
            arriving.refuse(session, by="typed code")
    if not allowed:
        raise limits.limited(limits.TYPED_CODES, now=now)
    return cookie

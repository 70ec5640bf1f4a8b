"""Whoever has lost their second factor says so here. It opens nothing: a caseworker checks again who they are."""

from __future__ import annotations

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import db, forms, gate
from portal.cases import verbs
from portal.errors import NotThere
from portal.gate import page
from portal.people import limits
from portal.requester import blueprint

LOST = {
    "totp": _l("The app that shows codes, or the phone it is on"),
    "code_sheet": _l("The sheet of codes"),
    "phone": _l("My phone number"),
    "passkey": _l("My passkey or key"),
}


class SayLost(forms.Form):
    """What is lost."""

    what = forms.RadiosField(
        _l("What have you lost?"), choices=list(LOST.items()), needed=_l("Choose what you have lost")
    )
    go = forms.SubmitField(_l("Tell us"))


@page(
    blueprint,
    "/sign-in/lost",
    methods=("GET", "POST"),
    who=("family", "family+2"),
    why="say that a second factor is lost; it changes nothing and tells those who can check who asks",
)
def lost() -> Response | tuple[str, int]:
    form = SayLost()
    if form.validate_on_submit():
        what = str(LOST[str(form.what.data)])
        done = gate.perform(form.form_key.data, lambda session: _tell(session, what))
        flash(_("We have it. We get in touch with you in a way that is safe for you."), "success")
        return done
    return render_template("requester/sign_in/lost.html", form=form), form.status


def _tell(session: Session, what: str) -> str:
    """As a message on the newest request that is open, where those who work on it find it."""
    who = gate.reader()
    if not limits.within(session, limits.MESSAGES, str(who)):
        raise limits.limited(limits.MESSAGES, now=db.now())
    own = verbs.own_cases(session, who.id) if who.id else []
    case = next((one for one in own if one.closed_at is None), own[0] if own else None)
    if case is None:
        raise NotThere
    words = _("I cannot show that it is me any more. What I have lost: %(what)s.", what=what)
    verbs.write_message(session, case.id, "from_requester", words, by=gate.actor())
    return f"/cases/{case.reference}"

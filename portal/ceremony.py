"""The page on which a browser makes or shows a passkey: the same at both doors.

Pressing the button makes a challenge, and the page that comes back carries it; portal/static/passkey.js hands it to the
browser and sends the browser's answer in a hidden field of the same form. Without scripts the page names other ways.
"""

from __future__ import annotations

import wtforms
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import db, forms, gate, shell
from portal.people import passkeys
from portal.people.passkeys import Made, Passkey, Site


class ShowForm(forms.Form):
    """The button that asks for the passkey, and the browser's answer."""

    answer = forms.HiddenField()
    go = forms.SubmitField(_l("Use my passkey"))


class MakeForm(forms.Form):
    """A name for the new passkey, the button that makes it, and the browser's answer."""

    answer = forms.HiddenField()
    name = forms.TextField(
        _l("Name of the passkey"),
        hint=_l("So that you can tell it from others later, for example: my phone"),
        longest=passkeys.LONGEST_NAME,
    )
    go = forms.SubmitField(_l("Make a passkey"))


def here() -> Site:
    """The address that passkeys of this door count for."""
    return passkeys.site(gate.runtime().settings, shell.door())


def possible() -> bool:
    """Whether a browser would make passkeys for the address of this door."""
    return here().possible


def to_make(account: str, known: list[Passkey]) -> str:
    """Begins the making of a passkey; answers what the page carries for the browser."""
    return passkeys.to_make(here(), _challenge("enrol"), account=account, known=known)


def to_show(known: list[Passkey]) -> str:
    """Begins the showing of one of the `known` passkeys; answers what the page carries for the browser."""
    return passkeys.to_show(here(), _challenge("show"), known)


def made(session: Session, answer: str) -> Made | None:
    """The passkey that the browser made for the challenge it was given, which is spent by this."""
    challenge = passkeys.spend(session, "enrol", _bound_to(), now=db.now())
    return passkeys.made(here(), challenge, answer) if challenge else None


def shown(session: Session, answer: str) -> bool:
    """Whether the reader's passkey signed the challenge that the page carried, which is spent by this."""
    who, now = gate.reader(), db.now()
    challenge = passkeys.spend(session, "show", _bound_to(), now=now)
    if challenge is None or who.id is None:
        return False
    return passkeys.shown(session, here(), answer, door=who.door, holder_id=who.id, challenge=challenge, now=now)


def say_not_made(form: MakeForm) -> None:
    """Words for an answer that does not do. The answer is not sent out again."""
    _say(form, form.answer, _("We could not make the passkey. Try again, or choose another way"))


def say_not_shown(form: ShowForm) -> None:
    _say(form, form.answer, _("We could not check the passkey. Try again, or choose another way"))


def _say(form: forms.Form, answer: wtforms.Field, words: str) -> None:
    answer.data, answer.raw_data = "", []
    form.form_errors.append(words)


def _challenge(purpose: str) -> bytes:
    with gate.runtime().database.write() as session:
        return passkeys.challenge(session, purpose, _bound_to(), now=db.now())


def _bound_to() -> bytes:
    """The session of whoever is signed in; otherwise the browser in which a request is being written."""
    found = gate.reader().found
    return found.id_hash if found else gate.browser_hash()

"""The choice of a screen beside every second factor, by which somebody says that they are being watched.

What the second screen is, the help page says and whoever hands a card over, not the page itself nor the card: somebody
else may find it (security.md 6a). See portal.people.watched."""

from __future__ import annotations

import datetime
import uuid

from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms
from portal.people import watched


class WithScreen(forms.Form):
    """A form that shows a second factor."""

    screen = forms.RadiosField(_l("Screen"), choices=[(one, one) for one in watched.SCREENS], default="1")


def heed(
    session: Session, form: WithScreen, cookie: str | None, person_id: uuid.UUID, *, now: datetime.datetime
) -> None:
    """Makes the session that has just begun a thin one where that was chosen, and tells a caseworker."""
    if cookie and form.screen.data == watched.THIN:
        watched.begin(session, cookie, person_id, now=now)

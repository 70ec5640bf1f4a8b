"""What a complete sign-in does at the staff's door, however somebody came: one live session, the last one shown."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field

from babel.dates import format_datetime
from flask import Response, flash
from flask_babel import gettext as _
from sqlmodel import Session

from portal import audit, db, gate
from portal.audit import Act
from portal.people import known_browsers, sessions, staff
from portal.people.models import Staff

# By which way somebody came -> the second factor that the session keeps (portal.people.staff.strong_enough).
FACTORS = {"openid": "directory", "password": "totp"}


@dataclass(frozen=True)
class Arrived:
    """A session of somebody who has shown two factors."""

    staff_id: uuid.UUID
    role: str
    cookie: str = field(repr=False)
    ended: int = 0
    before: str = ""


def arrive(session: Session, staff_id: uuid.UUID, *, shown_at: datetime.datetime, way: str) -> Arrived | None:
    """Begins the one live session of an account; `shown_at` is when the factors were shown. None for a closed seat."""
    now = db.now()
    account = db.lock(session, Staff, id=staff_id)  # two sign-ins at once: the later one stays
    if account is None or account.disabled_at is not None:
        return None
    old = gate.reader().found
    if old:  # whoever was signed in at this browser no longer is
        sessions.end(session, old)
    cookie = sessions.start(
        session,
        "staff",
        staff_id,
        now=now,
        second_factor_at=min(shown_at, now),
        factor_kind=FACTORS[way],
        device=gate.device(),
    )
    ended = sessions.end_others(session, "staff", staff_id, cookie, now=now)
    before = staff.signed_in(session, account, now=now)
    audit.append(session, _act(account, cookie, way))
    told = format_datetime(before, "d MMMM y, HH:mm") if before else ""
    return Arrived(staff_id, account.role, cookie, ended, told)


def through_the_door(arrived: Arrived, then: str | None) -> Response:
    """The answer that lets somebody in, with what they should recognise or else report."""
    tell(arrived.ended, arrived.before)
    response = gate.see_other(then or gate.home("staff", arrived.role))
    know_again(response, arrived.staff_id)
    return gate.let_in(response, arrived.cookie)


def tell(ended: int, before: str) -> None:
    """What the person should recognise, or else report."""
    if ended:
        flash(_("You were signed in somewhere else. That session has been ended."))
    if before:
        words = _("You last signed in on %(when)s (UTC). If that was not you, tell your manager now.", when=before)
        flash(words)


def know_again(response: Response, staff_id: uuid.UUID) -> None:
    """After a complete sign-in this browser keeps tries of its own: strangers' guesses do not lock its user out."""
    value = known_browsers.remembered(gate.runtime().settings, gate.cookie(known_browsers.COOKIE), staff_id)
    gate.give_cookie(response, known_browsers.COOKIE, value, lasts=known_browsers.LIFE)


def _act(account: Staff, cookie: str, way: str) -> Act:
    return Act(
        chain=audit.account_chain("staff", account.id),
        act="sign_in",
        actor=f"staff:{account.id.hex}",
        role=account.role,
        session=sessions.hash_of(cookie).hex()[:16],
        detail={"way": way},
    )

"""Accounts of staff: one person, one account, a long password and a code from an app (security.md 6b)."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import Session, select

from portal import audit, db
from portal.audit import Act
from portal.errors import NotThere, PortalError
from portal.people import breached, factors, hashing, sessions
from portal.people.models import STAFF_ROLES, Staff
from portal.people.seat_models import Seat
from portal.settings import Settings
from portal.vault import vault_of
from workflows.words import mark as _

SHORTEST, LONGEST = 15, 128  # ASVS V6.2: length alone, no rules about kinds of letters
# Who releases, reads the log or gives out rights shows something that no copied page can ask for (security.md 6b).
PASSKEY_ROLES = frozenset({"approver", "auditor", "administrator"})
# Kinds of factor, as a session keeps them, that such a role may begin with. For whoever comes in by the authority's
# directory the directory answers: which of its claims stand for strong factors is a setting.
STRONG = frozenset({"passkey", "directory"})
FIRST_HOUR = datetime.timedelta(hours=1)


class PasswordRefused(PortalError):
    """The password is too short, too long, or one that others try first."""


@dataclass(frozen=True)
class Recognised:
    """Whose account an address is, and whether the password was right."""

    staff: Staff | None
    right: bool


def create(
    session: Session,
    *,
    name: str,
    email: str,
    password: str,
    role: str,
    pepper: bytes,
    team_id: uuid.UUID | None = None,
) -> Staff:
    """Enters an account. It opens nothing before an app is enrolled (`factors.add_app`).

    Raises PasswordRefused."""
    check_new_password(password, email)
    hashed = hashing.slow_hash(pepper, password)
    made = enter(session, name=name, email=email, role=role, team_id=team_id, password_hash=hashed)
    audit.append(session, _act(made, "staff_created"))
    return made


def enter(
    session: Session, *, name: str, email: str, role: str, team_id: uuid.UUID | None, password_hash: str = ""
) -> Staff:
    """Enters an account with its seat; whoever calls logs it. Without the hash of a password no password opens it."""
    if role not in STAFF_ROLES:
        raise ValueError(f"no such role: {role}")
    vault, now = vault_of(session), db.now()
    blind = vault.blind("email", email)
    staff = Staff(
        id=db.new_id(), sealed=b"", email_blind=blind, password_hash=password_hash, role=role, team_id=team_id
    )
    vault.put(staff, {"name": name, "email": email})
    session.add(staff)
    session.flush()
    session.add(Seat(staff_id=staff.id, opened_at=now, confirmed_at=now))
    session.flush()
    return staff


def check_new_password(password: str, email: str, settings: Settings | None = None) -> None:
    """Raises PasswordRefused with words that say what to change. With `settings` the names of this authority and its
    list of breached passwords count too."""
    if len(password) < SHORTEST:
        raise PasswordRefused(_("The password must have 15 characters or more. Four words are easy to keep in mind."))
    if len(password) > LONGEST:
        raise PasswordRefused(_("The password must have 128 characters or fewer."))
    own = [email, *([settings.authority_name, settings.service_name] if settings else [])]
    if len(set(password)) < 5 or breached.is_common(password, own):
        raise PasswordRefused(_("This password is too easy to guess. Choose another."))
    file = settings.breached_passwords_file if settings else ""
    if file and breached.is_listed(password, Path(file)):
        raise PasswordRefused(_("This password is on a list of stolen passwords. Others will try it. Choose another."))


def new_hash(password: str, email: str, settings: Settings) -> str:
    """The hash to keep of a new password. Slow, so outside any transaction. Raises PasswordRefused."""
    check_new_password(password, email, settings)
    return hashing.slow_hash(settings.secrets.pepper, password)


def set_password(
    session: Session, staff_id: uuid.UUID, hashed: str, *, by: str, now: datetime.datetime, cookie: str = ""
) -> None:
    """The account has a new password (`new_hash`), and is signed out everywhere but in the session of `cookie`.

    An administrator sets nobody's: they invite, and the person chooses (ASVS V6.4.6)."""
    staff = db.lock(session, Staff, id=staff_id)
    if staff is None or staff.disabled_at is not None:
        raise NotThere
    staff.password_hash = hashed
    staff.version += 1
    session.flush()
    sessions.end_others(session, "staff", staff_id, cookie, now=now)
    chain = audit.account_chain("staff", staff_id)
    audit.append(session, Act(chain=chain, act="password_changed", actor=by, role=staff.role))


def recognise(session: Session, email: str, password: str, *, pepper: bytes) -> Recognised:
    """Tests a password; as slow for an address nobody has. Call outside a write transaction."""
    staff = session.exec(select(Staff).where(Staff.email_blind == vault_of(session).blind("email", email))).first()
    right = hashing.matches(pepper, staff.password_hash if staff else None, password[: LONGEST + 1])
    return Recognised(staff, right and staff is not None and staff.disabled_at is None)


def signed_in(session: Session, staff: Staff, *, now: datetime.datetime) -> datetime.datetime | None:
    """Notes a full sign-in and answers when the one before was, for the person to recognise (ASVS V6.3.5)."""
    row = db.lock(session, Staff, id=staff.id)
    if row is None:
        return None
    before: datetime.datetime | None = row.last_sign_in_at
    row.last_sign_in_at = now
    session.flush()
    return before


def disable(session: Session, staff_id: uuid.UUID, *, by: str, now: datetime.datetime) -> None:
    """Closes an account; its sessions end in the same transaction (ASVS V7.4.2)."""
    staff = db.lock(session, Staff, id=staff_id)
    if staff is None:
        return
    staff.disabled_at = staff.disabled_at or now
    staff.version += 1
    session.flush()
    sessions.end_all(session, "staff", staff_id)
    audit.append(session, Act(chain=audit.account_chain("staff", staff_id), act="staff_disabled", actor=by))


def enrol_app(session: Session, staff: Staff, *, now: datetime.datetime) -> str:
    """Enrols a new app for the account and answers its secret, to be shown once; an earlier app ends."""
    for earlier in factors.live(session, "staff", staff.id, "totp"):
        factors.end(session, earlier, now=now)
    secret = factors.new_secret()
    factors.add_app(session, "staff", staff.id, secret, used_step=0, now=now)
    audit.append(session, _act(staff, "factor_added"))
    return secret


def strong_enough(role: str, factor_kind: str | None) -> bool:
    """Whether a session begun with this kind of factor may do what the role may do."""
    return role not in PASSKEY_ROLES or factor_kind in STRONG


def may_enrol_first(session: Session, staff_id: uuid.UUID, *, now: datetime.datetime) -> bool:
    """Whether an app's code is enough to enrol the account's first passkey: for an hour after the app was set up with
    an invitation. Later on only a new invitation helps: an app's code alone would be a way round the passkey."""
    if factors.live(session, "staff", staff_id, "passkey"):
        return False
    return any(now - app.made_at < FIRST_HOUR for app in factors.live(session, "staff", staff_id, "totp"))


def name_of(session: Session, staff: Staff) -> str:
    """The person's name, for the head of their own pages."""
    return str(vault_of(session).get(staff)["name"])


def _act(staff: Staff, act: str) -> Act:
    return Act(chain=audit.account_chain("staff", staff.id), act=act, actor="system", role=staff.role)

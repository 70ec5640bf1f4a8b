"""Seats: who may sit at the staff's door. Each has an owner who answers for it and an end; an unused one closes
(`portal.people.looking_after`, `portal.people.closing`)."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.audit import Act
from portal.errors import Conflict, NotThere, Refused
from portal.people import factors, identities, invitations, sessions, staff
from portal.people.models import Staff, Team
from portal.people.openid import SignedIn
from portal.people.seat_models import Invitation, Seat
from portal.vault import vault_of
from workflows.words import mark as _

PAGE = 25
UNUSED_AFTER = datetime.timedelta(days=45)
WARN_BEFORE = datetime.timedelta(days=7)
CONFIRM_EVERY = datetime.timedelta(days=91)  # a quarter


class SeatNotThere(NotThere):
    """No such seat."""


class SeatChanged(Conflict):
    """Somebody else changed the seat meanwhile."""

    words = _("Somebody else changed this seat meanwhile. Nothing of yours was saved over it. Look at it again.")


class AddressTaken(Conflict):
    """Another seat has this work e-mail."""

    words = _("Somebody with this work email has a seat already.")


class IdentityTaken(Conflict):
    """Another seat comes in by this identity."""

    words = _("Another seat comes in by this sign-in. A person has one seat. Ask your administrator.")


class LastAdministrator(Refused):
    """Nobody could invite, close or change anything any more."""

    words = _("This is the only administrator. Invite another one first.")


@dataclass(frozen=True)
class Asked:
    """A seat that is to be made."""

    name: str = field(repr=False)
    email: str = field(repr=False)
    role: str
    team_id: uuid.UUID | None
    owner_id: uuid.UUID | None
    ends_on: datetime.date | None


@dataclass(frozen=True)
class Sitting:
    """A seat with who sits in it."""

    staff: Staff
    seat: Seat
    name: str = field(repr=False)
    email: str = field(repr=False)
    team: str = ""

    @property
    def state(self) -> str:
        """`closed`, `closing`, `invited`, `away` or `sitting`."""
        if self.staff.disabled_at is not None:
            return "closing" if self.staff.disabled_at > db.now() else "closed"
        if not invitations.has_come_in(self.staff, self.seat):
            return "invited"
        today = db.now().date()
        away = self.seat.away_from and self.seat.away_from <= today <= (self.seat.away_until or today)
        return "away" if away else "sitting"

    @property
    def may_invite(self) -> bool:
        """Whether a way in may be given to it now by one person."""
        return invitations.may_invite(self.staff, self.seat, now=db.now())


# Reading


def listed(session: Session, *, after: uuid.UUID | None = None, limit: int = PAGE + 1) -> list[Sitting]:
    """Seats in the order in which they were made, after the account `after`."""
    query = select(Staff, Seat).join(Seat, col(Seat.staff_id) == col(Staff.id)).order_by(col(Staff.id)).limit(limit)
    if after:
        query = query.where(col(Staff.id) > after)
    return _sitting(session, list(session.exec(query).all()))


def one(session: Session, staff_id: uuid.UUID) -> Sitting:
    """The seat of an account. Raises SeatNotThere."""
    query = select(Staff, Seat).join(Seat, col(Seat.staff_id) == col(Staff.id)).where(col(Staff.id) == staff_id)
    found = _sitting(session, list(session.exec(query).all()))
    if not found:
        raise SeatNotThere
    return found[0]


def owned(session: Session, owner_id: uuid.UUID, *, limit: int = 100) -> list[Sitting]:
    """Live seats that somebody answers for, those to be looked at first in front."""
    query = select(Staff, Seat).join(Seat, col(Seat.staff_id) == col(Staff.id))
    query = query.where(col(Seat.owner_id) == owner_id, col(Staff.disabled_at).is_(None))
    rows = session.exec(query.order_by(col(Seat.confirmed_at), col(Seat.staff_id)).limit(limit)).all()
    return _sitting(session, list(rows))


def colleagues(session: Session, *, roles: tuple[str, ...] = (), most: int = 300) -> list[tuple[str, str]]:
    """Live seats by id and name, for choices."""
    query = select(Staff).where(col(Staff.disabled_at).is_(None))
    if roles:
        query = query.where(col(Staff.role).in_(roles))
    rows = session.exec(query.order_by(col(Staff.id)).limit(most)).all()
    told = vault_of(session).get_many(rows)
    named = [(row.id.hex, str(said["name"])) for row, said in zip(rows, told, strict=True)]
    return sorted(named, key=lambda choice: choice[1].casefold())


def teams(session: Session, *, most: int = 300) -> list[Team]:
    return list(session.exec(select(Team).order_by(col(Team.name)).limit(most)).all())


# Making and changing


def make(session: Session, asked: Asked, *, by: uuid.UUID | None) -> Staff:
    """Makes a seat that nobody has come in to yet. Raises AddressTaken."""
    vault = vault_of(session)
    blind = vault.blind("email", asked.email)
    if session.exec(select(Staff.id).where(col(Staff.email_blind) == blind)).first():
        raise AddressTaken
    made = staff.enter(session, name=asked.name, email=asked.email, role=asked.role, team_id=asked.team_id)
    seat = session.get_one(Seat, made.id)
    seat.owner_id, seat.ends_on = asked.owner_id, asked.ends_on
    session.flush()
    audit.append(session, act(made.id, "seat_made", by=by, role=asked.role))
    return made


def answer_for(
    session: Session,
    staff_id: uuid.UUID,
    *,
    version: int,
    owner_id: uuid.UUID | None,
    ends_on: datetime.date | None,
    by: uuid.UUID,
) -> None:
    """Changes who answers for a seat, and when it ends. Raises SeatChanged."""
    seat = locked(session, staff_id)
    if seat.version != version:
        raise SeatChanged
    seat.owner_id, seat.ends_on, seat.version = owner_id, ends_on, seat.version + 1
    session.flush()
    audit.append(session, act(staff_id, "seat_changed", by=by, ends=ends_on.isoformat() if ends_on else ""))


def still_needed(session: Session, staff_id: uuid.UUID, *, needed: bool, by: uuid.UUID, today: datetime.date) -> None:
    """What the owner says of a seat they answer for, once a quarter; one that is not needed ends with the day."""
    seat = locked(session, staff_id)
    if seat.owner_id != by:
        raise SeatNotThere
    seat.confirmed_at, seat.version = db.now(), seat.version + 1
    if not needed:
        seat.ends_on = min(seat.ends_on or today, today)
    session.flush()
    audit.append(session, act(staff_id, "seat_confirmed" if needed else "seat_not_needed", by=by))


def come_in(
    session: Session,
    invitation_id: uuid.UUID,
    *,
    now: datetime.datetime,
    password_hash: str = "",
    app: tuple[str, int] | None = None,
    elsewhere: SignedIn | None = None,
) -> Staff | None:
    """Somebody takes the seat they were invited to, with a password and an app, or by a sign-in elsewhere. What opened
    the seat before opens it no more. None: the invitation is dead.

    Raises IdentityTaken, AdministratorThere, AddressTaken."""
    used = invitations.use(session, invitation_id, now=now)
    account = _account_of(session, used) if used else None
    if used is None or account is None:
        return None
    forget_ways_in(session, account.id, now=now)
    account.password_hash, account.version = password_hash, account.version + 1
    if app:
        factors.add_app(session, "staff", account.id, app[0], used_step=app[1], now=now)
    if elsewhere and not identities.link(session, "staff", account.id, elsewhere, now=now):
        raise IdentityTaken
    seat = session.get_one(Seat, account.id)
    seat.came_in_at, seat.way_in_until = seat.came_in_at or now, None
    session.flush()
    audit.append(session, act(account.id, "seat_taken", by=account.id, way="openid" if elsewhere else "password"))
    return account


def _account_of(session: Session, used: Invitation) -> Staff | None:
    if used.purpose == invitations.FIRST:
        invitations.refuse_where_two_are(session)
        told = vault_of(session).get(used) if used.sealed else {}
        if not told:
            return None
        asked = Asked(told["name"], told["email"], "administrator", None, None, None)
        return make(session, asked, by=None)
    account: Staff | None = db.lock(session, Staff, id=used.staff_id)
    return account if account is not None and account.disabled_at is None else None


def forget_ways_in(session: Session, staff_id: uuid.UUID, *, now: datetime.datetime) -> None:
    for kind in factors.kinds(session, "staff", staff_id):
        for earlier in factors.live(session, "staff", staff_id, kind):
            factors.end(session, earlier, now=now)
    identities.unlink(session, "staff", staff_id)
    sessions.end_all(session, "staff", staff_id)


def refuse_the_last(session: Session, account: Staff) -> None:
    """Raises LastAdministrator for the only administrator who can come in. Time itself may close that seat: an unused
    one is a danger, and the console makes another."""
    if account.role != "administrator":
        return
    others = sa.select(col(Staff.id)).where(
        col(Staff.role) == "administrator",
        col(Staff.disabled_at).is_(None),
        col(Staff.id) != account.id,
        sa.or_(col(Staff.last_sign_in_at).is_not(None), col(Staff.password_hash) != ""),
    )
    if session.execute(others.limit(1)).first() is None:
        raise LastAdministrator


def locked(session: Session, staff_id: uuid.UUID) -> Seat:
    seat: Seat | None = db.lock(session, Seat, staff_id=staff_id)
    if seat is None:
        raise SeatNotThere
    return seat


def _sitting(session: Session, rows: list[tuple[Staff, Seat]]) -> list[Sitting]:
    told = vault_of(session).get_many([account for account, _seat in rows])
    ids = {account.team_id for account, _seat in rows if account.team_id}
    names = {team.id: team.name for team in session.exec(select(Team).where(col(Team.id).in_(ids)))} if ids else {}
    return [
        Sitting(
            account,
            seat,
            str(said["name"]),
            str(said["email"]),
            names.get(account.team_id, "") if account.team_id else "",
        )
        for (account, seat), said in zip(rows, told, strict=True)
    ]


def act(staff_id: uuid.UUID, name: str, *, by: uuid.UUID | None, **detail: str) -> Act:
    """The log row of something done to a seat, on the account's own chain."""
    told: dict[str, str | int | list[str]] = {key: said for key, said in detail.items() if said}
    return Act(
        chain=audit.account_chain("staff", staff_id),
        act=name,
        actor=f"staff:{by.hex}" if by else "system",
        detail=told,
    )

"""Roles are granted by two people: one proposes, another confirms (security.md section 5, four eyes).

A caseworker's seat is made by the administrator alone: it opens nothing before a case is given to it. Whoever may
approve, read the log or administer, whoever gets another role or team, and whoever gets a new way in to a seat that is
taken, waits for a second pair of eyes. Nobody is their own: not even by a caseworker's seat that they made themself."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.errors import Conflict, NotThere, Refused
from portal.people import closing, invitations, outbox, seats, sessions
from portal.people.models import STAFF_ROLES, Staff
from portal.people.seat_models import Grant
from portal.people.seats import Asked
from portal.vault import vault_of
from workflows.words import mark as _

ONE_IS_ENOUGH = ("caseworker",)
DECIDERS = ("administrator", "approver", "auditor")
MOST = 100
WAY_IN_FOR = datetime.timedelta(days=7)


class GrantNotThere(NotThere):
    """No such proposal, or it was decided."""


class NotYours(Refused):
    """The second pair of eyes is somebody else's."""

    words = _("Somebody else must confirm this: neither the person who proposed it nor the one it is about.")


class NothingChanges(Conflict):
    """The proposal asks for what is so already."""

    words = _("This is their role and team already.")


@dataclass(frozen=True)
class Proposed:
    """A proposal that waits. `name` is whose it is."""

    grant: Grant
    name: str = field(repr=False)
    email: str = field(repr=False)


def seat(session: Session, asked: Asked, *, by: uuid.UUID, now: datetime.datetime) -> Staff | None:
    """Makes the seat at once where one person is enough; otherwise proposes it and answers None."""
    if asked.role in ONE_IS_ENOUGH:
        return seats.make(session, asked, by=by)
    grant = _new(asked.role, asked.team_id, by=by, now=now)
    grant.owner_id, grant.ends_on = asked.owner_id, asked.ends_on
    vault_of(session).put(grant, {"name": asked.name, "email": asked.email})
    session.add(grant)
    session.flush()
    audit.append(session, seats.act(by, "grant_proposed", by=by, role=asked.role, grant=grant.id.hex))
    return None


def change(
    session: Session,
    staff_id: uuid.UUID,
    role: str,
    team_id: uuid.UUID | None,
    *,
    by: uuid.UUID,
    now: datetime.datetime,
) -> None:
    """Proposes another role or team for somebody. An earlier proposal about them is withdrawn."""
    account = db.lock(session, Staff, id=staff_id)
    if account is None or account.disabled_at is not None:
        raise seats.SeatNotThere
    if (account.role, account.team_id) == (role, team_id):
        raise NothingChanges
    if role != "administrator":
        seats.refuse_the_last(session, account)
    _propose(session, account, _new(role, team_id, by=by, now=now))


def way_in(session: Session, staff_id: uuid.UUID, *, by: uuid.UUID, now: datetime.datetime) -> None:
    """Proposes a new way in for somebody who has lost theirs. Whoever has the seat hears of it at once, while nothing
    has happened yet (ASVS V6.3.7)."""
    account = db.lock(session, Staff, id=staff_id)
    if account is None or account.disabled_at is not None:
        raise seats.SeatNotThere
    grant = _new(account.role, account.team_id, by=by, now=now)
    grant.way_in = True
    _propose(session, account, grant)
    key = f"seat_way:{uuid.uuid4().hex}"
    outbox.queue(session, "seat_way", person_id=None, case_id=None, staff_id=staff_id, key=key)


def _propose(session: Session, account: Staff, grant: Grant) -> None:
    earlier = (col(Grant.staff_id) == account.id, col(Grant.state) == "waiting")
    session.execute(sa.update(Grant).where(*earlier).values(state="withdrawn", decided_at=grant.proposed_at))
    grant.staff_id = account.id
    vault_of(session).put(grant, {})
    session.add(grant)
    session.flush()
    name = "way_in_proposed" if grant.way_in else "grant_proposed"
    audit.append(session, seats.act(account.id, name, by=grant.proposed_by, role=grant.role, grant=grant.id.hex))


def waiting(session: Session) -> list[Proposed]:
    """What waits for a second person, the oldest first."""
    query = select(Grant).where(col(Grant.state) == "waiting").order_by(col(Grant.id)).limit(MOST)
    rows = session.exec(query).all()
    vault = vault_of(session)
    ids = {row.staff_id for row in rows if row.staff_id}
    people = {one.id: one for one in session.exec(select(Staff).where(col(Staff.id).in_(ids)))} if ids else {}
    told = [vault.get(people[row.staff_id]) if row.staff_id else vault.get(row) for row in rows]
    return [Proposed(row, str(said["name"]), str(said["email"])) for row, said in zip(rows, told, strict=True)]


def may_decide(grant: Grant, reader_id: uuid.UUID, role: str) -> bool:
    """Whether this reader is the second pair of eyes. No caseworker is: an administrator makes a caseworker's seat
    alone, so it could be their own. A sole administrator has the console make the second (`invitations.on_console`)."""
    return role in DECIDERS and reader_id not in {grant.proposed_by, grant.staff_id}


def decide(
    session: Session, grant_id: uuid.UUID, *, confirmed: bool, by: uuid.UUID, role: str, now: datetime.datetime
) -> Staff | None:
    """Confirms or declines a proposal; answers whose seat it is now about. Raises GrantNotThere, NotYours.

    Everything that was open to the person before ends: they come in again with what they may do now."""
    about = session.get(Grant, grant_id)
    if about is not None and about.staff_id:  # the account first, as whoever closes its seat does
        db.lock(session, Staff, id=about.staff_id)
    grant = db.lock(session, Grant, id=grant_id)
    if grant is None or grant.state != "waiting":
        raise GrantNotThere
    if not may_decide(grant, by, role):
        raise NotYours
    vault = vault_of(session)
    told = vault.get(grant)
    grant.state, grant.decided_by, grant.decided_at = "confirmed" if confirmed else "declined", by, now
    vault.put(grant, {})
    session.flush()
    account = _carried_out(session, grant, told, now=now) if confirmed else None
    whose = account.id if account else grant.staff_id or grant.proposed_by
    name = "grant_confirmed" if confirmed else "grant_declined"
    audit.append(session, seats.act(whose, name, by=by, role=grant.role, grant=grant.id.hex))
    return account


def _carried_out(session: Session, grant: Grant, told: dict[str, str], *, now: datetime.datetime) -> Staff:
    if grant.staff_id is None:
        asked = Asked(told["name"], told["email"], grant.role, grant.team_id, grant.owner_id, grant.ends_on)
        return seats.make(session, asked, by=grant.proposed_by)
    account = db.lock(session, Staff, id=grant.staff_id)
    if account is None or account.disabled_at is not None:
        raise GrantNotThere
    seat = seats.locked(session, account.id)
    if grant.way_in:
        seat.way_in_until = now + WAY_IN_FOR
        session.flush()
        return account
    if grant.role != "administrator":
        seats.refuse_the_last(session, account)
    if invitations.has_come_in(account, seat):  # a way in that was confirmed for a lesser role opens no greater one
        seat.way_in_until = None
        invitations.end(session, account.id, now=now)
    team_before = account.team_id
    account.role, account.team_id, account.version = grant.role, grant.team_id, account.version + 1
    session.flush()
    sessions.end_all(session, "staff", account.id)
    closing.hand_over(
        session, account, "moved", by=grant.proposed_by, to_staff_id=None, to_team_id=team_before, now=now
    )
    return account


def _new(role: str, team_id: uuid.UUID | None, *, by: uuid.UUID, now: datetime.datetime) -> Grant:
    if role not in STAFF_ROLES:
        raise ValueError(f"no such role: {role}")
    return Grant(role=role, team_id=team_id, sealed=b"", state="waiting", proposed_by=by, proposed_at=now)

"""The end of a seat, and absences. Here is the account; the cases are moved by `portal.cases.handing_over`.

What is to be moved stands in a row (HandOver) that a job works off, so that it can be killed anywhere and go on."""

from __future__ import annotations

import datetime
import os
import uuid

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import audit, db, jobs
from portal.people import invitations, seats
from portal.people.models import STILL_OPEN, OutboxMessage, Staff
from portal.people.seat_models import Grant, HandOver, Seat

LET_GO = datetime.timedelta(seconds=50)  # what is open may be finished; with the tick of a clock, within a minute


def away(
    session: Session,
    staff_id: uuid.UUID,
    *,
    version: int,
    first: datetime.date | None,
    last: datetime.date | None,
    stand_in_id: uuid.UUID | None,
    by: uuid.UUID,
) -> None:
    """Notes the days of an absence; without days there is none any more. What is due today is done at once by a job."""
    seat = seats.locked(session, staff_id)
    if seat.version != version:
        raise seats.SeatChanged
    seat.away_from, seat.away_until, seat.stand_in_id, seat.version = first, last, stand_in_id, seat.version + 1
    session.flush()
    jobs.enqueue(session, "look_after_seats", f"look_after_seats:{uuid.uuid4().hex}", {"staff": staff_id.hex})
    audit.append(session, seats.act(staff_id, "seat_away", by=by))


def close(
    session: Session,
    staff_id: uuid.UUID,
    *,
    by: uuid.UUID | None,
    why: str = "said",
    to_staff_id: uuid.UUID | None = None,
    to_team_id: uuid.UUID | None = None,
    now: datetime.datetime,
) -> None:
    """Closes a seat: from now on nobody signs in to it, is given a case with it, or is invited to it. Its work moves
    first, by a job; then its sessions end, and within a minute in any case (`LET_GO`, which the gate holds to).

    Without a person or team named, its work goes to the team. Safe to call again. Raises LastAdministrator."""
    account = db.lock(session, Staff, id=staff_id)
    if account is None:
        raise seats.SeatNotThere
    if account.disabled_at is not None:
        return
    if by is not None:
        seats.refuse_the_last(session, account)
    account.disabled_at, account.version = now + LET_GO, account.version + 1
    seat = seats.locked(session, staff_id)
    seat.closing_at, seat.closed_why, seat.version = now, why, seat.version + 1
    invitations.end(session, staff_id, now=now)
    _withdraw_grants(session, staff_id, now=now)
    hand_over(
        session, account, "closed", by=by, to_staff_id=to_staff_id, to_team_id=to_team_id or account.team_id, now=now
    )
    audit.append(session, seats.act(staff_id, "seat_closing", by=by, why=why))


def hand_over(
    session: Session,
    account: Staff,
    why: str,
    *,
    by: uuid.UUID | None,
    to_staff_id: uuid.UUID | None,
    to_team_id: uuid.UUID | None,
    now: datetime.datetime,
) -> HandOver:
    """Has everything somebody works on moved, by a job (`portal.cases.handing_over`)."""
    row = HandOver(
        staff_id=account.id,
        to_staff_id=to_staff_id,
        to_team_id=to_team_id,
        why=why,
        asked_by=f"staff:{by.hex}" if by else "system",
        asked_at=now,
    )
    session.add(row)
    session.flush()
    jobs.enqueue(session, "hand_over", f"hand_over:{row.id.hex}", {"hand_over": row.id.hex})
    return row


def end_access(session: Session, row: HandOver, *, now: datetime.datetime) -> None:
    """The end of closing: sessions, ways in, letters on their way, and the seats the person answered for. Their work
    e-mail is free again, for the day they come back. Safe to call again."""
    account = db.lock(session, Staff, id=row.staff_id)
    if account is None or account.disabled_at is None:
        return
    account.disabled_at = min(account.disabled_at, now)
    account.email_blind, account.password_hash = os.urandom(16), ""
    seats.forget_ways_in(session, account.id, now=now)
    waiting = (col(OutboxMessage.staff_id) == account.id, STILL_OPEN)
    session.execute(sa.update(OutboxMessage).where(*waiting).values(state="void", token_sealed=None))
    heir = row.to_staff_id or _id(row.asked_by)
    session.execute(
        sa.update(Seat)
        .where(col(Seat.owner_id) == account.id)
        .values(owner_id=heir if heir != account.id else None, version=col(Seat.version) + 1)
    )
    session.execute(sa.update(Seat).where(col(Seat.stand_in_id) == account.id).values(stand_in_id=None))
    audit.append(session, seats.act(account.id, "staff_disabled", by=_id(row.asked_by)))


def _withdraw_grants(session: Session, staff_id: uuid.UUID, *, now: datetime.datetime) -> None:
    theirs = sa.or_(col(Grant.proposed_by) == staff_id, col(Grant.staff_id) == staff_id)
    waiting = sa.update(Grant).where(col(Grant.state) == "waiting", theirs)
    session.execute(waiting.values(state="withdrawn", decided_at=now))


def _id(actor: str) -> uuid.UUID | None:
    kind, _colon, found = actor.partition(":")
    return uuid.UUID(found) if kind == "staff" and found else None

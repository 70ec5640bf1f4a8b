"""What a day asks of seats: an end that has come, an account nobody uses, an absence, an owner to be asked."""

from __future__ import annotations

import datetime
import uuid

from sqlmodel import Session, col, select

from portal import db, jobs
from portal.people import closing, outbox, seats
from portal.people.models import Staff
from portal.people.seat_models import HandOver, Seat
from workflows.clock import received_day

BATCH = 200


@jobs.handler("look_after_seats")
def look_after_seats(work: jobs.Work) -> None:
    """Looks at every live seat, each in its own transaction. A damaged one stops none of the others; the job fails in
    the end, so that somebody sees it."""
    only = work.args.get("staff")
    last, wrong = uuid.UUID(int=0), None
    while True:
        with work.database.read() as session:
            query = select(Staff.id).where(col(Staff.disabled_at).is_(None), col(Staff.id) > last)
            if only:
                query = query.where(col(Staff.id) == uuid.UUID(only))
            batch = session.exec(query.order_by(col(Staff.id)).limit(BATCH)).all()
        for staff_id in batch:
            try:
                with work.database.write() as session:
                    look_at(session, staff_id, now=db.now())
            except Exception as fault:  # noqa: BLE001  kept and raised below
                wrong = fault
        if len(batch) < BATCH:
            break
        last = batch[-1]
    if wrong:
        raise wrong


def look_at(session: Session, staff_id: uuid.UUID, *, now: datetime.datetime) -> None:
    """Does what is due for one seat today."""
    account: Staff | None = db.lock(session, Staff, id=staff_id)
    seat = session.get(Seat, staff_id)
    if account is None or seat is None or account.disabled_at is not None:
        return
    today = received_day(now)
    ends = _end_of(account, seat)
    if today > ends:
        why = "ended" if seat.ends_on and today > seat.ends_on else "unused"
        closing.close(session, staff_id, by=None, why=why, now=now)
        return
    if ends - today <= seats.WARN_BEFORE:
        _tell(session, seat.owner_id, f"seat_ending:{staff_id.hex}:{ends.isoformat()}")
    if now - seat.confirmed_at >= seats.CONFIRM_EVERY:
        _tell(session, seat.owner_id, f"seat_to_confirm:{staff_id.hex}:{seat.confirmed_at.date().isoformat()}")
    _absence(session, account, seat, today, now=now)


def _end_of(account: Staff, seat: Seat) -> datetime.date:
    """The last day: the one that was said, or the day on which nobody has used it for too long."""
    unused = received_day((account.last_sign_in_at or seat.opened_at) + seats.UNUSED_AFTER)
    if seat.away_until and account.last_sign_in_at:  # leave of half a year is not neglect
        unused = max(unused, seat.away_until + seats.UNUSED_AFTER)
    return min(seat.ends_on, unused) if seat.ends_on else unused


def _absence(session: Session, account: Staff, seat: Seat, today: datetime.date, *, now: datetime.datetime) -> None:
    """Lends the cases on the first day, and has them given back after the last."""
    lent = session.exec(
        select(HandOver).where(
            col(HandOver.staff_id) == account.id, col(HandOver.why) == "away", col(HandOver.ended_at).is_(None)
        )
    ).first()
    is_away = bool(seat.away_from and seat.away_until and seat.away_from <= today <= seat.away_until)
    if is_away and lent is None:
        team = account.team_id
        closing.hand_over(session, account, "away", by=None, to_staff_id=seat.stand_in_id, to_team_id=team, now=now)
    elif lent is not None and not is_away:
        key = f"give_back:{lent.id.hex}:{today.isoformat()}"
        jobs.enqueue(session, "give_back", key, {"hand_over": lent.id.hex})


def _tell(session: Session, owner_id: uuid.UUID | None, key: str) -> None:
    if owner_id:
        outbox.queue(session, "seat_ending", person_id=None, case_id=None, staff_id=owner_id, key=key)

"""Invitations: the one way in for somebody who has none. A link by mail, words on a card, or words on the console.

Whoever makes one never learns a password: the person chooses it (ASVS V6.4.6). Each works once and not for long; a new
one ends the one before."""

from __future__ import annotations

import datetime
import hashlib
import secrets
import uuid

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db
from portal.errors import Conflict, Refused
from portal.people import cards, hashing, outbox
from portal.people.cards import NewCard
from portal.people.models import Staff
from portal.people.seat_models import Invitation, Seat
from portal.vault import vault_of
from workflows.words import mark as _

BY_MAIL = datetime.timedelta(days=3)
ON_PAPER = datetime.timedelta(days=7)
ON_CONSOLE = datetime.timedelta(hours=1)
KEPT = datetime.timedelta(days=1)
FIRST, SEAT = "first_administrator", "seat"


class AdministratorThere(Conflict):
    """The first two administrators come in from the console, so that each has a second pair of eyes; every other is
    proposed by one of them and confirmed by another."""

    words = _("There are two administrators already. Ask them to invite you.")


class NeedsSecond(Refused):
    """Whoever gives a new way in to a seat that is taken could sit in it: two people do it (security.md section 5)."""

    words = _("Somebody sits in this seat already. A new way in must be confirmed by somebody else first.")


def has_come_in(account: Staff, seat: Seat) -> bool:
    return seat.came_in_at is not None or account.last_sign_in_at is not None or bool(account.password_hash)


def may_invite(account: Staff, seat: Seat, *, now: datetime.datetime) -> bool:
    """Whether a way in may be given: the first one, for whose role two people stood up where one is not enough, or one
    that two people agreed on (`grants.way_in`)."""
    return not has_come_in(account, seat) or (seat.way_in_until is not None and seat.way_in_until > now)


def by_mail(session: Session, staff_id: uuid.UUID, *, now: datetime.datetime) -> None:
    """Sends a link to the work e-mail of the seat. Raises NeedsSecond."""
    _refuse_alone(session, staff_id, now=now)
    end(session, staff_id, now=now)
    token = secrets.token_urlsafe(32)
    session.add(_new(SEAT, staff_id, now, BY_MAIL, token_hash=_hash(token)))
    session.flush()
    key = f"seat_invitation:{uuid.uuid4().hex}"
    outbox.queue(session, "seat_invitation", person_id=None, case_id=None, staff_id=staff_id, key=key, token=token)


def on_paper(session: Session, staff_id: uuid.UUID, new: NewCard, *, now: datetime.datetime) -> None:
    """The number and words of a card (`cards.new_card`, made outside the transaction) open this seat. Raises
    NeedsSecond."""
    seat = _refuse_alone(session, staff_id, now=now)
    end(session, staff_id, now=now)
    session.add(_new(SEAT, staff_id, now, ON_PAPER, number=new.number, words_hash=new.card_hash))
    session.flush()
    key = f"seat_way:{uuid.uuid4().hex}"
    if has_come_in(
        session.get_one(Staff, staff_id), seat
    ):  # whoever has the seat hears of it, before somebody else sits in it (ASVS V6.3.7)
        outbox.queue(session, "seat_way", person_id=None, case_id=None, staff_id=staff_id, key=key)


def _refuse_alone(session: Session, staff_id: uuid.UUID, *, now: datetime.datetime) -> Seat:
    seat: Seat = db.lock(session, Seat, staff_id=staff_id) or session.get_one(Seat, staff_id)
    if not may_invite(session.get_one(Staff, staff_id), seat, now=now):
        raise NeedsSecond
    return seat


def on_console(session: Session, new: NewCard, *, now: datetime.datetime) -> None:
    """The first administrator's, or the second's. Raises AdministratorThere."""
    refuse_where_two_are(session)
    session.execute(sa.update(Invitation).where(col(Invitation.purpose) == FIRST, *_live(now)).values(expires_at=now))
    session.add(_new(FIRST, None, now, ON_CONSOLE, number=new.number, words_hash=new.card_hash))
    session.flush()


def refuse_where_two_are(session: Session) -> None:
    """Raises AdministratorThere where two people can administer already: who was only invited cannot yet."""
    there = (
        sa.select(col(Staff.id))
        .join(Seat, col(Seat.staff_id) == col(Staff.id))
        .where(
            col(Staff.role) == "administrator",
            col(Staff.disabled_at).is_(None),
            sa.or_(
                col(Staff.last_sign_in_at).is_not(None),
                col(Staff.password_hash) != "",
                col(Seat.came_in_at).is_not(None),
            ),
        )
        .limit(2)
    )
    if len(session.execute(there).all()) == 2:
        raise AdministratorThere


def by_token(session: Session, token: str, *, now: datetime.datetime) -> Invitation | None:
    """The live invitation of a mailed link. Looking changes nothing, so a scanner that opens every link burns none."""
    query = select(Invitation).where(col(Invitation.token_hash) == _hash(token), *_live(now))
    return session.exec(query).first()


def by_words(
    session: Session, purpose: str, number: str, words: str, *, pepper: bytes, now: datetime.datetime
) -> Invitation | None:
    """The live invitation with this number and these words. As slow where nobody has the number; call it outside a
    write transaction."""
    mine = (col(Invitation.purpose) == purpose, col(Invitation.number) == cards.normal_number(number))
    found = session.exec(select(Invitation).where(*mine, *_live(now))).first()
    right = hashing.matches(pepper, found.words_hash if found else None, cards.normal_words(words))
    return found if right else None


def live(session: Session, invitation_id: uuid.UUID, *, now: datetime.datetime) -> Invitation | None:
    """The invitation, while it can still be used."""
    return session.exec(select(Invitation).where(col(Invitation.id) == invitation_id, *_live(now))).first()


def say_who(session: Session, invitation_id: uuid.UUID, *, name: str, email: str, now: datetime.datetime) -> bool:
    """Keeps what the first administrator says of themself until they have a way in."""
    found = live(session, invitation_id, now=now)
    if found is None or found.purpose != FIRST:
        return False
    vault_of(session).put(found, {"name": name, "email": email})
    session.add(found)
    session.flush()
    return True


def use(session: Session, invitation_id: uuid.UUID, *, now: datetime.datetime) -> Invitation | None:
    """Uses it up. None: it is dead, or was used a moment ago. One conditional UPDATE: of twenty at once one wins."""
    used = sa.update(Invitation).where(col(Invitation.id) == invitation_id, *_live(now)).values(used_at=now)
    if db.changed_rows(session.execute(used)) != 1:
        return None
    return session.get_one(Invitation, invitation_id)


def end(session: Session, staff_id: uuid.UUID, *, now: datetime.datetime) -> None:
    """Every invitation to this seat stops working."""
    mine = (col(Invitation.staff_id) == staff_id, *_live(now))
    session.execute(sa.update(Invitation).where(*mine).values(expires_at=now))


def sweep(session: Session, *, now: datetime.datetime) -> None:
    """Deletes those that have been dead for a day; for the daily job."""
    over = sa.or_(col(Invitation.expires_at) < now - KEPT, col(Invitation.used_at) < now - KEPT)
    session.execute(sa.delete(Invitation).where(over))


def _new(
    purpose: str, staff_id: uuid.UUID | None, now: datetime.datetime, life: datetime.timedelta, **how: object
) -> Invitation:
    return Invitation(purpose=purpose, staff_id=staff_id, made_at=now, expires_at=now + life, **how)  # type: ignore[arg-type]


def _live(now: datetime.datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        col(Invitation.used_at).is_(None),
        col(Invitation.expires_at) > now,
        col(Invitation.made_at) <= now,  # a clock that was set back opens nothing
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

"""Codes of six figures that reach somebody by telephone: as a text, read aloud, or told by a caseworker who rings.

A code belongs to the session that asked for it, lives ten minutes, and opens once (ASVS V6.5.1, V6.5.5, V6.6.2). It is
worked out from its row and a key that no database holds, so that neither a row nor a job ever contains it. The number
is the one that staff checked; when the person's own number changed since, or the way is no longer safe, nothing goes
out."""

from __future__ import annotations

import datetime
import hmac
import secrets
import uuid
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from babel.support import Translations
from sqlmodel import Session, SQLModel, col, select

from portal import db, jobs, links
from portal.db import choice, column
from portal.people import contact, factors, sessions, shields, telephone
from portal.people.models import Factor, Person
from portal.processing import SIGN_IN, processed
from portal.settings import ROOT, Settings
from portal.vault import vault_of
from workflows.words import mark as _

KINDS = ("phone", "call_back")
LIFE = datetime.timedelta(minutes=10)
CALLS_WAIT = datetime.timedelta(days=7)  # how long a wish to be rung stands in the list
FIGURES = 6
WORDS = {
    "text": _("Your code is %(code)s. It works once, for 10 minutes. Tell it to nobody."),
    "voice": _(
        "Hello. Your code is: %(code)s. I say it again: %(code)s. It works once, for 10 minutes. Tell it to nobody."
    ),
}


@processed(SIGN_IN)
class SpokenCode(SQLModel, table=True):
    """A code that goes out by telephone, or the wish to be rung with one."""

    __tablename__ = "spoken_code"

    id: uuid.UUID = column("random, time-ordered", default_factory=db.new_id, primary_key=True)
    kind: str = column("sent by a provider, or told by a caseworker", sa_type=choice(*KINDS, name="spoken_code_kind"))
    person_id: uuid.UUID = column("whose second factor it is", index=True)
    session_hash: bytes = column("hash of the session that asked: it opens in that one alone")
    nonce: bytes = column("random; the code is worked out from it and a key outside the database")
    asked_at: datetime.datetime = column("when it was asked for", index=True)
    given_at: datetime.datetime | None = column("when it was sent or told: its ten minutes begin", default=None)
    given_by: uuid.UUID | None = column("the caseworker who rang", default=None)
    used_at: datetime.datetime | None = column("when it was used: once", default=None)


@dataclass(frozen=True)
class Line:
    """How somebody may be reached by telephone for this factor."""

    way: telephone.Way
    number: str = field(repr=False)


def enrol(session: Session, person_id: uuid.UUID, kind: str, line: Line, *, now: datetime.datetime) -> Factor:
    """The number that staff checked becomes a second factor; an earlier one of the same kind ends.

    Only for a person whose identity is accepted."""
    for earlier in factors.live(session, "family", person_id, kind):
        factors.end(session, earlier, now=now)
    payload = {"way": line.way, "number": line.number}
    return factors.add(session, person_id, kind, payload, now=now)


def on_file(told: dict[str, Any], kind: str, way: str) -> Line | None:
    """The line that the person's own payload allows for a factor of this kind, or None where it is not safe."""
    spoken: telephone.Way = "text" if kind == "phone" and way == "text" else "voice"
    number = contact.phone_number(told, spoken)
    return Line(spoken, number) if number else None


def line(session: Session, person_id: uuid.UUID, kind: str) -> Line | None:
    """Where a code of this kind may go now: the checked number, while it is theirs and safe and no shield is on."""
    enrolled = factors.live(session, "family", person_id, kind)
    person = session.get(Person, person_id)
    if not enrolled or person is None or shields.shielded(session, person_id):
        return None
    checked = vault_of(session).get(enrolled[0])
    now = on_file(vault_of(session).get(person), kind, checked["way"])
    return now if now and now.number == checked["number"] else None


def ask(
    session: Session, person_id: uuid.UUID, kind: str, session_hash: bytes, *, now: datetime.datetime
) -> SpokenCode:
    """A code for this session; an earlier one of its kind dies, and no other session's: whoever holds the mailbox
    alone makes nobody's code die. By a provider it is on its way at once, a caseworker
    tells theirs when they ring."""
    mine = (col(SpokenCode.person_id) == person_id, col(SpokenCode.kind) == kind)
    over = col(SpokenCode.asked_at) <= now - sessions.LIMITS["family"].absolute  # so is the session that asked
    dead = (sa.or_(col(SpokenCode.session_hash) == session_hash, over), col(SpokenCode.used_at).is_(None))
    session.execute(sa.delete(SpokenCode).where(*mine, *dead))
    row = SpokenCode(
        kind=kind,
        person_id=person_id,
        session_hash=session_hash,
        nonce=secrets.token_bytes(32),
        asked_at=now,
        given_at=now if kind == "phone" else None,
    )
    session.add(row)
    session.flush()
    if kind == "phone":
        jobs.enqueue(session, "send_code", f"code:{row.id.hex}", {"code": row.id.hex})
    return row


def tell(session: Session, row_id: uuid.UUID, *, by: uuid.UUID, now: datetime.datetime) -> bool:
    """A caseworker is about to read the code aloud: its ten minutes begin. False when it was told before."""
    untold = (col(SpokenCode.id) == row_id, col(SpokenCode.kind) == "call_back", col(SpokenCode.given_at).is_(None))
    told = sa.update(SpokenCode).where(*untold).values(given_at=now, given_by=by)
    return db.changed_rows(session.execute(told)) == 1


def wanted(session: Session, person_id: uuid.UUID, *, now: datetime.datetime) -> SpokenCode | None:
    """The wish of a person to be rung, while nobody has."""
    query = select(SpokenCode).where(col(SpokenCode.person_id) == person_id, *waiting(now))
    return session.exec(query.order_by(col(SpokenCode.id).desc())).first()


def waiting(now: datetime.datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Which rows are wishes to be rung that nobody has met; for the list of those who ring."""
    return (
        col(SpokenCode.kind) == "call_back",
        col(SpokenCode.given_at).is_(None),
        col(SpokenCode.asked_at) > now - CALLS_WAIT,
    )


def use(
    session: Session,
    person_id: uuid.UUID,
    kind: str,
    typed: str,
    session_hash: bytes,
    *,
    key: bytes,
    now: datetime.datetime,
) -> bool:
    """Whether this is the session's code, unused and not older than ten minutes. One conditional UPDATE: of twenty at
    once, one is right. Whoever calls this limits the tries."""
    mine = (
        col(SpokenCode.person_id) == person_id,
        col(SpokenCode.kind) == kind,
        col(SpokenCode.session_hash) == session_hash,
        col(SpokenCode.used_at).is_(None),
        col(SpokenCode.given_at) > now - LIFE,
        col(SpokenCode.given_at) <= now,  # a clock that was set back opens nothing
    )
    plain = "".join(typed.split()).replace("-", "").encode()
    right = [row.id for row in session.exec(select(SpokenCode).where(*mine)) if _same(key, row, plain)]
    if not right:
        return False
    live = sa.exists().where(
        col(Factor.holder_id) == person_id, col(Factor.kind) == kind, col(Factor.ended_at).is_(None)
    )
    used = sa.update(SpokenCode).where(*mine, col(SpokenCode.id) == right[0], live).values(used_at=now)
    return db.changed_rows(session.execute(used)) == 1


def code_of(key: bytes, row: SpokenCode) -> str:
    """The six figures."""
    made = hmac.digest(key, row.kind.encode() + b"\0" + row.id.bytes + row.nonce, "sha256")
    return f"{int.from_bytes(made[:16], 'big') % 10**FIGURES:0{FIGURES}d}"


def key_of(settings: Settings) -> bytes:
    return links.derived_key(settings, "spoken-code")


@jobs.handler("send_code")
def send(work: jobs.Work) -> None:
    """Hands a code to the provider, worked out at that moment. One that nobody can use any more is not sent."""
    settings: Settings = work.runtime.settings
    row_id = uuid.UUID(work.args["code"])
    with work.database.read() as session:
        row = session.get(SpokenCode, row_id)
        if row is None or row.used_at or row.given_at is None or db.now() - row.given_at >= LIFE:
            return
        there, person = line(session, row.person_id, row.kind), session.get(Person, row.person_id)
        figures, language = code_of(key_of(settings), row), person.language if person else "en"
    if there is None:
        return
    words = _words(there.way, figures, language)
    try:
        telephone.deliver(settings, there.way, there.number, words, reference=row_id.hex)
    except telephone.ProviderAway as away:
        raise jobs.Hold(f"telephone provider away: {away}", minutes=0.25) from None
    except telephone.NumberRefused:
        return  # the page says what to do when nothing comes


def _words(way: str, figures: str, language: str) -> str:
    """What is written or said: neither who sends it nor what it opens."""
    said = Translations.load(ROOT / "portal" / "translations", [language]).gettext(WORDS[way])
    return said % {"code": ". ".join(figures) if way == "voice" else figures}


def sweep(session: Session, *, now: datetime.datetime) -> None:
    """Deletes codes a day after they were asked for, and wishes to be rung after seven; for the daily job."""
    day_old = col(SpokenCode.asked_at) < now - datetime.timedelta(days=1)
    over = sa.or_(col(SpokenCode.given_at).is_not(None), col(SpokenCode.asked_at) < now - CALLS_WAIT)
    session.execute(sa.delete(SpokenCode).where(day_old, over))


def _same(key: bytes, row: SpokenCode, plain: bytes) -> bool:
    return hmac.compare_digest(code_of(key, row).encode(), plain)

"""The telephone as a second factor: a number that staff checked with the person, and the call on which a caseworker
reads a code aloud (security.md 6a). The ledger says who checked what, and who rang; it holds no code and no number."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.cases import clocking, code_sheets, ledger, verbs, ways_in
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.people import factors, recovery, sessions, spoken_codes
from portal.people.models import Person
from portal.people.spoken_codes import SpokenCode
from portal.vault import vault_of
from workflows.table import StepRefused
from workflows.words import mark as _

CHECKED, TOLD = "telephone_checked", "code_told"
WAYS = {
    "text": _("A text message with a code"),
    "voice": _("A call that reads a code aloud"),
    "call_back": _("A call from one of us, who tells the code"),
}
CHECKS = {
    "visit": _("At a visit: the telephone rang in their hand"),
    "rang": _("I rang it, and they answered what only they know"),
}
# What a caseworker asks before telling a code. A family's own facts are known to the other parent too.
ASKED = {
    "voice": _("I know their voice"),
    "facts": _("They said what only they can know of this request"),
    "word": _("They said the word we agreed on"),
}
MOST_CALLS = 50


def closed_because(session: Session, case: Case) -> str | None:
    """Why this case's requester may not have a telephone as second factor now, or None."""
    if not code_sheets.identity_known(session, case):
        return _("A code by telephone opens the record, so the number is entered only once we know who is asking.")
    if ways_in.shielded(session, case.requester):
        return _("This family is shielded: no code goes to them by telephone.")
    return None


def enrol(session: Session, case_id: uuid.UUID, way: str, check: str, *, by: Actor) -> None:
    """The number on file, which staff checked, becomes a second factor of the case's requester. Where they had one
    before, their copies wait as after a loss: it is the same door.

    Raises StepRefused while it may not be, and for a way that the person has not marked as safe."""
    case = ledger.locked(session, case_id)
    if why := closed_because(session, case):
        raise StepRefused(why)
    if way not in WAYS or check not in CHECKS:
        raise StepRefused(_("Say by which way, and how the number was checked."), need="way")
    kind = "call_back" if way == "call_back" else "phone"
    line = spoken_codes.on_file(vault_of(session).get(session.get_one(Person, case.requester)), kind, way)
    if line is None:
        raise StepRefused(_("This person has no number on file that is safe for this."), need="way")
    if factors.had_one(session, "family", case.requester):
        recovery.begin(session, case.requester, now=db.now())
    spoken_codes.enrol(session, case.requester, kind, line, now=db.now())
    answers = {"way": way, "check": check}
    event = ledger.append(session, case, CHECKED, by=by, on_date=clocking.uk_today(), answers=answers)
    ways_in.tell(session, case, event.seq)
    audit.append(session, verbs.act(case, by, CHECKED))


def number_on_file(session: Session, case: Case) -> str | None:
    """The requester's number as it would be rung, while some way to it is safe: another is shown to nobody."""
    told = vault_of(session).get(session.get_one(Person, case.requester))
    lines = (spoken_codes.on_file(told, "phone", way) for way in ("text", "voice"))
    return next((line.number for line in lines if line), None)


@dataclass(frozen=True)
class Call:
    """Somebody who wants to be rung."""

    reference: str
    asked_at: datetime.datetime


def to_ring(session: Session, by: Actor) -> list[Call]:
    """People of the reader's cases who want to be rung, who waits longest first; each once."""
    team = (col(Case.team_id) == by.team_id,) if by.team_id else ()  # no team is nobody's team
    mine = sa.or_(col(Case.assignee_id) == by.id, *team)
    query = (
        select(SpokenCode, Case)
        .join(Case, col(Case.requester_id) == col(SpokenCode.person_id))
        .where(*spoken_codes.waiting(db.now()), mine)
        .order_by(col(SpokenCode.asked_at), col(Case.closed_at).is_not(None), col(Case.id).desc())
        .limit(MOST_CALLS)
    )
    found: dict[uuid.UUID, Call] = {}
    for row, case in session.exec(query):
        found.setdefault(row.person_id, Call(case.reference, row.asked_at))
    return list(found.values())


def refused_because(session: Session, case: Case) -> str | None:
    """Why no code can be told to this case's requester now, or None."""
    if why := closed_because(session, case):
        return why
    row = spoken_codes.wanted(session, case.requester, now=db.now())
    if row is None:
        return _("They have not asked for a call, or a code was told to them since.")
    if spoken_codes.line(session, case.requester, "call_back") is None:
        return _("Their number has changed since it was checked, or is no longer safe. Do not ring.")
    if not sessions.still_live(session, row.session_hash, now=db.now()):
        return _(
            "They are no longer signed in. Ask them to sign in with their link or card, and to ask for a call again."
        )
    return None


def tell_code(session: Session, case_id: uuid.UUID, asked: str, *, by: Actor, key: bytes) -> str:
    """The code that the caseworker reads aloud now, once. Raises StepRefused where there is none to tell."""
    case = ledger.locked(session, case_id)
    if why := refused_because(session, case):
        raise StepRefused(why)
    if asked not in ASKED:
        raise StepRefused(_("Say how you know that it is the right person."), need="asked")
    row = spoken_codes.wanted(session, case.requester, now=db.now())
    if row is None or by.id is None or not spoken_codes.tell(session, row.id, by=by.id, now=db.now()):
        raise StepRefused(_("They have not asked for a call, or a code was told to them since."))
    ledger.append(session, case, TOLD, by=by, on_date=clocking.uk_today(), answers={"asked": asked})
    audit.append(session, verbs.act(case, by, TOLD))
    return spoken_codes.code_of(key, row)

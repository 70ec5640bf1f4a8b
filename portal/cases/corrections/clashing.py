"""A feed says again what a correction had replaced: the source is told once, and people settle it (R-111).

The clash itself is the record's (portal.records.clashes): the decided value stands meanwhile, whatever a feed brings.
Most cases are closed by the day it happens, so this works on a closed case too, and opens one entry and no more."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db, jobs, records
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import deciding
from portal.cases.corrections.models import ChallengedLine
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.people import contact, outbox
from portal.people.outbox import Addressee
from portal.records import Looking, OpenEntry, bodies, clashes, correcting, marks
from portal.records.models import FeedClash
from workflows.table import StepRefused
from workflows.words import mark as _

PAGE = 50
BATCH = 200
WAYS = ("phone", "letter", "in_person")


@dataclass(frozen=True)
class Clash:
    """One clash for a list: nothing of the record is opened for it. `by_hand` says that the register had no address to
    write to, so that somebody has to tell the source."""

    case_id: uuid.UUID
    reference: str
    child_id: uuid.UUID
    id: uuid.UUID
    entry_id: uuid.UUID
    version_id: uuid.UUID | None
    feed: str
    found_at: datetime.datetime
    told_at: datetime.datetime | None
    closed_at: datetime.datetime | None
    ended: str | None

    @property
    def by_hand(self) -> bool:
        return self.told_at is None and self.closed_at is None


@dataclass(frozen=True)
class Compared:
    """What was decided and what the source says, side by side; None where it is destroyed."""

    clash: Clash
    decided: OpenEntry | None
    says: OpenEntry | None


# Telling the source, once


def have_told(session: Session) -> None:
    """Queues the telling, for a command that brought records in."""
    jobs.enqueue(session, "tell_of_clashes", f"clashes:{db.new_id().hex}", {})


@jobs.handler("tell_of_clashes")
def _tell_all(work: jobs.Work) -> None:
    tell_of_clashes(work.database)


def tell_of_clashes(database: db.Database) -> None:
    """Tells the source of each clash that nobody was told of, once, each in a transaction of its own. Where the
    register has no address, the clash waits on the list of the case's team."""
    after: tuple[datetime.datetime, uuid.UUID] | None = None
    while True:
        with database.read() as session:
            batch = _untold(session, after)
        for child_id, clash_id, _found_at in batch:
            with database.write() as session:
                _tell(session, child_id, clash_id)
        if len(batch) < BATCH:
            return
        after = (batch[-1][2], batch[-1][1])


def _untold(
    session: Session, after: tuple[datetime.datetime, uuid.UUID] | None
) -> Sequence[tuple[uuid.UUID, uuid.UUID, datetime.datetime]]:
    query = sa.select(col(FeedClash.child_id), col(FeedClash.id), col(FeedClash.found_at)).where(
        col(FeedClash.closed_at).is_(None), col(FeedClash.told_at).is_(None)
    )
    if after:
        query = query.where(sa.tuple_(col(FeedClash.found_at), col(FeedClash.id)) > sa.tuple_(*map(sa.literal, after)))
    rows = session.execute(query.order_by(col(FeedClash.found_at), col(FeedClash.id)).limit(BATCH)).all()
    return [(row[0], row[1], row[2]) for row in rows]


def _tell(session: Session, child_id: uuid.UUID, clash_id: uuid.UUID) -> None:
    found = session.get(FeedClash, (child_id, clash_id))
    if found is None:
        return
    case = ledger.locked(session, found.case_id)
    row = db.lock(session, FeedClash, child_id=child_id, id=clash_id)
    # Once the case knows of it, it is the team's to tell them, and not tomorrow's run again.
    if row is None or row.closed_at or row.told_at or _noted(session, case, clash_id, "feed_clash"):
        return
    body = bodies.of_key(session, clashes.supplier(session, row))
    way = ""
    if body is not None and contact.is_address(body.reach.email) and clashes.tell_once(session, child_id, clash_id):
        outbox.queue(session, "clash", person_id=None, case_id=body.id, key=f"clash:{clash_id.hex}")
        way = "email"
    _note(session, case, "feed_clash", clash_id, Actor.system(), feed=row.feed, way=way)


def _noted(session: Session, case: Case, clash_id: uuid.UUID, what: str) -> bool:
    """Whether the case has this event of the clash already."""
    events = ledger.history(session, case)
    return any(one.name == what and one.answers.get("clash") == clash_id.hex for one in events)


@jobs.handler(clashes.AGREED)
def _note_agreed(work: jobs.Work) -> None:
    """The case says on which day its source came to agree, once however often this runs."""
    child_id, clash_id = uuid.UUID(work.args["child"]), uuid.UUID(work.args["clash"])
    with work.database.write() as session:
        found = session.get(FeedClash, (child_id, clash_id))
        if found is None or found.ended != "agreed":
            return
        case = ledger.locked(session, found.case_id)
        if not _noted(session, case, clash_id, "feed_agrees"):
            _note(session, case, "feed_agrees", clash_id, Actor.system(), feed=found.feed)


def _addressee(session: Session, body_id: uuid.UUID) -> Addressee | None:
    """The registered address of the body, as it is when the message goes out."""
    try:
        email = bodies.body(session, body_id).reach.email
    except bodies.BodyNotFound:
        return None
    return Addressee({"email": email, "safe_channels": ["email"]})


outbox.address_with("clash", _addressee)


# Settling it


def open_clashes(
    session: Session, reader: Actor, *, limit: int = PAGE, after: tuple[datetime.datetime, uuid.UUID] | None = None
) -> list[Clash]:
    """Open clashes with decisions of the reader's own and their team's cases, oldest first; `after` is (found_at, id)
    of the last one read."""
    own = sa.or_(col(Case.team_id) == reader.team_id, col(Case.assignee_id) == reader.id)
    query = _with_case().where(col(FeedClash.closed_at).is_(None), own)
    if after:
        query = query.where(sa.tuple_(col(FeedClash.found_at), col(FeedClash.id)) > sa.tuple_(*map(sa.literal, after)))
    return [_plain(row, reference) for row, reference in session.execute(query.limit(limit))]


def of_case(session: Session, case: Case) -> list[Clash]:
    """All clashes with what this case decided, settled ones too, oldest first."""
    return [_plain(row, case.reference) for row in clashes.of_case(session, case.id)]


def compare(session: Session, case: Case, clash_id: uuid.UUID, *, by: Actor) -> Compared:
    """Opens what was decided and what the source says, for somebody who may see the case; both looks are logged.

    Raises CaseNotFound for a clash of another case, or one that is settled."""
    if by.kind != "staff":
        raise CaseNotFound
    verbs.visible_case(session, case.reference, by)
    row = _of_case(session, case, clash_id)
    team = by.team_id.hex if by.team_id else ""
    look = Looking(str(by), by.role, team, case.id, row.child_id, "feed_clash", by.session)
    decided = records.read(session, look, [row.entry_id])
    pinned = {row.entry_id: row.version_id} if row.version_id else {}
    says = records.read(session, look, [row.entry_id], versions=pinned) if pinned else []
    return Compared(_plain(row, case.reference), next(iter(decided), None), next(iter(says), None))


def told_by_staff(session: Session, case_id: uuid.UUID, clash_id: uuid.UUID, way: str, *, by: Actor) -> None:
    """Records that somebody told the source by telephone or letter, or in person. Raises LostRace when they were told
    meanwhile."""
    case, row = _held(session, case_id, clash_id)
    if way not in WAYS:
        raise StepRefused(_("Say how they were told."), need="way")
    if not clashes.tell_once(session, row.child_id, row.id):
        raise LostRace
    _note(session, case, "source_told", clash_id, by, way=way)


def accept_source_value(
    session: Session,
    case_id: uuid.UUID,
    clash_id: uuid.UUID,
    reason: str,
    *,
    by: Actor,
    seen: uuid.UUID | None = None,
    message: str = "",
) -> None:
    """Lets what the source says now count: there is news, or the decision was wrong. `seen` is the source's version
    that was looked at; `message` is sent to the requester, whose answer said something else.

    Whoever decided the line does not undo it alone. Raises StepRefused, LostRace when the source has said something
    else meanwhile."""
    case, row = _held(session, case_id, clash_id)
    if row.version_id is None:
        raise StepRefused(_("The entry was destroyed, so nothing of it can be taken in again."))
    if seen is not None and row.version_id != seen:
        raise LostRace
    if not reason.strip():
        raise StepRefused(_("Give the reason."), need="reason")
    lines = _lines(session, case, row)
    if any(by.id in {line.proposed_by, line.decided_by} for line in lines):
        raise StepRefused(_("You decided this entry yourself. Ask somebody else to look at what the source says."))
    correcting.accept_source(session, row.child_id, row.entry_id, case.id, by=str(by))
    for line in lines:
        marks.lift_marks(session, case.id, line.id, ("corrected",))
    _note(session, case, "source_value_accepted", clash_id, by, reason=reason)
    deciding.void_what_was_prepared(session, case, "correction")
    if message.strip():
        verbs.write_message(session, case.id, "to_requester", message, by=by)


def keep_decision(session: Session, case_id: uuid.UUID, clash_id: uuid.UUID, reason: str, *, by: Actor) -> None:
    """Somebody looked at it and the decision stands: the clash leaves the list, and the same word of the source does
    not bring it back."""
    case, row = _held(session, case_id, clash_id)
    if not reason.strip():
        raise StepRefused(_("Give the reason."), need="reason")
    clashes.close(session, row.child_id, row.id, "decided")
    _note(session, case, "decision_kept", clash_id, by, reason=reason)


def _with_case() -> Any:
    query = sa.select(FeedClash, col(Case.reference)).join(Case, col(Case.id) == col(FeedClash.case_id))
    return query.order_by(col(FeedClash.found_at), col(FeedClash.id))


def _of_case(session: Session, case: Case, clash_id: uuid.UUID) -> FeedClash:
    query = select(FeedClash).where(
        col(FeedClash.case_id) == case.id, col(FeedClash.id) == clash_id, col(FeedClash.closed_at).is_(None)
    )
    row = session.exec(query).first()
    if row is None:
        raise CaseNotFound
    return row


def _held(session: Session, case_id: uuid.UUID, clash_id: uuid.UUID) -> tuple[Case, FeedClash]:
    """The open clash, with its case locked. Raises LostRace where it was settled meanwhile."""
    case = ledger.locked(session, case_id)
    query = select(FeedClash).where(col(FeedClash.case_id) == case.id, col(FeedClash.id) == clash_id)
    row = session.exec(query.with_for_update()).first()
    if row is None:
        raise CaseNotFound
    if row.closed_at is not None:
        raise LostRace
    return case, row


def _lines(session: Session, case: Case, row: FeedClash) -> Sequence[ChallengedLine]:
    query = select(ChallengedLine).where(
        col(ChallengedLine.case_id) == case.id, col(ChallengedLine.entry_id) == row.entry_id
    )
    return session.exec(query.order_by(col(ChallengedLine.number))).all()


def _note(session: Session, case: Case, name: str, clash_id: uuid.UUID, by: Actor, **more: Any) -> None:
    answers = {"clash": clash_id.hex, **more}
    ledger.append(session, case, name, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, name))


def _plain(row: FeedClash, reference: str) -> Clash:
    return Clash(reference=reference, **{name: getattr(row, name) for name in _COLUMNS})


_COLUMNS = (
    "case_id",
    "child_id",
    "id",
    "entry_id",
    "version_id",
    "feed",
    "found_at",
    "told_at",
    "closed_at",
    "ended",
)

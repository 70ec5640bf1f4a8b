"""What goes out on paper: letters, notices, sheets of codes and cards, posted or handed over.

Two people look at the address before anything is printed, each by typing its last line; a changed address, or post that
is not safe any more, undoes that. Where post is not safe no address is shown and nothing can be posted: it is handed
over, and who saw which identity is kept. What comes back undelivered stops post at once, since somebody else may live
there now (R-78, security.md 6a).
"""

from __future__ import annotations

import datetime
import re
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Index, text
from sqlmodel import Session, SQLModel, col, select

from portal import audit, db, jobs
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case, Event
from portal.db import choice, column, new_id
from portal.people import contact, contact_changes, outbox
from portal.people.models import OutboxMessage, Person
from portal.processing import RELEASE, processed
from portal.vault import Owner, vault_of
from workflows.kinds import WORKFLOWS
from workflows.table import StepRefused
from workflows.words import mark as _

WHAT = ("letter", "notice", "code_sheet", "card")
WAYS = ("post", "hand")
STATES = ("to_check", "checked", "printed", "posted", "handed_over", "returned", "called_off")
OPEN = ("to_check", "checked", "printed", "returned")  # somebody still has to do something
MOST = 100
_APART = ("card", "code_sheet")  # the first factor and the second: whoever opens one letter must not hold both
_DAYS_APART = datetime.timedelta(days=2)
_OPEN = text("state IN ('to_check', 'checked', 'printed', 'returned')")
_OPEN_POSTED = text(f"posted.{_OPEN.text}")  # in a query beside cases, which have a state too
# The events that a message in the outbox tells of are in its key: portal.cases.verbs.tell_requester, cases.opening.
_TOLD_OF = re.compile(r"update:([0-9a-f]{32}):(\d+)|receipt:([0-9a-f]{32})", re.ASCII)


@processed(RELEASE)
class Posted(SQLModel, table=True):
    """One thing on paper for a requester, from the queue to the letter box or the hand."""

    __tablename__ = "posted"
    __table_args__ = (
        Index("ix_posted_case", "case_id", "id"),
        Index("ix_posted_open", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: uuid.UUID = column("random, time-ordered", default_factory=new_id, primary_key=True)
    key: str = column("the same thing asked for twice is one", unique=True)
    case_id: uuid.UUID = column("the case", foreign_key="case.id")
    version: int = column("grows with each act, so that no act is done twice", default=1)
    what: str = column("letter, notice, sheet of codes or card", sa_type=choice(*WHAT, name="posted_what"))
    way: str = column("by post, or handed over", sa_type=choice(*WAYS, name="posted_way"))
    state: str = column("how far it is", default="to_check", sa_type=choice(*STATES, name="posted_state"))
    letter_id: uuid.UUID | None = column("the letter that is printed", default=None)
    event_seq: int | None = column("the event it tells of", default=None)
    to_child: bool = column("for the child's own hand, never for the requester's address", default=False)
    made_at: datetime.datetime = column("when it was queued")
    checked_by: str | None = column("who looked at the address first", default=None)
    checked_again_by: str | None = column("who looked at it second: somebody else", default=None)
    printed_by: str | None = column("who printed it", default=None)
    sent_on: datetime.date | None = column("day on which it was posted or handed over", default=None)
    sent_by: str | None = column("who posted it or handed it over", default=None)
    returned_on: datetime.date | None = column("day on which it came back undelivered", default=None)
    sealed: bytes = column("address as checked, tracking number, identity seen, why it came back; case key; R-150")

    def vault_owner(self) -> Owner:
        return Owner.case(self.case_id)

    def vault_row(self) -> str:
        return f"posted:{self.id.hex}"


def reachable(session: Session, case: Case) -> str | None:
    """The requester's address while post is safe for them and no new way waits; None otherwise."""
    if case.requester_id is None or contact.waiting_change(session, case.requester_id):
        return None
    address = contact.post_address(vault_of(session).get(session.get_one(Person, case.requester_id)))
    return "\n".join(line.strip() for line in address.splitlines() if line.strip()) if address else None


# Into the queue


def queue(
    session: Session,
    case_id: uuid.UUID,
    what: str,
    *,
    key: str,
    way: str = "",
    letter_id: uuid.UUID | None = None,
    event_seq: int | None = None,
    to_child: bool = False,
    bears: str | None = None,
) -> bool:
    """Queues a thing on paper in the caller's transaction; the same key twice is one. Without a `way` it is posted
    where post is safe, and handed over where it is not. `bears` is the address that stands on it already. False: it was
    there.

    Raises StepRefused for post that is not safe."""
    case = session.get_one(Case, case_id)
    safe = way != "hand" and not to_child and reachable(session, case) is not None
    if way == "post" and not safe:
        raise StepRefused(_("Post is not safe for this person now. Hand it over instead."), need="way")
    row = Posted(
        key=key,
        case_id=case_id,
        what=what,
        way=way or ("post" if safe else "hand"),
        letter_id=letter_id,
        event_seq=event_seq,
        to_child=to_child,
        made_at=db.now(),
        sealed=b"",
    )
    vault_of(session).put(row, {} if bears is None else {"bears": bears})
    return db.insert_ignore(session, Posted, [row.model_dump()]) == 1


def queue_letter(
    session: Session, case: Case, letter_id: uuid.UUID, event_seq: int, *, to_child: bool, bears: str
) -> bool:
    """Queues a letter that was made, where paper is the only way to the person, or for a child; others read it on the
    portal and get a message that it is there."""
    if case.requester_id is None or not (to_child or _needs_paper(session, case)):
        return False
    about: dict[str, Any] = {"letter_id": letter_id, "event_seq": event_seq, "to_child": to_child, "bears": bears}
    return queue(session, case.id, "letter", key=letter_key(letter_id), **about)


def keyed(session: Session, key: str) -> Posted:
    """What was queued under this key."""
    return session.exec(select(Posted).where(Posted.key == key)).one()


def letter_key(letter_id: uuid.UUID) -> str:
    return f"letter:{letter_id.hex}"


@outbox.when_held
def on_paper(session: Session, row: OutboxMessage) -> None:
    """A message that could not be sent goes out on paper where post is safe. An event with a letter of its own needs no
    second one; where post is not safe either, the held message is the caseworker's task."""
    found = _TOLD_OF.fullmatch(row.key)
    case = session.get(Case, row.case_id) if row.case_id else None
    if found is None or case is None or reachable(session, case) is None:
        return
    seq = int(found[2] or 1)
    if not has_letter(session, case, seq):
        key = f"notice:{case.id.hex}:{seq}"
        if queue(session, case.id, "notice", key=key, event_seq=seq):
            jobs.enqueue(session, "make_notice", key, {"posted": keyed(session, key).id.hex})


def has_letter(session: Session, case: Case, seq: int) -> bool:
    """Whether the event has a letter of its own."""
    workflow = WORKFLOWS[case.kind]
    name = session.exec(select(Event.name).where(col(Event.case_id) == case.id, col(Event.seq) == seq)).first()
    if name == "opened":
        return bool(workflow.opening_letter)
    return any(step.name == name and step.letter for step in workflow.steps)


def _needs_paper(session: Session, case: Case) -> bool:
    person = session.get_one(Person, case.requester)
    told = vault_of(session).get(person)
    asked = (verbs.told(session, case).get("asked") or {}).get("format")
    return contact.mail_address(told) is None or asked in {"paper", "large-print"}


# Through it


def of_case(session: Session, case: Case) -> list[Posted]:
    """What went or goes out on paper in a case, newest first."""
    return list(session.exec(select(Posted).where(Posted.case_id == case.id).order_by(sa.desc(col(Posted.id)))))


def waiting(session: Session, *cases: Any) -> list[tuple[Posted, Case]]:
    """What somebody has to do something about, of the cases that the conditions let through; oldest first."""
    about = col(Case.id) == col(Posted.case_id)
    query = select(Posted, Case).join(Case, about).where(_OPEN_POSTED, *cases)  # the index's own words
    return list(session.exec(query.order_by(col(Posted.id)).limit(MOST)).all())


def kept(session: Session, row: Posted) -> dict[str, Any]:
    """Address as checked, tracking number, identity seen, why it came back."""
    return vault_of(session).get(row)


def check_address(session: Session, row: Posted, typed: str, *, by: Actor) -> None:
    """One of two people looks at the address and types its last line. The second must be somebody else, and the
    address the same."""
    case = _begin(session, row, "to_check")
    _made(row)
    address, told = _address(session, case, row), vault_of(session).get(row)
    if _plain(typed) != _plain(address.splitlines()[-1]):
        raise StepRefused(_("That is not the last line of the address. Look at it again."), need="typed")
    if told.get("bears", address) != address:
        raise StepRefused(_("The letter bears another address than this. Hand it over, or call it off."))
    if told.get("address") != address:  # looked at for the first time, or changed since
        row.checked_by, row.checked_again_by = str(by), None
        vault_of(session).put(row, {**told, "address": address})
    elif row.checked_by == str(by):
        raise StepRefused(_("Somebody else must look at the address too: you were the first."))
    else:
        row.checked_again_by, row.state = str(by), "checked"
    _done(session, case, row, "address_checked", by)


def printed(session: Session, row: Posted, *, by: Actor) -> None:
    """It is on paper now. Raises StepRefused when the address changed since two people looked at it."""
    case = _begin(session, row, "checked" if row.way == "post" else "to_check")
    _made(row)
    if row.way == "post":
        _same_address(session, case, row)
    row.printed_by, row.state = str(by), "printed"
    _done(session, case, row, "posting_printed", by)


def post(session: Session, row: Posted, on: datetime.date, tracking: str, *, by: Actor) -> None:
    """It left, on this day, with this number of the tracked post (R-78)."""
    case = _begin(session, row, "printed")
    if row.way != "post":
        raise StepRefused(_("This is to be handed over, not posted."))
    _same_address(session, case, row)
    _past(on)
    if row.what in _APART:
        _refuse_together(session, case, row, on)
    vault_of(session).put(row, {**vault_of(session).get(row), "tracking": tracking})
    row.sent_on, row.sent_by, row.state = on, str(by), "posted"
    _settle(session, case, row)
    _done(session, case, row, "posting_sent", by)


def hand_over(session: Session, row: Posted, on: datetime.date, identity: str, *, by: Actor) -> None:
    """It was put into the person's own hand; `identity` says what was seen and, if a colleague did it, who."""
    case = _begin(session, row, "printed")
    if row.way != "hand":
        raise StepRefused(_("This is to be posted. Call it off and queue it again to hand it over."))
    _past(on)
    vault_of(session).put(row, {**vault_of(session).get(row), "identity": identity})
    row.sent_on, row.sent_by, row.state = on, str(by), "handed_over"
    _settle(session, case, row)
    _done(session, case, row, "posting_handed_over", by)


def came_back(session: Session, row: Posted, on: datetime.date, why: str, *, by: Actor) -> None:
    """It came back undelivered. Post stops being safe at once: somebody else may live there now."""
    case = _begin(session, row, "posted")
    _past(on)
    vault_of(session).put(row, {**vault_of(session).get(row), "why": why})
    row.returned_on, row.state = on, "returned"
    contact_changes.stop(session, case.requester, ["post"], by=str(by))
    _done(session, case, row, "posting_returned", by)


def call_off(session: Session, row: Posted, *, by: Actor) -> None:
    """It does not go out, or what came back has been seen to."""
    case = _begin(session, row, *OPEN)
    row.state = "called_off"
    _done(session, case, row, "posting_called_off", by)


def to_hand(session: Session, row: Posted, *, by: Actor) -> None:
    """It is handed over instead of posted; whoever looked at an address did so for nothing."""
    case = _begin(session, row, "to_check", "checked")
    row.way, row.state, row.checked_by, row.checked_again_by = "hand", "to_check", None, None
    _done(session, case, row, "posting_to_hand", by)


def give_out(session: Session, case: Case, what: str, way: str, *, by: Actor) -> None:
    """For what is printed in the moment it is made, a sheet or a card: by post it takes the queued place whose address
    two people have looked at; for a hand it gets a place of its own, where it is noted who saw which identity.

    Raises StepRefused for post without such a place."""
    if way == "post":
        printed(session, _checked(session, case, what), by=by)
        return
    row = Posted(
        key=f"{what}:{case.id.hex}:{case.seq}",
        case_id=case.id,
        what=what,
        way="hand",
        state="printed",
        printed_by=str(by),
        made_at=db.now(),
        sealed=b"",
    )
    vault_of(session).put(row, {})
    session.add(row)


def _checked(session: Session, case: Case, what: str) -> Posted:
    mine = (col(Posted.case_id) == case.id, col(Posted.what) == what, col(Posted.state) == "checked")
    row = session.exec(select(Posted).where(*mine).order_by(col(Posted.id))).first()
    if row is None:
        raise StepRefused(_("Two people must look at the address first. Queue it for the post."), need="way")
    return row


def _begin(session: Session, row: Posted, *states: str) -> Case:
    case = ledger.locked(session, row.case_id)
    session.refresh(row)
    if row.state not in states:
        raise StepRefused(_("Somebody was here before you: it has moved on. Look at it again."))
    return case


def _made(row: Posted) -> None:
    """A notice is queued before a job makes it: until then nobody knows which address it will bear."""
    if row.what == "notice" and row.letter_id is None:
        raise StepRefused(_("The letter is being made. Look at it again in a minute."))


def _done(session: Session, case: Case, row: Posted, name: str, by: Actor) -> None:
    row.version += 1
    session.add(row)
    session.flush()
    ledger.append(session, case, name, by=by, on_date=clocking.uk_today(), answers={"what": row.what})
    audit.append(session, verbs.act(case, by, name, row.id.hex))


def _address(session: Session, case: Case, row: Posted) -> str:
    address = None if row.way != "post" or row.to_child else reachable(session, case)
    if address is None:
        raise StepRefused(_("Post is not safe for this person now. Hand it over instead."))
    return address


def _same_address(session: Session, case: Case, row: Posted) -> None:
    if vault_of(session).get(row).get("address") != _address(session, case, row):
        raise StepRefused(_("The address has changed since it was looked at. Call this off and queue it again."))


def _refuse_together(session: Session, case: Case, row: Posted, on: datetime.date) -> None:
    """A card and a sheet of codes never lie in one envelope, nor in the letter box together: they are both factors.
    Two acts for one person queue up at that person's row."""
    db.lock(session, Person, id=case.requester_id)
    days = (on - _DAYS_APART, on + _DAYS_APART)
    near = sa.or_(
        col(Posted.state) == "printed",
        sa.and_(col(Posted.sent_on) >= days[0], col(Posted.sent_on) <= days[1]),
    )
    theirs = (col(Case.requester_id) == case.requester_id, col(Posted.way) == "post")
    other = (col(Posted.what).in_(_APART), col(Posted.what) != row.what, near)
    query = select(Posted.id).join(Case, col(Case.id) == col(Posted.case_id)).where(*theirs, *other)
    if session.exec(query.limit(1)).first() is not None:
        raise StepRefused(
            _("Post the card and the sheet more than two days apart. Call off the one that is printed, or wait.")
        )


def _settle(session: Session, case: Case, row: Posted) -> None:
    """The message that could not be mailed has been passed on by this."""
    if row.event_seq is None:
        return
    keys = [f"update:{case.id.hex}:{row.event_seq}", *([f"receipt:{case.id.hex}"] if row.event_seq == 1 else [])]
    held = (col(OutboxMessage.key).in_(keys), col(OutboxMessage.state) == "held")
    session.execute(sa.update(OutboxMessage).where(*held).values(state="sent", sent_at=db.now()))


def _past(on: datetime.date) -> None:
    if on > clocking.uk_today():
        raise StepRefused(_("The day cannot lie in the future."), need="on")


def _plain(line: str) -> str:
    return re.sub(r"\W", "", line).casefold()

"""What can be done to a case. Each verb locks the case, appends its event, and queues what follows from it, all in the
caller's transaction; none commits. Only `take_step` changes a state."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db, jobs
from portal.audit import Act
from portal.cases import clocking, ledger
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.ledger import CaseNotFound, Happened, LostRace
from portal.cases.models import Case, Event, Message
from portal.people import outbox
from portal.people.models import Staff
from portal.records import Looking, group_of
from portal.vault import vault_of
from workflows.kinds import WORKFLOWS
from workflows.table import Answers, Offered, Role, State, Step, StepRefused
from workflows.words import mark as _

Listener = Callable[[Session, Case, Step], None]
_listeners: list[Listener] = []
_when_detached: list[Callable[[Session, Case], None]] = []


SEALED_ELSEWHERE = _("The record of this case is sealed for one team. Only somebody in that team can have the case.")

# In which states a record is handled, each kind of case says itself: workflows.table.Workflow.


def may_search(case: Case) -> bool:
    return _stands_in(case, WORKFLOWS[case.kind].searched_in)


def may_attach(case: Case) -> bool:
    return _stands_in(case, WORKFLOWS[case.kind].attached_in)


def may_detach(case: Case) -> bool:
    return _stands_in(case, WORKFLOWS[case.kind].detached_in)


def may_open(case: Case) -> bool:
    return _stands_in(case, WORKFLOWS[case.kind].opened_in)


def _stands_in(case: Case, states: tuple[State, ...]) -> bool:
    return any(state.name == case.state for state in states)


def take_step(
    session: Session,
    case_id: uuid.UUID,
    step_name: str,
    *,
    by: Actor,
    answers: Answers,
    today: datetime.date,
    on_date: datetime.date | None = None,
    seen_seq: int | None = None,
) -> Event:
    """Takes one step of the case's workflow: state, event, clock, letter and mail in one transaction.

    `on_date` is the day the step counts for in law (today unless said); `seen_seq` is the number of the last event
    the form's reader saw. Raises StepRefused with words, LostRace when the case moved on since, CaseNotFound."""
    case = ledger.locked(session, case_id)
    if seen_seq is not None and seen_seq != case.seq:
        raise LostRace
    events = ledger.history(session, case)
    facts = facts_of(session, case, events, actor=by, today=today)
    taken = WORKFLOWS[case.kind].take(case.state, step_name, role=by.role, facts=facts, answers=answers)
    day = on_date or _day_of(answers, today)
    if day > today:
        raise StepRefused(_("The day of this step cannot lie in the future."))
    event = ledger.append(
        session,
        case,
        taken.step.name,
        by=by,
        on_date=day,
        to_state=taken.to_state.name,
        clock=taken.step.clock_event(facts),
        answers=dict(answers),
    )
    clocking.refresh(session, case)
    case.closed_at = db.now() if taken.to_state.final else None
    session.add(case)
    session.flush()
    _follow_up(session, case, taken.step, event)
    audit.append(session, act(case, by, "step", taken.step.name))
    return event


def offered(
    session: Session, case: Case, events: list[Happened], *, by: Actor, today: datetime.date
) -> tuple[Offered, ...]:
    """The steps this actor sees on the case's page, closed ones with the reason."""
    facts = facts_of(session, case, events, actor=by, today=today)
    return WORKFLOWS[case.kind].steps_for(case.state, by.role, facts)


def attach_record(
    session: Session, case_id: uuid.UUID, child_id: uuid.UUID, born: datetime.date | None, *, by: Actor
) -> None:
    """Attaches the record that was found to the case; its birth date becomes a fact of the case. What was approved
    before was made from another record and is void."""
    case = ledger.locked(session, case_id)
    if not may_attach(case):
        raise StepRefused(_("A record is attached while it is looked for or reviewed. Bring the case there first."))
    if case.child_id is not None:
        raise StepRefused(_("A record is attached to this case already. Detach it first."))
    if (group := group_of(session, child_id)) and (case.team_id is None or case.team_id.hex != group):
        raise StepRefused(_("This record is sealed for your own team. Bring the case to your team first."))
    case.child_id = child_id
    answers = {"child": child_id.hex, "born": born}
    ledger.append(session, case, "record_attached", by=by, on_date=clocking.uk_today(), answers=answers)
    clocking.refresh(session, case)
    audit.append(session, act(case, by, "attach_record"))


def detach_record(session: Session, case_id: uuid.UUID, reason: str, *, by: Actor) -> None:
    """Takes a wrongly attached record off the case, with the reason; nothing of it stays visible in the case."""
    case = ledger.locked(session, case_id)
    if case.child_id is None:
        raise StepRefused(_("No record is attached to this case."))
    if not may_detach(case):
        raise StepRefused(_("The record cannot be detached now. Send the case back, or stop the release, first."))
    for listener in _when_detached:
        listener(session, case)
    ledger.append(session, case, "record_detached", by=by, on_date=clocking.uk_today(), answers={"reason": reason})
    audit.append(session, act(case, by, "detach_record"))
    case.child_id = None
    clocking.refresh(session, case)


def may_have(session: Session, case: Case, team_id: uuid.UUID | None) -> bool:
    """Whether this team, or somebody in it, may have the case: any, unless its record is sealed for another."""
    group = group_of(session, case.child_id) if case.child_id else ""
    return not group or (team_id is not None and team_id.hex == group)


def assign(
    session: Session,
    case_id: uuid.UUID,
    to: Staff | None,
    *,
    by: Actor,
    team_id: uuid.UUID | None = None,
    why: str = "",
) -> None:
    """Gives the case to a caseworker (and their team), or back to the team when `to` is None: its own, or `team_id`.

    Raises StepRefused when that seat closes: the account is held, so nothing can reach it once that is said; and when
    the record of the case is sealed for another team: whoever has the case reads the record (R-54)."""
    case = ledger.locked(session, case_id)
    held = db.lock(session, Staff, id=to.id) if to else None
    if to and (held is None or held.disabled_at is not None):
        raise StepRefused(_("This person’s seat is closed. Choose somebody else."))
    team = to.team_id if to else team_id
    if not may_have(session, case, team if to else team or case.team_id):
        raise StepRefused(SEALED_ELSEWHERE)
    case.assignee_id = to.id if to else None
    case.assigned_at = db.now() if to else None
    if team:
        case.team_id = team
    session.add(case)
    answers = {"to": to.id.hex if to else None, **({"why": why} if why else {})}
    ledger.append(session, case, "assigned", by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, act(case, by, "assign"))


def write_message(session: Session, case_id: uuid.UUID, kind: str, words: str, *, by: Actor, way: str = "") -> Message:
    """Keeps what was said on the case: a message either way, a note of staff, or a call, visit or voicemail logged.

    A message to the requester sends a neutral mail that says only that there is something to read."""
    case = ledger.locked(session, case_id)
    if kind == "to_requester" and case.requester_id is None:
        raise StepRefused(_("Nobody asked in this case, so there is nobody to write to."))
    message = Message(case_id=case.id, kind=kind, at=db.now(), actor=str(by), sealed=b"")
    vault_of(session).put(message, {"words": words, "way": way})
    session.add(message)
    event = ledger.append(session, case, kind, by=by, on_date=clocking.uk_today(), answers={"message": message.id.hex})
    if kind == "to_requester":
        tell_requester(session, case, event.seq)
    audit.append(session, act(case, by, kind))
    return message


def messages(session: Session, case: Case, *, kinds: tuple[str, ...]) -> list[tuple[Message, dict[str, Any]]]:
    """Messages of the case with their words, oldest first."""
    query = (
        select(Message).where(col(Message.case_id) == case.id, col(Message.kind).in_(kinds)).order_by(col(Message.id))
    )
    rows = session.exec(query).all()
    return list(zip(rows, vault_of(session).get_many(rows), strict=True))


def told(session: Session, case: Case) -> dict[str, Any]:
    """What was asked, as the requester said it: {"subject": …, "asked": …}."""
    return vault_of(session).get(case)


def visible_case(session: Session, reference: str, reader: Actor) -> Case:
    """The case with this reference if the reader may see it, else CaseNotFound: a requester their own, staff their
    team's or those assigned to them."""
    case = session.exec(select(Case).where(col(Case.reference) == reference)).first()
    if case is None or not may_see(case, reader):
        raise CaseNotFound
    return case


def own_cases(session: Session, person_id: uuid.UUID) -> list[Case]:
    """A requester's cases, newest first."""
    return list(
        session.exec(select(Case).where(col(Case.requester_id) == person_id).order_by(sa.desc(col(Case.id)))).all()
    )


def look_for(case: Case, reader: Actor, *, reason: str = "case", search: bool = False) -> Looking:
    """The right to open the attached record for this case: the reader's own or their team's, while it is settled
    who asks.

    `search` gives the right to look for candidates before a record is attached, while it is being found."""
    if reader.kind not in {"staff", "system"} or (reader.kind == "staff" and not may_see(case, reader)):
        raise CaseNotFound
    if case.closed_at is not None:
        raise StepRefused(_("This case is closed, so its record cannot be opened. Open the case again first."))
    if case.child_id is None and not search:
        raise StepRefused(_("No record is attached to this case yet. Find the record first."))
    if not (may_search(case) if search and case.child_id is None else may_open(case)):
        raise StepRefused(
            _("No record is searched or opened at this point. First settle who asks, then bring the case to finding.")
        )
    child_id = case.child_id or uuid.UUID(int=0)
    team = reader.team_id.hex if reader.team_id else ""
    return Looking(str(reader), reader.role, team, case.id, child_id, reason, reader.session)


def tell_requester(session: Session, case: Case, seq: int) -> None:
    """Queues the neutral mail that there is news; once per event. Where nobody asked, nobody is told."""
    if case.requester_id is None:
        return
    outbox.queue(session, "update", person_id=case.requester_id, case_id=case.id, key=f"update:{case.id.hex}:{seq}")


def act(case: Case, by: Actor, what: str, reason: str = "") -> Act:
    """The log row of something done to a case."""
    own = str(by) if by.id else audit.visitor_chain()
    child_id, chain = case.child_id, audit.child_chain(case.child_id) if case.child_id else own
    if by.kind == "child":  # what a child did is not told beside looks at the record, which others may read
        child_id, chain = None, audit.account_chain("voice", by.id or case.id)
    return Act(
        chain=chain,
        act=what,
        actor=str(by),
        role=by.role,
        team=by.team_id.hex if by.team_id else "",
        child_id=child_id,
        case_id=case.id,
        reason=reason,
        session=by.session,
    )


def may_see(case: Case, reader: Actor) -> bool:
    """Whether this reader may see the case at all: a requester their own, staff their own or their team's."""
    if reader.kind == "family":
        return case.requester_id is not None and case.requester_id == reader.id
    if reader.kind != "staff":
        return False
    return case.assignee_id == reader.id or (case.team_id is not None and case.team_id == reader.team_id)


def follows(listener: Listener) -> Listener:
    """Registers what a package does after every step, in the same transaction; twice changes nothing."""
    if listener not in _listeners:
        _listeners.append(listener)
    return listener


def when_detached(listener: Callable[[Session, Case], None]) -> Callable[[Session, Case], None]:
    """Registers what a package undoes before a record is taken off a case, in the same transaction."""
    if listener not in _when_detached:
        _when_detached.append(listener)
    return listener


def _follow_up(session: Session, case: Case, step: Step, event: Event) -> None:
    """What the step asks for besides: its letter as a job, a mail that there is news, and what packages do after it."""
    for listener in _listeners:
        listener(session, case, step)
    if step.letter:
        args = {"case": case.id.hex, "seq": str(event.seq), "template": step.letter}
        jobs.enqueue(session, "make_letter", f"letter:{case.id.hex}:{event.seq}", args)
    if step.told and Role.REQUESTER not in step.roles:
        tell_requester(session, case, event.seq)


def _day_of(answers: Answers, today: datetime.date) -> datetime.date:
    """A step that asks for the day it counts for calls that answer `came_on`."""
    day = answers.get("came_on")
    return day if isinstance(day, datetime.date) else today

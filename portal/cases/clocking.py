"""The statutory clock of a case: read from its ledger by the pure clock of `workflows`, cached on the case row."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from portal import db
from portal.cases import folding, ledger
from portal.cases.ledger import Happened
from portal.cases.models import Case
from portal.settings import Settings
from portal.vault import vault_of
from workflows import breach_clock
from workflows.ages import birthday
from workflows.clock import Clock, ClockError, ClockEvent, Law, clock, received_day
from workflows.days import BankHolidays
from workflows.facts import Nation, RegulatorDecision, RequesterKind
from workflows.kinds import WORKFLOWS
from workflows.table import StepRefused

LAWS = {"subject_access": Law.ACCESS, "correction": Law.RECTIFICATION}
BREACH = "breach"  # its 72 hours are counted by a clock of their own
MET = "met"
ADULT = 18
FRESH_WORKING_DAYS = 5  # an approver's confirmations are good for five working days (issue of law)


def holidays_of(session: Session) -> BankHolidays:
    """The bank holidays of the controller's nation (R-26), loaded once per process."""
    return session.info["holidays"]


def settings_of(session: Session) -> Settings:
    return session.info["settings"]


def reading(session: Session, case: Case, events: Sequence[Happened], *, today: datetime.date | None = None) -> Clock:
    """Where the clock of this case stands, with the reasons. Raises StepRefused for days that cannot be."""
    if case.kind == BREACH:
        return breach_clock.reading(aware_at(events))
    told = [ClockEvent(event.clock, event.on_date, event.seq) for event in events if event.clock]
    try:
        return clock(LAWS[case.kind], received_on(case, events), told, holidays_of(session), today=today)
    except ClockError as impossible:
        raise StepRefused(str(impossible)) from impossible


def aware_at(events: Sequence[Happened]) -> datetime.datetime:
    """The moment at which a breach became known: as it was entered, or else when it was."""
    opened = next(event for event in events if event.name == "opened")
    told = opened.answers.get("aware_at")
    return datetime.datetime.fromisoformat(told) if told else opened.at


def received_on(case: Case, events: Sequence[Happened]) -> datetime.date:
    """The day of receipt: the one first entered, unless a second person confirmed another."""
    day, proposed = None, None
    for event in events:
        if event.name == "opened":
            day = event.on_date
        elif event.name == "propose_receipt_day":
            proposed = datetime.date.fromisoformat(event.answers["day"])
        elif event.name == "confirm_receipt_day" and proposed:
            day = proposed
    return day or case.received_on


def refresh(session: Session, case: Case) -> Clock:
    """Recomputes the case row's cache of the clock from its ledger; the case is locked by the caller."""
    events = ledger.history(session, case)
    now = reading(session, case, events)
    case.due_on, case.received_on, case.clock_status = cached(case, events, now)
    case.wake_on = _wake_on(session, case, events)
    session.add(case)
    session.flush()
    return now


def cached(case: Case, events: Sequence[Happened], now: Clock) -> tuple[datetime.date | None, datetime.date, str]:
    """What the case row keeps of its clock after these events: due day, day of receipt, status.

    Once the last copy is out, or the case has ended, the law's day is met: nothing is due and nothing is overdue."""
    state = WORKFLOWS[case.kind].state(events[-1].to_state)
    if state.answered or state.final or (case.kind == BREACH and _regulator_settled(events)):
        return None, now.received, MET
    return now.earlier_day, now.received, now.state


def _regulator_settled(events: Sequence[Happened]) -> bool:
    """The regulator knows of the breach, or two people decided that there is no risk to tell of (Article 33(1))."""
    facts = folding.fold(BREACH, events)
    no_risk = facts.get("regulator_decision") is RegulatorDecision.NO_RISK
    return facts.get("regulator_told_on") is not None or (no_risk and events[-1].to_state == "decided")


def provide(session: Session, case: Case, events: Sequence[Happened]) -> dict[str, Any]:
    """Facts of the clock, of the request as told, and those folded from the ledger."""
    now = reading(session, case, events, today=uk_today())
    settings = settings_of(session)
    told = _subject(session, case)
    facts: dict[str, Any] = {
        "requester_kind": RequesterKind(told.get("requester_kind", RequesterKind.UNKNOWN)),
        "nation": Nation(settings.nation),
        "age_prompt": settings.competence_prompt_age,
        "subject_born": _born(told),
        "record_attached": case.child_id is not None,
        "received_on": now.received,
        "notice_deadline": now.extension_notice_by or now.notice_if_answered_today,
        "extended": now.extended,
        "confirmed_since": working_days_back(holidays_of(session), uk_today(), FRESH_WORKING_DAYS),
    }
    if case.kind == BREACH:
        facts["breach_due_on"] = now.due
    folded = folding.fold(case.kind, events)
    return {**facts, **folded, "prepared_by": folded["prepared_by"] | _holders(case, events)}


def working_days_back(holidays: BankHolidays, day: datetime.date, count: int) -> datetime.date:
    """The day `count` working days before `day`."""
    while count:
        day -= datetime.timedelta(days=1)
        count -= holidays.works(day)
    return day


def uk_today() -> datetime.date:
    """Today's date in the United Kingdom (R-9)."""
    return received_day(db.now())


def _holders(case: Case, events: Sequence[Happened]) -> frozenset[str]:
    """Whoever held the case in the last day (security.md 5): also who had it long before and gave it away today."""
    since = db.now() - datetime.timedelta(days=1)
    given = [event for event in events if event.name == "assigned"]
    before = [event for event in given if event.at <= since][-1:]
    held = {event.answers.get("to") for event in (*before, *(one for one in given if one.at > since))}
    held.add(case.assignee_id.hex if case.assignee_id else None)
    return frozenset(f"staff:{to}" for to in held if to)


def _wake_on(session: Session, case: Case, events: Sequence[Happened]) -> datetime.date | None:
    """The next day on which time itself acts: an eighteenth birthday, the first or last day of an authority or of a
    recorded order. Where nobody asks, there is no authority that could end."""
    if case.requester_id is None:
        return None
    facts, told = folding.fold(case.kind, events), _subject(session, case)
    born = facts.get("subject_born") or _born(told)
    days: list[datetime.date] = []
    if facts.get("requester_kind", told.get("requester_kind")) != RequesterKind.SELF:
        days += [birthday(born, ADULT)] if born else []
        days += facts.get("family_turns", ())
    if first := facts.get("authority_valid_from"):
        days.append(first)
    if until := facts.get("authority_valid_until"):
        days.append(until + datetime.timedelta(days=1))
    return min((day for day in days if day > uk_today()), default=None)


def _subject(session: Session, case: Case) -> dict[str, Any]:
    """Whom the case is about, as the requester said; empty where nobody asked."""
    told: dict[str, Any] = vault_of(session).get(case).get("subject") or {}
    return told


def _born(told: dict[str, Any]) -> datetime.date | None:
    return datetime.date.fromisoformat(told["birth_date"]) if told.get("birth_date") else None

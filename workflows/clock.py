"""The statutory clocks: by which day the law wants an answer, and why that day (R-1 to R-30).

UK GDPR Article 12A for access and rectification, section 164A of the Data Protection Act 2018 for complaints.
Nothing here reads the time, the machine or a file: what happened, the bank holidays and today are given.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from workflows.clock_grounds import DoubtReason, ExtensionReason
from workflows.clock_terms import RANK, Clock, ClockEvent, ClockState, EventName, Law, Why, moved
from workflows.days import DAY, BankHolidays, ClockError, check_day, received_day
from workflows.facts import Nation
from workflows.request_clock import Reading
from workflows.words import mark as _

__all__ = [
    "BankHolidays",
    "Clock",
    "ClockError",
    "ClockEvent",
    "ClockState",
    "DoubtReason",
    "EventName",
    "ExtensionReason",
    "Law",
    "Nation",
    "Why",
    "clock",
    "received_day",
]

COMPLAINT_DAYS = 30
COMPLAINTS_FROM = date(2026, 6, 19)


def clock(
    law: Law,
    received: date,
    events: Iterable[ClockEvent],
    holidays: BankHolidays,
    *,
    today: date | None = None,
) -> Clock:
    """Where the clock stands that began with what was `received` on that UK date.

    `events` may come in any order; those of one day follow their `order`. `holidays` are those of the controller's
    nation (R-26). Raises ClockError where the events cannot have happened: before receipt, after `today`, an answer to
    no question, a second extension.
    """
    check_day(received)
    ordered = sorted(events, key=lambda event: (event.on, event.order, RANK[EventName(event.name)]))
    _check_order(received, ordered, today)
    if law is Law.COMPLAINT:
        return _complaint(received, ordered, holidays)
    reading = Reading(law, received, holidays, ordered)
    stands = reading.answer()
    if today is None or not reading.questions:
        return stands
    answers = [ClockEvent(EventName.CLARIFICATION_ANSWERED, today)] * reading.questions
    then = Reading(law, received, holidays, [*ordered, *answers]).answer()
    return replace(stands, due_if_answered_today=then.due, notice_if_answered_today=then.extension_notice_by)


def _check_order(received: date, events: list[ClockEvent], today: date | None) -> None:
    if today is not None and received > today:
        raise ClockError(f"The day of receipt, {received}, is still to come.")
    for event in events:
        if event.on < received:
            raise ClockError(f"{event.name} on {event.on} is before the day of receipt, {received}.")
        if today is not None and event.on > today:
            raise ClockError(f"{event.name} on {event.on} is still to come.")
    _check_questions(events)
    if sum(event.name == EventName.EXTENDED for event in events) > 1:
        raise ClockError("The time can be extended only once, but there are two extensions.")


def _check_questions(events: list[ClockEvent]) -> None:
    open_questions = 0
    for event in events:
        open_questions += event.name == EventName.CLARIFICATION_ASKED
        open_questions -= event.name == EventName.CLARIFICATION_ANSWERED
        if open_questions < 0:
            raise ClockError(f"{event.name} on {event.on} answers no question: none was open on that day.")


def _complaint(received: date, events: list[ClockEvent], holidays: BankHolidays) -> Clock:
    """Thirty days to acknowledge, from the day after receipt (regulator) or the day itself (Act): R-28.

    Nothing stops or extends them; an event that would do so for a request changes no day.
    """
    raw = received + COMPLAINT_DAYS * DAY
    due = holidays.working_day(raw)
    certain = holidays.certain(raw, due)
    extension = any(event.name == EventName.EXTENDED for event in events)
    why = [
        Why(
            text=_("We have 30 days, counted from the day after your complaint came."),
            rule="R-28",
            first=received,
        )
    ]
    if received < COMPLAINTS_FROM:
        why.append(Why(text=_("This complaint came before the rule of 30 days."), rule="R-28", first=COMPLAINTS_FROM))
    if events:
        why.append(Why(text=_("Nothing makes the 30 days for a complaint stop or last longer."), rule="R-28, R-29"))
    why += moved(raw, due, certain=certain)
    return Clock(
        law=Law.COMPLAINT,
        received=received,
        start=received,
        excluded_days=0,
        due=due,
        statutory_due=raw - DAY,
        extension_invalid=extension,
        provisional=not certain,
        why=tuple(why),
    )

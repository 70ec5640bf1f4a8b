"""The clock of a request under UK GDPR Articles 15 to 22D: Article 12A, read event by event (R-1 to R-27).

The events are taken in the order of their days, as the authority lived them. So a question that was put, or a
notice that was given, after the time had run out can never bring it back (R-1, R-12).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from workflows.clock_terms import Clock, ClockEvent, EventName, Law, Why, moved
from workflows.days import DAY, BankHolidays, add_months
from workflows.words import mark as _

MONTHS = 1
MONTHS_EXTENDED = 3  # from the relevant time, not from the end of the first month
ARTICLE_12A_FROM = date(2026, 2, 5)

_PROOF_ASKED = {
    EventName.IDENTITY_REQUESTED: _("We asked you to show us who you are. The time begins when you do."),
    EventName.AUTHORITY_REQUESTED: _("We asked you to show us that you may ask. The time begins when you do."),
    EventName.FEE_REQUESTED: _("We asked you to pay a fee. The time begins when you do."),
}
_PROOF_CAME = {
    EventName.IDENTITY_RECEIVED: (
        EventName.IDENTITY_REQUESTED,
        _("You showed us who you are. The month begins on that day."),
        "R-2",
    ),
    EventName.AUTHORITY_RECEIVED: (
        EventName.AUTHORITY_REQUESTED,
        # Also where it needed no showing in the end: the words must not say what was found.
        _("We no longer wait for you to show us that you may ask. The month begins on that day."),
        "R-3",
    ),
    EventName.FEE_PAID: (
        EventName.FEE_REQUESTED,
        _("You paid the fee. The month begins on that day."),
        "R-2",
    ),
}


@dataclass
class _Pause:
    """Days that do not count, both included (R-15). `in_month`: asked in time to move the notice too."""

    first: date
    in_month: bool
    last: date | None = None


class Reading:
    """One reading of a request's events, day by day."""

    def __init__(self, law: Law, received: date, holidays: BankHolidays, events: Iterable[ClockEvent]) -> None:
        self.law, self.received, self.holidays = law, received, holidays
        self.start = received
        self.outstanding: dict[EventName, date] = {}
        self.asked_too_late: set[EventName] = set()
        self.pauses: list[_Pause] = []
        self.questions = 0  # open ones that stop the clock
        self.questions_too_late = 0  # open ones that do not
        self.extended_on: date | None = None
        self.invalid_on: date | None = None
        self.why = [Why(text=_("You wrote to us, and we have one month from that day."), rule="R-5", first=received)]
        for event in events:
            self._take(event)

    def _take(self, event: ClockEvent) -> None:
        name = EventName(event.name)
        if name in _PROOF_ASKED:
            self._ask_proof(name, event.on)
        elif name in _PROOF_CAME:
            self._proof_came(name, event.on)
        elif name is EventName.CLARIFICATION_ASKED:
            self._ask(event.on)
        elif name is EventName.CLARIFICATION_ANSWERED:
            self._answered(event.on)
        else:
            self._extend(event.on)

    # What must come before the time begins

    def _ask_proof(self, name: EventName, on: date) -> None:
        if self._ran_out_before(on):
            self._because(_("We asked for this after the time had run out, so the day stays."), "R-1", on)
            self.asked_too_late.add(name)
            return
        self.outstanding.setdefault(name, on)

    def _proof_came(self, name: EventName, on: date) -> None:
        asked, text, rule = _PROOF_CAME[name]
        if asked in self.asked_too_late:
            return
        if asked not in self.outstanding:
            self._because(_("This came without our asking for it, so the day stays."), "R-4", on)
            return
        self._because(text, rule, self.outstanding.pop(asked), on)
        self.start = on  # the latest: events are taken in the order of their days

    # Questions about what is wanted

    def _ask(self, on: date) -> None:
        if self.law is not Law.ACCESS:
            self._because(_("A question does not stop the time for putting a record right."), "R-17", on)
        elif self._ran_out_before(on):
            self._because(_("We asked after the time had run out, so the day stays."), "R-1", on)
            self.questions_too_late += 1
        else:
            if not self.questions:
                self.pauses.append(_Pause(first=on, in_month=not self._month_ended_before(on)))
            self.questions += 1

    def _answered(self, on: date) -> None:
        if self.law is not Law.ACCESS:
            return
        if self.questions_too_late:
            self.questions_too_late -= 1
            return
        self.questions -= 1
        if not self.questions:
            pause = self.pauses[-1]
            pause.last = on
            self._because(_("We waited for your answer. These days do not count."), "R-15, R-16", pause.first, on)

    # More time

    def _extend(self, on: date) -> None:
        if self._month_ended_before(on):
            self.invalid_on = on
            self._because(_("We told you too late that we need more time, so the day stays."), "R-12", on)
            return
        self.extended_on = on
        self._because(_("We told you in time that we need more time: three months in all."), "R-11, R-12", on)

    # Where it stands

    @property
    def stopped(self) -> bool:
        return bool(self.outstanding or self.questions)

    @property
    def _months(self) -> int:
        return MONTHS_EXTENDED if self.extended_on else MONTHS

    def _month_end(self) -> date:
        in_month = (pause for pause in self.pauses if pause.in_month)
        return add_months(self.start, MONTHS) + _excluded(self.start, in_month) * DAY

    def _end(self) -> date:
        return add_months(self.start, self._months) + _excluded(self.start, self.pauses) * DAY

    def _month_ended_before(self, on: date) -> bool:
        return not self.stopped and on > self.holidays.working_day(self._month_end())

    def _ran_out_before(self, on: date) -> bool:
        return not self.stopped and on > self.holidays.working_day(self._end())

    def _because(self, text: str, rule: str, first: date | None = None, last: date | None = None) -> None:
        self.why.append(Why(text=text, rule=rule, first=first, last=last))

    def answer(self) -> Clock:
        if self.received < ARTICLE_12A_FROM and (self.pauses or self.extended_on):
            # The savings of SI 2026/82 reg 4 have to be read by a person.
            self._because(
                _("This request came before the rules of today. Check the older ones."),
                "R-24",
                ARTICLE_12A_FROM,
            )
        return self._standing_still() if self.stopped else self._running()

    def _running(self) -> Clock:
        raw, month = self._end(), self._month_end()
        due, notice_by = self.holidays.working_day(raw), self.holidays.working_day(month)
        certain = self.holidays.certain(month, due)
        plain = add_months(self.start, self._months)
        if plain.day != self.start.day:
            self._because(_("That month has no such date, so we count to its last day."), "R-6", plain)
        self.why += moved(raw, due, certain=certain)
        invalid = self.invalid_on is not None
        return Clock(
            law=self.law,
            received=self.received,
            start=self.start,
            excluded_days=_excluded(self.start, self.pauses),
            due=due,
            extension_notice_by=notice_by,
            extension_notice_raw=month,
            extended=self.extended_on is not None,
            extension_invalid=invalid,
            provisional=not certain,
            why=tuple(self.why),
        )

    def _standing_still(self) -> Clock:
        for name, since in self.outstanding.items():
            self._because(_PROOF_ASKED[name], "R-2, R-3", since)
        if self.questions:
            self._because(
                _("We wait for your answer to our question. The time stands still until then."),
                "R-15",
                self.pauses[-1].first,
            )
        return Clock(
            law=self.law,
            received=self.received,
            start=None if self.outstanding else self.start,
            excluded_days=None,
            due=None,
            extended=self.extended_on is not None,
            extension_invalid=self.invalid_on is not None,
            pause_open=bool(self.questions),
            why=tuple(self.why),
        )


def _excluded(start: date, pauses: Iterable[_Pause]) -> int:
    """Days of the closed pauses on or after `start`. Pauses never share a day: a question put up to the day
    of another's answer prolongs that pause, so each day counts once (R-15)."""
    closed = ((max(pause.first, start), pause.last) for pause in pauses if pause.last)
    return sum(max(0, (last - first).days + 1) for first, last in closed)

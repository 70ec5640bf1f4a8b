"""The words of the clock: what is counted, what happened, and where a clock stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workflows.days import ClockError, check_day
from workflows.words import mark as _


class Law(StrEnum):
    ACCESS = "access"
    RECTIFICATION = "rectification"
    COMPLAINT = "complaint"


class EventName(StrEnum):
    """What moves a clock. On one day, what is asked comes before its answer: the order here."""

    IDENTITY_REQUESTED = "identity-requested"
    AUTHORITY_REQUESTED = "authority-requested"
    FEE_REQUESTED = "fee-requested"
    CLARIFICATION_ASKED = "clarification-asked"
    IDENTITY_RECEIVED = "identity-received"
    AUTHORITY_RECEIVED = "authority-received"
    FEE_PAID = "fee-paid"
    CLARIFICATION_ANSWERED = "clarification-answered"
    EXTENDED = "extended"


class ClockState(StrEnum):
    RUNNING = "running"
    STOPPED = "stopped"
    EXTENSION_INVALID = "extension-invalid"
    PROVISIONAL = "provisional"


@dataclass(frozen=True)
class ClockEvent:
    """Something that happened on a day. Raises ClockError for an unknown name or an impossible day.

    `order` tells the events of one day apart where it is known which came first: proof that came, was turned down
    and was asked for again. Left alike, what is asked comes before its answer."""

    name: str
    on: date
    order: int = 0

    def __post_init__(self) -> None:
        if self.name not in RANK:
            raise ClockError(f"There is no event called “{self.name}”. Use one of: {', '.join(EventName)}.")
        check_day(self.on)


RANK = {name: rank for rank, name in enumerate(EventName)}


@dataclass(frozen=True, kw_only=True)
class Why:
    """One reason for the date being where it is: a sentence a requester can read, its rules, and its days."""

    text: str
    rule: str
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Where a clock stands. Every day is the last on which a thing is in time, to the end of that day.

    `start` is None while identity, authority or a fee is outstanding; `due`, `excluded_days` and
    `extension_notice_by` are None while the clock is stopped; the last is None for complaints too.
    `extension_notice_raw` is the end of the month before weekends and holidays move it: warn on that day
    (law.md section 12, no. 3). `statutory_due` is the complaint's day by the words of the Act (R-28).
    `law` is None for the 72 hours of a breach, which are counted in hours and by no `clock()`.
    With an open question, the `…_if_answered_today` days are reckoned as if its answer came today (R-16).
    """

    law: Law | None
    received: date
    start: date | None
    excluded_days: int | None
    due: date | None
    why: tuple[Why, ...]
    statutory_due: date | None = None
    extension_notice_by: date | None = None
    extension_notice_raw: date | None = None
    due_if_answered_today: date | None = None
    notice_if_answered_today: date | None = None
    extended: bool = False
    extension_invalid: bool = False
    pause_open: bool = False
    provisional: bool = False

    @property
    def state(self) -> ClockState:
        """What a reader must know first: a day that may be wrong comes before an extension that failed."""
        if self.due is None:
            return ClockState.STOPPED
        if self.provisional:
            return ClockState.PROVISIONAL
        return ClockState.EXTENSION_INVALID if self.extension_invalid else ClockState.RUNNING

    @property
    def earlier_day(self) -> date | None:
        """The day to work to: for a complaint the statutory one where it is earlier (R-28)."""
        days = [day for day in (self.due, self.statutory_due) if day is not None]
        return min(days, default=None)


def moved(raw: date, due: date, *, certain: bool) -> Iterator[Why]:
    """Why a period that ends on `raw` is due on `due`, and whether that can still change."""
    if due != raw:
        yield Why(
            text=_("That day is a weekend or a bank holiday, so the next working day counts."),
            rule="R-7", first=raw, last=due,
        )  # fmt: skip
    if not certain:
        yield Why(text=_("We do not know yet all bank holidays of that time, so the day may move."), rule="R-27")

"""What a requester is told of each thing they challenged (R-56, R-92).

Until the answer is out every line of somebody who asks for a child reads alike: since when it is disputed, and who was
asked, would tell that the check was passed, and so what the child did not say. Whoever asks for themselves sees both at
once. Of a line whose entry they may not know of, the sentence is the same as where nothing is held, before and after.
What a second look decides is not told before its own answer is out."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask_babel import format_date
from flask_babel import gettext as _
from sqlmodel import Session

from portal import db
from portal.cases import drafts, folding
from portal.cases.corrections import lines, outside, recipients
from portal.cases.corrections.lines import KIND, Decided, Line
from portal.cases.corrections.outside import Link
from portal.cases.corrections.recipients import Notice
from portal.cases.ledger import Happened
from portal.cases.models import Case
from portal.documents import availability, release
from portal.people import recovery
from portal.records import marks
from portal.requester.challenge_lines import in_words, said_in
from workflows import lines as table
from workflows.days import received_day
from workflows.lines import LineKind

if TYPE_CHECKING:
    from portal.requester.cases import Seen


@dataclass(frozen=True)
class Told:
    """One line as its requester may see it. `out` says that its decision is told; `more` that what the record says may
    be shown with it."""

    line: Line
    out: bool
    more: bool
    waiting: bool  # for the answer, and not taken back
    own: bool = False  # the reader asks for themselves

    @property
    def title(self) -> str:
        return self.line.claim.about

    @property
    def kind(self) -> str:
        return _(LineKind(self.line.kind).words)

    @property
    def stands(self) -> str:
        """Where it stands, in a sentence."""
        if self.line.taken_back and not self.out:
            return _(table.told("withdrawn", answered=False, shown=self.line.shown))
        line = self.line
        return _(table.told(line.state, line.outcome, answered=self.out, shown=line.shown, in_own_right=self.own))

    @property
    def should_say(self) -> str:
        return in_words(self.line.claim.should_say)

    @property
    def reads(self) -> str:
        """What the entry said, as their copy or they themselves put it; not once that is destroyed, or was about
        another child."""
        gone = self.out and self.line.outcome in table.DESTROYING
        return "" if gone else self.line.claim.reads

    @property
    def decided_on(self) -> str:
        return _day(self.line.decided_on if self.more else None)

    @property
    def before(self) -> str:
        """What it said before the decision, as their copy or they themselves put it: the entry itself may name others
        whom their copy left out. The answer, which went through the gate, may say more."""
        return self.reads if self.decided else ""

    @property
    def says_now(self) -> str:
        """The new value; where a family is, or which service it uses, only where they said exactly that."""
        if self.decided is None or (self.line.cls != "core" and self.decided.says != self.line.claim.should_say):
            return ""
        return in_words(self.decided.says)

    @property
    def decided(self) -> Decided | None:
        """The decision with its reasons; the same silence for whatever may not be told."""
        return self.line.decided if self.more else None

    @property
    def may_state(self) -> bool:
        """Whether the requester's statement can stand next to the entry."""
        return self.out and table.may_state(self.line.state, self.line.outcome, shown=self.line.shown) is None


@dataclass(frozen=True)
class Asked:
    """A body that was asked about a line: by its name where the family's own copy showed that, else with all others
    under an empty one. `answered_on` is the day of the answer, `answer_by` the day by which one is wanted still."""

    name: str
    on: str
    answer_by: str
    answered_on: str


@dataclass(frozen=True)
class More:
    """What is told of a line besides its decision: once that is out, and to whoever asks for themselves before."""

    disputed_since: datetime.date | None
    asked: tuple[Asked, ...]
    informed: tuple[str, ...]
    informed_others: bool

    @property
    def waits(self) -> bool:
        """Whether somebody who was asked may answer still."""
        return any(one.answer_by for one in self.asked)


def lines_told(session: Session, one: Seen, *, with_record: bool = False) -> list[Told]:
    """The lines of a correction case as its requester may see them; `with_record` where what the record said, and says
    now, is shown with them."""
    if one.case.kind != KIND:
        return []
    since, readable = _answered_at(one), with_record and _readable(session, one)
    return [_told(line, one, since, readable=readable) for line in lines.of_case(session, one.case)]


def more_of(session: Session, one: Seen, told: Told) -> More | None:
    """Since when a line is disputed, who was asked and who was told. None until its decision is out for somebody who
    asks for another, and for good where the entry is not told (R-56, R-92)."""
    early = told.own and told.waiting and told.line.shown
    if not (told.more or early):
        return None
    since = marks.stood_since(session, one.case.id, "disputed").get(told.line.id)
    links = [link for link in outside.of_case(session, one.case) if link.line_id == told.line.id]
    asked = _asked(links, told.line, waiting=told.waiting)
    if not told.more:
        return More(since, asked, (), informed_others=False)
    notices = [notice for notice in recipients.of_case(session, one.case) if notice.line_id == told.line.id]
    names = recipients.names_for_family(notices)
    others = len([notice for notice in notices if _was_told(notice)]) > len(names)
    return More(since, asked, names, informed_others=others)


def _asked(links: Sequence[Link], line: Line, *, waiting: bool) -> tuple[Asked, ...]:
    """The bodies that were asked, in the order in which they were. A question that was passed on inside a body is one
    question still; bodies without a name are told as one, so that nobody counts them."""
    printed, bodies = line.claim.source.casefold(), dict[str, list[Link]]()
    for link in links:
        if link.purpose == "ask_source":
            name = link.body if link.body and link.body.casefold() in printed else ""
            bodies.setdefault(name, []).append(link)
    return tuple(_one_asked(name, own, waiting=waiting) for name, own in bodies.items())


def _one_asked(name: str, links: Sequence[Link], *, waiting: bool) -> Asked:
    open_ = [link.answer_by for link in links if link.state == "waiting"] if waiting else []
    answers = [received_day(link.answered_at) for link in links if link.answered_at]
    return Asked(
        name,
        on=_day(min(link.sent_on for link in links)),
        answer_by=_day(max(open_, default=None)),
        answered_on="" if open_ else _day(max(answers, default=None)),
    )


def unsent(session: Session, case: Case, person_id: uuid.UUID) -> list[uuid.UUID]:
    """The copies of a case about which somebody has begun to say something, and has not sent it."""
    begun = [drafts.answers(session, draft) for draft in drafts.of_person(session, person_id)]
    return [uuid.UUID(hex=told["pack"]) for told in begun if told.get("case") == case.id.hex and said_in(told)]


def _was_told(notice: Notice) -> bool:
    """Bodies alone: that somebody else of the family holds a copy is never told (R-56)."""
    return notice.kind == "body" and notice.state in {"told", "acknowledged"}


def _told(line: Line, one: Seen, since: int, *, readable: bool) -> Told:
    refused = one.case.state == "refused" and line.state == "decided"
    decided_at = max((event.seq for event in one.events if _decides(event, line)), default=0)
    out = refused or (line.state == "decided" and 0 < decided_at < since)
    waiting = one.case.closed_at is None and not out and line.state != "withdrawn" and not line.taken_back
    return Told(line, out, out and readable and line.shown and line.decided is not None, waiting, one.in_own_right)


def _decides(event: Happened, line: Line) -> bool:
    return event.name == "line_decided" and event.answers.get("line") == line.id.hex


def _answered_at(one: Seen) -> int:
    """The number of the event with which the answer went out that the requester has opened; 0 for none."""
    if one.case.state == "ready":
        return _last(_before_last_release(one.events), one.case)
    return _last(one.events, one.case)


def _before_last_release(events: Sequence[Happened]) -> Sequence[Happened]:
    """What was told before an answer that lies ready and is not opened yet."""
    last = max((place for place, event in enumerate(events) if event.name == "release"), default=len(events))
    return events[:last]


def _last(events: Sequence[Happened], case: Case) -> int:
    recalled = folding.recalled_at(events, case.kind)
    out = [event.seq for event in events if event.name == "release" and (recalled is None or event.at > recalled)]
    return max(out, default=0)


def _readable(session: Session, one: Seen) -> bool:
    """Whether an answer lies open today: what the record says is shown no longer than that, and to nobody while copies
    wait after a lost factor was replaced."""
    if recovery.waits_until(session, one.case.requester, now=db.now()):
        return False
    there = release.released(session, one.case)
    return any(not period.over for period in availability.periods(session, one.case, there, events=one.events).values())


def _day(on: datetime.date | None) -> str:
    return format_date(on, "d MMMM yyyy") if on else ""

"""A requester's own cases: where each is, whose turn it is, the date and why it moved, what happens next.

The e-mail link alone shows state, dates and reference (security.md 6a); words, files and the copy need the second
factor. Nothing here tells whether a child was asked: the words come from the workflow's `told` alone (R-92)."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import render_template, url_for
from flask_babel import format_date
from flask_babel import gettext as _
from sqlmodel import Session

from portal import gate
from portal.cases import clocking, evidence, ledger, mailbox, support, verbs
from portal.cases.corrections import adding
from portal.cases.facts import facts_of
from portal.cases.ledger import Happened
from portal.cases.models import Case
from portal.cases.references import normal_reference
from portal.documents import availability, correspondence, release
from portal.errors import Conflict
from portal.gate import page
from portal.requester import blueprint, challenge_told
from portal.requester.letters import titled
from workflows.clock_terms import Why
from workflows.kinds import WORKFLOWS
from workflows.table import Offered, StepRefused, Turn
from workflows.words import mark

SIGNED_IN = ("family",)
EVEN_WATCHED = (*SIGNED_IN, "watched")  # state and dates alone: no name, no message, nothing to open
PROVEN = ("family+2",)
MESSAGES = ("from_requester", "to_requester")
# What happens besides steps. Who of us wrote, and to whom else, is not in here.
BESIDES = {
    ("from_requester", "family"): mark("You wrote to us."),
    ("to_requester", "staff"): mark("We wrote to you."),
    ("evidence", "family"): mark("You sent us a file."),
    ("line_added", "family"): mark("You told us about something else that is wrong."),
    ("line_words", "family"): mark("You told us more about something."),
    ("child_views", "family"): mark("You told us your views."),
    (availability.OPENED_AGAIN, "staff"): mark("We opened your copy again."),
}


@dataclass(frozen=True)
class Seen:
    """A case as its requester may see it."""

    case: Case
    events: list[Happened]
    steps: tuple[Offered, ...]
    turn: Turn
    why: tuple[Why, ...]
    in_own_right: bool  # the reader asks for themselves, so that no child was asked
    offered_support: bool = False

    def can(self, name: str) -> bool:
        """Whether the requester may take this step now."""
        return any(one.step.name == name and one.refused is None for one in self.steps)


@contextmanager
def in_words() -> Iterator[None]:
    """A step that may not be taken becomes a page that says why."""
    try:
        yield
    except StepRefused as refused:
        raise Conflict(_(refused.reason)) from refused


def own_case(session: Session, reference: str) -> Case:
    """The signed-in person's case. Raises CaseNotFound, in the same words whether or not there is such a case."""
    return verbs.visible_case(session, normal_reference(reference) or "", gate.actor())


def seen(session: Session, case: Case) -> Seen:
    """The case with its history, its clock, and the steps its requester may take."""
    events, today, me = ledger.history(session, case), clocking.uk_today(), gate.actor()
    facts = facts_of(session, case, events, actor=me, today=today)
    workflow = WORKFLOWS[case.kind]
    steps = workflow.steps_for(case.state, me.role, facts)
    why = () if answered(case) else clocking.reading(session, case, events, today=today).why
    own, offered = support.in_own_right(facts), support.offered(case, facts)
    return Seen(case, events, steps, workflow.turn(case.state, facts), why, own, offered)


def answered(case: Case) -> bool:
    """Whether nothing is due any more: the law's date is met once the answer, or the last copy, is out."""
    return case.closed_at is not None or WORKFLOWS[case.kind].state(case.state).answered


@page(blueprint, "/cases", who=EVEN_WATCHED, opens=("case",), why="list the reader's own requests")
def cases() -> str:
    with gate.runtime().database.read() as session:
        lines = [line(case) for case in verbs.own_cases(session, gate.reader().id)]  # type: ignore[arg-type]
    return render_template("requester/cases/list.html", lines=lines, wide=True)


@page(blueprint, "/cases/<string:reference>", who=EVEN_WATCHED, opens=("case",), why="follow one's own request")
def case_page(reference: str) -> str:
    if "watched" in gate.reader().roles:
        return _thin(reference)
    proven = gate.reader().has_second_factor
    with gate.runtime().database.read() as session:
        case = own_case(session, reference)
        with in_words():
            one = seen(session, case)
            given = release.released(session, case)
            copies = [one for one in given if one.content == "copy"]
            periods = availability.periods(session, case, copies, events=one.events).values()
        until = max((period.until for period in periods if not period.over), default=None)
        facts = {
            "back": url_for("requester.cases"),
            "back_text": _("My requests"),
            "summary": summary(one),
            "why": reasons(one),
            "timeline_lines": told(one),
            "case": case,
            "one": one,
            "copies": len(copies),
            "answers": len(given) - len(copies),
            "copy_gone": not given and release.destroyed(session, case),
            "copy_until": day(until) if until else "",
            "proven": proven,
            "unread": bool(mailbox.unread_by(session, case, gate.actor())) if proven else False,
            "letters": titled(correspondence.of_case(session, case, by=gate.actor())) if proven else [],
            "files": [name["name"] for _row, name in evidence.sent_by_requester(session, case.id)] if proven else [],
            "subject": (verbs.told(session, case).get("subject") or {}).get("names") if proven else "",
            "lines": challenge_told.lines_told(session, one) if proven else [],
            "takes_more": adding.takes_more(case),
            "unsent": challenge_told.unsent(session, case, case.requester) if proven and copies else [],
        }
    return render_template("requester/cases/case.html", **facts)


def _thin(reference: str) -> str:
    with gate.runtime().database.read() as session, in_words():
        told = summary(seen(session, own_case(session, reference)))
    return render_template("requester/cases/thin.html", summary=told, back=url_for("requester.cases"))


def line(case: Case) -> dict[str, str]:
    """A request in the list: reference, state and date, no name."""
    state = WORKFLOWS[case.kind].state(case.state)
    due = None if answered(case) else case.due_on
    return {
        "href": url_for("requester.case_page", reference=case.reference),
        "reference": case.reference,
        "state": _(state.told),
        "sent": day(case.received_on),
        "due": day(due) if due else "",
    }


def summary(one: Seen) -> dict[str, str]:
    """The head of the case's page."""
    case = one.case
    state = WORKFLOWS[case.kind].state(case.state)
    due = None if answered(case) else case.due_on
    waiting = due is None and not answered(case)
    return {
        "reference": case.reference,
        "state": _(state.told),
        "colour": "grey" if state.final else "blue",
        "turn": whose(one.turn),
        "due": day(due) if due else _("The time stands still until we have your answer") if waiting else "",
        "iso": due.isoformat() if due else "",
        "next": _(state.next),
    }


def whose(turn: Turn) -> str:
    """Whose turn it is, to the requester."""
    return {
        Turn.AUTHORITY: _("Ours"),
        Turn.REQUESTER: _("Yours"),
        Turn.NOBODY: _("Nobody has to do anything now"),
    }[turn]


def reasons(one: Seen) -> list[dict[str, str]]:
    """Why the date is where it is, each reason with its days."""
    return [{"text": _(why.text), "days": _days(why)} for why in one.why]


def told(one: Seen) -> list[dict[str, str]]:
    """The timeline, newest first: what steps say to the requester, and the day alone (R-92)."""
    workflow = WORKFLOWS[one.case.kind]
    words = {step.name: step.told for step in workflow.steps}
    words["opened"] = workflow.opening_told
    lines = [
        (event.on_date, words.get(event.name) or BESIDES.get((event.name, event.actor.partition(":")[0])))
        for event in reversed(one.events)
    ]
    lines.sort(key=lambda line: line[0], reverse=True)  # of one day, the later event stays first
    return [{"title": _(words), "when": day(on), "iso": on.isoformat()} for on, words in lines if words]


def day(on: datetime.date) -> str:
    return format_date(on, "d MMMM yyyy")


def _days(why: Why) -> str:
    return " – ".join(day(one) for one in (why.first, why.last) if one)

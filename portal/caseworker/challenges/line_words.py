"""How staff read a line: how far it is, whose turn it is, what a value says."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.cases.corrections.lines import Decided, Line, Value
from portal.cases.corrections.outside import Link
from portal.caseworker import staff_words
from portal.caseworker.staff_words import Tag
from workflows.line_rules import rule_in_words
from workflows.lines import LineKind, Outcome

STATES = {
    "received": (_l("Received"), "grey"),
    "disputed": (_l("Disputed"), "orange"),
    "proposed": (_l("Proposed"), "yellow"),
    "decided": (_l("Decided"), "green"),
    "withdrawn": (_l("Taken back"), "grey"),
}
LINKS = {
    "waiting": _l("Asked, no answer yet"),
    "answered": _l("Answered"),
    "silent": _l("Asked, and did not answer"),
    "ended": _l("Ended by staff"),
    "passed_on": _l("Passed on inside the organisation"),
}
ANSWERS = {
    "right": _l("It is right"),
    "wrong": _l("It is wrong"),
    "cannot_tell": _l("They cannot tell"),
}
KEPT_AS = {
    "mistake": _l("A mistake that was put right since"),
    "allegation": _l("An allegation, with what became of it"),
}


def state_of(line: Line) -> Tag:
    text, colour = STATES[line.state]
    return Tag(str(text), colour)


def kind_of(line: Line) -> str:
    return _(LineKind(line.kind).words)


def outcome_of(line: Line) -> str:
    return _(Outcome(line.outcome).label) if line.outcome else ""


def turn_of(line: Line, links: Iterable[Link] = ()) -> str:
    """Whose turn it is, for staff."""
    if not line.open:
        return _("Nobody")
    if line.state == "proposed":
        return _("A second person: confirm it or turn it down")
    if not line.matched:
        return _("Caseworker: say which entry is meant")
    if line.state == "received":
        return _("Caseworker: pass the check, then it is disputed")
    waiting = [link for link in links if link.line_id == line.id and link.state == "waiting"]
    if waiting:
        by = max(link.answer_by for link in waiting)
        return _("A source is asked and should answer by %(day)s", day=staff_words.day(by))
    return _("Caseworker: decide")


def in_words(value: Value) -> str:
    """A value as a reader sees it."""
    if value.kind == "date":
        return _day(value.value)
    return value.plain or value.value


def _day(text: str) -> str:
    try:
        return staff_words.day(datetime.date.fromisoformat(text))
    except ValueError:
        return text


def decided_rows(said: Decided, kept_as: str = "") -> list[tuple[str, str]]:
    """A decision as staff read it, what is empty left out."""
    known = said.outcome in set(Outcome)
    rows = [
        (_("What becomes of it"), _(Outcome(said.outcome).label) if known else ""),
        (_("Kept as"), str(KEPT_AS.get(kept_as, ""))),
        (_("What it says from now on"), in_words(said.says)),
        (_("Words beside it"), said.words),
        (_("Reasons, in the words of the letter"), said.reasons),
        (_("Reasons, for the child"), said.child_words),
        (_("What was weighed"), said.weighed),
        (_("Rule"), _(rule_in_words(said.rule)) if said.rule else ""),
    ]
    return [(name, value) for name, value in rows if value]

"""How staff read a case: what happened in a sentence, what a step will do, how near the day is."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from flask_babel import format_date, format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session, col, select

from portal.cases import code_sheets, consulting, lost_factors, searching, telephones
from portal.cases.ledger import Happened
from portal.people.models import Staff
from portal.records import OpenEntry
from portal.vault import vault_of
from workflows.clock import EventName, received_day
from workflows.facts import RequesterKind
from workflows.table import Addressee, Ask, Need, Step, Workflow

DUE_SOON = datetime.timedelta(days=7)
# Which steps have a page of their own, because they act on a pack and not on the case alone.
OWN_PAGE = {
    "approve": "approval",
    "confirm_again": "approval",
    "release": "approval",
    "release_part": "approval",
    "ask_child": "child/ask",
}
EVENTS = {
    "opened": _l("The request was entered"),
    "assigned": _l("The case was given to somebody"),
    "approval_moved": _l("The approval was given to another team, because the team’s approver has left"),
    "record_attached": _l("A record was attached"),
    "record_detached": _l("The record was detached"),
    "from_requester": _l("The requester wrote"),
    "to_requester": _l("We wrote to the requester"),
    "note": _l("A note was added"),
    "contact": _l("A contact was logged"),
    "evidence": _l("A file came in"),
    "search_place_added": _l("A place was added to the search plan"),
    "search_place_answered": _l("A place of the search plan was answered"),
    "consulted": _l("Somebody was consulted"),
    "consultation_answered": _l("A consultation was answered"),
    "code_sheet": _l("A sheet of codes was made"),
    "family_recorded": _l("What is known of the family was written down"),
    "seal_proposed": _l("It was proposed to seal the record, or to lift its seal"),
    "seal_declined": _l("The proposal about a seal was turned down"),
    "record_sealed": _l("The record was sealed"),
    "seal_lifted": _l("The seal of the record was lifted"),
    "authority_signed": _l("Somebody signed an authority for this request"),
    "signed_authority_ended": _l("A signed authority was taken back"),
    "telephone_checked": _l("A telephone number was entered as second factor"),
    "code_told": _l("A code was told to the requester on a call"),
    "factor_replaced": _l("A lost second factor was replaced"),
    "card_issued": _l("A card to sign in with was made"),
    "card_ended": _l("The card to sign in with was ended"),
    "pack_requested": _l("A pack was asked for"),
    "leak_allowed": _l("Something found in the pack may stay"),
    "boilerplate_cleared": _l("A long passage was cleared as common wording"),
    "copy_opened_again": _l("A copy was opened again"),
    "breach_opened": _l("A breach case was opened from here"),
    "offered_to_record": _l("It was noted to which record the entry belongs"),
    "recipient_added": _l("Somebody who received it was added"),
    "recipient_told": _l("Somebody who received it was told"),
    "recipient_left_out": _l("It was recorded why somebody is not told"),
    "recipient_acknowledged": _l("Somebody who received it put it right"),
    "recipients_reviewed": _l("It was decided which names the family may read"),
    "due_day_moved": _l("The day to answer by moved, because bank holidays changed"),
    "lines_added": _l("Lines were entered"),
    "line_added": _l("The requester challenged something else as well"),
    "line_matched": _l("A line was matched"),
    "line_words": _l("The requester added something to a line"),
    "line_withdrawn": _l("The requester took a line back"),
    "line_proposed": _l("A decision about a line was proposed"),
    "line_decided": _l("A line was decided"),
    "line_declined": _l("A proposed decision was turned down"),
    "record_corrected": _l("The record was changed by a correction"),
    "body_asked": _l("A body was asked or told by a link"),
    "body_chased": _l("The body was reminded"),
    "body_answered": _l("The body answered"),
    "body_silent": _l("The body did not answer"),
    "link_ended": _l("A link to a body ended"),
    "link_locked": _l("A link to a body ended after 5 wrong codes"),
    "link_passed_on": _l("A link was passed on inside the body"),
    "entry_erased": _l("An entry that is challenged here was erased by another decision"),
    "copy_destroyed": _l("A copy was destroyed, because something in it was erased"),
    "feed_clash": _l("A feed said again what a correction had replaced"),
    "feed_agrees": _l("The feed says by now what was decided"),
    "source_told": _l("The source was told that its data is not what was decided"),
    "source_value_accepted": _l("What the source says now was accepted"),
    "child_views": _l("Views were given"),
    "child_question_ended": _l("A child’s card or link was ended"),
    "support_wished": _l("A supporter or a meeting was asked about"),
    "support_arranged": _l("A supporter or a meeting was arranged"),
    "family_known": _l("They said which family they know"),
    "decision_kept": _l("The decision was kept against what the source says"),
    "code_word_asked": _l("A caller was asked for their word"),
    "contact_stopped": _l("A way of reaching the requester was stopped"),
    "contact_proposed": _l("A new way of reaching the requester was entered"),
    "contact_confirmed": _l("A second person confirmed the new way"),
    "contact_cancelled": _l("The new way was dropped"),
    "watched": _l("The requester told us that somebody was watching"),
    "watched_settled": _l("Somebody saw to it that the requester was watched"),
    "address_checked": _l("The address of something on paper was checked"),
    "posting_printed": _l("Something was printed"),
    "posting_sent": _l("Something was posted"),
    "posting_handed_over": _l("Something was handed over"),
    "posting_returned": _l("Something came back undelivered; post was stopped"),
    "posting_called_off": _l("Something on paper was called off"),
    "posting_to_hand": _l("Something is handed over instead of posted"),
}
CHANNELS = {
    "letter": _l("Letter"),
    "phone": _l("Phone"),
    "in_person": _l("In person"),
    "email": _l("Email"),
    "portal": _l("This service"),
}
CONTACTS = {
    "call": _l("Phone call"),
    "voicemail": _l("Voicemail"),
    "visit": _l("Visit"),
    "letter": _l("Letter"),
    "other": _l("Another way"),
}
WAYS = {"email": _l("Email"), "text": _l("Text message"), "voice": _l("Phone call"), "post": _l("Post")}
ASKS_FOR = {
    RequesterKind.PARENT: _l("Their child"),
    RequesterKind.SELF: _l("Themselves"),
    RequesterKind.REPRESENTATIVE: _l("Somebody they act for, with signed authority"),
    RequesterKind.DEPUTY: _l("Somebody they act for by order of a court or power of attorney"),
}
# What correction cases say of an entry to whoever reads it, in words and colour.
MARKS = {
    "challenged": (_l("Challenge received, not yet checked"), "grey"),
    "disputed": (_l("Disputed"), "orange"),
    "restricted": (_l("Use restricted"), "red"),
    "corrected": (_l("Corrected"), "green"),
    "labelled": (_l("Labelled as an opinion"), "grey"),
    "mistake": (_l("A mistake, put right since"), "grey"),
    "allegation": (_l("An allegation, with what became of it"), "grey"),
    "statement": (_l("With a statement"), "blue"),
    "refused": (_l("Challenged and not changed"), "purple"),
}
VERSIONS = {
    "feed": _l("as its source sent it"),
    "correction": _l("by a decision on a challenge"),
    "merge": _l("when two records were joined"),
    "staff": _l("by a member of staff"),
}
CLOCK_EFFECTS = {
    EventName.IDENTITY_REQUESTED: _l("The clock stops until proof of identity comes."),
    EventName.IDENTITY_RECEIVED: _l("The month begins on the day the proof came, if nothing else is awaited."),
    EventName.AUTHORITY_REQUESTED: _l("The clock stops until proof of authority comes."),
    EventName.AUTHORITY_RECEIVED: _l("The month begins on the day the proof came, if nothing else is awaited."),
    EventName.FEE_REQUESTED: _l("The clock stops until the fee is paid."),
    EventName.FEE_PAID: _l("The month begins on the day the fee was paid, if nothing else is awaited."),
    EventName.CLARIFICATION_ASKED: _l("The clock stops until the question is answered. Work goes on meanwhile."),
    EventName.CLARIFICATION_ANSWERED: _l("The clock goes on. The days of waiting, both included, do not count."),
    EventName.EXTENDED: _l("Two months are added, if the notice goes out within the first month."),
}


class Tag(NamedTuple):
    """A short state with the colour of its tag."""

    text: str
    colour: str


@dataclass(frozen=True)
class Line:
    """One event of the timeline."""

    title: str
    when: str
    iso: str
    by: str
    told: Sequence[tuple[str, str]]


def day(value: datetime.date | None) -> str:
    return format_date(value, "d MMMM y") if value else ""


def iso_day(text: str | None) -> str:
    """A day that was stored as text, in words."""
    return day(datetime.date.fromisoformat(text)) if text else ""


def moment(value: datetime.datetime | None) -> str:
    return format_datetime(value, "d MMMM y, HH:mm") if value else ""


def due_tag(due: datetime.date | None, clock: str, today: datetime.date, *, closed: bool = False) -> Tag | None:
    """How near the law's day is. A stopped clock has none; a provisional day may still move (R-27)."""
    if closed or clock == "met":
        return None
    if due is None:
        return Tag(_("Clock stopped"), "grey")
    if due < today:
        return Tag(_("Overdue"), "red")
    if due - today <= DUE_SOON:
        return Tag(_("Due soon"), "orange")
    return Tag(_("Day may move"), "light-blue") if clock == "provisional" else None


def mark_tags(entry: OpenEntry) -> list[Tag]:
    """The marks that stand at an entry; a disputed one says since when (R-105)."""
    since = _("Disputed since %(day)s", day=day(entry.disputed_since)) if entry.disputed_since else ""
    return [Tag(since if kind == "disputed" and since else str(MARKS[kind][0]), MARKS[kind][1]) for kind in entry.marks]


def count(number: int, *, stops_at: int = 100) -> str:
    """A count that a page can pay for."""
    return f"{number}+" if number >= stops_at else str(number)


def names_of(session: Session, actors: Iterable[str]) -> dict[str, str]:
    """Who is meant by the actors of log and ledger, in words; one query for all members of staff."""
    keys = {key for key in actors if key.startswith("staff:")}
    rows = (
        session.exec(select(Staff).where(col(Staff.id).in_([uuid.UUID(key[6:]) for key in keys]))).all() if keys else []
    )
    told = vault_of(session).get_many(rows)
    return {f"staff:{row.id.hex}": str(one["name"]) for row, one in zip(rows, told, strict=True)}


def by_whom(actor: str, names: Mapping[str, str]) -> str:
    if actor.startswith("outside"):
        return _("the body that was asked")
    if actor.startswith("child"):
        return _("the child")
    if actor.startswith(("family", "visitor")):
        return _("the requester")
    return names.get(actor) or (_("the service itself") if actor == "system" else _("staff"))


def timeline(session: Session, workflow: Workflow, events: Sequence[Happened]) -> list[Line]:
    """The events, newest first, with what was answered."""
    given_to = {f"staff:{event.answers['to']}" for event in events if event.answers.get("to")}
    names = names_of(session, given_to | {event.actor for event in events})
    return [_line(workflow, event, names) for event in reversed(events)]


def _line(workflow: Workflow, event: Happened, names: Mapping[str, str]) -> Line:
    return Line(
        title=title(workflow, event),
        when=moment(event.at),
        iso=event.at.isoformat(),
        by=by_whom(event.actor, names),
        told=_said(workflow, event, names),
    )


def title(workflow: Workflow, event: Happened) -> str:
    """What happened: the step's own words, or those of an event that is no step."""
    step = next((one for one in workflow.steps if one.name == event.name), None)
    if step is not None:
        return _(step.label)
    return str(EVENTS.get(event.name) or event.name.replace("_", " ").capitalize())


def _said(workflow: Workflow, event: Happened, names: Mapping[str, str]) -> list[tuple[str, str]]:
    step = next((one for one in workflow.steps if one.name == event.name), None)
    said = [] if step is None else answered(step.needs, event.answers)
    if step is not None and event.on_date != received_day(event.at):
        said.append((_("Counts for"), day(event.on_date)))
    return said or _also(event, names)


def answered(needs: Sequence[Need], answers: Mapping[str, object]) -> list[tuple[str, str]]:
    """Questions and answers of a step, in words."""
    given = [(need, answers[need.name]) for need in needs if answers.get(need.name) is not None]
    return [(_(need.label), in_words(need, answer)) for need, answer in given]


def in_words(need: Need, answer: object) -> str:
    """One answer as a person would say it."""
    if isinstance(answer, bool):
        return _("Yes") if answer else _("No")
    if need.kind is Ask.CHOICE:
        return _(next((choice.label for choice in need.choices if choice.value == answer), str(answer)))
    if need.kind is Ask.DATE and answer:
        return day(answer if isinstance(answer, datetime.date) else datetime.date.fromisoformat(str(answer)))
    return str(answer)


def _also(event: Happened, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What an event that is no step says besides."""
    told = {name: str(value) for name, value in event.answers.items() if value is not None}
    said = {
        "opened": [
            (_("It came by"), str(CHANNELS.get(told.get("channel", ""), ""))),
            (_("Day of receipt"), day(event.on_date)),
        ],
        "assigned": [(_("To"), names.get(f"staff:{told.get('to')}") or _("the team"))],
        "seal_proposed": [(_("Why"), told.get("reason", ""))],
        "record_detached": [(_("Why"), told.get("reason", ""))],
        "line_matched": [(_("Why"), told.get("reason", ""))],
        "line_proposed": [(_("Line"), told.get("number", ""))],
        "line_decided": [(_("Line"), told.get("number", ""))],
        "line_declined": [(_("Line"), told.get("number", "")), (_("Why"), told.get("reason", ""))],
        "copy_opened_again": [(_("Why"), told.get("reason", ""))],
        "contact_stopped": [(_("Why"), told.get("why", ""))],
        "contact_proposed": [(_("Why"), told.get("why", ""))],
        "search_place_answered": [(_("Answer"), _(searching.ANSWERS.get(told.get("answer", ""), "?")))],
        "consultation_answered": [(_("Answer"), _(consulting.OUTCOMES.get(told.get("outcome", ""), "?")))],
        "child_views": [(_("In their words"), told.get("words", "")), (_("How it reached us"), told.get("way", ""))],
        "child_question_ended": [(_("Why"), told.get("reason", ""))],
        "support_arranged": [(_("What"), told.get("words", ""))],
        "family_known": [(_("In their words"), told.get("known", ""))],
        "code_sheet": [(_("Way"), _(code_sheets.WAYS.get(told.get("way", ""), "?")))],
        "telephone_checked": [
            (_("Way"), _(telephones.WAYS.get(told.get("way", ""), "?"))),
            (_("Check"), _(telephones.CHECKS.get(told.get("check", ""), "?"))),
        ],
        "code_told": [(_("How we knew them"), _(telephones.ASKED.get(told.get("asked", ""), "?")))],
        "factor_replaced": [
            (_("How it was checked"), _(lost_factors.HOW.get(told.get("how", ""), "?"))),
            (_("What was seen"), told.get("note", "")),
            (_("Way"), _(code_sheets.WAYS.get(told.get("way", ""), "?"))),
        ],
        "card_issued": [(_("Way"), _(code_sheets.WAYS.get(told.get("way", ""), "?")))],
    }
    return said.get(event.name, [])


def effects(workflow: Workflow, step: Step, state_name: str) -> list[str]:
    """What taking the step will do, said before it is taken."""
    here, there = workflow.state(state_name), step.to
    moves = there is not None and there != here
    said = [
        _("The case moves to: %(state)s.", state=_(there.label))
        if moves and there
        else _("The case stays where it is: %(state)s.", state=_(here.label))
    ]
    if step.clock:
        said.append(str(CLOCK_EFFECTS[step.clock]))
    if step.letter:
        to_child = step.letter_to is Addressee.CHILD
        said.append(_("A letter to the child is made.") if to_child else _("A letter to the requester is made."))
    if step.told:
        said.append(_("The requester reads in their timeline: “%(words)s”", words=_(step.told)))
    if moves and there and there.told != here.told:
        said.append(_("From then on their page says: “%(words)s”", words=_(there.told)))
    if not step.told and not (moves and there and there.told != here.told) and not step.letter:
        said.append(_("The requester sees nothing of it."))
    if step.voids_approval:
        said.append(_("A pack that was approved becomes void."))
    if step.recalls:
        said.append(_("Copies that are out already can no longer be downloaded."))
    if there and there.final:
        said.append(_("The case is closed, and its record can no longer be opened from it."))
    return said

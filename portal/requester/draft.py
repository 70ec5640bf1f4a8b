"""The request this browser is writing: read by every page of the journey, written by one function."""

from __future__ import annotations

import uuid
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import gate
from portal.cases import drafts
from portal.cases.ledger import LostRace
from portal.cases.models import Draft
from portal.errors import NotThere
from portal.people.limits import Rule
from portal.requester.journey import ACCESS, CORRECTION, ENTRANCES, Journey, Stop, kept, key
from portal.requester.question_forms import QuestionForm
from workflows.facts import Nation

NEW_DRAFTS = Rule("network draft", 120, 3600)
UPLOADS = Rule("network upload", 300, 3600)


class NoDraft(NotThere):
    """No request is being written in this browser: never begun, sent, or older than seven days."""

    words = _l("We no longer have your answers. We keep them for 7 days. Please begin again.")


class Overtaken(Exception):
    """The same question was answered meanwhile, in another window, with other words."""

    def __init__(self, journey: Journey) -> None:
        super().__init__()  # the answers must not reach a log with the traceback
        self.journey = journey


def browser() -> str:
    """What ties a draft to this browser."""
    return gate.browser_hash().hex()


def journey_of(session: Session, draft: Draft | None) -> Journey:
    """The answers of a draft; of none, an empty journey."""
    answers = drafts.answers(session, draft) if draft else {}
    return _journey(answers, CORRECTION if "whose" in answers else ACCESS)


def _journey(answers: dict[str, Any], kind: str) -> Journey:
    signed_in = gate.reader().id is not None
    return Journey(answers, signed_in, Nation(gate.runtime().settings.nation), kind)


def here() -> tuple[uuid.UUID, Journey]:
    """The draft of this browser and its answers. Raises NoDraft."""
    with gate.runtime().database.read() as session:
        draft = drafts.of_browser(session, browser())
        if draft is None:
            raise NoDraft
        return draft.id, journey_of(session, draft)


def here_or_new(kind: str) -> Journey:
    """The answers so far, for the first question, which can be answered before there is a draft. What this browser has
    begun last may be of another kind; it waits until this one is sent."""
    with gate.runtime().database.read() as session:
        journey = journey_of(session, drafts.of_browser(session, browser()))
    return journey if journey.kind == kind else _journey({}, kind)


def answer(stop: Stop, form: QuestionForm, **more: Any) -> Journey:
    """Keeps the answers of one page and answers with the whole journey. Raises NoDraft, Overtaken.

    `more` are further entries of the draft that belong to this answer."""
    try:
        return _answer(stop, form, more)
    except LostRace:  # another page of this draft was saved in the same moment: look again
        return _answer(stop, form, more)


def change(changes: dict[str, Any]) -> Journey:
    """Puts entries into the draft; None takes one out."""
    with gate.runtime().database.write() as session:
        draft = drafts.of_browser(session, browser())
        if draft is None:
            raise NoDraft
        saved = drafts.save(session, draft.id, browser(), changes)
        return journey_of(session, saved)


def _answer(stop: Stop, form: QuestionForm, more: dict[str, Any]) -> Journey:
    question, person = stop.question, stop.person
    with gate.runtime().database.write() as session:
        draft = drafts.of_browser(session, browser())
        kind = ENTRANCES.get(question.name)
        if draft is None or (kind and journey_of(session, draft).kind != kind):
            if kind is None:
                raise NoDraft
            gate.hold_back_floods(NEW_DRAFTS)
            draft = drafts.begin(session, browser())
        before = journey_of(session, draft)
        count = before.count(question.name, person)
        entry = kept(form, count + 1)
        if form["version"].data != count and count and before.said(question.name, person) != entry["said"]:
            raise Overtaken(before)
        saved = drafts.save(
            session, draft.id, browser(), {key(question.name, person): entry, **more}, version=draft.version
        )
        return journey_of(session, saved)

"""Answers as they are read back: on the check page, beside a newer answer, and to staff as a request."""

from __future__ import annotations

import datetime
from typing import Any

import wtforms
from flask import url_for
from flask_babel import format_date
from flask_babel import gettext as _

from portal.cases.opening import Asked, Requester, Subject
from portal.requester.journey import Journey, Stop, family_of, relationship_of, way

SKIPPED = frozenset({"children", "files", "app", "passkey", "lines"})  # told elsewhere on the page
OF_THE_REQUEST = frozenset({"about", "whose", "wanted", "parts", "words", "format"})


def shown(field: wtforms.Field) -> str:
    """An answer in words; empty when nothing was answered."""
    if isinstance(field.data, datetime.date):
        return format_date(field.data, "d MMMM yyyy")
    offered = field.iter_choices() if isinstance(field, wtforms.SelectFieldBase) else ()
    choices = {one.value: str(one.label) for one in offered}
    if isinstance(field.data, list):
        return "\n".join(choices.get(value, str(value)) for value in field.data)
    return choices.get(field.data, str(field.data or "")) if field.data else ""


def rows(stop: Stop, journey: Journey, *, links: bool = True) -> list[dict[str, Any]]:
    """One row per answer of this question, with the way back to it."""
    form = stop.question.as_kept(journey, stop.person)
    there = {"href": address(stop, change=1), "text": _("Change")}
    return [
        {"key": str(field.short), "text": shown(field), "links": [there] if links else []} for field in form.questions()
    ]


def sections(journey: Journey) -> list[dict[str, Any]]:
    """The check page: answers about each person, then those asked once."""
    made: dict[str, list[dict[str, Any]]] = {}
    for stop in way(journey):
        if stop.question.name not in SKIPPED:
            made.setdefault(_heading(stop, journey), []).extend(rows(stop, journey))
    return [{"heading": heading, "rows": told} for heading, told in made.items()]


def address(stop: Stop, **query: Any) -> str:
    """Where a question is asked."""
    number: dict[str, Any] = {"number": stop.person} if stop.person else {}
    return url_for(f"requester.{stop.question.endpoint}", **number, **query)


def asked(journey: Journey, *, code_word_hash: str = "") -> Asked:
    """The journey as a subject access request. The caller's word is kept as a slow hash alone, made by the caller of
    this function outside any transaction."""
    wanted, parts, words = journey.said("wanted"), journey.said("parts"), journey.said("words")
    everything = wanted.get("scope") != "parts"
    return Asked(
        requester=_requester(journey, code_word_hash),
        subjects=tuple(_subject(journey, person) for person in journey.people()),
        everything=everything,
        areas=() if everything else tuple(parts.get("areas") or ()),
        from_date=None if everything else _day(parts.get("from_date")),
        to_date=None if everything else _day(parts.get("to_date")),
        words=words.get("words") or "",
        format=journey.said("format").get("format") or "portal",
        needs=journey.said("format").get("needs") or "",
    )


def _requester(journey: Journey, code_word_hash: str) -> Requester:
    reach, telephone = journey.said("reach"), journey.said("telephone")
    own = journey.said("name", journey.people()[0]).get("names") if journey.about == "me" else ""
    return Requester(
        name=own or journey.said("you").get("name") or "",
        email=reach.get("email") or "",
        phone=reach.get("phone") or "",
        address=reach.get("address") or "",
        safe_channels=tuple(reach.get("ways") or ()),
        safe_notes=reach.get("notes") or "",
        hours=tuple(telephone.get("hours") or ()),
        may_say=telephone.get("may_say") or "nothing",
        leave_message=telephone.get("leave_message") == "yes",
        code_word_hash=code_word_hash,
    )


def _subject(journey: Journey, person: int) -> Subject:
    name, find = journey.said("name", person), journey.said("find", person)
    kind, relationship = relationship_of(journey, person)
    return Subject(
        requester_kind=kind,
        relationship=relationship,
        names=name.get("names") or "",
        former_names=name.get("former_names") or "",
        birth_date=journey.born(person),
        address=find.get("address") or "",
        school=find.get("school") or "",
        identifiers=find.get("identifiers") or "",
        family=family_of(journey, person),
    )


def _heading(stop: Stop, journey: Journey) -> str:
    if stop.person and journey.about != "me":
        return journey.said("name", stop.person).get("names") or _("The child")
    return _("Your request") if stop.question.name in OF_THE_REQUEST else _("About you")


def _day(told: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(told) if told else None

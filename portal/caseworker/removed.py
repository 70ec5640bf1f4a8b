"""What is not in the copy, and why: for the approver's eyes beside the copy itself."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.cases import consulting
from portal.caseworker import review_forms, review_said, staff_words
from portal.caseworker.review_room import Room
from portal.records import OpenEntry
from portal.review import deciding, people_mentioned
from portal.review.deciding import Item
from portal.review.people_mentioned import Mention
from workflows import exemptions
from workflows.exemptions import Told

PAGE = 20
TOLD = {
    Told.YES: _l("may be told"),
    Told.USUALLY: _l("may usually be told"),
    Told.USUALLY_NOT: _l("is usually not told"),
    Told.COURT_DECIDES: _l("told only if the court’s rules allow"),
    Told.NO: _l("must not be told"),
}


@dataclass(frozen=True)
class Taken:
    """One entry of which something is missing. `gone`: the texts with their codes; `rows`: on what it rests."""

    item: Item
    entry: OpenEntry
    state: tuple[str, str]
    gone: list[tuple[str, str]]
    rows: list[tuple[str, str]]


@dataclass(frozen=True)
class Person:
    """Somebody hidden everywhere in the copy."""

    id: uuid.UUID
    names: str
    rows: list[tuple[str, str]]
    count: int


def entries(opened: Room, after: int) -> tuple[list[Taken], int | None]:
    """A page of what was taken out, and the place behind which the next begins."""
    session, case = opened.session, opened.case
    found = deciding.taken_out(session, case, after=after, limit=PAGE + 1)
    items, more = found[:PAGE], len(found) > PAGE
    read = deciding.entries_of(session, opened.looking, items)
    asked = {one.id.hex: one for one in consulting.consultations(session, case)}
    names = staff_words.names_of(session, {f"staff:{item.decided_by.hex}" for item in items if item.decided_by})
    taken = [_taken(item, entry, asked, names) for item, entry in zip(items, read, strict=True)]
    return taken, items[-1].position if more else None


def people(opened: Room) -> list[Person]:
    """The people who are hidden, with the answers on which that rests."""
    there = people_mentioned.mentions(opened.session, opened.looking)
    asked = {one.id.hex: one for one in consulting.consultations(opened.session, opened.case)}
    return [_person(one, asked) for one in there if one[1].decision == "hide"]


def _taken(item: Item, entry: OpenEntry, asked: dict[str, consulting.Asked], names: dict[str, str]) -> Taken:
    said = item.said
    gone = review_said.taken_out(entry, said) if item.state in deciding.GIVES else [(entry.text, said.code)]
    decider = names.get(f"staff:{item.decided_by.hex}", "") if item.decided_by else ""
    rows = [
        *_codes(sorted(said.codes)),
        (_("How the test is met"), said.reason),
        *review_forms.test_in_words(said.test),
        *_consultations(asked, (*said.consultations, said.opinion)),
        (_("The child’s wish"), str(review_forms.WISHES[exemptions.Wish(said.wish)]) if said.wish else ""),
        (_("Already known"), _("Yes") if said.already_known else ""),
        (_("Decided by"), decider),
    ]
    return Taken(item, entry, review_forms.STATES[item.state], gone, [row for row in rows if row[1]])


def _person(mention: Mention, asked: dict[str, consulting.Asked]) -> Person:
    third, _row, told = mention
    rows = [
        (_("Who they are"), third.relation),
        *_codes([told["code"]]),
        (_("Why"), told["reason"]),
        *review_forms.test_in_words(told["test"]),
        *_consultations(asked, told.get("consultations", ())),
    ]
    return Person(third.id, ", ".join(third.names), [row for row in rows if row[1]], len(told.get("in", ())))


def _consultations(asked: dict[str, consulting.Asked], ids: Iterable[str]) -> list[tuple[str, str]]:
    """Who was asked and what they said, each once."""
    there = [asked[one] for one in dict.fromkeys(ids) if one in asked]
    return [(_("Consultation"), f"{review_forms.consulted(one)}\n{one.reply}") for one in there]


def _codes(codes: list[str]) -> list[tuple[str, str]]:
    """Each exemption with its test, whether the family may be told of it, and whether it takes two to agree (R-94)."""
    known = [exemptions.BY_CODE[code] for code in codes if code in exemptions.BY_CODE]
    two = _("Two people must agree to this: you are the second.")
    return [
        (
            f"{one.code} {_(one.name)}",
            f"{_(one.test)} ({TOLD[one.told]})" + (f"\n{two}" if exemptions.needs_second_person(one.code) else ""),
        )
        for one in known
    ]

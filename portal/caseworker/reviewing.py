"""The review, entry by entry: what this requester is given of the child's record, and why the rest is not."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlmodel import Session

from portal.cases import clocking, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, review_forms, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.review_room import RECORD, Room, room
from portal.gate import page
from portal.records import OpenEntry, marks
from portal.review import deciding, people_mentioned
from portal.review.deciding import Decision, Item, Pick
from portal.review.lawful import in_review

PAGE = 20
FILTERS = {
    "": _l("All"),
    "undecided": _l("Undecided"),
    "give": _l("Give"),
    "redact": _l("Redact"),
    "withhold": _l("Withhold"),
    "not_subject": _l("Not about this person"),
    "duplicate": _l("Duplicate"),
    "upsetting": _l("Upsetting"),
}
# Filters by what correction cases say of the entries.
BY_MARK = ("disputed", "corrected", "refused")
_PICK = re.compile(r"([0-9a-f]{32})\.(\d{1,9})", re.ASCII)
_PLACE = re.compile(r"\d{1,9}", re.ASCII)


@page(
    blueprint,
    "/cases/<string:reference>/review",
    who=desk.STAFF,
    opens=RECORD,
    why="the entries of the record under review, with what is left to decide",
)
def review(reference: str) -> str:
    only = request.args.get("only", "")
    only = only if only in {*FILTERS, *BY_MARK} else ""
    after = request.args.get("after", "")
    place = int(after) if _PLACE.fullmatch(after) else -1
    with room(reference) as opened:
        marked = {kind: marks.marked(opened.session, opened.looking.child_id, kind) for kind in BY_MARK}
        found = _found(opened, only, place, marked)
        shown, more = found[:PAGE], len(found) > PAGE
        entries = deciding.entries_of(opened.session, opened.looking, shown)
        counts = _counts(opened)
        people = people_mentioned.undecided(opened.session, opened.case.id)
        heard = opened.heard
    here = desk.address(opened.case, "review")
    return render_template(
        "caseworker/review/list.html",
        case=opened.case,
        tag=tag_of(opened),
        lines=list(zip(shown, entries, strict=True)),
        begun=counts[""] > 0,
        left=counts["undecided"],
        people_left=people,
        filters_shown=_filters(here, only, counts) + _mark_filters(here, only, marked),
        only=only,
        older=f"{here}?only={only}&after={shown[-1].position}" if more else "",
        first=f"{here}?only={only}" if place >= 0 else "",
        can_decide=opened.in_review,
        states=review_forms.STATES,
        form=review_forms.Several(),
        button=desk.Button(),
        heard=heard,
    )


@page(
    blueprint,
    "/cases/<string:reference>/review/bring-in",
    methods=("POST",),
    who=desk.STAFF,
    opens=RECORD,
    why="bring the record's entries into the review; what has changed since is undecided again",
)
def bring_in(reference: str) -> Response:
    def bring(session: Session, case: Case, by: Actor) -> None:
        in_review(session, case.id)
        count = deciding.begin(session, verbs.look_for(case, by))
        flash(
            ngettext("%(num)s entry is new or has changed.", "%(num)s entries are new or have changed.", count),
            "success",
        )

    return desk.press(reference, f"/staff/cases/{reference}/review?only=undecided", bring)


@page(
    blueprint,
    "/cases/<string:reference>/review/give",
    methods=("POST",),
    who=desk.STAFF,
    opens=RECORD,
    why="give several entries at once",
)
def give_several(reference: str) -> Response:
    picked = _picked(request.form.getlist("pick"))
    back = f"/staff/cases/{reference}/review"
    here = request.form.get("here", "")
    if re.fullmatch(r"only=[a-z_]*(&after=\d{1,9})?", here, re.ASCII):
        back = f"{back}?{here}"
    if not picked:
        return desk.told(_("Tick the entries that are given as they are."), back)
    return desk.press(reference, back, lambda session, case, by: _give(session, case, by, picked))


def _give(session: Session, case: Case, by: Actor, picked: dict[uuid.UUID, int]) -> None:
    """Gives what may be given; says of the rest why it stays as it was."""
    items = deciding.some(session, case, ids=list(picked))
    entries = deciding.entries_of(session, verbs.look_for(case, by), items)
    picks = [
        Pick(item.id, picked[item.id], Decision("give"), entry.text, entry.category)
        for item, entry in zip(items, entries, strict=True)
        if not entry.masked  # nobody decides about words that they have not read
    ]
    for item, entry in zip(items, entries, strict=True):
        if entry.masked:
            flash(
                _("Entry %(number)s was left as it is: its use is restricted. Open it first.", number=item.position + 1)
            )
    left = deciding.decide_many(session, case.id, picks, by=by, today=clocking.uk_today())
    numbers = {item.id: item.position + 1 for item in items}
    given = len(picks) - len(left)
    if given:
        flash(ngettext("%(num)s entry is given.", "%(num)s entries are given.", given), "success")
    for pick, why in left:
        flash(_("Entry %(number)s was left as it is. %(why)s", number=numbers[pick.item_id], why=_(why)))


def _picked(values: Iterable[str]) -> dict[uuid.UUID, int]:
    """Item -> the version its page showed; at most one page of them."""
    found = [_PICK.fullmatch(value) for value in values]
    return {uuid.UUID(one[1]): int(one[2]) for one in found[:PAGE] if one}


def _counts(opened: Room) -> dict[str, int]:
    counts = deciding.counts(opened.session, opened.case.id)
    upsetting = deciding.upsetting(opened.session, opened.case.id)
    return {**dict.fromkeys(FILTERS, 0), **counts, "": sum(counts.values()), "upsetting": upsetting}


def _filters(here: str, only: str, counts: dict[str, int]) -> list[dict[str, object]]:
    return [
        {"text": words, "href": f"{here}?only={name}" if name else here, "current": name == only, "count": counts[name]}
        for name, words in FILTERS.items()
    ]


def _found(opened: Room, only: str, after: int, marked: dict[str, set[uuid.UUID]]) -> list[Item]:
    """One item more than a page of those behind a place; the marked ones are as few as the challenges."""
    if only not in BY_MARK:
        return deciding.items(opened.session, opened.case, only=only, after=after, limit=PAGE + 1)
    there = deciding.some(opened.session, opened.case, entries=list(marked[only])) if marked[only] else []
    return [item for item in there if item.position > after][: PAGE + 1]


def _mark_filters(here: str, only: str, marked: dict[str, set[uuid.UUID]]) -> list[dict[str, object]]:
    return [
        {
            "text": str(staff_words.MARKS[kind][0]),
            "href": f"{here}?only={kind}",
            "current": kind == only,
            "count": len(marked[kind]),
        }
        for kind in BY_MARK
        if marked[kind] or kind == only
    ]


def start_of(entry: OpenEntry, longest: int = 160) -> str:
    """The first words of an entry."""
    text = " ".join(entry.text.split())
    return text if len(text) <= longest else f"{text[:longest].rsplit(' ', 1)[0]} …"


@blueprint.context_processor
def for_lists() -> dict[str, object]:
    return {"start_of": start_of}

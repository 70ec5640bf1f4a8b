"""One entry under review: its words, what is decided of it, and on what that rests."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from sqlmodel import Session

from portal import gate
from portal.cases import clocking, consulting, verbs, voice_told
from portal.cases.actors import Actor
from portal.cases.consulting import Asked
from portal.cases.ledger import LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, marked_words, review_forms, review_said, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges.restricted import open_form
from portal.caseworker.review_forms import OneEntry
from portal.caseworker.review_room import RECORD, Room, room
from portal.caseworker.review_said import TEXT, Marked
from portal.gate import page
from portal.records import OpenEntry
from portal.review import around, deciding, people_mentioned, standing, suggestions, words_of_text
from portal.review.deciding import Decision, Item, Past
from portal.review.lawful import Ground, Heard, Offer, kind_of
from portal.review.people_mentioned import Mention
from portal.review.standing import Standing
from portal.review.suggestions import Suggestion
from workflows.table import StepRefused


@dataclass
class Lying:
    """An entry as it lies before the reviewer."""

    opened: Room
    item: Item
    entry: OpenEntry
    people: list[Mention]
    ground: Ground
    asked: list[Asked]
    before: uuid.UUID | None
    behind: uuid.UUID | None
    all_found: Mapping[str, tuple[Suggestion, ...]]  # in its text and in each part around it
    marks: Standing  # of correction cases, at this entry
    for_others: bool  # what it says was decided in a case of somebody else
    beside: Item | None = None  # the entry beside which these words stand
    child: voice_told.Heard = field(default_factory=voice_told.Heard)  # what the child said to the request

    @property
    def stale(self) -> bool:
        """It has been corrected or taken away since it came into the review: nothing of what it said is here."""
        return self.entry.version_id != self.item.version_id

    @property
    def person(self) -> dict[uuid.UUID | None, Mention]:
        return {third.id: (third, row, told) for third, row, told in self.people}

    @property
    def hidden(self) -> list[Suggestion]:
        return self.hidden_in(TEXT)

    @property
    def suggested(self) -> list[Suggestion]:
        return self.suggested_in(TEXT)

    def hidden_in(self, part: str) -> list[Suggestion]:
        """Where somebody stands who is hidden everywhere and not shown here."""
        shown = self.item.said.shown_people
        return [
            one for one in self.all_found[part] if self._decision(one) == "hide" and str(one.person_id) not in shown
        ]

    def suggested_in(self, part: str) -> list[Suggestion]:
        """What may be somebody else's and is not settled by a decision about the person."""
        return [one for one in self.all_found[part] if self._decision(one) in {"", "undecided"}]

    @property
    def look_around(self) -> bool:
        """Whether something around the text is decided already, or should be looked at: it is not folded away then."""
        said = self.item.said
        doubtful = any(self.suggested_in(part) for part in self.all_found if part != TEXT)
        return bool(said.hides or any(said.cuts.values())) or doubtful or "unknown-code" in self.entry.flags

    @property
    def hidden_people(self) -> list[tuple[str, str]]:
        """The hidden people of this entry, by id and name."""
        here = {one.person_id for found in self.all_found.values() for one in found}
        return [
            (str(third.id), ", ".join(third.names))
            for third, row, told in self.people
            if row.decision == "hide" and (third.id in here or self.entry.id.hex in told.get("in", ()))
        ]

    def _decision(self, one: Suggestion) -> str:
        return self.person[one.person_id][1].decision if one.person_id in self.person else ""


@page(
    blueprint,
    "/cases/<string:reference>/review/<uuid:item_id>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=RECORD,
    why="decide about one entry: give it, take words out, withhold it",
)
def review_entry(reference: str, item_id: uuid.UUID) -> Response | tuple[str, int]:
    with room(reference) as opened:
        lying = _gather(opened, item_id)
    if lying.entry.masked:
        return _shut(lying)
    form = OneEntry(data=None if request.form else review_said.stored(lying.item))
    offers = form.offer(
        lying.ground,
        kind_of(lying.entry.category),
        known=lying.item.said.already_known,
        asked=lying.asked,
        hidden=lying.hidden_people,
    )
    form.offer_marks(lying.marks)
    marked = review_said.posted(request.form)
    if "stage" in request.form:
        marked[TEXT] = _stage(form, lying, marked[TEXT])
    elif form.validate_on_submit():
        try:
            said = review_said.said_of(form, lying.item, lying.entry, marked)
            return desk.act(reference, form, lambda session, case, by: _decide(session, case, lying, form, said, by=by))
        except StepRefused as refused:
            desk.blame(form, refused, partial(review_forms.field_for, form))
        except LostRace:
            if lying.item.version == form.version.data:  # changed between our looking and our saving
                with room(reference) as opened:
                    lying = _gather(opened, item_id)
            return _lost(lying, form, marked)
    return _show(lying, form, offers, marked if request.form else None)


@page(
    blueprint,
    "/cases/<string:reference>/review/<uuid:item_id>/undo",
    methods=("POST",),
    who=desk.STAFF,
    opens=RECORD,
    why="take back the last decision about an entry",
)
def undo_entry(reference: str, item_id: uuid.UUID) -> Response:
    form = review_forms.Undo()
    back = f"/staff/cases/{reference}/review/{item_id}"
    if not form.validate_on_submit():
        return desk.told(_("Nothing was done: the page was not complete. Try again."), back)

    def undo(session: Session, case: Case, by: Actor) -> str:
        item = deciding.item(session, case, item_id)
        (entry,) = deciding.entries_of(session, verbs.look_for(case, by), [item])
        deciding.undo(
            session,
            case.id,
            item_id,
            version=form.version.data or 0,
            text=entry.text,
            category=entry.category,
            by=by,
            today=clocking.uk_today(),
            people=people_mentioned.mentions(session, verbs.look_for(case, by)),
            around=around.of(entry),
        )
        flash(_("The last decision was taken back."), "success")
        return back

    try:
        return desk.act(reference, form, undo)
    except StepRefused as refused:
        return desk.told(_(refused.reason), back)


def _gather(opened: Room, item_id: uuid.UUID) -> Lying:
    session, case = opened.session, opened.case
    item = deciding.item(session, case, item_id)
    (entry,) = deciding.entries_of(session, opened.looking, [item])
    people = people_mentioned.mentions(session, opened.looking)
    before, behind = deciding.neighbours(session, case, item)
    asked = consulting.consultations(session, case)
    heard = {one.id.hex: Heard(one.kind, one.outcome, one.answered_on) for one in asked}
    return Lying(
        opened,
        item,
        entry,
        people,
        Ground.of(session, case, by=opened.by, today=opened.today, heard=heard, events=opened.events),
        asked,
        before,
        behind,
        _suggested(session, case, {TEXT: entry.text, **around.of(entry)}, people),
        standing.at(session, case, [entry.id] if entry.marks else ()).get(entry.id, Standing()),
        entry.version_why == "correction"
        and entry.id in standing.changed_for_others(session, case, {entry.id: item.version_id}),
        next(iter(deciding.some(session, case, entries=[entry.beside])), None) if entry.beside else None,
        opened.heard,
    )


def _suggested(
    session: Session, case: Case, texts: Mapping[str, str], people: list[Mention]
) -> dict[str, tuple[Suggestion, ...]]:
    """The subject's own names and days are left alone: those the requester gave are enough for that."""
    told = verbs.told(session, case)["subject"]
    own = [name for name in (told.get("names"), *str(told.get("former_names") or "").splitlines()) if name]
    known = people_mentioned.known(people)
    return {part: suggestions.suggest(text, known_people=known, subject_names=own) for part, text in texts.items()}


def _stage(form: Any, lying: Lying, numbers: set[int]) -> set[int]:
    """Ticks the words of the button that was pressed. Nothing is saved yet: the reviewer says the exemption and why."""
    count = len(words_of_text.number(lying.entry.text))
    ticked = marked_words.staged(request.form.get("stage", ""), numbers, lying.suggested, count)
    if ticked != numbers:
        form.decision.data = "redact"
    offered = {choice.value for choice in form.code.iter_choices()}
    if not form.code.data and "EX-TP" in offered:
        form.code.data = "EX-TP"
    return ticked


def _decide(session: Session, case: Case, lying: Lying, form: Any, said: Decision, *, by: Actor) -> str:
    deciding.decide(
        session,
        case.id,
        lying.item.id,
        said,
        version=form.version.data or 0,
        text=lying.entry.text,
        category=lying.entry.category,
        by=by,
        today=clocking.uk_today(),
        people=lying.people,
        around=around.of(lying.entry),
    )
    flash(_("Entry %(number)s is saved.", number=lying.item.position + 1), "success")
    onward = lying.behind or lying.before
    if form.save_next.data and onward and onward != lying.item.id:
        return desk.address(case, "review", str(onward))
    if form.save_next.data:
        return desk.address(case, "review")
    return desk.address(case, "review", str(lying.item.id))


def _lost(lying: Lying, form: Any, marked: Marked) -> tuple[str, int]:
    """Somebody else decided meanwhile: both decisions side by side, and nothing of either is lost."""
    mine = {
        name: request.form.getlist(name) for name in request.form if name not in {"csrf_token", "form_key", "version"}
    }
    again = review_forms.Undo(formdata=None, data={"version": lying.item.version})
    page = render_template(
        "caseworker/review/lost.html",
        case=lying.opened.case,
        tag=tag_of(lying.opened),
        lying=lying,
        theirs=review_said.in_words(lying.entry, lying.item.said),
        mine=review_said.in_words(lying.entry, review_said.as_typed(form, lying.item, lying.entry, marked)),
        carried=mine,
        form=again,
        words_changed=form.version.data is None or lying.item.changed,
        states=review_forms.STATES,
    )
    return page, 409


def _past(lying: Lying) -> tuple[list[Past], dict[str, str]]:
    """The decisions so far and who took them."""
    with gate.runtime().database.read() as session:
        past = deciding.past(session, lying.opened.case, lying.item)
        return past, staff_words.names_of(session, {f"staff:{one.by.hex}" for one in past})


def _shut(lying: Lying) -> tuple[str, int]:
    """An entry whose use is restricted: nobody decides about words that they have not read (R-105)."""
    shown = render_template(
        "caseworker/review/shut.html",
        case=lying.opened.case,
        tag=tag_of(lying.opened),
        item=lying.item,
        entry=replace(lying.entry, id=lying.entry.beside or lying.entry.id),
        restricted=open_form(lying.entry, f"review/{lying.item.id}"),
    )
    return shown, 409 if request.form else 200


def _part(lying: Lying, form: Any, name: str, words: str, marked: Marked | None) -> dict[str, Any]:
    """One part around the text, with its words to tick and the choice to take it out whole."""
    groups = marked_words.groups(
        words,
        spans=lying.item.said.cuts.get(name, ()),
        marked=None if marked is None else marked[name],
        suggested=lying.suggested_in(name),
        hidden=lying.hidden_in(name),
        by_phrase=False,
    )
    return {
        "name": name,
        "title": _(around.PARTS[name]),
        "words": [word for group in groups for word in group.words],
        "boxes": review_said.boxes_of(name),
        "choice": form[f"hide_{name}"],
    }


def _show(lying: Lying, form: Any, offers: list[Offer], marked: Marked | None) -> tuple[str, int]:
    opened = lying.opened
    by_phrase = request.form.get("groups") == "phrases" or request.args.get("groups") == "phrases"
    if request.form.get("stage") in {"by-phrases", "by-sentences"}:
        by_phrase = request.form["stage"] == "by-phrases"
    past, names = _past(lying)
    shown = render_template(
        "caseworker/review/entry.html",
        case=opened.case,
        tag=tag_of(opened),
        form=form,
        lying=lying,
        item=lying.item,
        entry=lying.entry,
        groups=marked_words.groups(
            lying.entry.text,
            spans=lying.item.said.spans,
            marked=None if marked is None else marked[TEXT],
            suggested=lying.suggested,
            hidden=lying.hidden,
            by_phrase=by_phrase,
        ),
        parts=[_part(lying, form, name, words, marked) for name, words in around.of(lying.entry).items()],
        by_phrase=by_phrase,
        questions=review_forms.questions_of(form),
        text=words_of_text.canonical(lying.entry.text),
        closed=[one for one in offers if one.fault],
        open_codes=[one for one in offers if not one.fault],
        decided=review_said.in_words(lying.entry, lying.item.said),
        heard=lying.child,
        past=[
            (
                one,
                names.get(f"staff:{one.by.hex}", ""),
                review_said.in_words(lying.entry, one.said) if one.same_words else [],
            )
            for one in past
        ],
        undo=review_forms.Undo(formdata=None, data={"version": lying.item.version}),
        states=review_forms.STATES,
        whys=marked_words.WHYS,
        can_decide=opened.in_review,
    )
    return shown, form.status

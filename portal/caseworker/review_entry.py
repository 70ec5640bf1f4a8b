"""One entry under review: its words, what is decided of it, and on what that rests."""

from __future__ import annotations

import uuid
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
from portal.caseworker import blueprint, desk, marked_words, review_forms, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges.restricted import open_form
from portal.caseworker.review_forms import OneEntry
from portal.caseworker.review_room import RECORD, Room, room
from portal.gate import page
from portal.records import OpenEntry
from portal.review import deciding, people_mentioned, standing, suggestions, words_of_text
from portal.review.deciding import Decision, Item, Past
from portal.review.lawful import Ground, Heard, Offer, kind_of
from portal.review.people_mentioned import Mention
from portal.review.redaction import Redaction
from portal.review.standing import Standing
from portal.review.suggestions import Suggestion
from portal.review.words_of_text import UnknownWord
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
    found: tuple[Suggestion, ...]
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
        """Where somebody stands who is hidden everywhere and not shown here."""
        return [
            one
            for one in self.found
            if self._decision(one) == "hide" and str(one.person_id) not in self.item.said.shown_people
        ]

    @property
    def suggested(self) -> list[Suggestion]:
        """What may be somebody else's and is not settled by a decision about the person."""
        return [one for one in self.found if self._decision(one) in {"", "undecided"}]

    @property
    def hidden_people(self) -> list[tuple[str, str]]:
        """The hidden people of this entry, by id and name."""
        here = {one.person_id for one in self.found}
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
    form = OneEntry(data=None if request.form else _stored(lying.item))
    offers = form.offer(
        lying.ground,
        kind_of(lying.entry.category),
        known=lying.item.said.already_known,
        asked=lying.asked,
        hidden=lying.hidden_people,
    )
    form.offer_marks(lying.marks)
    numbers = marked_words.numbers_posted(request.form.getlist("w")) if request.form else None
    if "stage" in request.form:
        numbers = _stage(form, lying, numbers or set())
    elif form.validate_on_submit():
        try:
            said = said_of(form, lying, numbers or set())
            return desk.act(reference, form, lambda session, case, by: _decide(session, case, lying, form, said, by=by))
        except StepRefused as refused:
            desk.blame(form, refused, partial(review_forms.field_for, form))
        except LostRace:
            if lying.item.version == form.version.data:  # changed between our looking and our saving
                with room(reference) as opened:
                    lying = _gather(opened, item_id)
            return _lost(lying, form, numbers or set())
    return _show(lying, form, offers, numbers)


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
        _suggested(session, case, entry, people),
        standing.at(session, case, [entry.id] if entry.marks else ()).get(entry.id, Standing()),
        entry.version_why == "correction"
        and entry.id in standing.changed_for_others(session, case, {entry.id: item.version_id}),
        next(iter(deciding.some(session, case, entries=[entry.beside])), None) if entry.beside else None,
        opened.heard,
    )


def _suggested(session: Session, case: Case, entry: OpenEntry, people: list[Mention]) -> tuple[Suggestion, ...]:
    """The subject's own names and days are left alone: those the requester gave are enough for that."""
    told = verbs.told(session, case)["subject"]
    own = [name for name in (told.get("names"), *str(told.get("former_names") or "").splitlines()) if name]
    return suggestions.suggest(entry.text, known_people=people_mentioned.known(people), subject_names=own)


def _stored(item: Item) -> dict[str, Any]:
    """What the form shows before anything is typed."""
    said = item.said
    codes = {span.code for span in said.spans}
    return {
        "decision": said.decision if said.decision in review_forms.DECISIONS else None,
        "code": said.code or (codes.pop() if len(codes) == 1 else ""),
        "reason": said.reason,
        "consultations": [*said.consultations, *([said.opinion] if said.opinion else [])],
        "wish": said.wish,
        "already_known": said.already_known,
        "hide_source": said.hide_source,
        "shown_people": list(said.shown_people),
        "show_marks": list(said.show_marks),
        "about": said.about,
        "upsetting": said.upsetting,
        "content_note": said.content_note,
        "version": item.version,
        **review_forms.test_data(said.test),
    }


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


def said_of(form: Any, lying: Lying, numbers: set[int]) -> Decision:
    """The form as a decision. Raises StepRefused where marks and choice do not fit together."""
    decision = str(form.decision.data)
    if decision == "give" and numbers:
        raise StepRefused(_("Words are marked. Choose to remove them, or take the marks away."), need="decision")
    if decision == "give" and form.hide_source.data:
        decision = "redact"
    gives = decision in deciding.GIVES
    return Decision(
        decision,
        spans=_spans(form, lying, numbers) if decision == "redact" else (),
        code=(form.code.data or "") if decision == "withhold" else "",
        reason=form.reason.data or "",
        about=form.about.data or "child",
        already_known=bool(form.already_known.data),
        wish=form.wish.data or "",
        consultations=tuple(form.consultations.data or ()),
        test=test if any((test := review_forms.test_of(form)).values()) else {},
        hide_source=(form.hide_source.data or "") if gives else "",
        shown_people=tuple(form.shown_people.data or ()) if gives else (),
        show_marks=tuple(form.show_marks.data or ()) if gives else (),
        upsetting=bool(form.upsetting.data),
        content_note=form.content_note.data or "",
    )


def _spans(form: Any, lying: Lying, numbers: set[int]) -> tuple[Redaction, ...]:
    try:
        return marked_words.spans_for(
            lying.entry.text,
            numbers,
            lying.item.said.spans,
            code=form.code.data or "",
            recode=bool(form.recode.data),
        )
    except UnknownWord as unknown:
        raise StepRefused(
            _("The marked words do not fit this text any more. Mark them again."), need="words"
        ) from unknown
    except KeyError as without:
        raise StepRefused(_("Choose the exemption for the words you marked."), need="code") from without


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
    )
    flash(_("Entry %(number)s is saved.", number=lying.item.position + 1), "success")
    onward = lying.behind or lying.before
    if form.save_next.data and onward and onward != lying.item.id:
        return desk.address(case, "review", str(onward))
    if form.save_next.data:
        return desk.address(case, "review")
    return desk.address(case, "review", str(lying.item.id))


def _lost(lying: Lying, form: Any, numbers: set[int]) -> tuple[str, int]:
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
        theirs=in_words(lying, lying.item.said),
        mine=in_words(lying, _as_typed(form, lying, numbers)),
        carried=mine,
        form=again,
        words_changed=form.version.data is None or lying.item.changed,
        states=review_forms.STATES,
    )
    return page, 409


def _as_typed(form: Any, lying: Lying, numbers: set[int]) -> Decision:
    try:
        return said_of(form, lying, numbers)
    except StepRefused:
        return Decision(str(form.decision.data), reason=form.reason.data or "")


def in_words(lying: Lying, said: Decision) -> list[tuple[str, str]]:
    """A decision as staff read it, what is empty left out."""
    text = words_of_text.canonical(lying.entry.text)
    removed = [f"{text[span.start : span.end]} ({span.code})" for span in said.spans if span.end <= len(text)]
    rows = [
        (_("Decision"), str(review_forms.STATES[said.decision][0]) if said.decision in review_forms.STATES else ""),
        (_("Removed"), "\n".join(removed)),
        (_("Exemption"), said.code),
        (_("Source hidden under"), said.hide_source),
        (_("How the test is met"), said.reason),
        *review_forms.test_in_words(said.test),
        (_("May upset"), said.content_note if said.upsetting else ""),
        (_("Marks of other people’s cases that are shown"), str(len(said.show_marks)) if said.show_marks else ""),
    ]
    return [(name, value) for name, value in rows if value]


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


def _show(lying: Lying, form: Any, offers: list[Offer], numbers: set[int] | None) -> tuple[str, int]:
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
            marked=numbers,
            suggested=lying.suggested,
            hidden=lying.hidden,
            by_phrase=by_phrase,
        ),
        by_phrase=by_phrase,
        questions=review_forms.questions_of(form),
        text=words_of_text.canonical(lying.entry.text),
        closed=[one for one in offers if one.fault],
        open_codes=[one for one in offers if not one.fault],
        decided=in_words(lying, lying.item.said),
        heard=lying.child,
        past=[
            (one, names.get(f"staff:{one.by.hex}", ""), in_words(lying, one.said) if one.same_words else [])
            for one in past
        ],
        undo=review_forms.Undo(formdata=None, data={"version": lying.item.version}),
        states=review_forms.STATES,
        whys=marked_words.WHYS,
        can_decide=opened.in_review,
    )
    return shown, form.status

"""People mentioned in the file: who they are, where they are named, and whether this requester sees them."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from sqlmodel import Session
from wtforms.fields.choices import SelectChoice

from portal.cases import clocking, consulting, verbs
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, review_forms
from portal.caseworker.cases import tag_of
from portal.caseworker.review_forms import NewPerson, OnePerson
from portal.caseworker.review_room import RECORD, Room, room
from portal.gate import page
from portal.records import OpenEntry
from portal.review import deciding, people_mentioned
from portal.review.deciding import Item
from portal.review.lawful import NO, YES, Ground
from portal.review.people_mentioned import Mention
from workflows.exemptions import DataKind
from workflows.table import StepRefused

PAGE = 20


@page(
    blueprint,
    "/cases/<string:reference>/review/people",
    who=desk.STAFF,
    opens=RECORD,
    why="the people mentioned in the file, with what is decided about each",
)
def people_of_review(reference: str) -> str:
    with room(reference) as opened:
        people = people_mentioned.mentions(opened.session, opened.looking)
        wished = opened.wished
    order = {"undecided": 0, "hide": 1, "show": 2}
    return render_template(
        "caseworker/review/people.html",
        case=opened.case,
        tag=tag_of(opened),
        people=sorted(people, key=lambda one: order[one[1].decision]),
        left=sum(1 for _third, row, _told in people if row.decision == "undecided"),
        can_decide=opened.in_review,
        states=_states(),
        wished=wished,
    )


@page(
    blueprint,
    "/cases/<string:reference>/review/people/add",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=RECORD,
    why="enter somebody whom the reviewer found in the file",
)
def add_person(reference: str) -> Response | tuple[str, int]:
    form = NewPerson()
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _add(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with room(reference) as opened:
        pass
    shown = render_template("caseworker/review/add_person.html", case=opened.case, tag=tag_of(opened), form=form)
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/review/people/<uuid:person_id>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=RECORD,
    why="decide about one person mentioned, for every place where they are named",
)
def person_of_review(reference: str, person_id: uuid.UUID) -> Response | tuple[str, int]:
    with room(reference) as opened:
        mention = _one(people_mentioned.mentions(opened.session, opened.looking), person_id)
        ground = Ground.of(opened.session, opened.case, by=opened.by, today=opened.today, events=opened.events)
        start = _start()
        entries = _named_in(opened, mention, start)
        asked = consulting.consultations(opened.session, opened.case)
        wished = opened.wished
    form = OnePerson(data=None if request.form else _stored(mention))
    offers = ground.offers(DataKind.OTHER)
    form.code.choices = review_forms.choices(
        _("No exemption"), [(one.code, f"{one.code} {_(one.exemption.name)}") for one in offers if not one.fault]
    )
    form.consultations.choices = [SelectChoice(value=one.id.hex, label=review_forms.consulted(one)) for one in asked]
    lost = False
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _decide(session, case, by, person_id, form=form))
        except StepRefused as refused:
            desk.blame(form, refused, partial(review_forms.field_for, form))
        except LostRace:
            lost = True
            form.version.raw_data, form.version.data = None, mention[1].version
    third, row, told = mention
    shown = render_template(
        "caseworker/review/person.html",
        case=opened.case,
        tag=tag_of(opened),
        form=form,
        third=third,
        row=row,
        told=told,
        stored_test=review_forms.test_in_words(told["test"]),
        questions=review_forms.questions_of(form),
        closed=[one for one in offers if one.fault],
        entries=entries,
        count=len(told.get("in", ())),
        following=start + PAGE if start + PAGE < len(told.get("in", ())) else 0,
        lost=lost,
        can_decide=opened.in_review,
        states=_states(),
        wished=wished,
        item_states=review_forms.STATES,
    )
    return shown, 409 if lost else form.status


def _one(people: list[Mention], person_id: uuid.UUID) -> Mention:
    found = next((one for one in people if one[0].id == person_id), None)
    if found is None:
        raise CaseNotFound
    return found


def _start() -> int:
    text = request.args.get("from", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _named_in(opened: Room, mention: Mention, start: int) -> list[tuple[Item, OpenEntry, bool]]:
    """A page of the entries that name the person, and whether each is an exception to their being hidden."""
    third, _row, told = mention
    wanted = [uuid.UUID(one) for one in told.get("in", ())[start : start + PAGE]]
    items = deciding.some(opened.session, opened.case, entries=wanted) if wanted else []
    entries = deciding.entries_of(opened.session, opened.looking, items)
    return [(item, entry, str(third.id) in item.said.shown_people) for item, entry in zip(items, entries, strict=True)]


def _stored(mention: Mention) -> dict[str, Any]:
    third, row, told = mention
    test = {"professional_in_role": YES if third.professional else NO, **told["test"]}
    return {
        "decision": None if row.decision == "undecided" else row.decision,
        "code": told["code"],
        "reason": told["reason"],
        "consultations": told.get("consultations", []),
        "version": row.version,
        **review_forms.test_data(test),
    }


def _decide(session: Session, case: Case, by: Actor, person_id: uuid.UUID, *, form: Any) -> str:
    people_mentioned.decide_mention(
        session,
        case.id,
        person_id,
        version=form.version.data or 0,
        decision=str(form.decision.data),
        code=form.code.data or "",
        reason=form.reason.data or "",
        test=review_forms.test_of(form),
        consultations=form.consultations.data or (),
        by=by,
        today=clocking.uk_today(),
    )
    flash(_("Saved."), "success")
    return desk.address(case, "review", "people")


def _add(session: Session, case: Case, by: Actor, form: NewPerson) -> str:
    names = [name.strip() for name in str(form.names.data).splitlines() if name.strip()]
    person_id = people_mentioned.add_person(
        session,
        verbs.look_for(case, by),
        names=names,
        relation=str(form.relation.data),
        professional=form.professional.data == YES,
        alive=form.alive.data == YES,
        by=by,
    )
    flash(_("The person is on the list."), "success")
    return desk.address(case, "review", "people", str(person_id))


def _states() -> dict[str, tuple[str, str]]:
    return {"show": (_("Shown"), "green"), "hide": (_("Hidden"), "red"), "undecided": (_("Undecided"), "yellow")}

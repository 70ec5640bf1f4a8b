"""A challenge that came by letter, phone, e-mail or in person, entered with its true day of receipt (R-8, R-100); and
what somebody adds that way to one that is here."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, gate
from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.corrections import adding, lines
from portal.cases.corrections.lines import Claim, Value
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, entering
from portal.caseworker.cases import tag_of
from portal.gate import page
from portal.people.models import Staff
from workflows.lines import LineKind
from workflows.table import StepRefused

MOST_AT_ONCE = 12
PARTS = ("kind", "about", "reads", "should_say", "why", "restrict")


def challenge_form(count: int) -> Any:
    """The form for `count` lines about one person."""
    fields: dict[str, Any] = dict(entering.about(1))
    for number in range(1, count + 1):
        fields.update(_line(number))
    fields["more"] = forms.SubmitField(_l("Add another thing that is wrong"))
    fields["save"] = forms.SubmitField(_l("Enter the challenge"))
    return type("ChallengeForm", (entering.Entering,), fields)


def _line(number: int) -> dict[str, Any]:
    kinds = [(one.value, _l(one.words)) for one in LineKind]
    return {
        f"kind_{number}": forms.RadiosField(
            _l("What is wrong with it, as they say?"), choices=kinds, needed=_l("Choose what is wrong with it")
        ),
        f"about_{number}": forms.TextField(
            _l("What in the record is meant?"),
            hint=_l("In their words, or the number beside the entry in their copy."),
            needed=_l("Say what in the record is meant"),
            longest=300,
        ),
        f"reads_{number}": forms.LongTextField(_l("What it says now, as they know it"), counted=False, longest=4000),
        f"should_say_{number}": forms.LongTextField(_l("What it should say"), counted=False, longest=4000),
        f"why_{number}": forms.LongTextField(_l("Why, in their words"), needed=_l("Say why, in their words")),
        f"restrict_{number}": forms.CheckboxField(
            _l("They ask that it is not used while it is looked into (Article 18)")
        ),
    }


_LineForm: Any = type("_LineForm", (forms.Form,), {**_line(1), "save": forms.SubmitField(_l("Enter the line"))})


@page(
    blueprint,
    "/challenges/new",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="enter a challenge that came by letter, phone, e-mail or in person",
)
def enter_challenge() -> Response | tuple[str, int]:
    count = _count(request.form.get("subjects"))
    more = "more" in request.form
    if more and count < MOST_AT_ONCE:
        count += 1
    form = challenge_form(count)()
    form.subjects.raw_data, form.subjects.data = None, str(count)
    if not more and form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _enter(session, form, count))
        except StepRefused as refused:  # days that cannot be
            desk.blame(form, refused)
    shown = render_template(
        "caseworker/challenges/new.html",
        form=form,
        count=count,
        subject_parts=entering.PARTS,
        parts=PARTS,
        room=count < MOST_AT_ONCE,
    )
    return shown, form.status


def _enter(session: Session, form: Any, count: int) -> str:
    by = gate.actor()
    claims = [_claim(form, number) for number in range(1, count + 1)]
    case = lines.open_challenge(session, entering.asked_of(form, 1), claims, by=by, received_on=form.received_on.data)
    verbs.assign(session, case.id, session.get(Staff, by.id), by=by)  # whoever enters it holds it
    flash(_("Entered as %(reference)s. You can print the receipt from the case.", reference=case.reference), "success")
    return desk.address(case)


@page(
    blueprint,
    "/cases/<string:reference>/lines/new",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="enter something else that is said to be wrong, on a challenge that is not answered yet",
)
def enter_line(reference: str) -> Response | tuple[str, int]:
    form = _LineForm()
    with desk.looking(reference, "line") as opened:
        case = opened.case
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _enter_line(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    open_ = adding.takes_more(case)
    tag = tag_of(opened)
    shown = render_template(
        "caseworker/challenges/new_line.html", case=case, tag=tag, form=form, parts=PARTS, takes_more=open_
    )
    return shown, form.status


def _enter_line(session: Session, case: Case, by: Actor, form: Any) -> str:
    adding.add_lines(session, case.id, [_claim(form, 1)], by=by)
    flash(_("The line is entered. Say next which entry it means."), "success")
    return desk.address(case, "lines")


def _claim(form: Any, number: int) -> Claim:
    said = {part: form[f"{part}_{number}"].data for part in PARTS}
    return Claim(
        kind=said["kind"],
        about=said["about"],
        why=said["why"],
        should_say=Value("text", said["should_say"] or ""),
        reads=said["reads"] or "",
        restrict=bool(said["restrict"]),
    )


def _count(text: str | None) -> int:
    return int(text) if text in {str(number) for number in range(1, MOST_AT_ONCE + 1)} else 1

"""The page of one step: what it will do, what it asks for, and, where it is closed, why."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from sqlmodel import Session

from portal import forms, gate
from portal.cases import clocking, verbs
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import authority_draft, blueprint, desk, staff_words, step_forms
from portal.caseworker.cases import tag_of
from portal.caseworker.desk import Desk
from portal.gate import page
from workflows.kinds import step_of
from workflows.table import Role, Step, StepRefused

# Once proof is accepted we keep that it was seen, by whom and when, and destroy the papers.


@page(
    blueprint,
    "/cases/<string:reference>/steps/<string:step_name>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="take one step of a case, having read what it will do",
)
def step_page(reference: str, step_name: str) -> Response | tuple[str, int]:
    step = _step(reference, step_name)
    own = staff_words.OWN_PAGE.get(step.name)
    if own:
        return gate.see_other(f"/staff/cases/{reference}/{own}")
    again = gate.ask_again() if _weighs(step) else None
    if again:
        return again
    form = step_forms.step_form(step)()
    lost = False
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _take(session, case, by, step, form))
        except StepRefused as refused:
            desk.blame(form, refused, step_forms.field_name)
        except LostRace:
            lost = True
    with desk.looking(reference, "step") as opened:
        return _show(opened, step, form, lost=lost)


def _weighs(step: Step) -> bool:
    """Whether the second factor must be fresh: what only a second person may do, and taking a request back."""
    return step.roles == (Role.APPROVER,) or step.name == "record_withdrawal"


def _step(reference: str, name: str) -> Step:
    """The step of the kind of case that such references begin with."""
    step = step_of(reference, name)
    if step is None:
        raise CaseNotFound
    return step


def _take(session: Session, case: Case, by: Actor, step: Step, form: forms.Form) -> None:
    answers = step_forms.answers_of(step, form)
    verbs.take_step(
        session, case.id, step.name, by=by, answers=answers, today=clocking.uk_today(), seen_seq=form["seen"].data
    )
    flash(_("Done: %(step)s.", step=_(step.label)), "success")


def _show(opened: Desk, step: Step, form: forms.Form, *, lost: bool) -> tuple[str, int]:
    """The page; after a lost race with what happened meanwhile, and ready to be sent once more."""
    case = opened.case
    meanwhile = [event for event in opened.events if event.seq > (form["seen"].data or 0)] if lost else []
    if lost or not request.form:
        form["seen"].raw_data, form["seen"].data = None, case.seq
    if not request.form:
        for need, words in authority_draft.for_step(opened, step).items():
            form[step_forms.field_name(need)].process_data(words)
    closed = _closed(opened, step)
    shown = render_template(
        "caseworker/steps/step.html",
        case=case,
        tag=tag_of(opened),
        step=step,
        form=None if closed else form,
        closed=closed,
        effects=staff_words.effects(opened.workflow, step, case.state),
        meanwhile=staff_words.timeline(opened.session, opened.workflow, meanwhile),
        lost=lost,
        typed=staff_words.answered(step.needs, step_forms.answers_of(step, form)) if closed else [],
    )
    return shown, HTTPStatus.CONFLICT if lost or (closed and request.form) else form.status


def _closed(opened: Desk, step: Step) -> str | None:
    """Why this reader cannot take the step now, in the words of the workflow; None where it is open."""
    facts = facts_of(opened.session, opened.case, opened.events, actor=opened.by, today=opened.today)
    offers = opened.workflow.steps_for(opened.case.state, opened.by.role, facts)
    offer = next((one for one in offers if one.step.name == step.name), None)
    if offer is not None:
        return _(offer.refused) if offer.refused else None
    try:
        opened.workflow.take(opened.case.state, step.name, role=opened.by.role, facts=facts, answers={})
    except StepRefused as refused:
        return _(refused.reason)
    return None

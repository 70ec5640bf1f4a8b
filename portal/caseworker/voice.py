"""Their own voice: what the child was asked and said in a case of somebody else's; what a young person wishes and knows
in a case of their own. The requester sees nothing of what is done here (R-92)."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms
from portal.cases import support, verbs, voice, voice_told
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.desk import Desk
from portal.gate import page
from workflows import guards
from workflows.facts import ChildAnswer, Competence
from workflows.kinds.answers import CHILD_SAID
from workflows.table import StepRefused

STEPS = (
    "assess_competence",
    "ask_child",
    "record_child_answer",
    "child_answer_changed",
    "record_child_not_asked",
    "allow_asking_again",
    "decide_best_interests",
    "confirm_parts",
)
COMPETENCES = {
    Competence.NOT_ASSESSED: _l("Not assessed"),
    Competence.COMPETENT: _l("Can decide about this"),
    Competence.NOT_COMPETENT: _l("Cannot decide about this yet"),
}
STANDING = {
    ChildAnswer.UNKNOWN: _l("The child was not asked yet."),
    ChildAnswer.ASKED: _l("The child was asked and has not answered."),
    ChildAnswer.NOT_ASKED: _l("It is recorded why the child was not asked."),
}
ANSWERS = {choice.value: choice.label for choice in CHILD_SAID.choices}


class EndQuestion(forms.Form):
    """Why a card or link is ended."""

    reason = forms.TextField(_l("Why is it ended?"), needed=_l("Say why it is ended"), longest=300)
    end = forms.SubmitField(_l("End the card or link"))


class RecordViews(forms.Form):
    """Views that somebody gave in words."""

    words = forms.LongTextField(_l("What do they think, in their own words?"), needed=_l("Write what they said"))
    way = forms.TextField(
        _l("How did it reach us?"),
        hint=_l("For example: told to the school nurse, who wrote it down"),
        needed=_l("Say how it reached us"),
        longest=300,
    )
    save = forms.SubmitField(_l("Keep it"))


class Arranged(forms.Form):
    """What was arranged with somebody who wished for a supporter or a meeting."""

    words = forms.LongTextField(
        _l("What was arranged: who is with them, when and where?"), needed=_l("Say what was arranged"), longest=1000
    )
    save = forms.SubmitField(_l("Note that it is arranged"))


@page(
    blueprint,
    "/cases/<string:reference>/child",
    who=desk.STAFF,
    opens=("case",),
    why="what the child was asked and said, and what somebody wishes who asks for themselves",
)
def child_voice(reference: str) -> str:
    with desk.looking(reference, "child") as opened:
        return _shown(opened, end=EndQuestion(formdata=None), arranged=Arranged(formdata=None))


@page(
    blueprint,
    "/cases/<string:reference>/child/end",
    methods=("POST",),
    who=desk.CASEWORKER,
    opens=("case",),
    why="end a child's card or link, because it was lost or somebody else has it",
)
def end_question(reference: str) -> Response | tuple[str, int]:
    form = EndQuestion()
    return _do(reference, form, lambda session, case, by: _end(session, case, by, form), end=form)


@page(
    blueprint,
    "/cases/<string:reference>/child/read",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="note that what the child said was read",
)
def read_child(reference: str) -> Response:
    back = f"/staff/cases/{reference}/child"
    return desk.press(reference, back, lambda session, case, by: voice.mark_read(session, case.id, by=by))


@page(
    blueprint,
    "/cases/<string:reference>/child/views",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="write down what a child or young person thinks, given in words",
)
def record_views(reference: str) -> Response | tuple[str, int]:
    form = RecordViews()
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _keep_views(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "child-views") as opened:
        if opened.case.kind not in voice.KINDS:
            raise CaseNotFound
        shown = render_template("caseworker/voice/views.html", case=opened.case, tag=tag_of(opened), form=form)
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/child/support",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="note the supporter and the meeting that somebody wished for (R-65)",
)
def arrange_support(reference: str) -> Response | tuple[str, int]:
    form = Arranged()

    def arrange(session: Session, case: Case, by: Actor) -> str:
        support.arrange(session, case.id, str(form.words.data), by=by)
        flash(_("Saved."), "success")
        return desk.address(case, "child")

    return _do(reference, form, arrange, arranged=form)


def _do(reference: str, form: forms.Form, do: Any, **drawn: forms.Form) -> Response | tuple[str, int]:
    """One of the small forms of the page: done, or shown again with what is wrong."""
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, do)
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "child") as opened:
        both = {"end": EndQuestion(formdata=None), "arranged": Arranged(formdata=None), **drawn}
        return _shown(opened, form=form, **both), form.status


def _end(session: Session, case: Case, by: Actor, form: EndQuestion) -> str:
    voice.end(session, case.id, str(form.reason.data), by=by)
    flash(_("The card or link is ended. What was answered stands."), "success")
    return desk.address(case, "child")


def _keep_views(session: Session, case: Case, by: Actor, form: RecordViews) -> str:
    voice.add_views(session, case.id, str(form.words.data), by=by, way=str(form.way.data))
    flash(_("Saved."), "success")
    return desk.address(case, "child")


def _shown(opened: Desk, **drawn: forms.Form) -> str:
    session, case = opened.session, opened.case
    if case.kind not in voice.KINDS:
        raise CaseNotFound
    facts = facts_of(session, case, opened.events, actor=opened.by, today=opened.today)
    asked = voice.questions(session, case.id)
    offers = verbs.offered(session, case, opened.events, by=opened.by, today=opened.today)
    own_pages = staff_words.OWN_PAGE
    links = [
        {
            "title": _(one.step.label),
            "href": desk.address(case, own_pages.get(one.step.name, f"steps/{one.step.name}")),
            "reason": _(one.refused) if one.refused else "",
        }
        for one in offers
        if one.step.name in STEPS
    ]
    told = opened.heard
    return render_template(
        "caseworker/voice/overview.html",
        case=case,
        tag=tag_of(opened),
        in_own_right=support.in_own_right(facts),
        prompted=guards.about_a_child(facts) is None and guards.at_prompt_age(facts),
        age=guards.subject_age(facts),
        competence=COMPETENCES[facts.competence],
        standing=STANDING.get(facts.child_answer, ""),
        questions=asked,
        live=next((one for one in asked if one.live(opened.today)), None),
        new=any(one.unread for one in asked),
        names=staff_words.names_of(session, {one.by for one in told.views} | {told.by}),
        steps={
            "open": [one for one in links if not one["reason"]],
            "closed": [one for one in links if one["reason"]],
        },
        button=desk.Button(),
        heard=told,
        wished=opened.wished,
        today=opened.today,
        **drawn,
    )


@blueprint.context_processor
def for_what_was_said() -> dict[str, object]:
    """For the part of other pages that shows what the child said."""
    return {"child_answers": ANSWERS, "by_whom": staff_words.by_whom, "known_as": voice_told.known_as}

"""The question to a child, and their answer: yes, no, some of it, or talk to me first. Either is fine, and says so.

Once it is answered the card shows only that it was, and until when a mind can be changed: somebody may be watching.
"""

from __future__ import annotations

from typing import Any

from flask import flash, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, gate
from portal.cases import clocking, voice
from portal.cases.models import Case
from portal.cases.voice import Question, Said
from portal.gate import page
from portal.requester import blueprint
from portal.requester.cases import day
from portal.requester.question_forms import AREAS
from portal.requester.voice import ANYONE, Answer, DoneForm, visit
from workflows.facts import ChildAnswer
from workflows.table import StepRefused


class VoiceForm(forms.Form):
    """What a child answers. Nothing but the answer itself is needed."""

    answer = forms.RadiosField(
        _l("What do you say?"),
        choices=[
            (ChildAnswer.YES.value, _l("Yes")),
            (ChildAnswer.NO.value, _l("No")),
            (ChildAnswer.SOME.value, _l("Some of it")),
            (ChildAnswer.TALK.value, _l("Talk to me first")),
        ],
        needed=_l("Choose what you say"),
        short=_l("Your answer"),
    )
    areas = forms.CheckboxesField(
        _l("Which parts are all right?"), choices=list(AREAS.items()), short=_l("Parts that are all right")
    )
    parts = forms.LongTextField(
        _l("Say it in your own words, if you like"), longest=1000, counted=False, short=_l("In your own words")
    )
    talk = forms.LongTextField(
        _l("How and when is it safe to talk?"),
        hint=_l("For example: at school, at lunch time, with my teacher"),
        longest=1000,
        counted=False,
        short=_l("How and when we can talk"),
    )
    not_safe = forms.CheckboxField(_l("It is not safe to ask me again"), short=_l("Safe to ask again"))
    views = forms.LongTextField(
        _l("My views: what else do you want us to know?"),
        hint=_l("You can leave this empty. We show it to the people who decide. We do not show it to who asked."),
        longest=2000,
        short=_l("My views"),
    )
    go = forms.SubmitField(_l("Continue"))
    send = forms.SubmitField(_l("Send my answer"))
    change = forms.SubmitField(_l("Change it"))

    def validate(self, extra_validators: Any = None) -> bool:
        """Some of it needs to say of what."""
        good = super().validate(extra_validators)
        if good and self.answer.data == ChildAnswer.SOME and not (self.areas.data or self.parts.data):
            self.areas.errors = [_("Choose a part, or say it in your own words")]
            return False
        return good

    @property
    def kept(self) -> list[tuple[str, str]]:
        """The answers as hidden values of the page on which they are checked."""
        told = [("answer", self.answer.data), ("parts", self.parts.data), ("talk", self.talk.data)]
        told += [("views", self.views.data), ("not_safe", "y" if self.not_safe.data else "")]
        told += [("areas", one) for one in self.areas.data or []]
        return [(name, value) for name, value in told if value]

    @property
    def chosen_parts(self) -> str:
        """The parts in words, those chosen before those written."""
        names = ", ".join(str(AREAS[one]) for one in self.areas.data or [])
        return "\n".join(part for part in (names, self.parts.data or "") if part)

    @property
    def said(self) -> Said:
        return Said(
            answer=str(self.answer.data),
            parts=self.chosen_parts,
            talk=self.talk.data or "",
            not_safe=bool(self.not_safe.data),
            views=self.views.data or "",
        )


@page(
    blueprint, "/voice/question", who=ANYONE, opens=("link",), why="say to a child who asks for what, and what could be"
)
def voice_question() -> Answer:
    question, facts = _looked()
    if facts["over"]:
        return render_template("requester/voice/over.html", **facts)
    if question.answered_at and not request.args.get("again"):
        return render_template("requester/voice/answered.html", **facts)
    return render_template("requester/voice/question.html", **facts)


@page(
    blueprint,
    "/voice/answer",
    methods=("GET", "POST"),
    who=ANYONE,
    opens=("link",),
    why="let a child answer, check the answer and send it",
)
def voice_answer() -> Answer:
    form = VoiceForm()
    good = form.validate_on_submit()
    if good and form.send.data:
        try:
            return gate.perform(form.form_key.data, lambda session: _send(session, form.said))
        except StepRefused as refused:
            flash(_(refused.reason))
            return gate.see_other(url_for("requester.voice_question"))
    with gate.runtime().database.read() as session:
        question = visit(session)
        if voice.asked_step(session.get_one(Case, question.case_id)) is None:
            return gate.see_other(url_for("requester.voice_question"))
    if good and not form.change.data:
        return render_template("requester/voice/check.html", form=form, rows=_rows(form))
    back = url_for("requester.voice_question", again=1)
    return render_template("requester/voice/answer.html", form=form, back=back), form.status


@page(blueprint, "/voice/thanks", who=ANYONE, why="say that an answer has come, and nothing else")
def voice_thanks() -> str:
    return render_template("requester/voice/thanks.html")


def _send(session: Session, said: Said) -> str:
    """The answer, and the end of the visit: whoever sits here next finds nothing."""
    question = visit(session)
    voice.answer(session, question.id, said, today=clocking.uk_today())
    voice.end_visit(session, question.id)
    return url_for("requester.voice_thanks")


def _looked() -> tuple[Question, dict[str, Any]]:
    """The question with what its page says; the look is in the log before."""
    with gate.runtime().database.write() as session:
        question = visit(session)
        case = session.get_one(Case, question.case_id)
        voice.log_look(session, case, question)
    return question, {
        "told": {"who": question.put.who, "kind": case.kind},
        "until": day(question.until),
        "over": voice.asked_step(case) is None,
        "done": DoneForm(formdata=None),
    }


def _rows(form: VoiceForm) -> list[dict[str, str]]:
    """The answer as the child reads it once more."""
    choices = {one.value: str(one.label) for one in form.answer.iter_choices()}
    told = [(form.answer, choices[form.answer.data])]
    if form.answer.data == ChildAnswer.SOME:
        told.append((form.areas, form.chosen_parts))
    if form.answer.data == ChildAnswer.TALK:
        told.append((form.talk, form.talk.data or ""))
    told.append((form.not_safe, _("It is not safe to ask me again") if form.not_safe.data else _("You can ask me")))
    if form.views.data:
        told.append((form.views, form.views.data))
    return [{"key": str(field.short), "text": text} for field, text in told]

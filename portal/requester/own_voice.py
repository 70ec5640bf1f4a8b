"""What somebody says who asks for their own record: their views, the help they would like, the family they know.

Guidance expects a supporter to be offered, and nothing kept back that somebody who grew up in care knows (R-65,
R-66)."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session
from werkzeug.exceptions import NotFound

from portal import forms, gate
from portal.cases import support, voice, voice_told
from portal.cases.models import Case
from portal.gate import page
from portal.requester import blueprint
from portal.requester.ask import Answer
from portal.requester.cases import PROVEN, Seen, in_words, own_case, seen
from portal.requester.question_forms import SupportForm


class ViewsForm(forms.Form):
    """My views."""

    words = forms.LongTextField(
        _l("What do you think?"),
        hint=_l("What should the people who decide know? What matters most to you?"),
        needed=_l("Write something before you send it"),
        longest=2000,
        short=_l("My views"),
    )
    go = forms.SubmitField(_l("Send my views"))


class WishForm(SupportForm):
    """Help, and the family they know, told later."""

    version = None  # type: ignore[assignment]  # how WTForms leaves a field out: the newest counts
    go = forms.SubmitField(_l("Send"))


@page(
    blueprint,
    "/cases/<string:reference>/views",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="say what one thinks, in a case of one's own",
)
def own_views(reference: str) -> Answer:
    form, one = ViewsForm(), _own(reference)
    if not one.in_own_right:
        raise NotFound
    if form.validate_on_submit():
        words = str(form.words.data)
        return _kept(form, one.case, lambda session: voice.add_views(session, one.case.id, words, by=gate.actor()))
    there = [{"words": view.words} for view in voice_told.heard(one.events).views if view.by == str(gate.actor())]
    return _shown("requester/voice/views.html", form, one.case, there=there)


@page(
    blueprint,
    "/cases/<string:reference>/support",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="say what help one would like with one's own record, and which family one knows",
)
def own_support(reference: str) -> Answer:
    one = _own(reference)
    wished = voice_told.wished(one.events)
    form = WishForm(data={"known": "\n".join(wished.family), "more": wished.words})
    if not one.offered_support:
        raise NotFound
    if form.validate_on_submit():
        said = form.said()
        return _kept(form, one.case, lambda session: support.note_answers(session, one.case.id, said, by=gate.actor()))
    return _shown("requester/voice/support.html", form, one.case)


def _own(reference: str) -> Seen:
    with gate.runtime().database.read() as session, in_words():
        return seen(session, own_case(session, reference))


def _kept(form: forms.Form, case: Case, do: Callable[[Session], None]) -> Answer:
    home = url_for("requester.case_page", reference=case.reference)

    def act(session: Session) -> str:
        do(session)
        return home

    with in_words():
        answer = gate.perform(form.form_key.data, act)
    flash(_("We have got it."), "success")
    return answer


def _shown(template: str, form: forms.Form, case: Case, **facts: object) -> Answer:
    back = url_for("requester.case_page", reference=case.reference)
    return render_template(template, form=form, back=back, **facts), form.status

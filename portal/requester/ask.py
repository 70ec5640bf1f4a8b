"""The pages of a request, one for each question of the journey, then the answers to check and the sending."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import db, forms, gate
from portal.cases import drafts, evidence, support
from portal.cases.actors import Actor
from portal.cases.clocking import uk_today
from portal.cases.corrections.lines import open_challenge
from portal.cases.drafts import DraftGone
from portal.cases.models import Case
from portal.cases.opening import Asked, open_cases, visitor
from portal.gate import page
from portal.people import contact_changes, factors, limits, passkeys
from portal.requester import blueprint, draft, telling
from portal.requester.cases import in_words
from portal.requester.challenge_lines import claim, rows
from portal.requester.draft import Overtaken
from portal.requester.journey import (
    CORRECTION,
    ENTRANCES,
    MOST_CHILDREN,
    NAMED,
    QUESTIONS,
    Journey,
    Question,
    Stop,
    neighbours,
    open_stop,
    way,
)
from portal.requester.question_forms import QuestionForm
from workflows.kinds import WORKFLOWS

ANYONE = ("visitor",)
Answer = Response | str | tuple[str, int]


class SendForm(forms.Form):
    """The button that sends the request."""

    go = forms.SubmitField(_l("Send my request"))


class RemoveForm(forms.Form):
    """The button that takes a child off the request."""

    go = forms.SubmitField(_l("Remove"))


@page(blueprint, "/", who=ANYONE, why="say what this is, what is needed and what happens next")
def start() -> str:
    with gate.runtime().database.read() as session:
        own = drafts.of_browser(session, draft.browser())
        begun = draft.journey_of(session, own).kind if own else ""
    return render_template("requester/ask/start.html", begun=begun)


def _register(question: Question) -> None:
    def ask(number: int = 0) -> Answer:
        return _ask(question, number)

    ask.__name__ = question.endpoint
    page(blueprint, question.rule, methods=("GET", "POST"), who=ANYONE, why=f"ask one question: {question.name}")(ask)


def _ask(question: Question, number: int) -> Answer:
    stop = Stop(question, number)
    entrance = ENTRANCES.get(question.name)
    journey = draft.here_or_new(entrance) if entrance else draft.here()[1]
    if stop not in way(journey) and not _is_new_person(stop, journey):
        return gate.see_other(onward(journey, None))
    form = question.filled(journey, number)
    told = None
    if form.validate_on_submit():
        try:
            return gate.see_other(onward(draft.answer(stop, form, **_adds(stop, form, journey)), stop))
        except Overtaken as overtaken:
            told = telling.rows(stop, overtaken.journey, links=False)
            _say_overtaken(form, overtaken.journey.count(question.name, number))
    return show(stop, journey, form, overtaken=told), 409 if told else form.status


def show(stop: Stop, journey: Journey, form: QuestionForm, **facts: object) -> str:
    """The page of a question."""
    drawn, lead = form.drawn(), stop.question.lead(journey)
    single = len(drawn) == 1 and not lead
    title = str(drawn[0].label.text) if single else stop.question.title(journey, stop.person)
    return render_template(
        "requester/ask/question.html",
        form=form,
        drawn=drawn,
        lead=lead,
        single=single,
        title=title,
        back=back(stop, journey),
        action=telling.address(stop, **changing()),
        stoppable=bool(journey.answers),
        subject=stop.subject(journey),
        **facts,
    )


def back(stop: Stop, journey: Journey) -> str:
    """The page before: the check page for those who came from it."""
    if request.args.get("change"):
        return url_for("requester.check")
    if _is_new_person(stop, journey):
        return url_for("requester.children")
    before, _after = neighbours(journey, stop)
    return telling.address(before) if before else url_for("requester.start")


def onward(journey: Journey, stop: Stop | None) -> str:
    """The next page: the question after this one, or for those who came to change an answer the first that is open."""
    if stop and not request.args.get("change"):
        _before, after = neighbours(journey, stop)
    else:
        after = open_stop(journey)
    return telling.address(after) if after else url_for("requester.check")


def changing() -> dict[str, Any]:
    return {"change": 1} if request.args.get("change") else {}


def _is_new_person(stop: Stop, journey: Journey) -> bool:
    """The first question about a child who is added now."""
    room = len(journey.people()) < MOST_CHILDREN
    return stop.question.name == "name" and journey.several and stop.person == journey.next_person() and room


def _adds(stop: Stop, form: QuestionForm, journey: Journey) -> dict[str, object]:
    """What the draft keeps besides the answer: a secret for the app, made once it was chosen."""
    if stop.question.name == "second-step" and form["way"].data == "app" and not journey.said("app-secret"):
        return {"app-secret": {"said": {"secret": factors.new_secret()}, "count": 1}}
    return {}


def _say_overtaken(form: QuestionForm, count: int) -> None:
    form["version"].data = count
    form["version"].raw_data = None
    form.form_errors.append(
        _("You answered this in another window, and we saved that. To put this in its place, choose Continue.")
    )


for _question in QUESTIONS:
    if not _question.page:
        _register(_question)


@page(blueprint, "/ask/children", methods=("GET", "POST"), who=ANYONE, why="list the children of a request, add one")
def children() -> Answer:
    journey = draft.here()[1]
    stop = Stop(NAMED["children"])
    if stop not in way(journey):
        return gate.see_other(onward(journey, None))
    form = stop.question.filled(journey, 0)
    if form.validate_on_submit():
        if form["another"].data == "yes" and len(journey.people()) < MOST_CHILDREN:
            return gate.see_other(telling.address(Stop(NAMED["name"], journey.next_person())))
        if form["another"].data == "yes":
            form["another"].errors = [
                _("You can ask about %(most)s children at a time. Send this request first.", most=MOST_CHILDREN)
            ]
        else:
            return gate.see_other(onward(draft.answer(stop, form), stop))
    people = [
        {
            "name": journey.said("name", person).get("names") or _("A child without a name yet"),
            "change": telling.address(Stop(NAMED["name"], person)),
            "remove": url_for("requester.remove_child", number=person) if len(journey.people()) > 1 else "",
        }
        for person in journey.people()
    ]
    return render_template(
        "requester/ask/children.html",
        form=form,
        people=people,
        remove=RemoveForm(formdata=None),
        back=back(stop, journey),
    ), form.status


@page(blueprint, "/ask/people/<int:number>/remove", methods=("POST",), who=ANYONE, why="take a child off a request")
def remove_child(number: int) -> Answer:
    journey, form = draft.here()[1], RemoveForm()
    if form.validate_on_submit() and number in journey.people() and len(journey.people()) > 1:
        each = [question.name for question in QUESTIONS if question.each]
        draft.change({f"{name}:{number}": None for name in each})
    return gate.see_other(url_for("requester.children"))


@page(blueprint, "/ask/check", methods=("GET", "POST"), who=ANYONE, why="check the answers and send the request")
def check() -> Answer:
    try:
        draft_id, journey = draft.here()
    except draft.NoDraft:
        return _sent_already()
    missing = open_stop(journey)
    if missing:
        return gate.see_other(telling.address(missing, change=1))
    form = SendForm()
    if form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SUBMISSIONS)
        try:
            word = _word_hash(journey)  # slow, so before the transaction
            return gate.perform(form.form_key.data, lambda session: _send(session, word))
        except DraftGone:
            return _sent_already()
    with gate.runtime().database.read() as session:
        papers = [told["name"] for row, told in evidence.listed(session, draft_id) if row.status != "infected"]
    before = telling.address(list(way(journey))[-1])
    facts = {"sections": telling.sections(journey), "papers": papers, "journey": journey, "back": before}
    facts["wrong"] = [
        {"title": line.title, "rows": rows(line, change=url_for("requester.ask_line", number=line.at, change=1))}
        for line in journey.lines
    ]
    return render_template("requester/ask/check.html", form=form, **facts), form.status


def _sent_already() -> Response:
    """A second press, a retry or the back button finds the first result; without one there is nothing to send."""
    with gate.runtime().database.read() as session:
        sent = drafts.receipt(session, draft.browser())
    if not sent:
        raise draft.NoDraft
    return gate.see_other(url_for("requester.sent"))


def _word_hash(journey: Journey) -> str:
    """What is kept of the word that a caller is asked for; empty without one."""
    word = journey.said("caller-word").get("word") if Stop(NAMED["caller-word"]) in way(journey) else None
    return contact_changes.hash_code_word(gate.runtime().settings.secrets.pepper, word) if word else ""


def _send(session: Session, code_word_hash: str) -> str:
    """The request becomes cases, in one transaction with its files, its second factor and its receipt."""
    own = drafts.of_browser(session, draft.browser())
    if own is None:
        raise DraftGone
    journey = draft.journey_of(session, own)
    _hold_back(session, journey)
    drafts.submitted(session, own.id, draft.browser())
    who = gate.reader()
    by = Actor.requester(who.id, who.session) if who.id else visitor()
    cases = _open(session, telling.asked(journey, code_word_hash=code_word_hash), journey, by)
    if Stop(NAMED["support"]) in way(journey):
        support.note_answers(session, cases[0].id, journey.said("support"), by=by)
    for case in cases:
        evidence.move(session, own.id, case, gate.runtime().files, by=by)
    _enrol(session, journey, cases[0].requester)
    drafts.leave_receipt(session, own.id, [case.reference for case in cases])
    return url_for("requester.sent")


def _open(session: Session, asked: Asked, journey: Journey, by: Actor) -> tuple[Case, ...]:
    today, me = uk_today(), gate.reader().id
    if journey.is_challenge:
        claims = [claim(line) for line in journey.lines]
        with in_words():
            return (open_challenge(session, asked, claims, by=by, received_on=today, person_id=me),)
    return open_cases(session, asked, by=by, received_on=today, person_id=me).cases


def _hold_back(session: Session, journey: Journey) -> None:
    who = gate.reader()
    name = str(who) if who.id else journey.said("reach").get("email") or draft.browser()
    if not limits.within(session, limits.SUBMISSIONS, name):
        raise limits.limited(limits.SUBMISSIONS, now=db.now())


def _enrol(session: Session, journey: Journey, person_id: uuid.UUID) -> None:
    """The app or passkey set up in this session opens the person's account from now on (design section 8, 12)."""
    stops = list(way(journey))
    made = journey.said("passkey")
    if Stop(NAMED["passkey"]) in stops and made:
        new = passkeys.Made.from_text(made)
        passkeys.add(session, "family", person_id, new, name=made["name"], now=db.now())
    secret, step = journey.said("app-secret").get("secret"), journey.said("app").get("step")
    if Stop(NAMED["app"]) in stops and secret and step:
        factors.add_app(session, "family", person_id, secret, used_step=int(step), now=db.now())


@page(blueprint, "/ask/sent", who=ANYONE, why="give the references of what was sent from this browser")
def sent() -> Answer:
    with gate.runtime().database.read() as session:
        references = drafts.receipt(session, draft.browser())
    if not references:
        return redirect(url_for("requester.start"), 303)  # type: ignore[return-value]
    challenged = all(reference.startswith(WORKFLOWS[CORRECTION].prefix) for reference in references)
    return render_template("requester/ask/sent.html", references=references, challenged=challenged)

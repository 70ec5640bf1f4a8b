"""A challenge that was sent, line by line: what somebody said, what became of it, and what they can still say."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from flask import flash, render_template, url_for
from flask_babel import gettext as _
from sqlmodel import Session

from portal import db, forms, gate
from portal.cases import clocking, evidence, verbs
from portal.cases.corrections import adding, deciding, lines
from portal.cases.corrections.lines import KIND
from portal.cases.ledger import CaseNotFound
from portal.gate import page
from portal.people import limits
from portal.people.limits import Limited
from portal.requester import blueprint
from portal.requester.ask import Answer
from portal.requester.cases import PROVEN, SIGNED_IN, Seen, day, in_words, own_case, seen, summary, whose
from portal.requester.challenge_forms import (
    AddLineForm,
    AddWordsForm,
    AnswerForm,
    ReviewForm,
    StatementForm,
    TakeBackForm,
)
from portal.requester.challenge_lines import Said, claim
from portal.requester.challenge_told import More, Told, lines_told, more_of
from portal.requester.papers import inspected, too_many_files
from portal.requester.reading import RECORD
from portal.uploads import Accepted, UploadRefused
from workflows.days import add_months
from workflows.lines import MOST_WORDS
from workflows.table import Answers, Turn

LINE = "/cases/<string:reference>/lines/<uuid:line_id>"
ACKNOWLEDGED_WITHIN = datetime.timedelta(days=29)  # thirty days that begin with the day of receipt
REGULATOR_MONTHS = 3


@dataclass(frozen=True)
class _Here:
    """One line of a case of the reader's own."""

    one: Seen
    told: Told
    all: list[Told]

    @property
    def line_id(self) -> uuid.UUID:
        return self.told.line.id

    @property
    def may_add(self) -> bool:
        return self.told.waiting

    @property
    def may_take_back(self) -> bool:
        """The last one is taken back with the whole."""
        return self.told.waiting and self.one.can("withdraw") and sum(told.waiting for told in self.all) > 1

    def address(self, endpoint: str = "challenge_line") -> str:
        return url_for(f"requester.{endpoint}", reference=self.one.case.reference, line_id=self.line_id)


@page(blueprint, LINE, who=PROVEN, step_up=True, opens=RECORD, why="read what became of one thing that was challenged")
def challenge_line(reference: str, line_id: uuid.UUID) -> Answer:
    with gate.runtime().database.read() as session, in_words():
        here = _here(session, reference, line_id, with_record=True)
        more = more_of(session, here.one, here.told)
    facts = {"summary": summary(here.one), "received": day(here.one.case.received_on), "back": _home(reference)}
    since = day(more.disputed_since) if more and more.disputed_since else ""
    turn = _whose_turn(here, more)
    return render_template(
        "requester/challenge/line.html", here=here, told=here.told, more=more, since=since, turn=turn, **facts
    ), 200


def _whose_turn(here: _Here, more: More | None) -> str:
    """Whose turn it is with this line: theirs too who were asked, where the reader may know that somebody was."""
    turn = whose(here.one.turn)
    if here.one.turn is Turn.AUTHORITY and more and more.waits:
        return _("Ours, and of those we asked")
    return turn


@page(blueprint, f"{LINE}/add", methods=("GET", "POST"), who=PROVEN, opens=("case",), why="add words to a line")
def line_add(reference: str, line_id: uuid.UUID) -> Answer:
    form, here, limit = AddWordsForm(), _found(reference, line_id), None
    if not here.may_add:
        return gate.see_other(here.address())
    if form.validate_on_submit():
        try:
            paper = inspected(form["file"].data) if form["file"].data else None
        except UploadRefused as refused:
            form["file"].errors = [_(refused.words)]
            return _line_page("requester/challenge/add.html", form, here)
        except Limited as too_many:
            form["file"].errors = [too_many_files(too_many)]
            return _line_page("requester/challenge/add.html", form, here, too_many)
        words = str(form.words.data)
        try:
            return _done(form, _limited(lambda session: _add(session, here, words, paper)), here.address())
        except Limited as too_many:
            form["words"].errors, limit = [_too_many(too_many)], too_many
    return _line_page("requester/challenge/add.html", form, here, limit)


def _add(session: Session, here: _Here, words: str, paper: Accepted | None) -> None:
    runtime, case_id, me = gate.runtime(), here.one.case.id, gate.actor()
    adding.add_words(session, case_id, here.line_id, words, by=me)
    if paper:
        scanner, number = runtime.settings.scanner_socket, here.told.line.number
        evidence.add_to_case(
            session, runtime.files, case_id, paper, purpose="other", scanner=scanner, by=me, line=number
        )


@page(
    blueprint,
    "/cases/<string:reference>/lines/add",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="say that something else is wrong as well, on a challenge that is not answered yet",
)
def challenge_add(reference: str) -> Answer:
    form, one = AddLineForm(data={"version": 0}), _seen(reference)
    if not adding.takes_more(one.case):
        return gate.see_other(_home(reference))
    if form.validate_on_submit():
        more = [claim(Said(1, 1, (), "text", form.said()))]
        do = _limited(lambda session: adding.add_lines(session, one.case.id, more, by=gate.actor()))
        try:
            return _done(form, do, _home(reference))
        except Limited as limit:
            form.form_errors.append(_too_many(limit))
            return _page("requester/challenge/add_line.html", form, one, limit)
    return _page("requester/challenge/add_line.html", form, one)


@page(
    blueprint,
    f"{LINE}/take-back",
    methods=("GET", "POST"),
    who=PROVEN,
    step_up=True,
    opens=("case",),
    why="take one line back",
)
def line_take_back(reference: str, line_id: uuid.UUID) -> Answer:
    form, here = TakeBackForm(), _found(reference, line_id)
    if not here.may_take_back:
        return gate.see_other(here.address())
    if form.validate_on_submit():
        if form.sure.data == "no":
            return gate.see_other(here.address())
        take = lines.withdraw_line
        return _done(form, lambda session: take(session, here.one.case.id, line_id, by=gate.actor()), here.address())
    return _line_page("requester/challenge/take_back.html", form, here)


@page(
    blueprint,
    f"{LINE}/statement",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="write a statement that stands next to the entry from then on",
)
def line_statement(reference: str, line_id: uuid.UUID) -> Answer:
    here = _found(reference, line_id)
    form = StatementForm(data={"say": here.told.line.statement})
    if not here.told.may_state:
        return gate.see_other(here.address())
    if form.validate_on_submit():
        state, words = deciding.state_disagreement, form.statement
        do = _limited(lambda session: state(session, here.one.case.id, line_id, words, by=gate.actor()))
        try:
            return _done(form, do, here.address())
        except Limited as limit:
            form["say"].errors = [_too_many(limit)]
            return _line_page("requester/challenge/statement.html", form, here, limit, most=MOST_WORDS)
    return _line_page("requester/challenge/statement.html", form, here, most=MOST_WORDS)


@page(
    blueprint,
    "/cases/<string:reference>/question",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="answer a question about one's own challenge",
)
def challenge_question(reference: str) -> Answer:
    form = AnswerForm()
    if form.validate_on_submit():
        return _step(form, reference, "answer_question", {"answer": str(form.answer.data)})
    one = _seen(reference)
    if not one.can("answer_question"):
        return gate.see_other(_home(reference))
    asked = next((e.answers.get("question") for e in reversed(one.events) if e.name == "ask_question"), "")
    return _page("requester/challenge/question.html", form, one, question=asked)


@page(
    blueprint,
    "/cases/<string:reference>/review",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="ask that somebody new looks at an answer again",
)
def challenge_review(reference: str) -> Answer:
    form = ReviewForm()
    if form.validate_on_submit():
        return _step(form, reference, "ask_review", {"because": str(form.because.data)})
    one = _seen(reference)
    if not one.can("ask_review"):
        return gate.see_other(_home(reference))
    return _page("requester/challenge/review.html", form, one)


@page(
    blueprint, "/cases/<string:reference>/complain", who=SIGNED_IN, opens=("case",), why="say how to complain, by when"
)
def challenge_complain(reference: str) -> Answer:
    """R-28, R-108, R-114: to us first, then the regulator, or a court."""
    one = _seen(reference)
    answered = max((event.on_date for event in one.events if event.name in {"collect", "release"}), default=None)
    facts = {
        "told_by": day(clocking.uk_today() + ACKNOWLEDGED_WITHIN),
        "answered": day(answered) if answered else "",
        "regulator_by": day(add_months(answered, REGULATOR_MONTHS)) if answered else "",
    }
    return render_template("requester/challenge/complain.html", one=one, back=_home(reference), **facts), 200


@page(
    blueprint,
    "/cases/<string:reference>/told",
    who=SIGNED_IN,
    opens=("case",),
    why="give the reference of what was sent",
)
def challenge_sent(reference: str) -> Answer:
    one = _seen(reference)
    facts = {"reference": one.case.reference, "due": summary(one)["due"], "home": _home(reference)}
    return render_template("requester/challenge/sent.html", **facts), 200


def _seen(reference: str) -> Seen:
    with gate.runtime().database.read() as session, in_words():
        return _correction(session, reference)


def _correction(session: Session, reference: str) -> Seen:
    case = own_case(session, reference)
    if case.kind != KIND:
        raise CaseNotFound
    return seen(session, case)


def _here(session: Session, reference: str, line_id: uuid.UUID, *, with_record: bool = False) -> _Here:
    one = _correction(session, reference)
    all_told = lines_told(session, one, with_record=with_record)
    told = next((told for told in all_told if told.line.id == line_id), None)
    if told is None:
        raise CaseNotFound
    return _Here(one, told, all_told)


def _found(reference: str, line_id: uuid.UUID) -> _Here:
    with gate.runtime().database.read() as session, in_words():
        return _here(session, reference, line_id)


def _limited(do: Callable[[Session], object]) -> Callable[[Session], object]:
    """Raises Limited in the action's own transaction, which then ends: the count stays at the most."""

    def act(session: Session) -> object:
        if not limits.within(session, limits.MESSAGES, str(gate.reader())):
            raise limits.limited(limits.MESSAGES, now=db.now())
        return do(session)

    return act


def _too_many(limit: Limited) -> str:
    return _(
        "You have written a lot in a short time, and we have it all. Wait %(minutes)s minutes, then send this.",
        minutes=limit.minutes,
    )


def _step(form: forms.Form, reference: str, name: str, answers: Answers) -> Answer:
    """Takes a step of the requester's own challenge; one that is closed by now says why."""

    def do(session: Session) -> object:
        case = own_case(session, reference)
        if case.kind != KIND:
            raise CaseNotFound
        return verbs.take_step(session, case.id, name, by=gate.actor(), answers=answers, today=clocking.uk_today())

    return _done(form, do, _home(reference))


def _done(form: forms.Form, do: Callable[[Session], object], then: str) -> Answer:
    """One action, once per form key."""

    def act(session: Session) -> str:
        do(session)
        return then

    with in_words():
        answer = gate.perform(form.form_key.data, act)
    flash(_("We have got it."), "success")
    return answer


def _line_page(name: str, form: forms.Form, here: _Here, limit: Limited | None = None, **facts: object) -> Answer:
    shown = render_template(name, form=form, told=here.told, back=here.address(), **facts)
    return shown, limit.status if limit else form.status


def _page(name: str, form: forms.Form, one: Seen, limit: Limited | None = None, **facts: object) -> Answer:
    shown = render_template(name, form=form, one=one, back=_home(one.case.reference), **facts)
    return shown, limit.status if limit else form.status


def _home(reference: str) -> str:
    return url_for("requester.case_page", reference=reference)

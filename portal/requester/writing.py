"""What a requester says on a case: messages, an answer to our question, more files, and taking the request back."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import db, forms, gate
from portal.cases import clocking, evidence, mailbox, verbs
from portal.cases.corrections.lines import KIND
from portal.cases.models import Case
from portal.gate import page
from portal.people import limits
from portal.people.limits import Limited
from portal.requester import blueprint
from portal.requester.ask import Answer
from portal.requester.cases import MESSAGES, PROVEN, day, in_words, own_case, seen
from portal.requester.papers import PURPOSES, STANDS, inspected, too_many_files
from portal.requester.question_forms import EvidenceForm
from portal.uploads import UploadRefused
from workflows.table import Answers

NEED_ANSWER = "answer"


class MessageForm(forms.Form):
    """A message to us."""

    words = forms.LongTextField(
        _l("Write to us"), needed=_l("Write something before you send it"), longest=4000, short=_l("Your message")
    )
    go = forms.SubmitField(_l("Send"))


class ClarifyForm(forms.Form):
    """The answer to the question that stops the clock."""

    answer = forms.LongTextField(_l("Your answer"), needed=_l("Write your answer"), longest=4000)
    go = forms.SubmitField(_l("Send my answer"))


class WithdrawForm(forms.Form):
    """Nothing is taken back by one press of a button."""

    sure = forms.RadiosField(
        _l("Do you want to take your request back?"),
        choices=[("yes", _l("Yes, stop it")), ("no", _l("No, go on with it"))],
        needed=_l("Choose yes if you want to take your request back"),
    )
    go = forms.SubmitField(_l("Continue"))


class SendFileForm(EvidenceForm):
    """A file for a case that is open."""

    go = forms.SubmitField(_l("Send this file"))


@page(
    blueprint,
    "/cases/<string:reference>/messages",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="read and write messages about one's own request",
)
def messages(reference: str) -> Answer:
    form, case, limit = MessageForm(), _case(reference), None
    if form.validate_on_submit():
        words = str(form.words.data)
        try:
            return _done(form, case, lambda session: _write(session, case, words))
        except Limited as refused:
            limit = refused
            form["words"].errors = [_too_many_messages(limit)]
    with gate.runtime().database.write() as session:
        mailbox.log_look(session, case.id, by=gate.actor())
    with gate.runtime().database.read() as session:
        said = verbs.messages(session, case, kinds=MESSAGES)
    lines = [
        {
            "title": _("You") if row.kind == "from_requester" else _("We"),
            "when": day(row.at),
            "iso": row.at.date().isoformat(),
            "text": told["words"],
        }
        for row, told in reversed(said)
    ]
    return _page("requester/cases/messages.html", form, case, limit, lines=lines)


def _write(session: Session, case: Case, words: str) -> None:
    """Raises Limited; the transaction then ends, so the count stays at the most and every further try is refused."""
    if not limits.within(session, limits.MESSAGES, str(gate.reader())):
        raise limits.limited(limits.MESSAGES, now=db.now())
    verbs.write_message(session, case.id, "from_requester", words, by=gate.actor())


def _too_many_messages(limit: Limited) -> str:
    return _(
        "You have sent many messages in a short time, and we have them all. Wait %(minutes)s minutes, then send this "
        "one. If it is urgent, ring us.",
        minutes=limit.minutes,
    )


@page(
    blueprint,
    "/cases/<string:reference>/answer",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="answer the question we asked about one's own request",
)
def clarify(reference: str) -> Answer:
    form, case = ClarifyForm(), _case(reference)
    with gate.runtime().database.read() as session, in_words():
        one = seen(session, case)
    if not one.can("answer_clarification"):
        return gate.see_other(_home(case))
    if form.validate_on_submit():
        return _step(form, case, "answer_clarification", {NEED_ANSWER: str(form.answer.data)})
    question = next((e.answers.get("question") for e in reversed(one.events) if e.name == "ask_clarification"), "")
    return _page("requester/cases/clarify.html", form, case, question=question)


@page(
    blueprint,
    "/cases/<string:reference>/withdraw",
    methods=("GET", "POST"),
    who=PROVEN,
    step_up=True,
    opens=("case",),
    why="take one's own request back",
)
def withdraw(reference: str) -> Answer:
    form, case = WithdrawForm(), _case(reference)
    if case.kind == KIND:
        form["sure"].label.text = _("Do you want to take back all that you told us?")
    with gate.runtime().database.read() as session, in_words():
        one = seen(session, case)
    if not one.can("withdraw"):
        return gate.see_other(_home(case))
    if form.validate_on_submit():
        if form.sure.data == "no":
            return gate.see_other(_home(case))
        return _step(form, case, "withdraw", {"sure": True})
    return _page("requester/cases/withdraw.html", form, case)


@page(
    blueprint,
    "/cases/<string:reference>/files",
    methods=("GET", "POST"),
    who=PROVEN,
    opens=("case",),
    why="send more papers for one's own request",
)
def case_files(reference: str) -> Answer:
    form, case, limit = SendFileForm(), _case(reference), None
    if form.validate_on_submit():
        try:
            return _send_file(form, case)
        except UploadRefused as refused:
            form["file"].errors = [_(refused.words)]
        except Limited as too_many:
            limit = too_many
            form["file"].errors = [too_many_files(limit)]
    with gate.runtime().database.read() as session:
        rows = [
            (told["name"], str(PURPOSES[row.purpose]), day(row.at), STANDS.get(row.status))
            for row, told in evidence.sent_by_requester(session, case.id)
        ]
    return _page("requester/cases/files.html", form, case, limit, rows=rows, open=case.closed_at is None)


def _send_file(form: SendFileForm, case: Case) -> Answer:
    runtime = gate.runtime()
    accepted = inspected(form["file"].data)

    def do(session: Session) -> object:
        return evidence.add_to_case(
            session,
            runtime.files,
            case.id,
            accepted,
            purpose=form["purpose"].data,
            scanner=runtime.settings.scanner_socket,
            by=gate.actor(),
        )

    return _done(form, case, do, then=url_for("requester.case_files", reference=case.reference))


def _case(reference: str) -> Case:
    with gate.runtime().database.read() as session:
        return own_case(session, reference)


def _home(case: Case) -> str:
    return url_for("requester.case_page", reference=case.reference)


def _step(form: forms.Form, case: Case, name: str, answers: Answers) -> Answer:
    """Takes a step of the case and goes back to its page; a refused one says why beside the form's answers."""
    return _done(
        form,
        case,
        lambda session: verbs.take_step(
            session, case.id, name, by=gate.actor(), answers=answers, today=clocking.uk_today()
        ),
    )


def _done(form: forms.Form, case: Case, do: Callable[[Session], object], then: str = "") -> Answer:
    """One action, once per form key, and back to the case."""

    def act(session: Session) -> str:
        do(session)
        return then or _home(case)

    with in_words():
        answer = gate.perform(form.form_key.data, act)
    flash(_("We have got it."), "success")
    return answer


def _page(template: str, form: forms.Form, case: Case, limit: Limited | None = None, **facts: object) -> Answer:
    page_of = render_template(template, form=form, reference=case.reference, back=_home(case), **facts)
    return page_of, limit.status if limit else form.status

"""Bodies outside that are asked about one line: what they will see, the code that opens it, what they answer."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, gate, once
from portal.cases import evidence
from portal.cases.actors import Actor
from portal.cases.corrections import outside, recipients
from portal.cases.corrections.lines import Line
from portal.cases.corrections.outside import Shown
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.bodies import Chooser, chooser
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges import line_words
from portal.caseworker.challenges.table import Table, table
from portal.caseworker.review_room import RECORD
from portal.errors import Conflict
from portal.gate import page
from portal.records import OpenEntry, bodies
from portal.records.bodies import Body, BodyNotFound
from portal.records.known_as import known_as
from workflows.table import StepRefused

WAYS = {
    "phone": _l("By telephone, to the number in the register"),
    "letter": _l("By letter, to the address in the register"),
}
PURPOSES = {
    "ask_source": _l("Asked whether it is right"),
    "tell_source": _l("Told what was changed"),
    "tell_recipient": _l("Told what was changed"),
}


class NothingToAsk(Conflict):
    """The line is not at a point where a body can be asked about its entry."""

    words = _l(
        "A body is asked about a line once the challenge has passed its check and until the line is decided, where an "
        "entry is matched to it that can be opened."
    )


class Ask(forms.Form):
    """The question to one body: who it is was chosen before, in the address of the page."""

    way = forms.RadiosField(
        _l("How is the code given to them?"),
        hint=_l("The link goes by email. The code must go another way, to what the register has on file."),
        needed=_l("Choose how the code is given"),
    )
    answer_by = forms.DateField(
        _l("By when should they answer?"), short=_l("The date"), needed=_l("Enter the date by which they should answer")
    )
    claim = forms.LongTextField(
        _l("What we were told it should say"),
        hint=_l("They read these words. Never say who told us."),
        needed=_l("Write what it should say"),
        longest=2000,
    )
    evidence = forms.CheckboxesField(
        _l("Pictures that they may see"),
        hint=_l("Only what they need for the answer. Look at each one first: is the name of who sent it in it?"),
    )
    names_claimant = forms.CheckboxField(_l("The name of who sent it can be read in a picture that I have ticked"))
    note = forms.LongTextField(_l("A note to them, if they need one"), longest=1000)
    look = forms.SubmitField(_l("Show me what they will see"))
    send = forms.SubmitField(_l("Send the question"))


@dataclass(frozen=True)
class Question:
    """What is asked of whom: a line, its entry as its source knows the child, and the body."""

    opened: Table
    line: Line
    entry: OpenEntry
    shown: Shown
    body: Body | None
    chooser: Chooser | None
    pictures: list[tuple[str, str]]


@page(
    blueprint,
    "/cases/<string:reference>/sources",
    who=desk.STAFF,
    opens=("case",),
    why="who was asked or told about the lines of a challenge, and what they answered",
)
def case_sources(reference: str) -> str:
    with table(reference, "sources") as opened:
        links = outside.of_case(opened.session, opened.case)
        numbers = {line.id: line for line in opened.lines}
    return render_template(
        "caseworker/sources/list.html",
        case=opened.case,
        tag=tag_of(opened),
        links=[(link, numbers[link.line_id]) for link in links],
        open_lines=[line for line in opened.lines if _may_ask(line)],
        states=line_words.LINKS,
        answers=line_words.ANSWERS,
        purposes=PURPOSES,
        in_words=line_words.in_words,
        button=desk.Button(),
        today=opened.today,
    )


@page(
    blueprint,
    "/cases/<string:reference>/lines/<uuid:line_id>/ask",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=RECORD,
    why="ask a body about the one entry of a line, having seen exactly what it will read",
)
def ask_source(reference: str, line_id: uuid.UUID) -> Response | tuple[str, int]:
    with table(reference, "ask") as opened:
        question = _question(opened, line_id)
        form = _form(question)
        sound = "find" not in request.form and form.validate_on_submit() and _names_nobody(question, form)
    shown, preview = _shown(question, form), None
    if sound and form.send.data and question.body:
        try:
            return _sent(reference, line_id, question, shown, form)
        except StepRefused as refused:
            desk.blame(form, refused)
    elif sound:
        preview = shown
    return _page(question, form, preview), form.status


@page(
    blueprint,
    "/cases/<string:reference>/sources/<uuid:link_id>/end",
    methods=("POST",),
    who=desk.CASEWORKER,
    opens=("case",),
    why="end a link, so that it shows nothing any more",
)
def end_link(reference: str, link_id: uuid.UUID) -> Response:
    def end(session: Session, case: Case, by: Actor) -> None:
        outside.end(session, case.id, link_id, by=by)

    return desk.press(reference, f"/staff/cases/{reference}/sources", end)


def code_page(case: Case, tag: Any, code: str, body: Body, way: str) -> tuple[str, int]:
    """The code itself, shown in this answer and nowhere else."""
    shown = render_template(
        "caseworker/sources/code.html", case=case, tag=tag, code=code, body=body, way=way, ways=WAYS
    )
    return shown, 200


def sent_already(case: Case) -> Response:
    """A second press cannot show the code again: it is not kept."""
    words = _(
        "That was sent already. The code is shown only once: if it was not noted, end the link and send a new one."
    )
    return desk.told(words, desk.address(case, "sources"))


def ways_of(body: Body | None) -> list[tuple[str, str]]:
    """The ways besides e-mail that the register has for the body."""
    return [(way, str(WAYS[way])) for way in (body.reach.other_ways if body else ())]


def chosen_body(session: Session, own: Body | None) -> Body | None:
    """The body named in the page's address, or else `own`. Raises BodyNotFound."""
    asked = request.args.get("body")
    if not asked:
        return own
    try:
        return bodies.body(session, uuid.UUID(asked))
    except ValueError:
        raise BodyNotFound from None


def _may_ask(line: Line) -> bool:
    return line.state in {"disputed", "proposed"} and line.entry_id is not None


def _question(opened: Table, line_id: uuid.UUID) -> Question:
    """Raises NothingToAsk, and BodyNotFound for an address that names no body."""
    session, line = opened.session, opened.line(line_id)
    entry = opened.read([line.entry_id], challenged=True).get(line.entry_id) if line.entry_id else None
    if entry is None or opened.looking is None or not _may_ask(line):
        raise NothingToAsk
    known = known_as(session, opened.looking, entry.id, entry.category)
    settled = "send" in request.form and "body" in request.args  # the body was chosen on the page before
    own = None if settled else bodies.of_key(session, entry.source_key)
    shown = Shown(known.name, known.born, known.number, entry.label, entry.text, entry.about_on)
    offered = None if settled else chooser(session)
    return Question(
        opened,
        line,
        entry,
        shown,
        chosen_body(session, own),
        offered,
        _pictures(session, opened.case),
    )


def _pictures(session: Session, case: Case) -> list[tuple[str, str]]:
    """Pictures that were sent as evidence; papers that prove who somebody is are never passed on."""
    return [
        (row.id.hex, str(told.get("name", "")))
        for row, told in evidence.listed(session, case.id)
        if row.status == "clean" and row.purpose == "other"
    ]


def _form(question: Question) -> Ask:
    days = gate.runtime().settings.source_answer_days
    usual = {
        "answer_by": question.opened.today + datetime.timedelta(days=days),
        "claim": line_words.in_words(question.line.claim.should_say),
    }
    form = Ask(formdata=None, data=usual) if "find" in request.form else Ask(data=usual)
    form.way.choices = ways_of(question.body)
    form.evidence.choices = question.pictures
    return form


def _shown(question: Question, form: Ask) -> Shown:
    known = question.shown
    return Shown(
        known.child,
        known.child_born,
        known.child_number,
        known.label,
        known.value,
        known.about_on,
        claim=str(form.claim.data or ""),
        note=str(form.note.data or ""),
        evidence=tuple(form.evidence.data or ()),
        evidence_names_claimant=bool(form.names_claimant.data),
    )


def _names_nobody(question: Question, form: Ask) -> bool:
    """Whether no word that goes out names who asks; otherwise the form says so."""
    words = "\n".join(str(form[name].data or "") for name in ("claim", "note"))
    if not recipients.names_who_asks(question.opened.session, question.opened.case, words):
        return True
    desk.blame(form, StepRefused(_("Leave out the name of whoever told us, and our reference."), need="claim"))
    return False


def _sent(reference: str, line_id: uuid.UUID, question: Question, shown: Shown, form: Ask) -> Any:
    """Sends it, and shows the code once."""
    by, key, code, body = gate.actor(), str(form.form_key.data), "", question.body
    assert body is not None  # the caller has looked
    with gate.runtime().database.write() as session:
        case = desk.find(session, reference, by)
        again = once.first_outcome(session, str(by), key) or not once.remember(
            session, str(by), key, desk.address(case, "sources")
        )
        if not again:
            _link, code = outside.send(
                session,
                case.id,
                line_id,
                purpose="ask_source",
                source_id=body.id,
                way=str(form.way.data),
                shown=shown,
                answer_by=form.answer_by.data or question.opened.today,
                by=by,
            )
    return sent_already(case) if again else code_page(case, tag_of(question.opened), code, body, str(form.way.data))


def _page(question: Question, form: Ask, preview: Shown | None) -> str:
    return render_template(
        "caseworker/sources/ask.html",
        case=question.opened.case,
        tag=tag_of(question.opened),
        form=form,
        question=question,
        preview=preview,
        names=dict(question.pictures),
        reachable=bool(question.body and question.body.reach.email and question.body.reach.other_ways),
    )

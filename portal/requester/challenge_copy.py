"""From a released copy: which entries are wrong, what is wrong with each, then everything to check and to send.

Only a copy of one's own counts, while it lies open. What its entries say is shown behind a second factor of the last
five minutes; what somebody types is never behind it, so that nobody loses a long answer to it."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import replace
from typing import Any

from flask import Response, render_template, request, url_for
from flask_babel import gettext as _
from sqlmodel import Session

from portal import db, gate
from portal.cases import drafts, evidence, verbs
from portal.cases.clocking import uk_today
from portal.cases.corrections import adding
from portal.cases.corrections.lines import MOST_LINES, Claim, open_challenge
from portal.cases.drafts import DraftGone
from portal.cases.models import Case
from portal.cases.opening import Asked, Requester, Subject
from portal.documents import release
from portal.documents.pack import Pack
from portal.gate import page
from portal.people import limits
from portal.requester import blueprint
from portal.requester.ask import Answer
from portal.requester.cases import PROVEN, day, in_words, own_case
from portal.requester.challenge_draft import Begun, begun_at
from portal.requester.challenge_forms import (
    NEW,
    NumbersForm,
    RemoveForm,
    SayForm,
    SendForm,
    in_text,
    numbers_in,
    say_form,
)
from portal.requester.challenge_lines import Said, claim, claim_on, entry_for, how_many, next_line, rows
from portal.requester.reading import RECORD

WRONG = "/cases/<string:reference>/copies/<uuid:pack_id>/wrong"
Numbers = tuple[int, ...]


class _Refused(Exception):
    """What was typed cannot be kept; the words stand beside it."""

    def __init__(self, words: str, count: int | None = None) -> None:
        super().__init__()  # answers must not reach a log with the traceback
        self.words, self.count = words, count


@page(
    blueprint, WRONG, methods=("GET", "POST"), who=PROVEN, opens=("case",), why="ask which entries of a copy are wrong"
)
def wrong_numbers(reference: str, pack_id: uuid.UUID) -> Answer:
    form = NumbersForm()
    with gate.runtime().database.read() as session, in_words():
        begun = begun_at(session, reference, pack_id)
        if form.validate_on_submit():
            numbers = numbers_in(str(form.numbers.data))
            fault = _fault(begun, tuple(numbers))
            if not fault:
                return gate.see_other(_at("wrong_say", begun, numbers=in_text(numbers)))
            form["numbers"].errors = [fault]
    facts = {"back": url_for("requester.copy_parts", reference=reference, pack_id=pack_id), "begun": begun}
    without = _at("wrong_say", begun)
    return render_template("requester/challenge/numbers.html", form=form, without=without, **facts), form.status


@page(
    blueprint, f"{WRONG}/say", who=PROVEN, step_up=True, opens=RECORD, why="show the entries meant, ask what is wrong"
)
def wrong_say(reference: str, pack_id: uuid.UUID) -> Answer:
    with gate.runtime().database.read() as session, in_words():
        begun = begun_at(session, reference, pack_id, opens=True)
        line = begun.line(_asked_line())
        numbers = line.numbers if line else _asked_numbers()
        if _fault(begun, numbers, except_line=line):
            return gate.see_other(_at("wrong_check" if begun.lines else "wrong_numbers", begun))
        content = _content(session, begun)
    form = say_form(numbers, begun.kinds(numbers))(formdata=None, data=line.data if line else {"version": 0})
    entries = [content.entries[number - 1] for number in numbers]
    return _say_page(form, begun, numbers, entries=entries)


@page(
    blueprint, f"{WRONG}/say", methods=("POST",), who=PROVEN, opens=("case",), why="keep what is said of some entries"
)
def wrong_keep(reference: str, pack_id: uuid.UUID) -> Answer:
    with gate.runtime().database.read() as session, in_words():
        begun = begun_at(session, reference, pack_id)
    at, line = _asked_line(), begun.line(_asked_line())
    numbers = line.numbers if line else _asked_numbers()
    form = say_form(numbers, begun.kinds(numbers))()
    if form.validate_on_submit():

        def keep(session: Session) -> str:
            _keep(session, begun_at(session, reference, pack_id, hold=True), at, numbers, form)
            return _at("wrong_check", begun)

        try:
            with in_words():
                return gate.perform(form.form_key.data, keep)
        except _Refused as refused:
            form.form_errors.append(refused.words)
            if refused.count is not None:
                form["version"].data, form["version"].raw_data = refused.count, None
    return _say_page(form, begun, numbers)


def _keep(session: Session, begun: Begun, at: int, numbers: Numbers, form: SayForm) -> None:
    line = begun.line(at)
    if fault := _fault(begun, numbers, except_line=line):
        raise _Refused(fault)
    count = line.count if line else 0
    if line and form["version"].data != count:
        raise _Refused(_("You changed this in another window. To put this in its place, choose Continue."), count)
    others = [one for one in begun.lines if one is not line]
    if how_many(others) + (len(numbers) or 1) > MOST_LINES:
        raise _Refused(_("Choose up to %(most)s entries. You can send the rest afterwards.", most=MOST_LINES))
    kinds = set(begun.kinds(numbers))
    value_kind = kinds.pop() if len(kinds) == 1 else "text"
    draft = begun.draft or begun.begin(session)
    at = line.at if line else next_line(drafts.answers(session, draft))
    drafts.save(session, draft.id, begun.holder, entry_for(at, form, numbers, value_kind, count + 1))


@page(
    blueprint, f"{WRONG}/check", methods=("GET", "POST"), who=PROVEN, opens=("case",), why="check and send a challenge"
)
def wrong_check(reference: str, pack_id: uuid.UUID) -> Answer:
    sending = request.method == "POST"
    with gate.runtime().database.read() as session, in_words():
        begun = begun_at(session, reference, pack_id, opens=sending)
        papers, form = begun.papers(session), _send_form(session, begun)
    if begun.draft and form.validate_on_submit():
        gate.hold_back_floods(limits.NETWORK_SUBMISSIONS)
        to = form.to.data if form.to and form.to.data != NEW else ""
        try:
            with in_words():
                return gate.perform(form.form_key.data, lambda session: _send(session, reference, pack_id, to))
        except DraftGone:
            return _sent_already()
    if sending and begun.draft is None:
        return _sent_already()
    if not begun.lines:
        return gate.see_other(_at("wrong_numbers", begun))
    lines = [
        {
            "title": one.title,
            "rows": rows(one, change=_at("wrong_say", begun, line=one.at)),
            "remove": _at("wrong_remove", begun, line=one.at),
        }
        for one in begun.lines
    ]
    facts = {"more": _at("wrong_numbers", begun), "files": _at("wrong_files", begun), "here": _at("wrong_check", begun)}
    return render_template(
        "requester/challenge/check.html",
        form=form,
        lines=lines,
        papers=papers,
        remove=RemoveForm(formdata=None),
        back=url_for("requester.copy_parts", reference=reference, pack_id=pack_id),
        home=url_for("requester.case_page", reference=begun.case.reference),
        **facts,
    ), form.status


@page(blueprint, f"{WRONG}/remove/<int:line>", methods=("POST",), who=PROVEN, opens=("case",), why="take a line off")
def wrong_remove(reference: str, pack_id: uuid.UUID, line: int) -> Answer:
    if RemoveForm().validate_on_submit():
        with gate.runtime().database.write() as session, in_words():
            begun = begun_at(session, reference, pack_id, hold=True)
            if begun.draft and begun.line(line):
                drafts.save(session, begun.draft.id, begun.holder, {f"line:{line}": None})
    return gate.see_other(url_for("requester.wrong_check", reference=reference, pack_id=pack_id))


def _send_form(session: Session, begun: Begun) -> SendForm:
    """Asks what it belongs to only where they told us about this record before, and have no answer yet."""
    form, child_id = SendForm(), begun.case.child_id
    there = adding.to_add_to(session, begun.case.requester, child_id) if child_id else []
    if not there:
        del form.to
        return form
    sent = [(case.reference, _("Yes, to %(number)s of %(day)s", **_named(case))) for case in there]
    form["to"].choices = [*sent, (NEW, _("No, it is something new"))]
    return form


def _named(case: Case) -> dict[str, str]:
    return {"number": case.reference, "day": day(case.received_on)}


def _send(session: Session, reference: str, pack_id: uuid.UUID, to: str) -> str:
    """The lines become a case, or further lines of the one that is named, in one transaction with their files. The copy
    must lie open still."""
    begun, me = begun_at(session, reference, pack_id, hold=True, opens=True), gate.actor()
    if begun.draft is None:
        raise DraftGone
    if not begun.lines:
        return _at("wrong_numbers", begun)
    if not limits.within(session, limits.SUBMISSIONS, str(gate.reader())):
        raise limits.limited(limits.SUBMISSIONS, now=db.now())
    claims = _claims(session, begun)
    drafts.submitted(session, begun.draft.id, begun.holder)
    case = _added(session, to, claims) if to else _opened(session, begun, claims)
    evidence.move(session, begun.draft.id, case, gate.runtime().files, by=me)
    drafts.leave_receipt(session, begun.draft.id, [case.reference])
    return url_for("requester.challenge_sent", reference=case.reference)


def _opened(session: Session, begun: Begun, claims: list[Claim]) -> Case:
    asked, today = _asked(session, begun.case), uk_today()
    return open_challenge(session, asked, claims, by=gate.actor(), received_on=today, person_id=gate.reader().id)


def _added(session: Session, reference: str, claims: list[Claim]) -> Case:
    case = own_case(session, reference)
    adding.add_lines(session, case.id, claims, by=gate.actor())
    return case


def _sent_already() -> Response:
    """A second press in another window finds what the first one sent."""
    with gate.runtime().database.read() as session:
        sent = drafts.receipt(session, drafts.holder_for(gate.reader().id))  # type: ignore[arg-type]
    if not sent:
        raise DraftGone
    return gate.see_other(url_for("requester.challenge_sent", reference=sent[-1]))


def _claims(session: Session, begun: Begun) -> list[Claim]:
    content = _content(session, begun)
    claims: list[Claim] = []
    for line in begun.lines:
        claims += [_claim_on(line, number, content, begun) for number in line.numbers] or [claim(line)]
    return claims


def _claim_on(line: Said, number: int, content: Pack, begun: Begun) -> Claim:
    return claim_on(line, content.entries[number - 1], begun.pack.copy_number, begun.numbered[number][0])


def _asked(session: Session, case: Case) -> Asked:
    """Who it is about and in which right, as they said when they asked for the copy; checked anew (R-49)."""
    told = verbs.told(session, case)["subject"]
    born = datetime.date.fromisoformat(told["birth_date"]) if told.get("birth_date") else None
    return Asked(Requester(""), (replace(Subject(**{**told, "birth_date": None}), birth_date=born),))


def _content(session: Session, begun: Begun) -> Pack:
    """The copy, its opening logged."""
    return release.reading(session, gate.runtime().files, begun.case, begun.pack, by=gate.actor())


def _fault(begun: Begun, numbers: Numbers, *, except_line: Said | None = None) -> str:
    """Why these numbers cannot be chosen, in words, or nothing."""
    for number in numbers:
        if number not in begun.numbered:
            return _("There is no entry %(number)s in this copy. Look at the number before the entry.", number=number)
        if any(number in line.numbers for line in begun.lines if line is not except_line):
            return _("You told us about entry %(number)s already. You can change that on the next page.", number=number)
    return ""


def _say_page(form: SayForm, begun: Begun, numbers: Numbers, **facts: Any) -> Answer:
    told = {"numbers": in_text(numbers), "back": _at("wrong_check" if begun.lines else "wrong_numbers", begun)}
    query = {name: request.args[name] for name in ("numbers", "line") if name in request.args}
    action = _at("wrong_keep", begun, **query)
    return render_template("requester/challenge/say.html", form=form, action=action, **told, **facts), form.status


def _asked_numbers() -> Numbers:
    """The numbers of the address; none where it has none that can be read."""
    try:
        return tuple(numbers_in(request.args.get("numbers", "")[:200]))
    except ValueError:
        return ()


def _asked_line() -> int:
    return request.args.get("line", 0, type=int)


def _at(endpoint: str, begun: Begun, **query: Any) -> str:
    """A page of this challenge."""
    return url_for(f"requester.{endpoint}", reference=begun.case.reference, pack_id=begun.pack.id, **query)

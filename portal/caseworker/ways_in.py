"""A requester's second factor in the hands of staff: a number that was checked, a code read aloud on a call, and a
lost factor replaced. Each needs the caseworker's own second factor, shown just now."""

from __future__ import annotations

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, gate, once
from portal.cases import code_sheets, lost_factors, telephones, worklist
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import requester_of, tag_of
from portal.gate import page
from portal.people import factors, spoken_codes
from workflows.table import StepRefused

Answer = Response | tuple[str, int]


class Telephone(forms.Form):
    """Which way, and how the number was checked."""

    way = forms.RadiosField(_l("How does the code reach them?"), needed=_l("Choose how the code reaches them"))
    check = forms.RadiosField(
        _l("How was the number checked?"), needed=_l("Choose how the number was checked"), short=_l("The check")
    )
    save = forms.SubmitField(_l("Enter this number"))


class TellCode(forms.Form):
    """What the caseworker made sure of on the telephone."""

    asked = forms.RadiosField(
        _l("You have rung the number on file. How do you know that it is the right person?"),
        needed=_l("Choose how you know that it is the right person"),
    )
    go = forms.SubmitField(_l("Show me the code to read aloud"))


class Replace(forms.Form):
    """How it was checked again who asks, and how the new sheet reaches them."""

    how = forms.RadiosField(
        _l("How did you check again who is asking?"), needed=_l("Choose how you checked again who is asking")
    )
    note = forms.LongTextField(
        _l("What did you see or hear?"),
        hint=_l("Not an answer that a member of the family could know as well."),
        needed=_l("Say what you saw or heard"),
        longest=500,
    )
    way = forms.RadiosField(
        _l("How does the new sheet reach the person?"), needed=_l("Choose how the sheet reaches them")
    )
    make = forms.SubmitField(_l("End the old ones and make a new sheet"))


@page(
    blueprint,
    "/cases/<string:reference>/telephone",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="enter a number that was checked as a requester's second factor",
    step_up=True,
)
def telephone(reference: str) -> Answer:
    form = Telephone()
    form.way.choices = [(code, _(words)) for code, words in telephones.WAYS.items()]
    form.check.choices = [(code, _(words)) for code, words in telephones.CHECKS.items()]

    def enter(session: Session, case: Case, by: Actor) -> None:
        telephones.enrol(session, _asked(case).id, str(form.way.data), str(form.check.data), by=by)
        flash(_("The number is entered. The person is told that a way to sign in has changed."), "success")

    if form.validate_on_submit():
        try:
            return desk.act(reference, form, enter)
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "telephone") as opened:
        session, case = opened.session, _asked(opened.case)
        closed = telephones.closed_because(session, case)
        shown = render_template(
            "caseworker/people/telephone.html",
            case=case,
            tag=tag_of(opened),
            form=form,
            closed=_(closed) if closed else "",
            number=telephones.number_on_file(session, case),
            had_one=factors.had_one(session, "family", case.requester),
        )
    return shown, form.status


@page(blueprint, "/calls", who=desk.CASEWORKER, opens=("case",), why="list the people who asked to be rung with a code")
def calls() -> str:
    by = gate.actor()
    with gate.runtime().database.write() as session:
        worklist.log_list(session, by, "calls")
    with gate.runtime().database.read() as session:
        rows = telephones.to_ring(session, by)
        lines = [(call.reference, staff_words.moment(call.asked_at)) for call in rows]
    return render_template("caseworker/people/calls.html", lines=lines)


@page(
    blueprint,
    "/cases/<string:reference>/call",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="ring a requester who asked for it, and see the code to read aloud, once",
    step_up=True,
)
def call(reference: str) -> Answer:
    form = TellCode()
    form.asked.choices = [(code, _(words)) for code, words in telephones.ASKED.items()]
    if form.validate_on_submit():
        try:
            return _told(reference, form)
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "call") as opened:
        session, case = opened.session, _asked(opened.case)
        closed = telephones.refused_because(session, case)
        line = None if closed else spoken_codes.line(session, case.requester, "call_back")
        shown = render_template(
            "caseworker/people/call.html",
            case=case,
            tag=tag_of(opened),
            form=form,
            closed=_(closed) if closed else "",
            number=line.number if line else "",
            person=requester_of(session, case),
        )
    return shown, form.status


def _told(reference: str, form: TellCode) -> Answer:
    """The code is in this answer and nowhere else; a second press finds that it was told."""
    by, key = gate.actor(), spoken_codes.key_of(gate.runtime().settings)
    with gate.runtime().database.write() as session:
        case = _asked(desk.find(session, reference, by))
        code = telephones.tell_code(session, case.id, str(form.asked.data), by=by, key=key)
    minutes = int(spoken_codes.LIFE.total_seconds() // 60)
    return render_template("caseworker/people/told.html", case=case, code=" ".join(code), minutes=minutes), 200


@page(
    blueprint,
    "/cases/<string:reference>/lost",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="replace a requester's lost second factor, once it was checked again who asks; the new sheet is shown once",
    step_up=True,
)
def lost(reference: str) -> Answer:
    form = Replace()
    form.how.choices = [(code, _(words)) for code, words in lost_factors.HOW.items()]
    form.way.choices = [(code, _(words)) for code, words in code_sheets.WAYS.items()]
    if form.validate_on_submit():
        try:
            return _replaced(reference, form)
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "lost") as opened:
        session, case = opened.session, _asked(opened.case)
        known, ways = code_sheets.identity_known(session, case), code_sheets.open_ways(session, case)
        form.way.choices = [(code, _(words)) for code, words in ways.items()]
        shown = render_template(
            "caseworker/people/lost.html",
            case=case,
            tag=tag_of(opened),
            form=form,
            closed="" if known else _(code_sheets.UNKNOWN),
        )
    return shown, form.status


def _replaced(reference: str, form: Replace) -> Answer:
    by, key = gate.actor(), str(form.form_key.data)
    sheet = factors.new_sheet(gate.runtime().settings.secrets.pepper)  # slow, so before the transaction
    with gate.runtime().database.write() as session:
        case = _asked(desk.find(session, reference, by))
        again = once.first_outcome(session, str(by), key) or not once.remember(
            session, str(by), key, desk.address(case)
        )
        if not again:
            said = {name: str(form[name].data) for name in ("how", "note", "way")}
            lost_factors.replace(session, case.id, sheet, **said, by=by)
        shown = requester_of(session, case)
    if again:
        words = _("That sheet was made already, and it is shown only once. If it was not printed, make a new one.")
        return desk.told(words, desk.address(case, "lost"))
    codes = [factors.printed(code) for code in sheet.codes]
    return render_template("caseworker/people/sheet.html", case=case, person=shown, codes=codes), 200


def _asked(case: Case) -> Case:
    if case.requester_id is None:  # nobody asked, so there is nobody to let in
        raise CaseNotFound
    return case

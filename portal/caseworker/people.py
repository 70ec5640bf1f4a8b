"""The requester of a case: a sheet of codes as their second factor, made once it is known who they are."""

from __future__ import annotations

from flask import Response, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import forms, gate, once
from portal.cases import code_sheets
from portal.cases.ledger import CaseNotFound
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import requester_of, tag_of
from portal.gate import page
from portal.people import factors
from workflows.table import StepRefused


class MakeSheet(forms.Form):
    """How the sheet reaches the person."""

    way = forms.RadiosField(_l("How does the sheet reach the person?"), needed=_l("Choose how the sheet reaches them"))
    make = forms.SubmitField(_l("Make the sheet"))


@page(
    blueprint,
    "/cases/<string:reference>/code-sheet",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="make a sheet of codes for a requester whose identity is accepted; it is shown once",
    step_up=True,
)
def code_sheet(reference: str) -> Response | tuple[str, int]:
    form = MakeSheet()
    form.way.choices = [(code, _(words)) for code, words in code_sheets.WAYS.items()]
    if form.validate_on_submit():
        try:
            return _made(reference, form)
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "code-sheet") as opened:
        session, case = opened.session, opened.case
        if case.requester_id is None:
            raise CaseNotFound
        closed, ways = code_sheets.closed_because(session, case), code_sheets.open_ways(session, case)
        form.way.choices = [(code, _(words)) for code, words in ways.items()]
        shown = render_template(
            "caseworker/people/make_sheet.html",
            case=case,
            tag=tag_of(opened),
            form=form,
            closed=_(closed) if closed else "",
            person=requester_of(session, case),
            left=factors.codes_left(session, case.requester),
            by_post="post" in ways,
        )
    return shown, form.status


def _made(reference: str, form: MakeSheet) -> Response | tuple[str, int]:
    """The sheet itself. It is in this answer and nowhere else, so a second press cannot show it again."""
    by, key = gate.actor(), str(form.form_key.data)
    sheet = factors.new_sheet(gate.runtime().settings.secrets.pepper)  # slow, so before the transaction
    with gate.runtime().database.write() as session:
        case = desk.find(session, reference, by)
        again = once.first_outcome(session, str(by), key) or not once.remember(
            session, str(by), key, desk.address(case)
        )
        if not again:
            code_sheets.hand_out(session, case.id, str(form.way.data), sheet, by=by)
        shown = requester_of(session, case)
    if again:
        words = _("That sheet was made already, and it is shown only once. If it was not printed, make a new one.")
        return desk.told(words, desk.address(case, "code-sheet"))
    codes = [factors.printed(code) for code in sheet.codes]
    return render_template("caseworker/people/sheet.html", case=case, person=shown, codes=codes), 200

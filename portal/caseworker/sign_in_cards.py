"""A requester without a mailbox: a card to sign in with, printed once, and with it a sheet of codes if need be."""

from __future__ import annotations

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, gate, once
from portal.cases import code_sheets, sign_in_cards
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import requester_of, tag_of
from portal.gate import page
from portal.people import cards, factors
from workflows.table import StepRefused


class MakeCard(forms.Form):
    """How the card reaches the person, and whether a sheet of codes goes with it."""

    way = forms.RadiosField(_l("How does the card reach the person?"), needed=_l("Choose how the card reaches them"))
    sheet = forms.RadiosField(
        _l("Do they need a sheet of codes too?"),
        choices=[("no", _l("No, they have a second factor")), ("yes", _l("Yes, make one now"))],
        hints={"yes": _l("Only when you hand both over in person. An earlier sheet stops working.")},
        needed=_l("Choose whether they need a sheet of codes too"),
    )
    make = forms.SubmitField(_l("Make the card"))


@page(
    blueprint,
    "/cases/<string:reference>/card",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="make a card to sign in with for a requester whose identity is accepted; it is shown once",
    step_up=True,
)
def card(reference: str) -> Response | tuple[str, int]:
    form = MakeCard()
    form.way.choices = [(code, _(words)) for code, words in code_sheets.WAYS.items()]
    if form.validate_on_submit():
        try:
            return _made(reference, form)
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "card") as opened:
        session, case = opened.session, opened.case
        if case.requester_id is None:
            raise CaseNotFound
        closed, ways = sign_in_cards.closed_because(session, case), code_sheets.open_ways(session, case)
        form.way.choices = [(code, _(words)) for code, words in ways.items()]
        shown = render_template(
            "caseworker/people/make_card.html",
            case=case,
            tag=tag_of(opened),
            form=form,
            closed=_(closed) if closed else "",
            there=cards.live(session, case.requester, sign_in_cards.PURPOSE),
            by_post="post" in ways,
            button=desk.Button(),
        )
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/card/end",
    methods=("POST",),
    who=desk.CASEWORKER,
    opens=("case",),
    why="end the card of a requester who lost it, and sign out whoever came in with it",
)
def end_card(reference: str) -> Response:
    def stop(session: Session, case: Case, by: Actor) -> None:
        if case.requester_id is None:
            raise CaseNotFound
        sign_in_cards.end(session, case.id, by=by)
        flash(_("The card has ended. Nobody can sign in with it."), "success")

    return desk.press(reference, f"/staff/cases/{reference}/card", stop)


def _made(reference: str, form: MakeCard) -> Response | tuple[str, int]:
    """The card itself. It is in this answer and nowhere else, so a second press cannot show it again."""
    by, key, settings = gate.actor(), str(form.form_key.data), gate.runtime().settings
    pepper = settings.secrets.pepper
    new = cards.new_card(pepper)  # slow, so before the transaction, as is the sheet
    sheet = factors.new_sheet(pepper) if form.sheet.data == "yes" else None
    with gate.runtime().database.write() as session:
        case = desk.find(session, reference, by)
        if case.requester_id is None:
            raise CaseNotFound
        again = once.first_outcome(session, str(by), key) or not once.remember(
            session, str(by), key, desk.address(case)
        )
        if not again:
            sign_in_cards.hand_out(session, case.id, str(form.way.data), new, sheet, by=by)
        person = requester_of(session, case)
    if again:
        words = _("That card was made already, and it is shown only once. If it was not printed, make a new one.")
        return desk.told(words, desk.address(case, "card"))
    posted = form.way.data == "post"
    return render_template(
        "caseworker/people/card.html",
        case=case,
        card=new,
        codes=[factors.printed(code) for code in sheet.codes] if sheet else [],
        lines=[str(person.get("name") or ""), *str(person.get("address") or "").splitlines()] if posted else [],
        address=settings.family_url.rstrip("/") + "/sign-in/card",
    ), 200

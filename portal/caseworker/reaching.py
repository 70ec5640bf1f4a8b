"""How a requester may be reached: the card beside the telephone, the word a caller is asked for, what is stopped at
once and what waits for a second person."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import db, forms, gate
from portal.cases import reaching, watching
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import on_overview, tag_of
from portal.caseworker.desk import Desk
from portal.gate import page
from portal.people import contact, contact_changes, limits
from portal.people.contact_changes import New
from portal.runtime import Runtime
from workflows.table import StepRefused

HOURS = {
    "morning": _l("Mornings, 8 to 12"),
    "afternoon": _l("Afternoons, 12 to 5"),
    "evening": _l("Evenings, 5 to 9"),
    contact.WEEKEND: _l("At weekends too"),
}
MAY_SAY = {
    "nothing": _l("Say nothing but that you ring for them"),
    "who": _l("You may say who you are"),
    "all": _l("You may say what it is about, once it is them"),
}
CHOICES = [(way, staff_words.WAYS[way]) for way in contact.CHANNELS]


class Word(forms.Form):
    """What the caller said when they were asked for their word."""

    word = forms.TextField(
        _l("The word, as the caller said it"), needed=_l("Type the word that the caller said"), longest=100
    )
    check = forms.SubmitField(_l("Check the word"))


class Stop(forms.Form):
    """What stops at once."""

    channels = forms.CheckboxesField(_l("What must not be used any more?"), choices=CHOICES)
    never = forms.CheckboxField(_l("The address or number must never be used again"))
    word = forms.TextField(
        _l("The caller’s code word"), hint=_l("Ask for it. Leave empty if they cannot say it."), longest=100
    )
    why = forms.LongTextField(
        _l("If they could not say it: why do you stop it all the same?"),
        hint=_l("Stopping is safe: at worst we have to ring them. So do it when in doubt."),
        longest=500,
        short=_l("Why it is stopped"),
    )
    save = forms.SubmitField(_l("Stop it now"))


class NewWay(forms.Form):
    """A new address, number or channel."""

    channels = forms.CheckboxesField(_l("What is safe from now on?"), choices=CHOICES, needed=_l("Choose what is safe"))
    email = forms.EmailField(_l("Email address, if it is new"))
    phone = forms.TextField(_l("Phone number, if it is new"), longest=40)
    address = forms.LongTextField(_l("Postal address, if it is new"), counted=False, longest=500)
    old = forms.RadiosField(
        _l("Is the old one still safe?"),
        choices=[
            ("yes", _l("Yes, or there is none: they are told there as well")),
            ("no", _l("No: nothing is sent there again")),
        ],
        needed=_l("Choose whether the old one is still safe"),
        short=_l("Whether the old one is safe"),
    )
    why = forms.LongTextField(
        _l("How do you know that it was them who asked?"), needed=_l("Say how you know that it was them"), longest=500
    )
    save = forms.SubmitField(_l("Enter it"))


@page(
    blueprint,
    "/cases/<string:reference>/contact",
    who=desk.STAFF,
    opens=("case",),
    why="how the requester may be reached, what may be said, and what waits",
)
def contact_card(reference: str) -> str:
    with desk.looking(reference, "contact") as opened:
        facts = card(opened)
    return render_template("caseworker/contact/card.html", word=Word(formdata=None), button=desk.Button(), **facts)


@page(
    blueprint,
    "/cases/<string:reference>/contact/word",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="check the word that a caller was asked for",
)
def check_word(reference: str) -> Response | tuple[str, int]:
    form = Word()
    if not form.validate_on_submit():
        with desk.looking(reference, "contact") as opened:
            facts = card(opened)
        return render_template("caseworker/contact/card.html", word=form, button=desk.Button(), **facts), form.status
    answer = _heard(reference, str(form.word.data))

    def note(session: Session, case: Case, by: Actor) -> str:
        reaching.heard(session, case.id, answer, by=by)
        flash(*WORD_SAID[answer])
        return desk.address(case, "contact")

    return desk.act(reference, form, note)


@page(
    blueprint,
    "/cases/<string:reference>/contact/stop",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="stop a channel at once, on a call",
)
def stop_channel(reference: str) -> Response | tuple[str, int]:
    form = Stop()
    if form.validate_on_submit():
        word = _heard(reference, str(form.word.data)) if form.word.data else reaching.NOT_SET

        def stop(session: Session, case: Case, by: Actor) -> str:
            reaching.stop(
                session,
                case.id,
                form.channels.data or [],
                word=word,
                why=form.why.data or "",
                never=bool(form.never.data),
                by=by,
            )
            flash(_("It is not used any more, from this moment on."), "success")
            return desk.address(case, "contact")

        try:
            return desk.act(reference, form, stop)
        except StepRefused as refused:
            desk.blame(form, refused)
    return _form_page(reference, form, "caseworker/contact/stop.html")


@page(
    blueprint,
    "/cases/<string:reference>/contact/new",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="enter a new way to reach the requester; a second person confirms it",
    step_up=True,
)
def new_channel(reference: str) -> Response | tuple[str, int]:
    form = NewWay()
    if form.validate_on_submit():
        new = New(tuple(form.channels.data or ()), form.email.data, form.phone.data, form.address.data)

        def enter(session: Session, case: Case, by: Actor) -> str:
            old_is_safe = form.old.data == "yes"
            reaching.propose(session, case.id, new, old_is_safe=old_is_safe, why=str(form.why.data), by=by)
            flash(
                _("It waits for three days, and for a second person. Until then nothing is sent by itself."), "success"
            )
            return desk.address(case, "contact")

        try:
            return desk.act(reference, form, enter)
        except StepRefused as refused:
            desk.blame(form, refused)
    return _form_page(reference, form, "caseworker/contact/new.html")


@page(
    blueprint,
    "/cases/<string:reference>/contact/confirm",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="confirm, as a second person, a new way to reach the requester",
    step_up=True,
)
def confirm_change(reference: str) -> Response:
    return _press(reference, reaching.confirm)


@page(
    blueprint,
    "/cases/<string:reference>/contact/cancel",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="drop a new way to reach the requester",
)
def cancel_change(reference: str) -> Response:
    return _press(reference, reaching.cancel)


@page(
    blueprint,
    "/cases/<string:reference>/contact/watched",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="note that somebody has seen to a requester who is being watched",
)
def settle_watched(reference: str) -> Response:
    return _press(reference, watching.settle)


WORD_SAID = {
    reaching.RIGHT: (_l("That is the word."), "success"),
    reaching.WRONG: (_l("That is not the word. Tell the caller nothing, not even that there is a case."), "message"),
    reaching.NOT_SET: (_l("No word has been set. Ask something that only they know."), "message"),
}


def card(opened: Desk) -> dict[str, Any]:
    """What the card shows. An address is on it only while it may be used."""
    session, case = opened.session, opened.case
    if case.requester_id is None:
        raise CaseNotFound
    told = contact_changes.told_of(session, case.requester_id)
    change = contact.waiting_change(session, case.requester_id)
    ways = [(staff_words.WAYS[way], contact.usable(told, way) or "") for way in contact.CHANNELS]
    wishes = contact.wishes(told)
    return {
        "case": case,
        "tag": tag_of(opened),
        "ways": [(str(name), value) for name, value in ways],
        "reachable": bool(contact.safe_ways(told)),
        "wishes": wishes,
        "hours": ", ".join(str(HOURS[one]) for one in wishes.hours if one in HOURS),
        "may_say": MAY_SAY[wishes.may_say],
        "change": change,
        "new": reaching.new_way(session, change) if change else {},
        "new_ways": ", ".join(str(staff_words.WAYS[one]) for one in reaching.new_way(session, change)["channels"])
        if change
        else "",
        "mine": change is not None and change.made_by == str(opened.by),
        "watched": watching.is_watched(session, case),
    }


@on_overview
def _on_overview(session: Session, case: Case) -> dict[str, Any]:
    waits = case.requester_id is not None and contact.waiting_change(session, case.requester_id) is not None
    return {"contact_waits": waits, "watched": watching.is_watched(session, case)}


def _heard(reference: str, typed: str) -> str:
    """Whether the caller said the word. The slow hash comes before the transaction that notes it, and tries are counted
    first. Raises Limited after five wrong ones in an hour, whoever asks."""
    runtime, by = gate.runtime(), gate.actor()
    with runtime.database.write() as session:
        case = desk.find(session, reference, by)
        if case.requester_id is None:
            raise CaseNotFound
        allowed = contact_changes.may_try_word(session, case.requester_id)
        told = contact_changes.told_of(session, case.requester_id)
    if not allowed:
        raise limits.limited(contact_changes.CODE_WORDS, now=db.now())
    return _answer(runtime, told, typed)


def _answer(runtime: Runtime, told: dict[str, Any], typed: str) -> str:
    right = contact_changes.code_word_is(told, typed, pepper=runtime.settings.secrets.pepper)
    if not told.get("code_word_hash"):
        return reaching.NOT_SET
    return reaching.RIGHT if right else reaching.WRONG


def _press(reference: str, verb: Any) -> Response:
    return desk.press(
        reference,
        f"/staff/cases/{reference}/contact",
        lambda session, case, by: verb(session, case.id, by=by),
    )


def _form_page(reference: str, form: forms.Form, template: str) -> tuple[str, int]:
    with desk.looking(reference, "contact") as opened:
        if opened.case.requester_id is None:
            raise CaseNotFound
        return render_template(template, case=opened.case, tag=tag_of(opened), form=form), form.status

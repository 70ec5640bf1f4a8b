"""A request that came by letter, phone, e-mail or in person, entered with its true day of receipt (R-8)."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, gate
from portal.cases import clocking, posting, verbs
from portal.cases.ledger import CaseNotFound
from portal.cases.opening import Asked, Requester, Subject, open_cases
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import requester_of, tag_of
from portal.gate import page
from portal.people.models import Staff
from workflows.authority import BASES
from workflows.days import EARLIEST
from workflows.table import StepRefused

MOST_SUBJECTS = 6
PARTS = ("requester_kind", "relationship", "names", "former_names", "birth_date", "address", "school", "identifiers")


class Entering(forms.Form):
    """The head of the form; the questions about each data subject are added to it."""

    channel = forms.RadiosField(
        _l("How did it come?"),
        choices=[(code, words) for code, words in staff_words.CHANNELS.items() if code != "portal"],
        needed=_l("Choose how it came"),
    )
    received_on = forms.DateField(
        _l("On which day did it reach us?"),
        short=_l("The day of receipt"),
        hint=_l("The first day it reached any part of the organisation, in any way. The month is counted from it."),
        needed=_l("Enter the day of receipt"),
        earliest=lambda: EARLIEST,
        latest=clocking.uk_today,
    )
    words = forms.LongTextField(
        _l("What is asked for, in their own words"), hint=_l("Leave empty if they ask for everything.")
    )
    name = forms.TextField(_l("Name of the requester"), needed=_l("Enter the name of the requester"))
    email = forms.EmailField(_l("Email address"))
    phone = forms.TextField(_l("Phone number"), longest=40)
    postal = forms.LongTextField(_l("Postal address"), counted=False, longest=500)
    safe = forms.CheckboxesField(
        _l("Which ways did they say are safe?"),
        hint=_l("Nothing is sent on a way that is not ticked. Ask if you do not know."),
        choices=list(staff_words.WAYS.items()),
    )
    safe_notes = forms.TextField(_l("Anything to know about reaching them safely"), longest=500)
    needs = forms.TextField(_l("Language, format or help they need"), longest=500)
    subjects = forms.HiddenField()


def entry_form(count: int) -> type[Entering]:
    """The form for `count` data subjects."""
    fields: dict[str, Any] = {}
    for number in range(1, count + 1):
        fields.update(about(number))
    fields["more"] = forms.SubmitField(_l("Add another person the request is about"))
    fields["save"] = forms.SubmitField(_l("Enter the request"))
    return type("EntryForm", (Entering,), fields)


def about(number: int) -> dict[str, Any]:
    """The questions about one data subject."""
    bases = [(one.code, _(one.label)) for one in BASES]
    return {
        f"requester_kind_{number}": forms.RadiosField(
            _l("For whom do they ask?"),
            choices=list(staff_words.ASKS_FOR.items()),
            needed=_l("Choose for whom they ask"),
        ),
        f"relationship_{number}": forms.SelectField(
            _l("On what footing, as they say"), choices=[("", _l("Not said")), *bases]
        ),
        f"names_{number}": forms.TextField(
            _l("Full name of the person the record is about"), needed=_l("Enter their full name")
        ),
        f"former_names_{number}": forms.TextField(_l("Other or former names")),
        f"birth_date_{number}": forms.DateField(_l("Date of birth"), latest=clocking.uk_today),
        f"address_{number}": forms.LongTextField(_l("Address"), counted=False, longest=500),
        f"school_{number}": forms.TextField(_l("School")),
        f"identifiers_{number}": forms.TextField(_l("Numbers they gave"), hint=_l("Local number, UPN, NHS number")),
    }


@page(
    blueprint,
    "/requests/new",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="enter a request that came by letter, phone, e-mail or in person",
)
def enter_request() -> Response | tuple[str, int]:
    count = _count(request.form.get("subjects"))
    more = "more" in request.form
    if more and count < MOST_SUBJECTS:
        count += 1
    form = entry_form(count)()
    form.subjects.raw_data, form.subjects.data = None, str(count)
    if not more and form.validate_on_submit():
        try:
            return gate.perform(form.form_key.data, lambda session: _enter(session, form, count))
        except StepRefused as refused:  # days that cannot be
            desk.blame(form, refused)
    shown = render_template(
        "caseworker/requests/new.html", form=form, count=count, parts=PARTS, room=count < MOST_SUBJECTS
    )
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/receipt",
    who=desk.STAFF,
    opens=("case",),
    why="print the receipt of a request as a letter",
)
def print_receipt(reference: str) -> str:
    with desk.looking(reference, "receipt") as opened:
        session, case = opened.session, opened.case
        if case.requester_id is None:  # a receipt is for somebody who asked
            raise CaseNotFound
        return render_template(
            "caseworker/requests/receipt.html",
            case=case,
            tag=tag_of(opened),
            person={**requester_of(session, case), "address": posting.reachable(session, case)},
            clock=clocking.reading(session, case, opened.events, today=opened.today),
            today=opened.today,
        )


def _enter(session: Session, form: Any, count: int) -> str:
    by, asked = gate.actor(), asked_of(form, count)
    opened = open_cases(session, asked, by=by, received_on=form.received_on.data)
    for case in opened.cases:  # whoever enters a request holds it until they give it on
        verbs.assign(session, case.id, session.get(Staff, by.id), by=by)
    references = ", ".join(case.reference for case in opened.cases)
    flash(_("Entered as %(references)s. You can print the receipt from the case.", references=references), "success")
    return desk.address(opened.cases[0])


def asked_of(form: Any, count: int) -> Asked:
    """The head of the form and the first `count` data subjects, as a case is opened from it."""
    return Asked(
        requester=Requester(
            name=form.name.data,
            email=form.email.data or "",
            phone=form.phone.data or "",
            address=form.postal.data or "",
            safe_channels=tuple(form.safe.data or ()),
            safe_notes=form.safe_notes.data or "",
        ),
        subjects=tuple(_subject(form, number) for number in range(1, count + 1)),
        channel=form.channel.data,
        everything=not form.words.data,
        words=form.words.data or "",
        needs=form.needs.data or "",
        format="paper" if not form.email.data else "portal",
    )


def _subject(form: Any, number: int) -> Subject:
    given: dict[str, Any] = {part: form[f"{part}_{number}"].data for part in PARTS}
    told: dict[str, Any] = {part: value if part == "birth_date" else value or "" for part, value in given.items()}
    return Subject(**told)


def _count(text: str | None) -> int:
    return int(text) if text in {str(number) for number in range(1, MOST_SUBJECTS + 1)} else 1

"""What was said on a case: messages both ways, notes for staff, calls and visits logged."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms
from portal.cases import mailbox, verbs
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.gate import page
from workflows.table import StepRefused

KINDS = ("from_requester", "to_requester", "note", "contact")
TITLES = {
    "from_requester": _l("The requester wrote"),
    "to_requester": _l("Message to the requester"),
    "note": _l("Note for staff"),
    "contact": _l("Contact"),
}


class ToRequester(forms.Form):
    """Words that the requester will read after signing in."""

    words = forms.LongTextField(
        _l("Your message"),
        hint=_l("The requester reads it after signing in. They get a mail that says only that there is news."),
        needed=_l("Write your message"),
    )
    save = forms.SubmitField(_l("Send to the requester"))


class Note(forms.Form):
    """Words that stay with staff. The person they concern may one day ask to see them."""

    words = forms.LongTextField(
        _l("Your note"),
        hint=_l("Only staff see it here. It is part of the case file, and can be asked for like the rest."),
        needed=_l("Write your note"),
    )
    save = forms.SubmitField(_l("Keep the note"))


class Contact(forms.Form):
    """A call, a visit or a voicemail, logged."""

    way = forms.SelectField(
        _l("How?"), choices=[("", _l("Choose one")), *staff_words.CONTACTS.items()], needed=_l("Choose how it was")
    )
    words = forms.LongTextField(_l("What was said or left"), needed=_l("Say what was said or left"))
    save = forms.SubmitField(_l("Log the contact"))


# Three pages and not one with a choice: a note must never reach the requester by a slip of a button.
WRITING: dict[str, tuple[str, type[forms.Form], Any]] = {
    "to-requester": ("to_requester", ToRequester, _l("Write to the requester")),
    "note": ("note", Note, _l("Add a note")),
    "contact": ("contact", Contact, _l("Log a contact")),
}


@page(
    blueprint, "/cases/<string:reference>/messages", who=desk.STAFF, opens=("case",), why="read what was said on a case"
)
def case_messages(reference: str) -> str:
    with desk.looking(reference, "messages") as opened:
        said = verbs.messages(opened.session, opened.case, kinds=KINDS)
        names = staff_words.names_of(opened.session, {row.actor for row, _told in said})
        opened_at = mailbox.opened_at(opened.session, opened.case, [row for row, _told in said])
        lines = [
            {
                "title": TITLES[row.kind],
                "row": row,
                "told": told,
                "by": staff_words.by_whom(row.actor, names),
                "way": staff_words.CONTACTS.get(told.get("way", ""), ""),
                "opened_at": opened_at.get(row.id),
                "new": row.kind == "from_requester" and row.read_at is None,
            }
            for row, told in reversed(said)
        ]
        return render_template(
            "caseworker/messages/list.html",
            case=opened.case,
            tag=tag_of(opened),
            lines=lines,
            unread=sum(bool(line["new"]) for line in lines),
            button=desk.Button(),
        )


@page(
    blueprint,
    "/cases/<string:reference>/messages/read",
    methods=("POST",),
    who=desk.STAFF,
    opens=("case",),
    why="mark the requester's messages as read",
)
def read_messages(reference: str) -> Response:
    def read(session: Session, case: Case, by: Actor) -> None:
        mailbox.mark_read(session, case.id, by=by)

    return desk.press(reference, f"/staff/cases/{reference}/messages", read)


@page(
    blueprint,
    "/cases/<string:reference>/messages/new/<string:what>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="write to the requester, add a note for staff, or log a contact",
)
def write_message(reference: str, what: str) -> Response | tuple[str, int]:
    if what not in WRITING:
        raise CaseNotFound
    kind, form_class, title = WRITING[what]
    form = form_class()
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _write(session, case, by, kind, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "message") as opened:
        if kind == "to_requester" and opened.case.requester_id is None:
            raise CaseNotFound
        shown = render_template(
            "caseworker/messages/write.html", case=opened.case, tag=tag_of(opened), form=form, title=title, what=what
        )
    return shown, form.status


def _write(session: Session, case: Case, by: Actor, kind: str, form: forms.Form) -> str:
    way = str(form["way"].data) if "way" in form else ""
    verbs.write_message(session, case.id, kind, str(form["words"].data), by=by, way=way)
    flash(_("Your message has been sent.") if kind == "to_requester" else _("Saved."), "success")
    return desk.address(case, "messages")

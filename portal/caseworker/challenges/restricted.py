"""Entries whose use is restricted: one stated reason opens them, at once (Article 18, R-105)."""

from __future__ import annotations

import re
import uuid

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, records
from portal.cases import verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import tag_of
from portal.caseworker.review_room import RECORD
from portal.gate import page
from portal.records import OpenEntry
from portal.records.restrictions import REASONS, NoReason
from workflows.table import StepRefused

_BACK = re.compile(r"(review|lines)(/[0-9a-f-]{36})?", re.ASCII)


class OpenIt(forms.Form):
    """The reason for which a restricted entry is needed."""

    because = forms.RadiosField(
        _l("For which reason do you need it?"),
        hint=_l("What you choose is logged. The entry is then open to you for this case for eight hours."),
        choices=[(code, _l(words)) for code, words in REASONS.items()],
        needed=_l("Choose the reason for which you need it"),
    )
    back = forms.HiddenField()
    open = forms.SubmitField(_l("Open the entry"))


def open_form(entry: OpenEntry | None, back: str) -> OpenIt | None:
    """The form for an entry that stays shut, to be set beside it; None for any other. `back` is the page of the case
    it stands on."""
    if entry is None or not entry.masked:
        return None
    return OpenIt(formdata=None, data={"back": back})


@page(
    blueprint,
    "/cases/<string:reference>/restricted/<uuid:entry_id>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=RECORD,
    why="open an entry whose use is restricted, for one stated reason",
)
def open_restricted(reference: str, entry_id: uuid.UUID) -> Response | tuple[str, int]:
    form = OpenIt(data={"back": request.args.get("back", "")})
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _open(session, case, by, entry_id, form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except NoReason as none:
            desk.blame(form, StepRefused(none.words, need="because"))
    with desk.looking(reference, "restricted") as opened:
        shown = render_template(
            "caseworker/challenges/restricted.html", case=opened.case, tag=tag_of(opened), form=form
        )
    return shown, form.status


def _open(session: Session, case: Case, by: Actor, entry_id: uuid.UUID, form: OpenIt) -> str:
    records.open_restricted(session, verbs.look_for(case, by), entry_id, str(form.because.data))
    flash(_("The entry is open. The reason is in the log."), "success")
    back = str(form.back.data or "")
    return desk.address(case, back) if _BACK.fullmatch(back) else desk.address(case)

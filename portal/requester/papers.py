"""Papers sent with a request: inspected in a limited child process before anything is kept, listed, taken off again."""

from __future__ import annotations

import uuid

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from portal import db, forms, gate
from portal.cases import drafts, evidence
from portal.cases.opening import visitor
from portal.gate import page
from portal.people import limits
from portal.people.limits import Limited
from portal.requester import ask, blueprint, draft
from portal.requester.journey import NAMED, Stop, way
from portal.requester.question_forms import EvidenceForm, QuestionForm
from portal.uploads import LIMITS, Accepted, UploadRefused, check_room, inspect

STANDS = {
    "held": _l("We are checking that this file cannot harm a computer."),
    "infected": _l("This file may harm a computer, so we destroyed it. Send a photo of the page instead."),
}
PURPOSES = {"identity": _l("Who I am"), "authority": _l("That I may ask"), "other": _l("Something else")}


class NoMoreForm(QuestionForm):
    """The button that goes on."""

    go = forms.SubmitField(_l("Continue"))


class TakeOffForm(forms.Form):
    """The button that takes a file off."""

    go = forms.SubmitField(_l("Remove"))


def inspected(sent: FileStorage) -> Accepted:
    """The file, read and rebuilt. Called outside any transaction: it starts a process.

    Raises UploadRefused, and Limited for too many files of one person."""
    gate.hold_back_floods(draft.UPLOADS)
    who = gate.reader()
    with gate.runtime().database.write() as session:
        allowed = limits.within(session, limits.FILES, str(who) if who.id else draft.browser())
    if not allowed:
        raise limits.limited(limits.FILES, now=db.now())
    return inspect(sent.filename or "", sent.stream.read(LIMITS.file_bytes + 1))


def too_many_files(limit: Limited) -> str:
    """Words for somebody who sends file after file."""
    return _(
        "You have sent many files in a short time. Wait %(minutes)s minutes, then send this one.", minutes=limit.minutes
    )


@page(blueprint, "/ask/files", methods=("GET", "POST"), who=("visitor",), why="add papers to a request being written")
def files() -> ask.Answer:
    draft_id, journey = draft.here()
    stop = Stop(NAMED["files"])
    form, status = EvidenceForm(), 0
    if form.validate_on_submit():
        try:
            _add(draft_id, form)
            return gate.see_other(url_for("requester.files", **ask.changing()))
        except UploadRefused as refused:
            form["file"].errors = [_(refused.words)]
        except Limited as limit:
            form["file"].errors, status = [too_many_files(limit)], limit.status
    with gate.runtime().database.read() as session:
        rows = [
            (row.id, told["name"], str(PURPOSES[row.purpose]), STANDS.get(row.status))
            for row, told in evidence.listed(session, draft_id)
        ]
    facts = {"rows": rows, "most": LIMITS.files_per_step, "take_off": TakeOffForm(formdata=None)}
    going_on = NoMoreForm(formdata=None, data={"version": journey.count("files")})
    return render_template(
        "requester/ask/files.html",
        form=form,
        going_on=going_on,
        back=ask.back(stop, journey),
        changing=ask.changing(),
        about_me=journey.about == "me",
        challenge=journey.is_challenge,
        **facts,
    ), status or form.status


def _add(draft_id: uuid.UUID, form: EvidenceForm) -> None:
    runtime = gate.runtime()
    accepted = inspected(form["file"].data)
    with runtime.database.write() as session:
        own = drafts.of_browser(session, draft.browser())
        if own is None or own.id != draft_id:
            raise draft.NoDraft
        there = evidence.listed(session, own.id)
        check_room(
            files_in_step=len(there), bytes_in_case=sum(row.size for row, _told in there), size=len(accepted.data)
        )
        scanner = runtime.settings.scanner_socket
        evidence.store(
            session, runtime.files, own.id, accepted, purpose=form["purpose"].data, scanner=scanner, by=visitor()
        )


@page(blueprint, "/ask/files/done", methods=("POST",), who=("visitor",), why="go on without another paper")
def files_done() -> Response:
    stop, form = Stop(NAMED["files"]), NoMoreForm()
    journey = draft.here()[1]
    if form.validate_on_submit() and stop in way(journey):
        journey = draft.answer(stop, form)
    return gate.see_other(ask.onward(journey, stop))


@page(blueprint, "/ask/files/<uuid:evidence_id>/remove", methods=("POST",), who=("visitor",), why="take a paper off")
def remove_file(evidence_id: uuid.UUID) -> Response:
    if TakeOffForm().validate_on_submit():
        with gate.runtime().database.write() as session:
            own = drafts.of_browser(session, draft.browser())
            if own is None:
                raise draft.NoDraft
            evidence.drop(session, own.id, evidence_id)
    return gate.see_other(url_for("requester.files", **ask.changing()))

"""Files that go with a challenge while it is being written: inspected as everywhere, kept with the draft."""

from __future__ import annotations

import uuid

from flask import Response, render_template, url_for
from flask_babel import gettext as _

from portal import gate
from portal.cases import evidence
from portal.gate import page
from portal.people.limits import Limited
from portal.requester import blueprint
from portal.requester.ask import Answer
from portal.requester.cases import PROVEN, in_words
from portal.requester.challenge_copy import WRONG
from portal.requester.challenge_draft import begun_at
from portal.requester.challenge_forms import FileForm, RemoveForm
from portal.requester.papers import STANDS, inspected, too_many_files
from portal.uploads import LIMITS, Accepted, UploadRefused, check_room


@page(blueprint, f"{WRONG}/files", methods=("GET", "POST"), who=PROVEN, opens=("case",), why="add files to a challenge")
def wrong_files(reference: str, pack_id: uuid.UUID) -> Answer:
    form, status = FileForm(), 0
    here = url_for("requester.wrong_files", reference=reference, pack_id=pack_id)
    if form.validate_on_submit():
        try:
            _add(reference, pack_id, inspected(form["file"].data))
            return gate.see_other(here)
        except UploadRefused as refused:
            form["file"].errors = [_(refused.words)]
        except Limited as limit:
            form["file"].errors, status = [too_many_files(limit)], limit.status
    with gate.runtime().database.read() as session, in_words():
        begun = begun_at(session, reference, pack_id)
        there = evidence.listed(session, begun.draft.id) if begun.draft else []
    files = [
        {
            "name": told["name"],
            "stands": STANDS.get(row.status),
            "remove": url_for("requester.wrong_file_off", reference=reference, pack_id=pack_id, evidence_id=row.id),
        }
        for row, told in there
    ]
    facts = {"remove": RemoveForm(formdata=None), "room": len(files) < LIMITS.files_per_step}
    back = url_for("requester.wrong_check", reference=reference, pack_id=pack_id)
    return render_template(
        "requester/challenge/files.html", form=form, files=files, back=back, here=here, **facts
    ), status or form.status


def _add(reference: str, pack_id: uuid.UUID, accepted: Accepted) -> None:
    runtime, me = gate.runtime(), gate.actor()
    with runtime.database.write() as session, in_words():
        begun = begun_at(session, reference, pack_id, hold=True)
        draft = begun.draft or begun.begin(session)
        there = evidence.listed(session, draft.id)
        check_room(
            files_in_step=len(there), bytes_in_case=sum(row.size for row, _told in there), size=len(accepted.data)
        )
        scanner = runtime.settings.scanner_socket
        evidence.store(session, runtime.files, draft.id, accepted, purpose="other", scanner=scanner, by=me)


@page(
    blueprint,
    f"{WRONG}/files/<uuid:evidence_id>/remove",
    methods=("POST",),
    who=PROVEN,
    opens=("case",),
    why="take a file off a challenge",
)
def wrong_file_off(reference: str, pack_id: uuid.UUID, evidence_id: uuid.UUID) -> Response:
    if RemoveForm().validate_on_submit():
        with gate.runtime().database.write() as session, in_words():
            begun = begun_at(session, reference, pack_id, hold=True)
            if begun.draft:
                evidence.drop(session, begun.draft.id, evidence_id)
    return gate.see_other(url_for("requester.wrong_files", reference=reference, pack_id=pack_id))

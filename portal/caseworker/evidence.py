"""Files that came with a case. Photos are shown as rebuilt copies; a PDF stays sealed: no pictures of its pages yet."""

from __future__ import annotations

import uuid

from flask import Response, make_response, render_template
from flask_babel import lazy_gettext as _l

from portal import audit, gate
from portal.cases import evidence
from portal.cases.ledger import CaseNotFound
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import tag_of
from portal.gate import page
from portal.security_headers import as_download
from workflows.table import StepRefused

TYPES = {"jpeg": "image/jpeg", "png": "image/png"}
PURPOSES = {
    "identity": _l("Shows who they are"),
    "authority": _l("Shows that they may ask"),
    "other": _l("Something else"),
}
STATUSES = {
    "clean": (_l("Can be opened"), "green"),
    "held": (_l("Waiting for the scanner"), "grey"),
    "quarantined": (_l("Sealed"), "orange"),
    "infected": (_l("Harmful"), "red"),
    "destroyed": (_l("Destroyed"), "grey"),
}
WHY = {
    "held": _l("The scanner has not answered yet. Look again in a few minutes."),
    "quarantined": _l(
        "A PDF can carry more than its pages, so nobody opens it here. Ask the sender for photos of the pages."
    ),
    "infected": _l("The scanner found something harmful, so the file was destroyed. Ask for a photo of the page."),
    "destroyed": _l(
        "The proof was accepted, so the file was destroyed. The timeline keeps that it was seen, by whom and when."
    ),
}


@page(
    blueprint,
    "/cases/<string:reference>/files",
    who=desk.STAFF,
    opens=("case",),
    why="see which files came with a case",
)
def case_files(reference: str) -> str:
    with desk.looking(reference, "files") as opened:
        return render_template(
            "caseworker/files/list.html",
            case=opened.case,
            tag=tag_of(opened),
            files=evidence.listed(opened.session, opened.case.id),
            purposes=PURPOSES,
            statuses=STATUSES,
            why=WHY,
        )


@page(
    blueprint,
    "/cases/<string:reference>/files/<uuid:evidence_id>",
    who=desk.STAFF,
    opens=("case",),
    why="look at one file that came with a case",
)
def case_file(reference: str, evidence_id: uuid.UUID) -> str:
    with desk.looking(reference, "file") as opened:
        listed = evidence.listed(opened.session, opened.case.id)
        found = next(((row, told) for row, told in listed if row.id == evidence_id), None)
        if found is None:
            raise CaseNotFound
        row, told = found
        return render_template(
            "caseworker/files/file.html",
            case=opened.case,
            tag=tag_of(opened),
            row=row,
            told=told,
            purposes=PURPOSES,
            statuses=STATUSES,
            why=WHY.get(row.status),
        )


@page(
    blueprint,
    "/cases/<string:reference>/files/<uuid:evidence_id>/picture",
    who=desk.STAFF,
    opens=("case",),
    why="the rebuilt picture itself, which never runs in our pages' name",
)
def case_picture(reference: str, evidence_id: uuid.UUID) -> Response:
    """The bytes as a download with the sandbox policy: an <img> shows it all the same, and nothing else can."""
    runtime, by = gate.runtime(), gate.actor()
    with runtime.database.write() as session:
        case = desk.find(session, reference, by)
        audit.append(session, desk.look(by, "picture", case))
    with runtime.database.read() as session:
        try:
            told, data = evidence.content(session, runtime.files, case.id, evidence_id)
        except StepRefused:
            raise CaseNotFound from None
    kind = str(told.get("kind"))
    response = make_response(data)
    response.mimetype = TYPES.get(kind, "application/octet-stream")
    return as_download(response, f"{case.reference}.{kind}")

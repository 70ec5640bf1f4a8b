"""Letters to the requester, each the same bytes whenever it is opened. A letter to the child is never among them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import Response, make_response
from flask_babel import format_date
from flask_babel import gettext as _

from portal import gate
from portal.cases import verbs
from portal.cases.references import normal_reference
from portal.documents import correspondence
from portal.documents.models import Letter
from portal.gate import page
from portal.requester import blueprint
from portal.security_headers import as_download


def titled(letters: Sequence[Letter]) -> list[tuple[uuid.UUID, str]]:
    """What each letter is called in the list, newest first: its day says enough, its subject stays inside. Letters of
    one day are numbered in the order in which they were made."""
    of_day: dict[str, list[uuid.UUID]] = {}
    for letter in reversed(letters):
        of_day.setdefault(format_date(letter.made_at, "d MMMM yyyy"), []).append(letter.id)
    names = {
        letter_id: _("Letter %(number)s of %(day)s", number=at, day=day)
        if len(ids) > 1
        else _("Letter of %(day)s", day=day)
        for day, ids in of_day.items()
        for at, letter_id in enumerate(ids, start=1)
    }
    return [(letter.id, names[letter.id]) for letter in letters]


@page(
    blueprint,
    "/cases/<string:reference>/letters/<uuid:letter_id>",
    who=("family+2",),
    opens=("case",),
    why="download a letter of one's own request",
)
def letter_file(reference: str, letter_id: uuid.UUID) -> Response:
    runtime, me = gate.runtime(), gate.actor()
    with runtime.database.write() as session:
        case = verbs.visible_case(session, normal_reference(reference) or "", me)
        data = correspondence.pdf(session, runtime.files, case, letter_id, by=me)
    response = make_response(data)
    response.mimetype = "application/pdf"
    return as_download(response, f"letter-{letter_id.hex[-6:].upper()}.pdf")

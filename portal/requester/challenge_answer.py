"""The answer to a challenge in its requester's hands: opened by a button, read on the page, or kept as a file."""

from __future__ import annotations

import uuid

from flask import Response, make_response, render_template, url_for
from markupsafe import Markup
from sqlmodel import Session

from portal import forms, gate
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.documents import availability, decision, release, render
from portal.documents.models import StoredPack
from portal.errors import NotThere
from portal.gate import page
from portal.requester import blueprint
from portal.requester.cases import PROVEN, day, in_words, own_case
from portal.requester.reading import RECORD
from portal.security_headers import as_download

ANSWER = "/cases/<string:reference>/decision"


class OpenForm(forms.Form):
    """The button that opens an answer."""


@page(blueprint, ANSWER, who=PROVEN, opens=("case",), why="say which answers to a challenge are ready")
def decisions(reference: str) -> str:
    with gate.runtime().database.read() as session, in_words():
        case = own_case(session, reference)
        ready = _released(session, case)
        periods = availability.periods(session, case, ready)
        rows = [
            {
                "open": url_for("requester.open_decision", reference=reference, pack_id=one.id),
                "day": day(one.released_at),
                "until": day(periods[one.id].until),
                "over": periods[one.id].over,
            }
            for one in reversed(ready)
            if one.released_at
        ]
    if not rows:
        raise NotThere
    return render_template(
        "requester/challenge/decisions.html", rows=rows, reference=reference, button=OpenForm(), back=_home(reference)
    )


@page(
    blueprint,
    f"{ANSWER}/<uuid:pack_id>/open",
    methods=("POST",),
    who=PROVEN,
    step_up=True,
    opens=("case",),
    why="open the answer to one's own challenge: the first time it counts as read",
)
def open_decision(reference: str, pack_id: uuid.UUID) -> Response:
    with in_words(), gate.runtime().database.write() as session:
        case = own_case(session, reference)
        _one(session, case, pack_id)
        newest = next(one.id for one in release.packs(session, case) if one.released_at is not None)
        if case.state == "ready" and newest != pack_id:  # an older one is not what waits to be read
            return gate.see_other(url_for("requester.decisions", reference=reference))
        release.collect(session, case.id, pack_id, by=gate.actor())
    return gate.see_other(url_for("requester.read_decision", reference=reference, pack_id=pack_id))


@page(
    blueprint, f"{ANSWER}/<uuid:pack_id>", who=PROVEN, step_up=True, opens=RECORD, why="read the answer to a challenge"
)
def read_decision(reference: str, pack_id: uuid.UUID) -> Response | str:
    with gate.runtime().database.read() as session, in_words():
        case = own_case(session, reference)
        pack = _one(session, case, pack_id)
        if case.state == "ready":  # it is opened by a button: no page that is only looked at changes the case
            return gate.see_other(url_for("requester.decisions", reference=reference))
        content = decision.reading(session, gate.runtime().files, case, pack, by=gate.actor())
    return render_template(
        "requester/challenge/decision.html",
        content=Markup(render.decision_html(content, for_screen=True)),  # noqa: S704  our own escaping templates
        file=url_for("requester.decision_file", reference=reference, pack_id=pack_id),
        home=_home(reference),
        back=url_for("requester.decisions", reference=reference),
    )


@page(
    blueprint,
    f"{ANSWER}/<uuid:pack_id>/file",
    who=PROVEN,
    step_up=True,
    opens=RECORD,
    why="download the answer to a challenge",
)
def decision_file(reference: str, pack_id: uuid.UUID) -> Response:
    with gate.runtime().database.read() as session, in_words():
        case = own_case(session, reference)
        pack = _one(session, case, pack_id)
        response = make_response(release.pdf(session, gate.runtime().files, case, pack, by=gate.actor()))
    response.mimetype = "application/pdf"
    return as_download(response, f"document-{pack_id.hex[-6:].upper()}.pdf")


def _released(session: Session, case: Case) -> list[StoredPack]:
    return [one for one in release.released(session, case) if one.content == "decision"]


def _one(session: Session, case: Case, pack_id: uuid.UUID) -> StoredPack:
    """A released answer of this case; whether it lies open today is asked when it is given."""
    pack = session.get(StoredPack, pack_id)
    if pack is None or pack.case_id != case.id or pack.content != "decision" or pack.released_at is None:
        raise CaseNotFound
    return pack


def _home(reference: str) -> str:
    return url_for("requester.case_page", reference=reference)

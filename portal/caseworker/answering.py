"""The letter that answers a challenge: asked for when the lines are decided, watched while it is made, then sent to a
second person, who reads it on the pages of the approval."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Response, flash, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms
from portal.cases import clocking, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import lines, outside
from portal.cases.corrections.lines import KIND, Line
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges import line_words
from portal.caseworker.desk import Desk
from portal.caseworker.packing import LOOK_AGAIN, PACK_STATES, RULES, is_stale, job_of, leaks_of, offers_of
from portal.caseworker.review_room import RECORD
from portal.documents import decision, release
from portal.documents.models import StoredPack
from portal.gate import page
from workflows.table import Role, StepRefused

_ASKED = re.compile(r"asked_(\d{1,3})", re.ASCII)
SENDING = ("send_to_approval", "send_to_approval_again")


@page(
    blueprint,
    "/cases/<string:reference>/answer",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=RECORD,
    why="the letter that answers a challenge: ask for it, see how far it is and what the leak gate found",
)
def answer_page(reference: str) -> Response | tuple[str, int]:
    if request.method == "POST":
        form = _form({int(found[1]): "" for name in request.form if (found := _ASKED.fullmatch(name))})
        if form.validate_on_submit():
            try:
                return desk.act(reference, form, lambda session, case, by: _ask(session, case, by, form))
            except StepRefused as refused:
                desk.blame(form, refused)
    with desk.looking(reference, "answer") as opened:
        there, packs = _lines(opened), release.packs(opened.session, opened.case)
        if request.method != "POST":
            form = _form(_summaries(opened, there, packs))
        return _show(opened, there, packs, form)


def _show(opened: Desk, there: list[Line], packs: list[StoredPack], form: forms.Form) -> Response:
    newest = next(iter(packs), None)
    job = job_of(opened.session, newest)
    facts = _facts(opened, there, packs, form)
    failed = job is not None and job.state == "failed"
    shown = make_response(
        render_template("caseworker/challenges/answer.html", job=job, failed=failed, **facts), form.status
    )
    if newest and newest.state == "assembling" and not failed:
        shown.headers["Refresh"] = str(LOOK_AGAIN)
    return shown


@page(
    blueprint,
    "/cases/<string:reference>/answer/send",
    methods=("POST",),
    who=desk.CASEWORKER,
    opens=("case",),
    why="send a challenge with its letter to a second person",
)
def send_answer(reference: str) -> Response:
    def send(session: Session, case: Case, by: Actor) -> None:
        name = SENDING[case.state == "reconsidering"]
        verbs.take_step(session, case.id, name, by=by, answers={}, today=clocking.uk_today())
        flash(_("The case is with the approvers now."), "success")

    return desk.press(reference, f"/staff/cases/{reference}/answer", send)


def _lines(opened: Desk) -> list[Line]:
    if opened.case.kind != KIND:
        raise CaseNotFound
    return lines.of_case(opened.session, opened.case)


def _summaries(opened: Desk, there: list[Line], packs: list[StoredPack]) -> dict[int, str]:
    """The lines about which a body was asked, by number, with what was written for the letter before."""
    asked = {link.line_id for link in outside.of_case(opened.session, opened.case) if link.purpose == "ask_source"}
    written = release.findings(opened.session, packs[0]).get("summaries", {}) if packs else {}
    wanted = [line for line in there if line.shown and line.id in asked and line.state == "decided"]
    return {line.number: written.get(line.id.hex, "") for line in wanted}


def _form(summaries: Mapping[int, str]) -> forms.Form:
    """A question for each of these lines, by number."""
    fields: dict[str, Any] = {
        f"asked_{number}": forms.LongTextField(
            _("Line %(number)s: what did those say whom we asked?", number=number),
            hint=_("A fair summary, in words for the requester. Left empty, the letter says it in one fixed sentence."),
            longest=decision.LONGEST_SUMMARY,
            default=written,
        )
        for number, written in sorted(summaries.items())
    }
    return type("AnswerForm", (forms.Form,), {**fields, "make": forms.SubmitField(_l("Make the letter"))})()


def _ask(session: Session, case: Case, by: Actor, form: forms.Form) -> str:
    if by.role is not Role.CASEWORKER or case.kind != KIND:
        raise CaseNotFound
    names = {f"asked_{line.number}": line.id for line in lines.of_case(session, case)}
    said = {line_id: str(form[name].data or "") for name, line_id in names.items() if name in form}
    decision.request_decision(session, case.id, by=by, summaries=said)
    return desk.address(case, "answer")


def _facts(opened: Desk, there: list[Line], packs: list[StoredPack], form: forms.Form) -> dict[str, Any]:
    session, case = opened.session, opened.case
    newest, offers = next(iter(packs), None), offers_of(opened)
    told = {pack.id: release.findings(session, pack) for pack in packs}
    made = newest is not None and newest.state in {"assembled", "approved"}
    waiting = [line for line in there if line.state in {"received", "disputed", "proposed"}]
    return {
        "case": case,
        "tag": tag_of(opened),
        "form": form,
        "fields": [field for field in form if _ASKED.fullmatch(field.name)],
        "waiting": [(line, line_words.state_of(line)) for line in waiting],
        "packs": packs,
        "told": told,
        "newest": newest,
        # What was kept back is shown while the record itself may be opened, as on the pages of a review.
        "leaks": leaks_of(told[newest.id]) if made and newest and verbs.may_open(case) else [],
        "made": made,
        "stale": newest is not None and newest.state in release.LIVE and is_stale(opened),
        "names": staff_words.names_of(session, {f"staff:{one.prepared_by.hex}" for one in packs if one.prepared_by}),
        "send": next((offers[name] for name in SENDING if name in offers), None),
        "can_ask": case.state in decision.ANSWERED_FROM and opened.by.role == "caseworker" and not waiting,
        "button": desk.Button(),
        "states": PACK_STATES,
        "rules": RULES,
    }

"""The pack of a case: asked for when the review is done, watched while it is made, tight before it goes to approval."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from flask import Response, flash, make_response, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session, col, select

from portal import forms
from portal.cases import clocking, verbs
from portal.cases.actors import Actor
from portal.cases.corrections.lines import KIND
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.desk import Desk
from portal.caseworker.review_room import RECORD, room
from portal.documents import release
from portal.documents.leak_gate import Rule
from portal.documents.models import StoredPack
from portal.gate import page
from portal.jobs import Job
from portal.review import deciding, people_mentioned
from workflows.facts import PackState
from workflows.table import StepRefused

LOOK_AGAIN = 5  # seconds: while a pack is made, its page loads itself anew
PACK_STATES = {
    "assembling": (_l("Being made"), "yellow"),
    "assembled": (_l("Made"), "blue"),
    "failed": (_l("Could not be made"), "red"),
    "approved": (_l("Approved"), "green"),
    "void": (_l("Void"), "grey"),
    "released": (_l("Released"), "green"),
}
RULES = {
    Rule.STAYS.name: _l("Take it out, or say why it stays"),
    Rule.BOILERPLATE.name: _l("A long passage: take it out, or say that it is wording of many records"),
    Rule.NEVER.name: _l("Protected by a shield: it has to go"),
}


class NewPack(forms.Form):
    """A pack is asked for."""

    more_to_come = forms.CheckboxField(
        _l("This is a part: more will come later"), hint=_l("The copy says so, and does not say what is missing.")
    )


class Stays(forms.VersionedForm):
    """Why a found string stays in the copy."""

    boilerplate = forms.CheckboxField(_l("It is wording that stands in many records and says nothing of anybody"))
    reason = forms.LongTextField(
        _l("It stays, because"), hint=_l("The approver reads this."), needed=_l("Say why it stays"), longest=1000
    )
    save = forms.SubmitField(_l("Let it stay"))


@page(
    blueprint,
    "/cases/<string:reference>/review/pack",
    who=desk.STAFF,
    opens=RECORD,
    why="the pack that is put together from a review, how far it is, and what the leak gate found",
)
def pack_page(reference: str) -> Response:
    with room(reference) as opened:
        session, case = opened.session, opened.case
        there = release.packs(session, case)
        told = {pack.id: release.findings(session, pack) for pack in there}
        newest = there[0] if there else None
        job = job_of(session, newest)
        offers = offers_of(opened)
        stale = newest is not None and newest.state in release.LIVE and is_stale(opened)
        left = deciding.counts(session, case.id).get("undecided", 0)
        people_left, heard = people_mentioned.undecided(session, case.id), opened.heard
        names = staff_words.names_of(session, {f"staff:{pack.prepared_by.hex}" for pack in there if pack.prepared_by})
    page = make_response(
        render_template(
            "caseworker/review/pack.html",
            case=case,
            tag=tag_of(opened),
            packs=there,
            told=told,
            newest=newest,
            job=job,
            failed=job is not None and job.state == "failed",
            leaks=leaks_of(told[newest.id]) if newest else [],
            stale=stale,
            left=left,
            people_left=people_left,
            heard=heard,
            names=names,
            send=offers.get("send_to_approval"),
            can_ask=opened.in_review and opened.by.role == "caseworker",
            button=desk.Button(),
            new_pack=NewPack(),
            states=PACK_STATES,
            rules=RULES,
        )
    )
    if newest and newest.state == "assembling" and not (job and job.state == "failed"):
        page.headers["Refresh"] = str(LOOK_AGAIN)
    return page


@page(
    blueprint,
    "/cases/<string:reference>/review/pack/ask",
    methods=("POST",),
    who=desk.CASEWORKER,
    opens=("case",),
    why="ask for a pack to be put together from the finished review",
)
def ask_for_pack(reference: str) -> Response:
    def ask(session: Session, case: Case, by: Actor) -> None:
        release.request_pack(session, case.id, by=by, more_to_come=bool(NewPack().more_to_come.data))

    return desk.press(reference, f"/staff/cases/{reference}/review/pack", ask)


@page(
    blueprint,
    "/cases/<string:reference>/review/pack/send",
    methods=("POST",),
    who=desk.CASEWORKER,
    opens=("case",),
    why="send the case with its pack to a second person",
)
def send_to_approval(reference: str) -> Response:
    def send(session: Session, case: Case, by: Actor) -> None:
        verbs.take_step(session, case.id, "send_to_approval", by=by, answers={}, today=clocking.uk_today())
        flash(_("The case is with the approvers now."), "success")

    return desk.press(reference, f"/staff/cases/{reference}/review/pack", send)


@page(
    blueprint,
    "/cases/<string:reference>/review/pack/found/<int:number>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=RECORD,
    why="decide about a removed string that can still be found in the pack",
)
def found_in_pack(reference: str, number: int) -> Response | tuple[str, int]:
    form = Stays()
    with room(reference) as opened:
        pack = release.current(opened.session, opened.case)
        leaks = leaks_of(release.findings(opened.session, pack)) if pack else []
    if pack is None or not 0 < number <= len(leaks):
        raise CaseNotFound
    leak, lost = leaks[number - 1], False
    if form.validate_on_submit():
        try:
            return desk.act(
                reference, form, lambda session, case, by: _allow(session, case, by, pack.id, leak=leak, form=form)
            )
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            lost = True
    if lost or form.version.data is None:
        form.version.raw_data, form.version.data = None, pack.version
    shown = render_template(
        "caseworker/review/found.html",
        case=opened.case,
        tag=tag_of(opened),
        form=form,
        leak=leak,
        number=number,
        rules=RULES,
        lost=lost,
        back=desk.address(opened.case, made_at(opened.case)),
        can_decide=pack.state == "assembled" and leak["rule"] != Rule.NEVER.name,
    )
    return shown, HTTPStatus.CONFLICT if lost else form.status


def leaks_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    """What the gate found, each with what was decided about it."""
    allowed = told.get("allowed", {})
    return [{**leak, "allowed": allowed.get(leak["needle"])} for leak in told.get("leaks", [])]


def _allow(session: Session, case: Case, by: Actor, pack_id: uuid.UUID, *, leak: dict[str, Any], form: Stays) -> str:
    release.allow(
        session,
        pack_id,
        leak["needle"],
        str(form.reason.data),
        version=form.version.data or 0,
        by=by,
        boilerplate=bool(form.boilerplate.data),
    )
    return desk.address(case, "approval" if case.state in release.APPROVALS else made_at(case))


def made_at(case: Case) -> str:
    """The page of a case on which what it gives out is asked for."""
    return "answer" if case.kind == KIND else "review/pack"


def job_of(session: Session, pack: StoredPack | None) -> Job | None:
    """The job that makes the pack."""
    if pack is None or pack.state != "assembling":
        return None
    return session.exec(select(Job).where(col(Job.key) == f"assemble:{pack.id.hex}")).first()


def offers_of(opened: Desk) -> dict[str, str]:
    """Names of the steps this reader sees -> nothing where open, else the reason."""
    offers = verbs.offered(opened.session, opened.case, opened.events, by=opened.by, today=opened.today)
    return {one.step.name: one.refused or "" for one in offers}


def is_stale(opened: Desk) -> bool:
    """The newest pack no longer counts: the review or the case has changed since it was asked for."""
    return release.provide(opened.session, opened.case, opened.events).get("pack") is PackState.VOID

"""The second pair of eyes: the copy exactly as the family will see it, beside what is missing and why; then release.

The copy shown is drawn from the frozen pack by the same template that the family gets (design section 5).
"""

from __future__ import annotations

import datetime
import json
import re
import uuid
from http import HTTPStatus

import sqlalchemy as sa
from flask import Response, flash, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlmodel import Session, col

from portal import db, forms, gate
from portal.audit.models import LogRow
from portal.cases import clocking, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import lines
from portal.cases.corrections.lines import KIND
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, removed, staff_words, step_forms
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges import line_words
from portal.caseworker.desk import Desk
from portal.caseworker.packing import PACK_STATES, RULES, is_stale, leaks_of, made_at, offers_of
from portal.caseworker.review_room import RECORD, room
from portal.documents import release, render
from portal.documents.answer import Decision
from portal.documents.models import StoredPack
from portal.documents.pack import Pack
from portal.gate import page
from portal.security_headers import as_download
from workflows.kinds import WORKFLOWS, step_of, workflow_of
from workflows.table import Step, StepRefused

APPROVER = ("approver",)
# Nobody has read a copy in less: an approval sooner than this after the first opening is a slip, or a script.
SHORTEST_LOOK = datetime.timedelta(seconds=3)
# Step of the workflow -> its page here.
PAGES = {
    "approve": "approve",
    "confirm_again": "confirm-again",
    "release": "release",
    "release_part": "release-part",
    "send_back": "send-back",
    "send_back_again": "send-back-again",
}
MADE_IN = ("review", "weighing", "reconsidering")
SENDING_BACK = ("send_back", "send_back_again")
_PLACE = re.compile(r"\d{1,9}", re.ASCII)


@page(
    blueprint,
    "/cases/<string:reference>/approval",
    who=desk.STAFF,
    opens=("case",),
    why="where the approval of a copy stands, and what can be done about it",
)
def approval(reference: str) -> str:
    with desk.looking(reference, "approval") as opened:
        session, case = opened.session, opened.case
        pack = _waiting(opened)
        told = release.findings(session, pack) if pack else {}
        there = release.packs(session, case)
        people = {f"staff:{one.hex}" for one in _people_of(there)}
        return render_template(
            "caseworker/approval/overview.html",
            case=case,
            tag=tag_of(opened),
            waits=case.state in release.APPROVALS,
            made_at=made_at(case) if case.state in MADE_IN else "",
            pack=pack,
            packs=there,
            leaks=leaks_of(told),
            stale=pack is not None and is_stale(opened),
            steps=_steps(opened, pack),
            names=staff_words.names_of(session, people),
            opened_at=first_look(session, case, pack, opened.by) if pack else None,
            states=PACK_STATES,
            rules=RULES,
            heard=opened.heard,
        )


@page(
    blueprint,
    "/cases/<string:reference>/approval/copy",
    who=desk.STAFF,
    opens=RECORD,
    why="the copy as the family will see it, beside what was removed and why",
)
def approval_copy(reference: str) -> str | Response:
    challenged = workflow_of(reference) is WORKFLOWS[KIND]
    return _answer_copy(reference) if challenged else _record_copy(reference)


def _record_copy(reference: str) -> str | Response:
    after = request.args.get("after", "")
    with room(reference) as opened:
        pack = _waiting(opened)
        if pack is None:
            return desk.told(_("There is no copy to read."), desk.address(opened.case, "approval"))
        files = gate.runtime().files
        frozen = release.preview(opened.session, files, opened.case, pack, by=opened.by)
        if not isinstance(frozen, Pack):
            raise CaseNotFound
        taken, following = removed.entries(opened, int(after) if _PLACE.fullmatch(after) else -1)
        people = removed.people(opened)
        stale = is_stale(opened)
    return render_template(
        "caseworker/approval/copy.html",
        case=opened.case,
        tag=tag_of(opened),
        pack=pack,
        frozen=frozen,
        copy=Markup(render.pack_html(frozen, for_screen=True)),  # noqa: S704  escaped by its own template
        taken=taken,
        following=following,
        people=people,
        stale=stale,
    )


def _answer_copy(reference: str) -> str | Response:
    """The letter that answers a challenge, beside what was decided of each line and on what grounds."""
    with desk.looking(reference, "approval_copy") as opened:
        pack = _waiting(opened)
        if pack is None:
            return desk.told(_("There is no letter to read."), desk.address(opened.case, "approval"))
        frozen = release.preview(opened.session, gate.runtime().files, opened.case, pack, by=opened.by)
        if not isinstance(frozen, Decision):
            raise CaseNotFound
        there = lines.of_case(opened.session, opened.case)
        stale = is_stale(opened)
    return render_template(
        "caseworker/approval/answer.html",
        case=opened.case,
        tag=tag_of(opened),
        copy=Markup(render.decision_html(frozen, for_screen=True)),  # noqa: S704  escaped by its own template
        lines=[(one, line_words.decided_rows(one.decided, one.kept_as)) for one in there if one.decided],
        stale=stale,
    )


@page(
    blueprint,
    "/cases/<string:reference>/approval/pdf",
    who=desk.STAFF,
    opens=RECORD,
    step_up=True,
    why="the copy's PDF, byte for byte as the family will get it",
)
def approval_pdf(reference: str) -> Response:
    with desk.looking(reference, "approval_pdf") as opened:
        pack = _waiting(opened)
        if pack is None:
            return desk.told(_("There is no copy to read."), desk.address(opened.case, "approval"))
        data = release.preview_pdf(opened.session, gate.runtime().files, opened.case, pack, by=opened.by)
    response = make_response(data)
    response.mimetype = "application/pdf"
    return as_download(response, render.file_name(pack.copy_number))


@page(
    blueprint,
    "/cases/<string:reference>/approval/approve",
    methods=("GET", "POST"),
    who=APPROVER,
    opens=("case",),
    step_up=True,
    why="approve exactly the copy that was read",
)
def approve(reference: str) -> Response | tuple[str, int]:
    return _page_of("approve", reference)


@page(
    blueprint,
    "/cases/<string:reference>/approval/confirm-again",
    methods=("GET", "POST"),
    who=APPROVER,
    opens=("case",),
    step_up=True,
    why="confirm orders, shield, moves and home once more before a release",
)
def confirm_again(reference: str) -> Response | tuple[str, int]:
    return _page_of("confirm_again", reference)


@page(
    blueprint,
    "/cases/<string:reference>/approval/release",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    step_up=True,
    why="release the approved copy to its recipient",
)
def release_copy(reference: str) -> Response | tuple[str, int]:
    return _page_of("release", reference)


@page(
    blueprint,
    "/cases/<string:reference>/approval/release-part",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    step_up=True,
    why="release the approved copy as a part, and go on",
)
def release_part(reference: str) -> Response | tuple[str, int]:
    return _page_of("release_part", reference)


@page(
    blueprint,
    "/cases/<string:reference>/approval/send-back",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="send the copy back to review, with reasons",
)
def send_back(reference: str) -> Response | tuple[str, int]:
    return _page_of("send_back", reference)


@page(
    blueprint,
    "/cases/<string:reference>/approval/send-back-again",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="send the second answer to a challenge back, with reasons",
)
def send_back_again(reference: str) -> Response | tuple[str, int]:
    return _page_of("send_back_again", reference)


def _page_of(name: str, reference: str) -> Response | tuple[str, int]:
    """The page of one step: what it does, what it asks for, and, where it is closed, why."""
    step = step_of(reference, name)
    if step is None:
        raise CaseNotFound
    form, lost = _form_of(step)(), False
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _take(session, case, by, step, form=form))
        except StepRefused as refused:
            desk.blame(form, refused, lambda need: need if need == "recipient" else step_forms.field_name(need))
        except LostRace:
            lost = True
    with desk.looking(reference, name) as opened:
        return _show(opened, step, form, lost=lost)


def _form_of(step: Step) -> type[forms.Form]:
    """The questions of the step itself, and those that bind it to one copy and one person."""
    more: dict[str, object] = {}
    if step.name == "approve":
        more["manifest"] = forms.HiddenField()
    if step.name in {"release", "release_part"}:
        more["recipient"] = forms.TextField(
            _l("Who is this copy for? Type their whole name"),
            hint=_l("As it stands in the request. It must be the name on the copy."),
            needed=_l("Type the name of the person this copy is for"),
        )
    return type("ApprovalForm", (step_forms.step_form(step),), more)


def _take(session: Session, case: Case, by: Actor, step: Step, *, form: forms.Form) -> str:
    today, pack = clocking.uk_today(), release.current(session, case)
    answers, seen = step_forms.answers_of(step, form), form["seen"].data
    if pack is None and step.name not in SENDING_BACK:
        raise StepRefused(_("There is no copy to decide about."))
    if step.name == "approve" and pack is not None:
        hashed = str(form["manifest"].data)
        if pack.manifest_hash != hashed:
            raise LostRace
        _was_read(session, case, pack, by)
        release.approve(
            session, case.id, pack.id, manifest_hash=hashed, answers=answers, by=by, today=today, seen_seq=seen
        )
    elif step.name in {"release", "release_part"} and pack is not None:
        release.release(
            session,
            gate.runtime().files,
            case.id,
            pack.id,
            recipient=str(form["recipient"].data),
            by=by,
            today=today,
            part=step.name == "release_part",
            answers=answers,
            seen_seq=seen,
        )
    else:
        verbs.take_step(session, case.id, step.name, by=by, answers=answers, today=today, seen_seq=seen)
    flash(_("Done: %(step)s.", step=_(step.label)), "success")
    return desk.address(case) if step.to else desk.address(case, "approval")


def _was_read(session: Session, case: Case, pack: StoredPack, by: Actor) -> None:
    """Whoever approves has had this copy open, and not only just now."""
    first = first_look(session, case, pack, by)
    if first is None:
        raise StepRefused(_("You have not opened this copy. Read it first."))
    if db.now() - first < SHORTEST_LOOK:
        raise StepRefused(_("You opened this copy only a moment ago. Read it first."))


def first_look(session: Session, case: Case, pack: StoredPack, by: Actor) -> datetime.datetime | None:
    """When this reader first opened this copy, as the log has it."""
    query = sa.select(col(LogRow.at), col(LogRow.body)).where(
        col(LogRow.case_id) == case.id, col(LogRow.act) == "preview_pack", col(LogRow.actor) == str(by)
    )
    looks = [at for at, body in session.execute(query) if json.loads(body)["detail"].get("copy") == pack.copy_number]
    return min(looks, default=None)


def _show(opened: Desk, step: Step, form: forms.Form, *, lost: bool) -> tuple[str, int]:
    pack, offers = _waiting(opened), offers_of(opened)
    if not request.form:
        form["seen"].data = opened.case.seq
        if "manifest" in form:
            form["manifest"].data = pack.manifest_hash if pack else ""
    closed = _(offers[step.name]) if offers.get(step.name) else ""
    if step.name not in offers:
        closed = _("This cannot be done now: the case is not waiting for it.")
    elif not closed:
        closed = _closed_by(opened, pack, step.name)
    shown = render_template(
        "caseworker/approval/step.html",
        case=opened.case,
        tag=tag_of(opened),
        step=step,
        form=form,
        pack=pack,
        closed=closed,
        effects=staff_words.effects(opened.workflow, step, opened.case.state),
        lost=lost,
    )
    return shown, HTTPStatus.CONFLICT if lost else form.status


def _waiting(opened: Desk) -> StoredPack | None:
    """The copy that is before the approver, or approved and not released yet."""
    pack = release.current(opened.session, opened.case)
    return pack if pack is not None and pack.state != "assembling" else None


def _closed_by(opened: Desk, pack: StoredPack | None, step: str) -> str:
    """Why the copy itself closes a step that the case leaves open, or nothing."""
    if pack is None or step not in {"approve", "release", "release_part"}:
        return ""
    fault = release.closed_by(opened.session, opened.case, pack, step, opened.today)
    return _(fault) if fault else ""


def _steps(opened: Desk, pack: StoredPack | None) -> dict[str, list[dict[str, str]]]:
    offers = offers_of(opened)
    offered = [
        {
            "title": _(opened.workflow.step(name).label),
            "href": desk.address(opened.case, "approval", PAGES[name]),
            "reason": _(refused) if refused else _closed_by(opened, pack, name),
        }
        for name, refused in offers.items()
        if name in PAGES
    ]
    return {
        "open": [line for line in offered if not line["reason"]],
        "closed": [line for line in offered if line["reason"]],
    }


def _people_of(packs: list[StoredPack]) -> set[uuid.UUID]:
    return {one for pack in packs for one in (pack.prepared_by, pack.approved_by) if one}

"""One line, weighed and decided; and the second person who confirms what was proposed or turns it down."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from sqlmodel import Session

from portal.cases.actors import Actor
from portal.cases.corrections import deciding
from portal.cases.corrections.deciding import Pick
from portal.cases.corrections.lines import Line
from portal.cases.ledger import LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges import decision_forms, line_words
from portal.caseworker.challenges.decision_forms import Second, decision_form
from portal.caseworker.challenges.difference import Piece, difference
from portal.caseworker.challenges.laid import Laid, barely, laid_out
from portal.caseworker.challenges.lines import of_one, second_needed
from portal.caseworker.challenges.restricted import open_form
from portal.caseworker.challenges.table import table, to_decide
from portal.caseworker.review_room import RECORD
from portal.gate import page
from portal.records.correcting import Moved, NoValue
from workflows.table import StepRefused

SHORT = 300  # a longer text is put right word by word in what it says now


@page(
    blueprint,
    "/cases/<string:reference>/lines/<uuid:line_id>",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=RECORD,
    why="one challenged line beside its entry, history, sources and evidence; decide it",
)
def case_line(reference: str, line_id: uuid.UUID) -> Response | tuple[str, int]:
    with table(reference, "line") as opened:
        laid = barely(opened, line_id) if request.form else laid_out(opened, line_id)
    form = _form(laid)
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _decide(session, case, by, laid, form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except NoValue as wrong:
            desk.blame(form, StepRefused(wrong.words, need=decision_forms.value_of(form)))
        except (LostRace, Moved):
            return _lost(reference, line_id, form)
    if request.form:
        with table(reference, "line") as opened:
            laid = laid_out(opened, line_id)
    return _show(laid, form)


@page(
    blueprint,
    "/cases/<string:reference>/lines/<uuid:line_id>/second",
    methods=("POST",),
    who=desk.STAFF,
    opens=RECORD,
    step_up=True,
    why="confirm what somebody else proposed for a line, or turn it down",
)
def second_person(reference: str, line_id: uuid.UUID) -> Response | tuple[str, int]:
    form = Second()
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _answer(session, case, by, line_id, form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except (LostRace, Moved):
            return desk.told(
                _("Somebody answered or changed this meanwhile. Nothing of yours was saved. Look at it again."),
                f"/staff/cases/{reference}/lines/{line_id}",
            )
    with table(reference, "line") as opened:
        laid = laid_out(opened, line_id)
    return _show(laid, _form(laid, fresh=True), second=form)


def _form(laid: Laid, *, fresh: bool = False) -> Any:
    """The form of the decision. `like` in the address names a decision of another case that is taken over."""
    taken = _taken_over(laid)
    form = decision_form(laid.entry, check=taken is not None, in_part=True)
    if request.form and not fresh:
        return form()
    return form(formdata=None, data={**_proposed(laid, taken), "version": laid.line.version})


def _taken_over(laid: Laid) -> Line | None:
    like = request.args.get("like", "")
    return next((one.line for one in laid.others if one.mine and one.line.decided and one.line.id.hex == like), None)


def _proposed(laid: Laid, taken: Line | None) -> dict[str, Any]:
    """What the form shows before anything is typed: what the requester wants, or what was decided for somebody else. A
    change in part begins with what the entry says now, so that nobody gives them all of it by mistake.

    The reasons are never taken over: they were written to another person (R-56)."""
    now = decision_forms.now_typed(laid.entry)
    if taken and taken.decided:
        said = taken.decided
        value = decision_forms.as_typed(said.says, laid.entry) or now
        part = value if taken.outcome == "partly" else now
        told = {"outcome": taken.outcome, "kept_as": taken.kept_as or None, "rule": said.rule}
        return {**told, "value": value, "part": part}
    wanted = decision_forms.as_typed(laid.line.claim.should_say, laid.entry)
    long = laid.entry is not None and laid.entry.kind == "text" and len(laid.entry.value) > SHORT
    return {"value": now if long or wanted is None else wanted, "part": now}


def _decide(session: Session, case: Case, by: Actor, laid: Laid, form: Any) -> str:
    pick = Pick(laid.line.id, form.version.data or 0)
    said = decision_forms.decided_of(form, laid.entry)
    waiting = deciding.decide(
        session, case.id, [pick], said, kept_as=decision_forms.kept_as(form), by=by, looking=to_decide(case, by)
    )
    number = laid.line.number
    if waiting:
        flash(_("Line %(number)s waits for a second person, who confirms it.", number=number), "success")
    else:
        flash(_("Line %(number)s is decided.", number=number), "success")
    return desk.address(case, "lines")


def _answer(session: Session, case: Case, by: Actor, line_id: uuid.UUID, form: Any) -> str:
    version = form.version.data or 0
    if form.answer.data == "confirm":
        deciding.confirm(session, case.id, line_id, version=version, by=by, looking=to_decide(case, by))
        flash(_("It is confirmed, and counts from now on."), "success")
    else:
        deciding.decline(session, case.id, line_id, form.reason.data or "", version=version, by=by)
        flash(_("It is turned down. The line is open again."), "success")
    return desk.address(case, "lines")


def _lost(reference: str, line_id: uuid.UUID, form: Any) -> tuple[str, int]:
    """Somebody decided, or the entry changed, meanwhile: what is saved now beside what was typed."""
    with table(reference, "line") as opened:
        laid = laid_out(opened, line_id)
    line = laid.line
    mine = decision_forms.decided_of(form, laid.entry)
    shown = render_template(
        "caseworker/challenges/lost.html",
        case=opened.case,
        tag=tag_of(opened),
        laid=laid,
        row=of_one(opened, line, laid.entry, laid.links),
        theirs=line_words.decided_rows(line.decided, line.kept_as) if line.decided else [],
        mine=line_words.decided_rows(mine, decision_forms.kept_as(form)),
    )
    return shown, 409


def _show(laid: Laid, form: Any, *, second: Second | None = None) -> tuple[str, int]:
    opened, line = laid.opened, laid.line
    decision_forms.offer(form, laid.offers)
    if form.errors and not laid.can_decide:
        decision_forms.told_at_the_head(form)
    status = second.status if second else form.status
    answer = second or Second(formdata=None, data={"version": line.version})
    proposed = line.state == "proposed"
    shown = render_template(
        "caseworker/challenges/line.html",
        case=opened.case,
        tag=tag_of(opened),
        laid=laid,
        line=line,
        entry=laid.entry,
        row=of_one(opened, line, laid.entry, laid.links),
        form=answer if proposed else form,
        decided=line_words.decided_rows(line.decided, line.kept_as) if line.decided else [],
        two_people=second_needed(line),
        taken_over="checked" in form,
        restricted=open_form(laid.entry, f"lines/{line.id}"),
        wanted=line_words.in_words(line.claim.should_say),
        words=line_words,
        version_why=lambda why: staff_words.VERSIONS.get(why, why),
        decided_change=_decided_change(line),
        second_words=decision_forms.second_words(laid.offers),
        onward=_onward(laid),
    )
    return shown, status


def _decided_change(line: Line) -> list[Piece]:
    """Before and after, of a line whose entry the requester may see."""
    said = line.decided
    return difference(said.before, line_words.in_words(said.says)) if said and said.before and said.says.value else []


def _onward(laid: Laid) -> list[tuple[str, str]]:
    """The pages that go on from a line, for whoever decides lines."""
    line, case = laid.line, laid.opened.case
    if laid.opened.by.role != "caseworker" or case.closed_at is not None:
        return []
    here = desk.address(case, "lines", str(line.id))
    found = [(_("Ask a source"), f"{here}/ask")] if line.state in {"disputed", "proposed"} and line.entry_id else []
    if line.state == "decided":
        found.append((_("Who received it, and who was told"), desk.address(case, "recipients")))
    breach = desk.address(case, "breach") + f"?kind=other_child&place=line&id={line.id.hex}"
    return [*found, (_("This is about another child: open a breach case"), breach)]

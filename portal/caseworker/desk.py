"""What the pages of a case have in common: the case is there for this reader or it is not there at all, and every look
at it is in the log before anything is shown."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from flask import Response, flash
from flask_babel import gettext as _
from sqlmodel import Session

from portal import audit, forms, gate
from portal.audit import Act
from portal.cases import clocking, ledger, verbs, voice_told
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound, Happened
from portal.cases.models import Case
from portal.cases.references import normal_reference
from portal.cases.voice_told import Heard, Wished
from portal.gate import see_other
from workflows.kinds import WORKFLOWS
from workflows.table import StepRefused, Workflow

Doing = Callable[[Session, Case, Actor], str | None]  # answers with the address to go on to, or None for the case's own
STAFF = ("caseworker", "approver")
CASEWORKER = ("caseworker",)


@dataclass
class Desk:
    """A case lying open before a reader."""

    session: Session
    case: Case
    by: Actor
    today: datetime.date

    @cached_property
    def events(self) -> list[Happened]:
        return ledger.history(self.session, self.case)

    @cached_property
    def heard(self) -> Heard:
        """What the child has said in this case."""
        return voice_told.heard(self.events)

    @cached_property
    def wished(self) -> Wished:
        """What somebody who asks for their own file wishes, and knows already."""
        return voice_told.wished(self.events)

    @property
    def workflow(self) -> Workflow:
        return WORKFLOWS[self.case.kind]


def find(session: Session, reference: str, by: Actor) -> Case:
    """The case with this reference, however it was typed, if the reader may see it. Raises CaseNotFound."""
    whole = normal_reference(reference)
    if whole is None:
        raise CaseNotFound
    return verbs.visible_case(session, whole, by)


@contextmanager
def looking(reference: str, at: str) -> Iterator[Desk]:
    """Opens a case to be read: first the look goes into the reader's own chain, then a reading transaction begins.

    A case of another team and one that never was are both refused alike, and both tries are logged."""
    by = gate.actor()
    with gate.runtime().database.write() as session:
        try:
            case = find(session, reference, by)
        except CaseNotFound:
            audit.append(session, look(by, at, outcome="denied"))
            case = None
        else:
            audit.append(session, look(by, at, case))
    if case is None:
        raise CaseNotFound
    with gate.runtime().database.read() as session:
        yield Desk(session, find(session, reference, by), by, clocking.uk_today())


def look(by: Actor, at: str, case: Case | None = None, *, outcome: str = "allowed") -> Act:
    """The log row of a look at a case's own papers; a look into the child's record has its own row, by `records`."""
    return Act(
        chain=str(by),
        act="view_case",
        actor=str(by),
        role=by.role,
        team=by.team_id.hex if by.team_id else "",
        case_id=case.id if case else None,
        session=by.session,
        outcome=outcome,
        detail={"page": at},
    )


def act(reference: str, form: forms.Form, do: Doing) -> Response:
    """Does one thing to a case, once for this form, and goes on to the address that `do` answers with, or to the case.

    Raises CaseNotFound, StepRefused, LostRace; then nothing has happened."""
    by = gate.actor()

    def once(session: Session) -> str:
        case = find(session, reference, by)
        return do(session, case, by) or address(case)

    return gate.perform(form.form_key.data, once)


def press(reference: str, back: str, do: Callable[[Session, Case, Actor], None]) -> Response:
    """As `act`, for a form of one button: a refusal is told on the page it came from."""
    form = Button()
    if not form.validate_on_submit():
        return told(_("Nothing was done: the page was not complete. Try again."), back)

    def pressed(session: Session, case: Case, by: Actor) -> str:
        do(session, case, by)
        return back

    try:
        return act(reference, form, pressed)
    except StepRefused as refused:
        return told(_(refused.reason), back)


class Button(forms.Form):
    """A form of one button."""


def told(words: str, back: str) -> Response:
    """Back to a page, with words about what could not be done."""
    flash(words)
    return see_other(back)


def blame(form: forms.Form, refused: StepRefused, names: Callable[[str], str] = str) -> None:
    """Puts the words of a refusal beside the field that it names, or at the head of the form."""
    field = form[names(refused.need)] if refused.need and names(refused.need) in form else None
    if field is None:
        form.form_errors.append(_(refused.reason))
    else:
        field.errors = [*field.errors, _(refused.reason)]


def address(case: Case, *parts: str) -> str:
    """Path of a page of this case."""
    return "/".join(("/staff/cases", case.reference, *parts))

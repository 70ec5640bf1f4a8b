"""What is known of the child's family, written down by staff: questions that parental responsibility turns on."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms
from portal.cases import clocking, family
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound, LostRace
from portal.cases.models import Case
from portal.caseworker import authority_draft, blueprint, desk
from portal.caseworker.cases import tag_of
from portal.caseworker.desk import Desk
from portal.caseworker.family_words import ASKED, CHOICES, FAVOURS, ORDER, QUESTIONS, SIGNED, YES_NO
from portal.gate import page
from workflows.family import ORDER_WORDS, Told, orders_told
from workflows.table import StepRefused

ORDERS = 3  # in one form; more are written down in the words of the last, and by the next form
_DAYS = frozenset({"from", "until", "ended_on"})


def _field(name: str) -> Any:
    if name.endswith("_on"):
        return forms.DateField(ASKED[name], latest=clocking.uk_today)
    if name.endswith("_until"):
        return forms.DateField(ASKED[name])
    if name in CHOICES:
        return forms.SelectField(ASKED[name], choices=[("", _l("Not known")), *CHOICES[name].items()])
    return forms.RadiosField(ASKED[name], choices=list(YES_NO.items()))


def _of_order(name: str) -> Any:
    if name in _DAYS:
        return forms.DateField(ORDER[name])
    if name == "kind":
        return forms.SelectField(
            ORDER[name],
            choices=[("", _l("No order here")), *((kind, _l(words)) for kind, words in ORDER_WORDS.items())],
        )
    if name == "favour":
        return forms.SelectField(ORDER[name], choices=[("", _l("Not known")), *FAVOURS.items()])
    return forms.LongTextField(ORDER[name], longest=1000, counted=False)


class FamilyForm(forms.Form):
    """All questions at once: staff read papers and fill in what these say. `seen` is the last event that was shown."""

    seen = forms.VersionField()

    def order_fields(self) -> Iterator[list[Any]]:
        """The questions about each order, in their order."""
        for number in range(1, ORDERS + 1):
            yield [self[f"order{number}_{name}"] for name in ORDER]

    def told(self) -> dict[str, Any]:
        """The answers as they are kept; what was not answered is left out."""
        said = {name: _plain(self[name].data) for name in ASKED}
        orders = [
            {name: _plain(self[f"order{number}_{name}"].data) for name in ORDER} for number in range(1, ORDERS + 1)
        ]
        kept = [{name: value for name, value in one.items() if value} for one in orders if one["kind"]]
        return {**{name: value for name, value in said.items() if value}, **({"orders": kept} if kept else {})}


for _name in ASKED:
    setattr(FamilyForm, _name, _field(_name))
for _number in range(1, ORDERS + 1):
    for _name in ORDER:
        setattr(FamilyForm, f"order{_number}_{_name}", _of_order(_name))
FamilyForm.save = forms.SubmitField(_l("Write this down"))


@page(
    blueprint,
    "/cases/<string:reference>/authority/family",
    methods=("GET", "POST"),
    who=desk.CASEWORKER,
    opens=("case",),
    why="write down what is known of the child's family, on which parental responsibility turns",
)
def family_page(reference: str) -> Response | tuple[str, int]:
    form, lost = FamilyForm() if request.form else None, False
    if form is not None and form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _record(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            lost = True
    with desk.looking(reference, "family") as opened:
        if opened.case.requester_id is None:
            raise CaseNotFound
        return _show(opened, form or _as_known(opened), lost=lost)


def _show(opened: Desk, form: FamilyForm, *, lost: bool) -> tuple[str, int]:
    if lost or not request.form:
        form.seen.raw_data, form.seen.data = None, opened.case.seq
    if lost:
        form.form_errors.append(_("The case moved on while you were writing. Look at it, then save again."))
    shown = render_template(
        "caseworker/authority/family.html",
        case=opened.case,
        tag=tag_of(opened),
        form=form,
        questions=[form[name] for name in QUESTIONS],
        signed=[form[name] for name in SIGNED],
        claimed=not authority_draft.looked(opened).recorded_by,
    )
    return shown, HTTPStatus.CONFLICT if lost else form.status


def _record(session: Session, case: Case, by: Actor, form: FamilyForm) -> str:
    if case.seq != form.seen.data:
        raise LostRace
    family.record(session, case.id, form.told(), by=by, today=clocking.uk_today())
    flash(_("Written down. The answer below is of these facts."), "success")
    return desk.address(case, "authority")


def _as_known(opened: Desk) -> FamilyForm:
    """The form as it was last written down; before that, as the requester said."""
    told = authority_draft.looked(opened).told
    data = {name: _as_field(name, value) for name, value in told.items() if name in ASKED}
    for number, order in enumerate(orders_told(told)[:ORDERS], start=1):
        data.update({f"order{number}_{name}": _as_field(name, order.get(name)) for name in ORDER})
    return FamilyForm(formdata=None, data=data)


def _as_field(name: str, value: object) -> object:
    if not (name.endswith(("_on", "_until")) or name in _DAYS):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        return None


def _plain(value: object) -> object:
    if isinstance(value, datetime.date):
        return value.isoformat()
    return value.strip() if isinstance(value, str) else value


__all__ = ["FamilyForm", "Told", "family_page"]

"""Breaches: opened from where one stands, counted in hours, and the entry offered to the record where it belongs."""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session, col, select

from portal import db, forms, records
from portal.cases import breaches, clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import on_overview, tag_of
from portal.caseworker.finding import MATCHED_BY, Search
from portal.gate import page
from portal.records import Candidate
from workflows.days import LONDON
from workflows.table import StepRefused

_TIME = re.compile(r"([01]?\d|2[0-3])[:.]([0-5]\d)", re.ASCII)
PLACES = ("line", "review", "copy", "letter")


class OpenBreach(forms.Form):
    """What is known of a breach when it is entered; more can be written down later, in parts."""

    kind = forms.RadiosField(_l("What is it?"), needed=_l("Choose what it is"))
    about = forms.LongTextField(_l("What happened, as far as we know?"), needed=_l("Say what happened"))
    whose = forms.LongTextField(
        _l("Whose information is it, and of how many people?"), needed=_l("Say whose information it is")
    )
    how = forms.LongTextField(_l("How did it come to light?"))
    copies = forms.LongTextField(
        _l("Which copies or letters are out, and who has them?"),
        hint=_l("Call them back now, and record it in the case."),
    )
    aware_on = forms.DateField(
        _l("On which day did any of us first know of it?"),
        short=_l("The date"),
        hint=_l("The 72 hours run from this moment, through nights and weekends."),
        needed=_l("Enter the day"),
        latest=clocking.uk_today,
    )
    aware_time = forms.TextField(
        _l("At what time?"), hint=_l("For example 14:30"), needed=_l("Enter the time"), longest=5
    )
    save = forms.SubmitField(_l("Open a breach case"))

    def validate(self, extra_validators: object = None) -> bool:
        """The time must be one of a clock."""
        sound = super().validate(extra_validators)
        if self.aware_time.data and not _TIME.fullmatch(self.aware_time.data):
            self.aware_time.errors = [_("Enter the time as hours and minutes, for example 14:30")]
            return False
        return sound

    @property
    def aware_at(self) -> datetime.datetime:
        """The moment in UTC. Of an hour that came twice, the first counts: the earlier deadline is kept."""
        found = _TIME.fullmatch(str(self.aware_time.data))
        if found is None or not self.aware_on.data:
            raise ValueError("ask for the moment of a form that is valid")
        time = datetime.time(int(found[1]), int(found[2]))
        return datetime.datetime.combine(self.aware_on.data, time, LONDON).astimezone(datetime.UTC)


class Belongs(Search):
    """The search, with what belongs to the record that is then chosen from it: `chosen` is the button pressed."""

    words = forms.LongTextField(
        _l("What belongs to another record?"),
        hint=_l("Say it so that whoever keeps that record can find it."),
        needed=_l("Say what belongs to another record"),
        longest=1000,
    )


@dataclass(frozen=True)
class OnOverview:
    """A breach as its own page shows it."""

    summary: breaches.Summary
    kind: str
    from_case: str
    settled: bool
    names: dict[str, str]


@page(
    blueprint,
    "/cases/<string:reference>/breach",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case",),
    why="open a breach case from where one stands: another child's data, or a copy in the wrong hands",
)
def open_breach(reference: str) -> Response | tuple[str, int]:
    form = OpenBreach(data={"kind": request.args.get("kind")})
    form.kind.choices = [(code, _(words)) for code, words in breaches.KINDS.items()]
    if form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _open(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused, lambda need: "aware_on" if need == "aware_at" else need)
    with desk.looking(reference, "breach") as opened:
        there = breaches.opened_from(opened.events)
        shown = render_template(
            "caseworker/breach/open.html",
            case=opened.case,
            tag=tag_of(opened),
            form=form,
            there=there,
            here=request.full_path.rstrip("?"),
        )
    return shown, form.status


@page(
    blueprint,
    "/cases/<string:reference>/offer",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=("case", "core"),
    why="find the record to which a misplaced entry belongs: at most five candidates; nothing is entered there",
)
def offer_to_record(reference: str) -> Response | tuple[str, int]:
    form = Belongs()
    if "chosen" in request.form and form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _offer(session, case, by, form))
        except StepRefused as refused:
            desk.blame(form, refused)
    with desk.looking(reference, "offer") as opened:
        if opened.case.kind != breaches.KIND:
            raise CaseNotFound
        found = None
        if request.form and not form.errors and form.validate():
            try:
                found = _search(opened.session, opened.case, opened.by, form)
            except StepRefused as refused:
                desk.blame(form, refused)
        shown = render_template(
            "caseworker/breach/offer.html",
            case=opened.case,
            tag=tag_of(opened),
            form=form,
            found=found,
            matched_by=MATCHED_BY,
        )
    return shown, form.status


@on_overview
def breach_part(session: Session, case: Case) -> dict[str, Any]:
    """What a breach's own page says instead of who asks."""
    if case.kind != breaches.KIND:
        return {}
    found = breaches.summary(session, case, ledger.history(session, case), now=db.now())
    query = select(Case.reference).where(col(Case.id) == found.from_case)
    shown = OnOverview(
        found,
        _(breaches.KINDS[found.found.kind]),
        session.exec(query).first() or "",
        settled=case.clock_status == "met",
        names=staff_words.names_of(session, {offer.actor for offer in found.offers}),
    )
    return {"breach": shown}


def _open(session: Session, case: Case, by: Actor, form: OpenBreach) -> str:
    place = request.args.get("place", "")
    opened = breaches.open_breach(
        session,
        from_case=case.id,
        kind=str(form.kind.data),
        about=str(form.about.data),
        how=str(form.how.data or ""),
        whose=str(form.whose.data),
        aware_at=form.aware_at,
        copies=str(form.copies.data or ""),
        place=place if place in PLACES else "case",
        place_id=_id(request.args.get("id")),
        by=by,
    )
    flash(_("Opened as %(reference)s. Its 72 hours are running.", reference=opened.reference), "success")
    return desk.address(opened)


def _search(session: Session, case: Case, by: Actor, form: Belongs) -> list[Candidate]:
    looking = verbs.look_for(case, by, search=True)
    born = form.born.data
    found = records.candidates(
        session,
        looking,
        identifier=form.identifier.data or "",
        surname=form.surname.data or "",
        forename=form.forename.data or "",
        birth_date=born if isinstance(born, datetime.date) else None,
    )
    return [one for one in found if one.child_id != case.child_id]


def _offer(session: Session, case: Case, by: Actor, form: Belongs) -> str:
    """Only what a search has found can be named."""
    child_id = _id(request.form.get("chosen"))
    chosen = next((one for one in _search(session, case, by, form) if one.child_id == child_id), None)
    if chosen is None:
        raise StepRefused(_("Search again and choose one of the records found."))
    breaches.offer_to(session, case.id, chosen, str(form.words.data or ""), by=by)
    flash(_("Recorded. Nothing was entered in that record: tell whoever keeps it."), "success")
    return desk.address(case)


def _id(text: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(text))
    except ValueError:
        return None

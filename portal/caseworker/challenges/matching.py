"""Which entry of the record a line means; or that nothing we hold says this."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlmodel import Session

from portal import forms, records
from portal.cases.actors import Actor
from portal.cases.corrections import lines
from portal.cases.corrections.lines import MATCHED_IN, Line
from portal.cases.ledger import LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk, staff_words
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges import line_words
from portal.caseworker.challenges.lines import of_one
from portal.caseworker.challenges.table import Table, table
from portal.caseworker.review_room import RECORD
from portal.gate import page
from portal.records import OpenEntry
from workflows.table import StepRefused

PAGE = 20
NOTHING = "nothing"
_PLACE = re.compile(r"\d{1,6}", re.ASCII)


class Match(forms.VersionedForm):
    """The search through the record and the choice from it; sent by POST, because what is typed must not stand in an
    address."""

    category = forms.SelectField(_l("Kind of entry"))
    mark = forms.SelectField(_l("Marked as"))
    contains = forms.TextField(_l("Words in it"), longest=80)
    find = forms.SubmitField(_l("Show these"))
    entry = forms.RadiosField(
        _l("Which entry is meant?"), needed=_l("Choose the entry that is meant, or that nothing we hold says this")
    )
    shown = forms.RadiosField(
        _l("May the requester be told of this entry?"),
        hint=_l(
            "They may where a copy of theirs shows it. If they may not, their answer is that there is nothing to say."
        ),
        choices=[("yes", _l("Yes")), ("no", _l("No"))],
    )
    reason = forms.LongTextField(
        _l("Why may they, or why not?"),
        hint=_l("Not needed where their own copy shows it."),
        counted=False,
        longest=1000,
    )
    save = forms.SubmitField(_l("Match the line"))

    def validate(self, extra_validators: object = None) -> bool:
        """An entry is chosen together with whether it may be told."""
        if not super().validate(extra_validators):
            return False
        if self.entry.data != NOTHING and not self.shown.data:
            self.shown.errors = [_("Choose whether the requester may be told of it")]
            return False
        return True


@dataclass
class Found:
    """A page of the record. `chosen` stands on it wherever it is in the record."""

    entries: list[OpenEntry] = field(default_factory=list)
    chosen: OpenEntry | None = None
    count: int = 0
    place: int = 0

    @property
    def before(self) -> int | None:
        return max(0, self.place - PAGE) if self.place else None

    @property
    def behind(self) -> int | None:
        return self.place + PAGE if self.place + PAGE < self.count else None


@page(
    blueprint,
    "/cases/<string:reference>/lines/<uuid:line_id>/match",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=RECORD,
    why="say which entry of the record a challenged line means, or that none is",
)
def match_line(reference: str, line_id: uuid.UUID) -> Response | tuple[str, int]:
    with table(reference, "match") as opened:
        line, record = opened.line(line_id), _record(opened)
    form = _form(line, record)
    lost = False
    if form.save.data and form.validate_on_submit():
        try:
            return desk.act(reference, form, lambda session, case, by: _match(session, case, by, line, form))
        except StepRefused as refused:
            desk.blame(form, refused)
        except LostRace:
            lost = True
            with table(reference, "match") as opened:
                line = opened.line(line_id)
            form.version.raw_data, form.version.data = None, line.version
    return _show(opened, line, form, _page_of(form, record), lost=lost)


def _record(opened: Table) -> list[OpenEntry]:
    """The whole record in order, as far as it can be opened for the challenge."""
    if opened.looking is None:
        return []
    heads = [head.id for head in records.heads(opened.session, opened.looking.child_id)]
    return list(opened.read(heads, challenged=True).values())


def _form(line: Line, record: list[OpenEntry]) -> Any:
    form = Match(data=None if request.form else _stored(line))
    categories = sorted({entry.category for entry in record if not entry.masked})
    form.entry.choices = [(one, "") for one in (*(entry.id.hex for entry in record), NOTHING)]
    marks = sorted({mark for entry in record for mark in entry.marks})
    form.category.choices = [("", _("All")), *((one, one.capitalize()) for one in categories)]
    form.mark.choices = [("", _("Any or none")), *((one, str(staff_words.MARKS[one][0])) for one in marks)]
    return form


def _stored(line: Line) -> dict[str, Any]:
    """What was matched before; or the entry that the requester's own copy printed under the number they gave."""
    pinned = line.claim.pinned
    if line.matched:
        chosen = line.entry_id.hex if line.entry_id else NOTHING
        return {"entry": chosen, "shown": "yes" if line.shown else "no", "version": line.version}
    return {"entry": pinned.entry_id.hex if pinned else "", "shown": "yes" if pinned else None, "version": line.version}


def _page_of(form: Any, record: list[OpenEntry]) -> Found:
    """The page that a button asked for, of what was searched for."""
    wanted = list(_searched(record, form.category.data or "", form.mark.data or "", form.contains.data or ""))
    asked = request.form.get("place", "")
    place = int(asked) if _PLACE.fullmatch(asked) and int(asked) < len(wanted) else 0
    shown = wanted[place : place + PAGE]
    chosen = next((entry for entry in record if entry.id.hex == form.entry.data), None)
    return Found(shown, chosen if chosen not in shown else None, len(wanted), place)


def _searched(record: list[OpenEntry], category: str, mark: str, contains: str) -> Iterable[OpenEntry]:
    words = contains.casefold()
    for entry in record:
        told = f"{entry.label}\n{entry.text}\n{entry.source}".casefold()
        if category in {"", entry.category} and (not mark or mark in entry.marks) and words in told:
            yield entry


def _match(session: Session, case: Case, by: Actor, line: Line, form: Any) -> str:
    lines.match(
        session,
        case.id,
        line.id,
        _chosen(form.entry.data),
        version=form.version.data or 0,
        shown=form.shown.data == "yes" and form.entry.data != NOTHING,
        reason=form.reason.data or "",
        by=by,
    )
    flash(_("Line %(number)s is matched.", number=line.number), "success")
    return desk.address(case, "lines")


def _chosen(text: str) -> uuid.UUID | None:
    return None if text == NOTHING else uuid.UUID(hex=text)


def _show(opened: Table, line: Line, form: Any, found: Found, *, lost: bool) -> tuple[str, int]:
    may = line.state in {"received", "disputed"} and opened.case.state in MATCHED_IN and opened.case.closed_at is None
    shown = render_template(
        "caseworker/challenges/match.html",
        case=opened.case,
        tag=tag_of(opened),
        line=line,
        row=of_one(opened, line, None, []),
        form=form,
        found=found,
        nothing=NOTHING,
        may_match=may and opened.looking is not None,
        shut=_(opened.shut) if opened.shut else "",
        pinned=line.claim.pinned is not None,
        wanted=line_words.in_words(line.claim.should_say),
        lost=lost,
    )
    return shown, 409 if lost else form.status

"""Several lines of which the same is true, decided for one reason: each keeps its own decision.

Ten notes with the same misspelt name are ten changes: in each the same words give way to the same words, and what
each will say is shown before anything is decided."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlmodel import Session

from portal import forms
from portal.cases.actors import Actor
from portal.cases.corrections import deciding
from portal.cases.corrections.deciding import Pick
from portal.cases.corrections.lines import MOST_LINES, Decided, Line, Value
from portal.cases.ledger import LostRace
from portal.cases.models import Case
from portal.caseworker import blueprint, desk
from portal.caseworker.cases import tag_of
from portal.caseworker.challenges import decision_forms
from portal.caseworker.challenges.decision_forms import decision_form
from portal.caseworker.challenges.difference import Piece, difference
from portal.caseworker.challenges.laid import Offer, facts_like, facts_of, offers_for
from portal.caseworker.challenges.lines import Row, of_one
from portal.caseworker.challenges.table import Table, table, to_decide
from portal.caseworker.review_room import RECORD
from portal.gate import page
from portal.records import OpenEntry
from portal.records.correcting import Moved, NoValue
from workflows.table import StepRefused

_PICK = re.compile(r"([0-9a-f]{32})\.(\d{1,9})", re.ASCII)
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
WITH_VALUE = frozenset({"corrected", "completed", "partly"})


@dataclass(frozen=True)
class One:
    """A line with its entry, and what it would say after the change that was typed."""

    line: Line
    entry: OpenEntry | None
    row: Row
    change: tuple[Piece, ...] = ()
    missing: bool = False  # the words that give way do not stand in it

    @property
    def pick(self) -> str:
        return f"{self.line.id.hex}.{self.line.version}"


@dataclass
class Chosen:
    """The lines that are decided together, and the outcomes that are open for all of them."""

    opened: Table
    each: list[One]
    offers: list[Offer]
    fault: str

    @property
    def entry(self) -> OpenEntry | None:
        return self.each[0].entry if self.each else None

    @property
    def by_words(self) -> bool:
        """Texts that differ from each other: words give way in each of them."""
        texts = {one.entry.value for one in self.each if one.entry}
        return self.entry is not None and self.entry.kind == "text" and len(texts) > 1


def together_form(chosen: Chosen) -> Any:
    """The class of the form: as for one line, and for texts the words that give way in each."""
    base = decision_form(chosen.entry, base=forms.Form)
    fields: dict[str, Any] = {
        "wrong": forms.TextField(_l("Words that are wrong in each"), hint=_l("Exactly as they stand in the entries.")),
        "right": forms.TextField(_l("What stands in their place")),
        "look": forms.SubmitField(_l("Show what each will say")),
    }
    return type("DecideTogether", (base,), fields)


@page(
    blueprint,
    "/cases/<string:reference>/lines/together",
    methods=("GET", "POST"),
    who=desk.STAFF,
    opens=RECORD,
    why="decide several lines of which the same is true, for one reason",
)
def decide_together(reference: str) -> Response | tuple[str, int]:
    versions = _picked(request.form.getlist("pick"))
    wanted = list(versions) if request.form else _asked(request.args.getlist("line"))
    with table(reference, "together") as opened:
        chosen = _choose(opened, wanted)
    if len(chosen.each) < 2:
        return desk.told(_("Tick at least two lines that wait for a decision."), f"/staff/cases/{reference}/lines")
    form = together_form(chosen)()
    if not request.form:
        form.form_errors = []
    elif form.look.data:
        chosen.each = [_changed(one, form) for one in chosen.each]
    elif not chosen.fault and form.validate_on_submit():
        try:
            return desk.act(
                reference, form, lambda session, case, by: _decide(session, case, by, chosen, form, versions=versions)
            )
        except StepRefused as refused:
            desk.blame(form, refused, lambda need: "wrong" if need == "value" and chosen.by_words else need)
        except NoValue as wrong:
            desk.blame(form, StepRefused(wrong.words, need="wrong" if chosen.by_words else "value"))
        except (LostRace, Moved):
            return desk.told(
                _("One of these lines or its entry was changed meanwhile, so none of them was decided. Look again."),
                f"/staff/cases/{reference}/lines",
            )
    return _show(chosen, form, versions)


def _asked(values: Iterable[str]) -> list[uuid.UUID]:
    return [uuid.UUID(hex=one) for one in values if _ID.fullmatch(one)][:MOST_LINES]


def _picked(values: Iterable[str]) -> dict[uuid.UUID, int]:
    """Line -> the version that its page showed."""
    found = [_PICK.fullmatch(one) for one in values]
    return {uuid.UUID(hex=one[1]): int(one[2]) for one in found if one}


def _choose(opened: Table, wanted: Sequence[uuid.UUID]) -> Chosen:
    """The chosen lines that can be decided now."""
    rows = [line for line in opened.lines if line.id in set(wanted) and line.state == "disputed" and line.matched]
    entries = opened.read([line.entry_id for line in rows if line.entry_id], challenged=True)
    pairs = [(line, entries.get(line.entry_id) if line.entry_id else None) for line in rows]
    each = [One(line, entry, of_one(opened, line, entry, [])) for line, entry in pairs]
    if not each:
        return Chosen(opened, [], [], "")
    known = facts_of(opened, *pairs[0])
    offers = offers_for(*(facts_like(known, line, entry) for line, entry in pairs))
    return Chosen(opened, each, offers, _unlike(each))


def _unlike(each: Sequence[One]) -> str:
    """Why these lines cannot honestly be decided for one reason, or nothing."""
    there = [one.entry for one in each if one.entry]
    if len({one.id for one in there}) < len(there):
        return _("Two of these lines are about the same entry. Decide one of them first.")
    if there and len(there) < len(each):
        return _("Some of these lines have an entry and others have none. Decide them apart.")
    if len({(one.kind, one.code_set) for one in there}) > 1:
        return _("These entries are of different kinds: dates, codes, texts. Decide those of one kind together.")
    if len({one.line.shown for one in each}) > 1:
        return _("The requester may be told of some of these entries and not of others. Decide them apart.")
    if any(one.entry and one.entry.version_id != one.line.version_id for one in each):
        return _("One of these entries has changed since its line was matched. Match that line again first.")
    return ""


def _changed(one: One, form: Any) -> One:
    """The line with what its entry would say."""
    if one.entry is None:
        return one
    value = _value(one, form)
    if value is None:
        return replace(one, missing=True)
    after = replace(one.entry, value=value.value, plain=value.plain, code=value.code).text if value.value else ""
    return replace(one, change=tuple(difference(one.entry.text, after))) if after else one


def _value(one: One, form: Any) -> Value | None:
    """What the entry of this line is to say; None where the words that give way do not stand in it."""
    wrong = form.wrong.data or ""
    if not wrong:
        return decision_forms.said_value(form.value, one.entry)
    if one.entry is None or one.entry.kind != "text" or wrong not in one.entry.value:
        return None
    return Value("text", one.entry.value.replace(wrong, form.right.data or ""))


def _decide(
    session: Session, case: Case, by: Actor, chosen: Chosen, form: Any, *, versions: dict[uuid.UUID, int]
) -> str:
    """All of them in one transaction, or none."""
    said, looking = decision_forms.decided_of(form, chosen.entry), to_decide(case, by)
    for one in chosen.each:
        pick = Pick(one.line.id, versions[one.line.id])
        deciding.decide(
            session,
            case.id,
            [pick],
            _own(said, one, form),
            kept_as=decision_forms.kept_as(form),
            by=by,
            looking=looking,
        )
    count = len(chosen.each)
    flash(ngettext("%(num)s line is decided.", "%(num)s lines are decided or proposed.", count), "success")
    return desk.address(case, "lines")


def _own(said: Decided, one: One, form: Any) -> Decided:
    """The decision as it stands for one of the lines."""
    if said.outcome not in WITH_VALUE:
        return replace(said, says=Value())
    value = _value(one, form)
    if value is None:
        raise StepRefused(
            _("The words that are wrong do not stand in the entry of line %(number)s.", number=one.line.number),
            need="wrong",
        )
    return replace(said, says=value)


def _show(chosen: Chosen, form: Any, versions: dict[uuid.UUID, int]) -> tuple[str, int]:
    decision_forms.offer(form, chosen.offers)
    if form.errors and chosen.fault:
        decision_forms.told_at_the_head(form)
    shown = render_template(
        "caseworker/challenges/together.html",
        case=chosen.opened.case,
        tag=tag_of(chosen.opened),
        chosen=chosen,
        picks=[f"{line.hex}.{version}" for line, version in versions.items()] or [one.pick for one in chosen.each],
        form=form,
        second_words=decision_forms.second_words(chosen.offers),
    )
    return shown, form.status

"""The forms by which a line is decided, confirmed or turned down."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms.fields.choices import SelectChoice

from portal import forms
from portal.cases.corrections.lines import Decided, Value
from portal.caseworker.challenges.laid import Offer
from portal.caseworker.challenges.line_words import KEPT_AS
from portal.records import OpenEntry
from portal.records import words as code_words
from workflows.line_rules import RULES
from workflows.lines import Outcome

LONGEST_VALUE = 20_000
VALUE_LABEL = _l("What it says from now on")
VALUE_HINT = _l("The whole of it, as it is to stand. It is left as it is where the decision changes nothing.")
PART_LABEL = _l("If it is changed in part: what it says from now on")
PART_HINT = _l("It begins with what it says now. Change that part of it which was wrong, and nothing else.")


def value_field(entry: OpenEntry | None, label: Any = VALUE_LABEL, hint: Any = VALUE_HINT) -> Any:
    """A field in the form of the entry's own value: a day, a code in words, or text."""
    if entry is not None and entry.kind == "date":
        return forms.DateField(label, short=_l("The date"))
    codes = code_words.CODES.get(entry.code_set, {}) if entry is not None and entry.kind == "code" else {}
    if entry is not None and codes:
        return forms.SelectField(label, choices=[("", _l("Choose one")), *_by_words(entry, codes)])
    return forms.LongTextField(label, hint=hint, longest=LONGEST_VALUE, counted=False)


def _by_words(entry: OpenEntry, codes: Mapping[str, str]) -> list[tuple[str, str]]:
    """Each meaning once: a set can have several codes that say the same."""
    meanings: dict[str, str] = {}
    for code, words in codes.items():
        if words not in meanings or code == entry.code:
            meanings[words] = code
    return [(code, _(words)) for words, code in meanings.items()]


def said_value(field: Any, entry: OpenEntry | None) -> Value:
    """What was typed, in the form of the entry's value."""
    data = field.data
    if isinstance(data, datetime.date):
        return Value("date", data.isoformat())
    if not data:
        return Value()
    if entry is not None and entry.kind == "code":
        plain = code_words.plain(entry.code_set, str(data))
        return Value("code", str(data), str(data), plain)
    return Value("text", str(data))


def as_typed(value: Value, entry: OpenEntry | None) -> Any:
    """A value as the field of this entry takes it, or None where it does not fit."""
    if entry is None or not value.value:
        return None
    if entry.kind == "date":
        return _day(value.value)
    if entry.kind == "code" and entry.code_set in code_words.CODES:
        return _code(value, entry)
    return value.value


def now_typed(entry: OpenEntry | None) -> Any:
    """What the entry says now, as its field takes it."""
    if entry is None or entry.masked:
        return None
    return as_typed(Value(value=entry.value, code=entry.code, plain=entry.plain), entry)


def _code(value: Value, entry: OpenEntry) -> str | None:
    """A code, or what somebody said in words where these are the words of one."""
    said = {one for one in (value.code, value.value, value.plain) if one}
    offered = _by_words(entry, code_words.CODES[entry.code_set])
    meant = {code_words.plain(entry.code_set, one) for one in said} | said
    return next((code for code, words in offered if code in said or words in meant), None)


def _day(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


def decision_form(
    entry: OpenEntry | None,
    *,
    check: bool = False,
    in_part: bool = False,
    base: type[forms.Form] = forms.VersionedForm,
) -> Any:
    """The class of the form for lines whose entries have the kind of `entry`. What was posted is refused by the table
    of lines, in its words; `offer` leaves on the page what is open.

    With `check` something was taken over from a decision for somebody else, and that has to be read. With `in_part` a
    change in part has a field of its own, because the other one begins with what the requester wants."""
    fields: dict[str, Any] = {
        "outcome": forms.RadiosField(
            _l("What becomes of it?"),
            choices=[(one.value, _l(one.label)) for one in Outcome],
            needed=_l("Choose what becomes of it"),
        ),
        "kept_as": forms.RadiosField(_l("If it is kept as history: what is it?"), choices=list(KEPT_AS.items())),
        "value": value_field(entry),
        **({"part": value_field(entry, PART_LABEL, PART_HINT)} if in_part else {}),
        "words": forms.LongTextField(
            _l("Words that stand beside the entry"),
            hint=_l("Of a statement; who said it, for an opinion; or what became of a mistake or an allegation."),
            counted=False,
        ),
        "reasons": forms.LongTextField(_l("Reasons, in the words of the letter"), hint=_l("The requester reads them.")),
        "child_words": forms.LongTextField(
            _l("The same for a child, in short and plain words"),
            hint=_l("Leave empty where no child asked."),
            counted=False,
        ),
        "weighed": forms.LongTextField(
            _l("What was weighed, and what was done to find out"),
            hint=_l("Evidence, answers of sources, what was checked before. Staff read it."),
        ),
        "rule": forms.SelectField(
            _l("Rule that the decision rests on"),
            choices=[("", _l("Choose one")), *RULES.items()],
            needed=_l("Choose the rule that the decision rests on"),
        ),
    }
    if check:
        fields["checked"] = forms.CheckboxField(
            _l("I read every word: nothing here tells that somebody else challenged it, or who"),
            needed=_l("Read what was taken over, then tick the box"),
        )
    fields["save"] = forms.SubmitField(_l("Decide"))
    return type("DecideLine", (base,), fields)


def offer(form: Any, offers: Sequence[Offer]) -> None:
    """Leaves those outcomes on the page that are open."""
    form.outcome.choices = [SelectChoice(value=one.value, label=_(one.label)) for one in offers if not one.fault]


def told_at_the_head(form: Any) -> None:
    """For a page on which the form does not stand any more: its first error alone, beside no field."""
    first = form.error_list()[0]["text"]
    for field in form:
        field.errors = []
    form.form_errors = [first]


def decided_of(form: Any, entry: OpenEntry | None) -> Decided:
    """The form as a decision."""
    return Decided(
        outcome=form.outcome.data or "",
        reasons=form.reasons.data or "",
        weighed=form.weighed.data or "",
        rule=form.rule.data or "",
        says=said_value(form[value_of(form)], entry),
        words=form.words.data or "",
        child_words=form.child_words.data or "",
    )


def value_of(form: Any) -> str:
    """The field that says the new value, by the outcome that was chosen."""
    return "part" if "part" in form and form.outcome.data == "partly" else "value"


def second_words(offers: Sequence[Offer]) -> str:
    """The open outcomes that a second person has to confirm."""
    return ", ".join(_(offer.label) for offer in offers if offer.second and not offer.fault)


def kept_as(form: Any) -> str:
    """Asked beside every outcome, and counts for one alone."""
    return (form.kept_as.data or "") if form.outcome.data == "kept_marked" else ""


class Second(forms.VersionedForm):
    """A second person's answer to what is proposed."""

    answer = forms.RadiosField(
        _l("Do you confirm it?"),
        choices=[("confirm", _l("Yes, it counts from now on")), ("decline", _l("No, the line is open again"))],
        needed=_l("Choose whether you confirm it"),
    )
    reason = forms.LongTextField(_l("If not, why?"), hint=_l("The caseworker reads it."), counted=False)
    save = forms.SubmitField(_l("Save your answer"))

    def validate(self, extra_validators: object = None) -> bool:
        """Who turns something down says why."""
        if not super().validate(extra_validators):
            return False
        if self.answer.data == "decline" and not self.reason.data:
            self.reason.errors = [_("Say why you turn it down")]
            return False
        return True

"""The form of a step is made from the table of the workflow: there is no second list of its questions."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from portal import forms
from workflows.table import Answers, Ask, Need, Step

MOST_RADIOS = 8
LONGEST = 4000


def field_name(need: str) -> str:
    """Name of the field that asks for this answer; the prefix keeps it apart from what every form has."""
    return f"answer_{need}"


def step_form(step: Step) -> type[forms.Form]:
    """The class of the step's form. `seen` carries the number of the last event that the page showed."""
    fields: dict[str, Any] = {"seen": forms.VersionField()}
    fields.update({field_name(need.name): _field(need) for need in step.needs})
    fields["take"] = forms.SubmitField(_(step.label))
    return type("StepForm", (forms.Form,), fields)


def answers_of(step: Step, form: forms.Form) -> Answers:
    """What was answered, as the workflow reads it; an optional question left empty is no answer."""
    given = {need.name: form[field_name(need.name)].data for need in step.needs}
    kinds = {need.name: need.kind for need in step.needs}
    return {
        name: (value == "yes" if kinds[name] is Ask.YESNO else value)
        for name, value in given.items()
        if value not in (None, "")
    }


def _field(need: Need) -> Any:
    label = _(need.label)
    common: dict[str, Any] = {
        "hint": _(need.hint) if need.hint else "",
        "needed": _needed(need) if need.required else None,
    }
    match need.kind:
        case Ask.TEXT:
            return forms.TextField(label, **common)
        case Ask.DATE:
            return forms.DateField(label, short=_("The date"), **common)
        case Ask.YESNO:
            return forms.RadiosField(label, choices=[("yes", _("Yes")), ("no", _("No"))], **common)
        case Ask.CHOICE:
            return _choice(need, label, common)
        case _:
            return forms.LongTextField(label, short=_("Your answer"), longest=LONGEST, **common)


def _choice(need: Need, label: str, common: dict[str, Any]) -> Any:
    choices = [(str(choice.value), _(choice.label)) for choice in need.choices]
    if len(choices) <= MOST_RADIOS:
        return forms.RadiosField(label, choices=choices, **common)
    return forms.SelectField(label, choices=[("", _("Choose one")), *choices], **common)


def _needed(need: Need) -> str:
    match need.kind:
        case Ask.DATE:
            return _("Enter a date")
        case Ask.YESNO:
            return _("Choose yes or no")
        case Ask.CHOICE:
            return _("Choose one of the answers")
    return _("Answer this question")

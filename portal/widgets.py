"""How each kind of field is drawn: the govuk macros, fed from a WTForms field.

A template writes `{{ form.name() }}`. What it may add: `heading=True` where the question is the page's heading,
`classes`, `autocomplete`, `inputmode`, `attributes`, and for radios and checkboxes `reveal={value: field}`: what stands
under a choice and shows when it is chosen. Radios do that by style alone, since the component's script marks the button
in a way that breaks an accessibility rule.
"""

from __future__ import annotations

import re
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from markupsafe import Markup, escape
from wtforms import Field
from wtforms.widgets import HiddenInput

# Anything else below space cannot stand in a page, not even escaped.
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
Params = dict[str, Any]


def typed(value: object) -> str:
    """What the person typed, fit to be shown again."""
    return CONTROLS.sub("", "" if value is None else str(value))


def draw(component: str, macro: str, params: Params) -> Markup:
    """The HTML that `macro` of the govuk `component` makes of `params`."""
    template = current_app.jinja_env.get_template(f"govuk_frontend_jinja/components/{component}/macro.html")
    drawn: Markup = getattr(template.module, macro)(params)
    return drawn


class Widget:
    """Draws one component; subclasses add what is particular to it."""

    component = "input"
    macro = "govukInput"
    # A group of inputs is named by a legend, a single one by a label.
    group = False

    def __call__(self, field: Field, **options: Any) -> Markup:
        params = {
            **self._frame(field, heading=bool(options.pop("heading", False))),
            **self.params(field, options),
        }
        return draw(self.component, self.macro, {**params, **options})

    def params(self, field: Field, options: Params) -> Params:  # noqa: ARG002 subclasses use the options
        """What the macro needs besides label, hint and error."""
        return {}

    def _frame(self, field: Field, *, heading: bool) -> Params:
        kind = "fieldset__legend" if self.group else "label"
        name = {
            "text": field.label.text,
            "classes": f"govuk-{kind}--l" if heading else f"govuk-{kind}--s",
            "isPageHeading": heading,
        }
        frame: Params = {"id": field.id, "idPrefix": field.id, "name": field.name}
        frame.update({"fieldset": {"legend": name}} if self.group else {"label": name})
        if field.description:
            frame["hint"] = {"text": field.description}
        if field.errors:
            frame["errorMessage"] = {"text": field.errors[0], "visuallyHiddenText": _("Error")}
        return frame


class TextInput(Widget):
    """One line of text."""

    def params(self, field: Field, options: Params) -> Params:  # noqa: ARG002
        params: Params = {"value": typed(field._value()), "classes": "govuk-!-width-two-thirds"}
        return {**params, **(field.render_kw or {})}


class EmailInput(TextInput):
    """An e-mail address."""

    def params(self, field: Field, options: Params) -> Params:
        here = {"type": "email", "autocomplete": "email", "spellcheck": False, "autocapitalize": "none"}
        return {**here, **super().params(field, options)}


class PasswordInput(TextInput):
    """A secret: never sent back to the page."""

    component = "password-input"
    macro = "govukPasswordInput"

    def params(self, field: Field, options: Params) -> Params:
        words = {
            "showPasswordText": _("Show"),
            "hidePasswordText": _("Hide"),
            "showPasswordAriaLabelText": _("Show password"),
            "hidePasswordAriaLabelText": _("Hide password"),
            "passwordShownAnnouncementText": _("Your password is visible"),
            "passwordHiddenAnnouncementText": _("Your password is hidden"),
            # The macro joins these to its own classes and cannot bear their absence.
            "button": {"classes": ""},
            "formGroup": {"classes": ""},
        }
        return {**super().params(field, options), **words, "value": ""}


class Textarea(TextInput):
    """Several lines."""

    component = "textarea"
    macro = "govukTextarea"

    def params(self, field: Field, options: Params) -> Params:  # noqa: ARG002
        return {"value": typed(field._value()), "rows": 6, **(field.render_kw or {})}


class CharacterCount(Textarea):
    """Several lines, with a count of what is left."""

    component = "character-count"
    macro = "govukCharacterCount"

    def params(self, field: Field, options: Params) -> Params:
        told = _("You can enter up to %{count} characters")  # the macro fills in the number
        limit = {"maxlength": field.longest, "threshold": 75, "textareaDescriptionText": told}
        return {**super().params(field, options), **limit}


class DateInput(Widget):
    """Day, month and year in three boxes; the wrong ones are marked."""

    component = "date-input"
    macro = "govukDateInput"
    group = True

    def params(self, field: Field, options: Params) -> Params:
        birth = bool(options.pop("birth", False))
        labels = {"day": _("Day"), "month": _("Month"), "year": _("Year")}
        items = []
        for part, label in labels.items():
            width = "govuk-input--width-4" if part == "year" else "govuk-input--width-2"
            wrong = " govuk-input--error" if part in field.wrong_parts else ""
            item = {"name": part, "label": label, "classes": width + wrong, "value": typed(field.parts[part])}
            # The name of a month may be typed, so its box must not call up a keyboard of digits.
            item["inputmode"] = "text" if part == "month" else "numeric"
            if birth:
                item["autocomplete"] = f"bday-{part}"
            items.append(item)
        return {"namePrefix": field.name, "items": items}


class _Choices(Widget):
    group = True

    def params(self, field: Field, options: Params) -> Params:
        reveal = options.pop("reveal", {})
        items = []
        for choice in field.iter_choices():
            item: Params = {"value": choice.value, "text": choice.label, "checked": bool(choice.selected)}
            if choice.value in field.hints:
                item["hint"] = {"text": field.hints[choice.value]}
            if choice.value in reveal:
                below = reveal[choice.value]
                item["conditional"] = {"html": below() if isinstance(below, Field) else escape(below)}
            items.append(item)
        small = {"classes": "govuk-radios--small"} if options.pop("small", False) else {}
        return {"items": items, **small}


class Radios(_Choices):
    """One of a few."""

    component = "radios"
    macro = "govukRadios"


class Checkboxes(_Choices):
    """Any of a few."""

    component = "checkboxes"
    macro = "govukCheckboxes"


class Checkbox(Widget):
    """One box to tick; its text is the field's label."""

    component = "checkboxes"
    macro = "govukCheckboxes"

    def params(self, field: Field, options: Params) -> Params:  # noqa: ARG002
        item: Params = {"value": "y", "text": field.label.text, "checked": bool(field.data)}
        if field.description:  # under its box: above it, it would be read before what it is about
            item["hint"] = {"text": field.description}
        return {"items": [item], "hint": None}


class Select(Widget):
    """One of many, in a list that folds out."""

    component = "select"
    macro = "govukSelect"

    def params(self, field: Field, options: Params) -> Params:  # noqa: ARG002
        return {
            "items": [
                {"value": choice.value, "text": choice.label, "selected": bool(choice.selected)}
                for choice in field.iter_choices()
            ]
        }


class Upload(Widget):
    """Files. The drop zone of the component stays off: its label fails an accessibility rule."""

    component = "file-upload"
    macro = "govukFileUpload"

    def params(self, field: Field, options: Params) -> Params:  # noqa: ARG002
        attributes = {"accept": field.accept} if field.accept else {}
        return {"multiple": field.multiple, "attributes": attributes}


class Button:
    """The button that sends the form. A second press within a second is ignored where scripts run."""

    def __call__(self, field: Field, **options: Any) -> Markup:
        params = {"text": field.label.text, "name": field.name, "value": "1", "preventDoubleClick": True}
        return draw("button", "govukButton", {**params, **options})


class Hidden(HiddenInput):
    """A hidden value, without an id: several forms of a page may carry one of the same name."""

    def __call__(self, field: Field, **_options: Any) -> Markup:
        return Markup('<input type="hidden" name="{}" value="{}">').format(field.name, escape(field._value()))

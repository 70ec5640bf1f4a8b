"""Short questions about the family, where the right to ask turns on them; and what the answers say to the law.

The same answers that staff write down (`workflows.family`), in the words of a parent. Nobody has to answer: what is not
said is asked later, by a person (R-41).
"""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal import forms
from portal.cases.clocking import uk_today
from portal.requester.question_forms import QuestionForm
from workflows.family import Favour, OrderKind, Relation

YES_NO = [("yes", _l("Yes")), ("no", _l("No")), ("unsure", _l("I do not know"))]
# What somebody says of the family by choosing a right to ask.
IMPLIED: dict[str, dict[str, str]] = {
    "mother": {"relation": Relation.MOTHER},
    "father-married": {"relation": Relation.FATHER, "married": "yes"},
    "father-registered-ew": {"relation": Relation.FATHER, "registered": "yes"},
    "father-registered-scotland": {"relation": Relation.FATHER, "registered": "yes"},
    "father-registered-ni": {"relation": Relation.FATHER, "registered": "yes"},
    "second-female-parent": {"relation": Relation.SECOND_FEMALE_PARENT},
    "agreement": {"agreement": "yes"},
    "adopter": {"relation": Relation.ADOPTER},
    "placement-order": {"relation": Relation.PROSPECTIVE_ADOPTER},
    "care-order": {"relation": Relation.LOCAL_AUTHORITY},
}
# The order that such a right rests on, and for whom it was made.
RESTS_ON = {
    "pr-order": (OrderKind.PARENTAL_RESPONSIBILITY, Favour.REQUESTER),
    "lives-with-order": (OrderKind.LIVES_WITH, Favour.REQUESTER),
    "special-guardian": (OrderKind.SPECIAL_GUARDIANSHIP, Favour.REQUESTER),
    "adopter": (OrderKind.ADOPTION, Favour.REQUESTER),
    "placement-order": (OrderKind.PLACEMENT, Favour.REQUESTER),
    "care-order": (OrderKind.CARE, Favour.AUTHORITY),
}
_REGISTERED = ("registered_on", "registered_abroad", "any_order")
_ORDER = ("order_from", "order_until")
UNSURE = ("relation", "registered", "registered_on", "registered_abroad", "married", "married_on", "any_order")
# What is asked besides, by the right that was chosen; a right that is not here is asked nothing.
ASKED: dict[str, tuple[str, ...]] = {
    "father-married": ("married_on", "any_order"),
    "father-registered-ew": _REGISTERED,
    "father-registered-scotland": _REGISTERED,
    "father-registered-ni": _REGISTERED,
    "second-female-parent": ("at_treatment", "registered", "any_order"),
    "agreement": ("relation", "agreement_on", "agreement_registered", "any_order"),
    "pr-order": ("relation", *_ORDER),
    "lives-with-order": ("relation", *_ORDER),
    "special-guardian": ("relation", *_ORDER),
    "adopter": ("order_from",),
    "placement-order": _ORDER,
    "care-order": _ORDER,
}


class FamilyForm(QuestionForm):
    """A few questions; each page shows only those that matter for the right that was chosen."""

    relation = forms.RadiosField(
        _l("Who are you to the child?"),
        choices=[
            (Relation.FATHER, _l("Father")),
            (Relation.MOTHER, _l("Mother")),
            (Relation.SECOND_FEMALE_PARENT, _l("Second mother")),
            (Relation.STEP_PARENT, _l("Step-parent")),
            (Relation.GRANDPARENT, _l("Grandparent")),
            (Relation.OTHER_RELATIVE, _l("Someone else in the family")),
            (Relation.FOSTER_CARER, _l("Foster carer")),
            (Relation.OTHER, _l("Someone else")),
        ],
        short=_l("Who you are to the child"),
    )
    at_treatment = forms.RadiosField(
        _l("Were you two married, or civil partners, when you had help to have the child?"), choices=YES_NO
    )
    registered = forms.RadiosField(_l("Is your name on the birth certificate?"), choices=YES_NO)
    registered_on = forms.DateField(
        _l("When was the birth registered?"),
        hint=_l("You find the day on the birth certificate. Leave it empty if you do not know."),
        latest=uk_today,
        short=_l("Day on the birth certificate"),
    )
    registered_abroad = forms.RadiosField(_l("Was that outside the United Kingdom?"), choices=YES_NO)
    married = forms.RadiosField(_l("Are you, or were you, married to the mother?"), choices=YES_NO)
    married_on = forms.DateField(_l("When did you marry?"), latest=uk_today, short=_l("Day you married"))
    agreement_on = forms.DateField(_l("When did you sign the agreement?"), latest=uk_today)
    agreement_registered = forms.RadiosField(
        _l("Was it sent to the court, and sent back with a stamp?"), choices=YES_NO
    )
    any_order = forms.RadiosField(
        _l("Has a court made any order about the child?"), choices=YES_NO, short=_l("Court order about the child")
    )
    order_from = forms.DateField(_l("From which day does the order count?"), hint=_l("You find it on the order."))
    order_until = forms.DateField(
        _l("Until which day?"), hint=_l("Leave it empty if the order names no day."), short=_l("Last day of the order")
    )

    def only(self, names: tuple[str, ...]) -> None:
        """Takes off what is not asked here."""
        for field in list(self.questions()):
            if field.short_name not in names:
                del self[field.short_name]


def told(footing: str, said: dict[str, Any]) -> dict[str, Any]:
    """What the chosen right and the answers say of the family, as `workflows.family` reads it."""
    answers = {name: value for name, value in said.items() if value and not name.startswith("order_")}
    found: dict[str, Any] = {**answers, **IMPLIED.get(footing, {})}
    if footing in RESTS_ON:
        kind, favour = RESTS_ON[footing]
        days = {"from": said.get("order_from"), "until": said.get("order_until")}
        found["orders"] = [{"kind": kind, "favour": favour, **{name: day for name, day in days.items() if day}}]
    return {name: str(value) if isinstance(value, str) else value for name, value in found.items()}

"""The questions about a child's family as staff read them: the form asks in these words, and the page tells in them."""

from __future__ import annotations

import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.caseworker import staff_words
from workflows.family import ORDER_WORDS, Favour, Relation, Told, orders_told
from workflows.who_may_ask import School

RELATIONS = {
    Relation.MOTHER: _l("Mother: gave birth"),
    Relation.FATHER: _l("Father"),
    Relation.SECOND_FEMALE_PARENT: _l("Second female parent"),
    Relation.ADOPTER: _l("Adoptive parent"),
    Relation.PROSPECTIVE_ADOPTER: _l("Prospective adopter"),
    Relation.STEP_PARENT: _l("Step-parent"),
    Relation.GRANDPARENT: _l("Grandparent"),
    Relation.FOSTER_CARER: _l("Foster carer"),
    Relation.OTHER_RELATIVE: _l("Another relative"),
    Relation.LOCAL_AUTHORITY: _l("Local authority"),
    Relation.OTHER: _l("Somebody else"),
}
FAVOURS = {
    Favour.REQUESTER: _l("The person who asks"),
    Favour.PARTNER: _l("Their husband, wife or partner"),
    Favour.AUTHORITY: _l("A local authority"),
    Favour.ANOTHER: _l("Somebody else"),
}
SCHOOLS = {
    School.MAINTAINED: _l("Maintained or grant-aided"),
    School.ACADEMY: _l("Academy or free school"),
    School.INDEPENDENT: _l("Independent"),
}
YES_NO = {"yes": _l("Yes"), "no": _l("No"), "unsure": _l("Not known")}
QUESTIONS = {
    "relation": _l("What is the person who asks to the child?"),
    "registered": _l("Does the birth certificate name this person as a parent?"),
    "registered_on": _l("On which day was the birth registered?"),
    "registered_abroad": _l("Was it registered outside the United Kingdom?"),
    "married": _l("Were or are the parents married or civil partners?"),
    "married_on": _l("Since which day?"),
    "at_treatment": _l("Second female parent: married or civil partners at the treatment?"),
    "agreement": _l("Is there a parental responsibility agreement?"),
    "agreement_on": _l("Of which day?"),
    "agreement_registered": _l("Is it registered?"),
    "any_order": _l("Is there a court order about the child?"),
    "limited_by_authority": _l("Under a care order: does the authority limit this person?"),
    "accommodated": _l("Is the child looked after by agreement, without an order?"),
    "cares": _l("Does this person care for the child from day to day?"),
    "school_kind": _l("What kind of school keeps the pupil’s record?"),
    "died": _l("Has the child died?"),
}
SIGNED = {
    "signed_by": _l("Who signed?"),
    "signed_on": _l("On which day?"),
    "signed_until": _l("Last day on which it counts, if it says so"),
    "signer_holds": _l("Does whoever signed hold parental responsibility themselves?"),
    "understood": _l("If the person signed: do they understand what would be handed over?"),
}
SIGNERS = {"person": _l("The person the record is about"), "holder": _l("Somebody with parental responsibility")}
ASKED = {**QUESTIONS, **SIGNED}
CHOICES: dict[str, dict[Any, Any]] = {"relation": RELATIONS, "school_kind": SCHOOLS, "signed_by": SIGNERS}
ORDER = {
    "kind": _l("Which order?"),
    "favour": _l("For whom was it made, or whom does it bind?"),
    "from": _l("First day on which it counts"),
    "until": _l("Last day on which it counts, if it says so"),
    "ended_on": _l("Day on which a court ended it"),
    "limits": _l("What it says may or may not be done"),
}


def rows(told: Told) -> list[tuple[str, str]]:
    """What is known of the family, question by question, then each order; what was not said is left out."""
    said = [(str(words), _answer(name, told[name])) for name, words in ASKED.items() if told.get(name)]
    return said + [_order(order) for order in orders_told(told)]


def _answer(name: str, answer: object) -> str:
    if name.endswith(("_on", "_until")):
        return _day(answer)
    choices = CHOICES.get(name, YES_NO)
    return str(next((words for value, words in choices.items() if value == answer), answer))


def _order(told: Told) -> tuple[str, str]:
    kind = next((_(words) for one, words in ORDER_WORDS.items() if one == told.get("kind")), _("Order"))
    whom = next((str(words) for one, words in FAVOURS.items() if one == told.get("favour")), "")
    days = [f"{ORDER[name]}: {_day(told[name])}" for name in ("from", "until", "ended_on") if told.get(name)]
    return kind, "\n".join(part for part in (whom, *days, str(told.get("limits") or "")) if part)


def _day(answer: object) -> str:
    try:
        return staff_words.day(datetime.date.fromisoformat(str(answer)))
    except ValueError:
        return str(answer)

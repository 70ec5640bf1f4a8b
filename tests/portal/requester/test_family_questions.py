"""What a parent says in the form and what staff write down lead to the same answer of the law."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest

from portal.cases import family, ledger
from portal.cases.actors import Actor
from portal.cases.facts import facts_of
from portal.cases.family import Looked
from portal.cases.models import Case
from portal.requester import family_forms
from tests.client import runtime_of, staff_client
from tests.judge import JudgingClient
from tests.portal.requester.asking import CHILD, begin, go_on, name_of
from tests.portal.requester.test_ask import cases
from workflows.facts import Nation
from workflows.family import family_of
from workflows.findings import Standing
from workflows.parental_responsibility import parental_responsibility

YES, NO, OPEN = Standing.HOLDS, Standing.DOES_NOT_HOLD, Standing.NOT_KNOWN


ORDER = {"kind": "lives-with", "favour": "requester", "from": "2020-01-01", "until": "2021-01-01"}
# The right that is chosen, what is answered then, the same as staff write it down, and the law's answer.
SAME: dict[str, tuple[str, dict[str, str], dict[str, Any], Standing]] = {
    "mother": ("mother", {}, {"relation": "mother"}, YES),
    "father, registered": (
        "father-registered-ew",
        {"registered_on": "2014-04-09", "any_order": "no"},
        {"relation": "father", "registered": "yes", "registered_on": "2014-04-09", "any_order": "no"},
        YES,
    ),
    "father, registered abroad": (
        "father-registered-ew",
        {"registered_abroad": "yes"},
        {"relation": "father", "registered": "yes", "registered_abroad": "yes"},
        OPEN,
    ),
    "father, married later": (
        "father-married",
        {"married_on": "2015-06-01"},
        {"relation": "father", "married": "yes", "married_on": "2015-06-01"},
        OPEN,
    ),
    "second mother": (
        "second-female-parent",
        {"at_treatment": "yes"},
        {"relation": "second-female-parent", "at_treatment": "yes"},
        YES,
    ),
    "agreement that is not registered": (
        "agreement",
        {"relation": "step-parent", "agreement_registered": "no"},
        {"agreement": "yes", "relation": "step-parent", "agreement_registered": "no"},
        NO,
    ),
    "order that has ended": (
        "lives-with-order",
        {"relation": "grandparent", "order_from": "2020-01-01", "order_until": "2021-01-01"},
        {"relation": "grandparent", "orders": [ORDER]},
        NO,
    ),
    "adopter": (
        "adopter",
        {"order_from": "2018-05-01"},
        {"relation": "adopter", "orders": [{"kind": "adoption", "favour": "requester", "from": "2018-05-01"}]},
        YES,
    ),
    "somebody who is not sure": (
        "something-else",
        {"relation": "father", "registered": "no", "married": "no", "any_order": "no"},
        {"relation": "father", "registered": "no", "married": "no", "any_order": "no"},
        NO,
    ),
}
BORN = datetime.date(2014, 3, 27)


def typed(told: dict[str, Any], before: str = "") -> dict[str, str]:
    """Answers as somebody types them into a form: days in three boxes, orders one after the other."""
    fields: dict[str, str] = {}
    for name, value in told.items():
        if name == "orders":
            for number, order in enumerate(value, start=1):
                fields |= typed(order, f"order{number}_")
        elif re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            year, month, day = value.split("-")
            fields |= {f"{before}{name}-{part}": one for part, one in (("day", day), ("month", month), ("year", year))}
        else:
            fields[before + name] = value
    return fields


@pytest.mark.parametrize("name", SAME)
def test_the_same_answers_are_the_same_to_the_law(name: str) -> None:
    footing, answers, written, expected = SAME[name]
    both = (family_forms.told(footing, answers), written)
    said, known = (
        parental_responsibility(
            family_of(told, nation=Nation.ENGLAND_AND_WALES, born=BORN, today=family.clocking.uk_today())
        )
        for told in both
    )
    assert said == known
    assert said.standing is expected


def looked(client: JudgingClient, case: Case) -> Looked:
    runtime = runtime_of(client.app)
    with runtime.database.read() as session, runtime.vault.unlocked():
        row = session.get_one(Case, case.id)
        events = ledger.history(session, row)
        facts = facts_of(session, row, events, actor=Actor.system(), today=family.clocking.uk_today())
        return family.looked_at(session, row, events, facts=facts)


def asked(visitor: JudgingClient, footing: str, answers: dict[str, Any]) -> Case:
    """A request with these answers about the family, as it arrived."""
    said = {**CHILD, "right": {"footing": footing, "more": ""}, "family": answers}
    visitor.follow(visitor.submit(go_on(visitor, begin(visitor), said)))
    return cases(visitor)[-1][0]


@pytest.mark.parametrize("name", ["father, registered", "order that has ended"])
def test_both_doors_lead_to_the_same_answer(visitor: JudgingClient, name: str) -> None:
    footing, answers, written, expected = SAME[name]
    case = asked(visitor, footing, typed(answers))
    told = looked(visitor, case)
    assert told.recorded_by == ""
    assert told.answer.footing.standing is expected
    staff = staff_client(visitor.app)
    path = f"/staff/cases/{case.reference}/authority/family"
    with runtime_of(visitor.app).database.write() as session:
        row = ledger.locked(session, case.id)
        row.assignee_id = staff.who.id  # type: ignore[attr-defined]
        session.add(row)
    form = staff.get(path)
    empty = {key: "" for key in form.answers(path) if key not in {"csrf_token", "form_key", "seen"}}
    staff.submit(form, {**empty, **typed(written)}, max_queries=80)
    now = looked(visitor, case)
    assert now.recorded_by
    assert now.answer == told.answer


def test_a_mother_is_asked_nothing_more_and_a_father_only_what_matters(visitor: JudgingClient) -> None:
    page = go_on(visitor, begin(visitor), CHILD, until="right")
    page = visitor.follow(visitor.submit(page, {"footing": "mother"}))
    assert name_of(page) == "you"
    page = go_on(
        visitor,
        visitor.get("/ask/people/1/right"),
        {**CHILD, "right": {"footing": "father-registered-ew"}},
        until="family",
    )
    names = {str(one.get("name")).partition("-")[0] for one in page.all("input") if one.get("type") != "hidden"}
    assert names == {"registered_on", "registered_abroad", "any_order"}


def test_nobody_has_to_answer_and_other_questions_are_asked_when_the_right_changes(visitor: JudgingClient) -> None:
    said = {**CHILD, "right": {"footing": "father-registered-ew"}, "family": {}}
    page = go_on(visitor, begin(visitor), said)
    assert name_of(page) == "check"
    visitor.submit(visitor.get("/ask/people/1/right?change=1"), {"footing": "second-female-parent"})
    assert name_of(visitor.follow(visitor.get("/ask/check", 303))) == "family"

"""A breach: two people decide whether the regulator is told, within 72 hours, and nothing is left untold at the end."""

from collections import deque
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from tests.workflows import tables
from tests.workflows.tables import TODAY, answers_to, reached_without
from workflows import breach_clock
from workflows.days import ClockError
from workflows.facts import CaseFacts, PeopleDecision, RegulatorDecision
from workflows.kinds.breach import WORKFLOW
from workflows.table import Role, StepRefused

GOOD = CaseFacts(
    today=TODAY,
    actor="bob",
    received_on=date(2026, 11, 20),
    breach_due_on=date(2026, 11, 23),
    breach_described=True,
    regulator_proposed_by="ann",
    regulator_decision=RegulatorDecision.TELL,
    regulator_told_on=TODAY,
    people_decision=PeopleDecision.TELL,
    people_told_on=TODAY,
)
NOT_PROPOSED = replace(GOOD, regulator_proposed_by=None, regulator_decision=None, regulator_told_on=None)
TO_TELL = replace(GOOD, regulator_told_on=None)
TELLING = (PeopleDecision.TELL, PeopleDecision.PUBLIC_NOTICE)


def take(state, name, role, facts, **given):
    return tables.take(WORKFLOW, state, name, role, facts, **given)


def refused(state, name, role, facts, **given):
    return tables.refused(WORKFLOW, state, name, role, facts, **given)


def test_each_step_is_open_to_its_own_roles_in_its_own_states_only():
    for state, step, role in product(WORKFLOW.states, WORKFLOW.steps, Role):
        offered = {one.step.name for one in WORKFLOW.steps_for(state.name, role, GOOD)}
        assert (step.name in offered) == (state in step.from_states and role in step.roles)


def test_nobody_outside_takes_part_in_it_or_is_written_to():
    for step in WORKFLOW.steps:
        assert not {Role.REQUESTER, Role.SYSTEM} & set(step.roles)
        assert step.told is None and step.letter is None and step.clock is None
    assert WORKFLOW.opening_letter is None and WORKFLOW.opening_told is None
    assert WORKFLOW.searched_in == ()


def test_whether_the_regulator_is_told_takes_two_people():
    confirming = ("confirm_regulator_decision", "confirm_no_breach")
    for name, decision, actor, by in product(
        confirming, (*RegulatorDecision, None), ("ann", "bob", None), ("ann", None)
    ):
        facts = replace(TO_TELL, regulator_decision=decision, actor=actor, regulator_proposed_by=by)
        fits = decision is not None and (decision is RegulatorDecision.NO_BREACH) == (name == "confirm_no_breach")
        allowed = fits and actor == "bob" and by == "ann"
        assert (refused("assessing", name, Role.APPROVER, facts) is None) == allowed, facts
        assert refused("assessing", name, Role.CASEWORKER, facts)
    assert reached_without(WORKFLOW, *confirming) == {"assessing"}


def test_a_proposal_waits_until_it_is_confirmed_or_turned_down():
    assert take("assessing", "propose_regulator_decision", Role.CASEWORKER, NOT_PROPOSED) == "assessing"
    assert refused("assessing", "propose_regulator_decision", Role.CASEWORKER, GOOD)
    undescribed = replace(NOT_PROPOSED, breach_described=False)
    assert refused("assessing", "propose_regulator_decision", Role.CASEWORKER, undescribed)
    assert take("assessing", "decline_regulator_decision", Role.APPROVER, GOOD) == "assessing"
    assert refused("assessing", "decline_regulator_decision", Role.APPROVER, replace(GOOD, actor="ann"))


CLOSING = {
    "breach_described": (False, True),
    "regulator_decision": (None, *RegulatorDecision),
    "regulator_told_on": (None, TODAY),
    "people_decision": (None, *PeopleDecision),
    "people_told_on": (None, TODAY),
}


def untold(facts):
    """What Articles 33 and 34 say against closing, written down apart from the guards."""
    yield not facts.breach_described
    yield facts.regulator_decision is None or facts.people_decision is None
    yield facts.regulator_decision is RegulatorDecision.TELL and facts.regulator_told_on is None
    yield facts.people_decision in TELLING and facts.people_told_on is None


def test_a_breach_is_closed_only_when_everybody_is_told_whom_it_was_decided_to_tell():
    seen = set()
    for values in product(*CLOSING.values()):
        facts = replace(GOOD, **dict(zip(CLOSING, values, strict=True)))
        closed = refused("decided", "close", Role.CASEWORKER, facts) is None
        assert closed != any(untold(facts)), facts
        seen.add(closed)
    assert seen == {True, False}


@pytest.mark.parametrize("decision", [None, *RegulatorDecision])
def test_that_the_regulator_was_told_is_recorded_once_and_only_where_it_was_decided(decision):
    facts = replace(TO_TELL, regulator_decision=decision)
    allowed = decision is RegulatorDecision.TELL
    assert (refused("decided", "record_regulator_told", Role.CASEWORKER, facts) is None) == allowed
    assert refused("decided", "record_regulator_told", Role.CASEWORKER, replace(facts, regulator_told_on=TODAY))


@pytest.mark.parametrize(
    ("due", "reason", "taken"),
    [
        (date(2026, 11, 23), "", True),
        (date(2026, 11, 22), "", False),
        (date(2026, 11, 22), "  ", False),
        (date(2026, 11, 22), "It was found on a Friday night.", True),
        (None, "", False),
    ],
)
def test_whoever_tells_the_regulator_late_says_why(due, reason, taken):
    facts = replace(TO_TELL, breach_due_on=due)
    fault = refused("decided", "record_regulator_told", Role.CASEWORKER, facts, told_on=TODAY, late_because=reason)
    assert (fault is None) == taken


@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 11, 19)])
@pytest.mark.parametrize("name", ["record_regulator_told", "record_people_told"])
def test_nobody_was_told_in_the_future_or_before_it_was_known(name, day):
    facts = replace(TO_TELL, people_told_on=None)
    assert refused("decided", name, Role.CASEWORKER, facts, told_on=day)
    assert refused("decided", name, Role.CASEWORKER, facts, told_on=TODAY) is None


@pytest.mark.parametrize("state", ["assessing", "decided"])
@pytest.mark.parametrize("decision", [None, *PeopleDecision])
def test_the_people_concerned_are_told_where_it_was_decided(state, decision):
    facts = replace(GOOD, people_decision=decision, people_told_on=None)
    assert (refused(state, "record_people_told", Role.CASEWORKER, facts) is None) == (decision in TELLING)
    assert take(state, "decide_people_told", Role.APPROVER, facts) == state
    assert refused(state, "decide_people_told", Role.CASEWORKER, facts)
    told = replace(facts, people_told_on=TODAY)
    assert refused(state, "record_people_told", Role.CASEWORKER, told)
    assert refused(state, "decide_people_told", Role.APPROVER, told)
    assert refused(state, "decide_people_told", Role.APPROVER, replace(facts, breach_described=False))


# Every path

PEOPLE = (("ann", Role.CASEWORKER), ("ann", Role.APPROVER), ("bob", Role.CASEWORKER), ("bob", Role.APPROVER))
CHOICES = {
    "propose_regulator_decision": tuple(RegulatorDecision),
    "decide_people_told": (PeopleDecision.TELL, PeopleDecision.NO_HIGH_RISK),
}


def folded(step, facts, answers):
    changes = {}
    match step.name:
        case "describe":
            changes["breach_described"] = True
        case "propose_regulator_decision":
            decision = RegulatorDecision(answers["decision"])
            changes |= {"regulator_proposed_by": facts.actor, "regulator_decision": decision}
        case "decline_regulator_decision" | "assess_again":
            changes |= {"regulator_proposed_by": None, "regulator_decision": None}
        case "record_regulator_told":
            changes["regulator_told_on"] = answers["told_on"]
        case "decide_people_told":
            changes["people_decision"] = PeopleDecision(answers["decision"])
        case "record_people_told":
            changes["people_told_on"] = answers["told_on"]
    return replace(facts, actor=None, **changes)


def moves(state, facts):
    for (actor, role), step in product(PEOPLE, WORKFLOW.steps):
        for choice in CHOICES.get(step.name, (None,)):
            seen = replace(facts, actor=actor)
            answers = answers_to(step, **({"decision": choice} if choice else {}))
            try:
                taken = WORKFLOW.take(state, step.name, role=role, facts=seen, answers=answers)
            except StepRefused:
                continue
            yield step.name, taken.to_state.name, seen, folded(step, seen, answers)


def test_no_path_ends_with_anybody_left_untold_or_by_one_person_alone():
    start = ("assessing", CaseFacts(today=TODAY, received_on=TODAY, breach_due_on=TODAY))
    seen, waiting, taken = {start}, deque([start]), set()
    while waiting:
        state, facts = waiting.popleft()
        for name, to, before, after in moves(state, facts):
            taken.add(name)
            if to == "closed":
                assert name == "confirm_no_breach" or not any(untold(before)), (name, before)
            if to in ("decided", "closed") and state == "assessing":
                assert before.actor != before.regulator_proposed_by
            if (to, after) not in seen:
                seen.add((to, after))
                waiting.append((to, after))
    assert taken == {step.name for step in WORKFLOW.steps}


# The 72 hours


@pytest.mark.parametrize(
    ("aware", "ends"),
    [
        ("2026-11-20T16:30:00+00:00", "2026-11-23T16:30:00+00:00"),  # over a weekend
        ("2026-12-24T09:00:00+00:00", "2026-12-27T09:00:00+00:00"),  # over Christmas
        ("2026-10-24T12:00:00+01:00", "2026-10-27T11:00:00+00:00"),  # the clocks go back: 72 hours all the same
        ("2026-03-28T12:00:00+00:00", "2026-03-31T12:00:00+00:00"),
        ("2026-07-31T23:30:00+00:00", "2026-08-03T23:30:00+00:00"),
        ("2028-02-27T00:00:00+05:30", "2028-02-29T18:30:00+00:00"),
    ],
)
def test_72_hours_are_72_hours(aware, ends):
    assert breach_clock.deadline(datetime.fromisoformat(aware)) == datetime.fromisoformat(ends)


def test_the_deadline_is_never_later_than_72_hours_whatever_the_hour_or_the_zone():
    first = datetime(2026, 3, 27, tzinfo=UTC)
    for hour in range(24 * 9):
        for zone in (UTC, ZoneInfo("Europe/London"), timezone(timedelta(hours=-5))):
            aware = (first + timedelta(hours=hour)).astimezone(zone)
            assert breach_clock.deadline(aware).timestamp() - aware.timestamp() == 72 * 3600


def test_its_days_are_british():
    now = breach_clock.reading(datetime(2026, 7, 28, 23, 30, tzinfo=UTC))
    assert (now.received, now.due) == (date(2026, 7, 29), date(2026, 8, 1))
    assert now.law is None and now.earlier_day == now.due and now.state == "running"
    assert now.why[0].rule == "UK GDPR Article 33(1)"


@pytest.mark.parametrize("moment", [datetime(2026, 7, 28, 23, 30), datetime.max.replace(tzinfo=UTC)])  # noqa: DTZ001
def test_a_moment_that_cannot_be_is_refused_in_words(moment):
    with pytest.raises(ClockError, match=r"zone|year"):
        breach_clock.deadline(moment)

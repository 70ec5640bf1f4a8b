"""What becomes of a challenged line: every state, outcome and role against everything that must hold."""

from dataclasses import replace
from itertools import product

import pytest

from workflows import lines
from workflows.lines import (
    DESTROYING,
    KEPT_BY_LAW,
    NEEDS_SECOND,
    REVIEWABLE,
    STATEABLE,
    LineFacts,
    LineKind,
    LineState,
    Outcome,
    may_confirm,
    may_decide,
    may_state,
    may_withdraw,
)
from workflows.table import Role

GOOD = LineFacts(
    state="disputed",
    kind="wrong_fact",
    matched=True,
    has_entry=True,
    shown=True,
    category="identity",
    actor="ann",
    role=Role.CASEWORKER,
    access_case_open=False,
    breach_opened=True,
)
PROPOSED = replace(GOOD, state="proposed", outcome="refused", proposed_by="ann", actor="bob", role=Role.APPROVER)
ANSWERS = tuple(one for one in Outcome if one is not Outcome.NOT_ANSWERED_HERE)
LINE = {
    "matched": (False, True),
    "has_entry": (False, True),
    "shown": (False, True),
    "gone": (False, True),
    "category": ("", "identity", "health", *sorted(KEPT_BY_LAW)),
    "access_case_open": (None, False, True),
    "breach_opened": (None, False, True),
}


def lines_of_every_kind():
    for values in product(*LINE.values()):
        yield replace(GOOD, **dict(zip(LINE, values, strict=True)))


def forbidden(facts, outcome):
    """What the law says against this outcome for the line, written down apart from the table."""
    yield not facts.matched
    if outcome == "not_answered_here":
        yield facts.has_entry and facts.shown  # they get an answer with reasons
    else:
        yield not facts.has_entry
    if facts.gone:  # destroyed by another decision: that is all that can be said of it
        yield outcome not in ("erased", "not_answered_here")
        return
    if outcome in ("erased", "moved"):
        yield facts.access_case_open is not False
    if outcome == "erased":
        yield facts.category in ("", "social care", "adoption")
    if outcome == "moved":
        yield facts.breach_opened is not True


@pytest.mark.parametrize("confirming", [False, True])
def test_no_outcome_is_chosen_or_confirmed_against_the_law(confirming):
    seen = set()
    for facts, outcome in product(lines_of_every_kind(), Outcome):
        refused = may_decide(facts, outcome, confirming=confirming)
        assert (refused is None) != any(forbidden(facts, outcome)), (facts, outcome)
        assert refused is None or refused.endswith(".")
        seen.add((outcome, refused is None))
    assert seen == set(product(Outcome, (True, False)))


def test_a_line_is_decided_by_a_caseworker_while_it_is_disputed_and_never_otherwise():
    for state, outcome, role, actor in product(LineState, ANSWERS, (*Role, None), ("ann", None)):
        facts = replace(GOOD, state=state, role=role, actor=actor)
        allowed = state is LineState.DISPUTED and role is Role.CASEWORKER and actor is not None
        refused = may_decide(facts, outcome)
        assert (refused is None) == allowed, (state, outcome, role, actor)
        assert ("waits for a second person" in (refused or "")) == (state is LineState.PROPOSED)


def test_nothing_is_decided_before_the_check_is_passed():
    for facts, outcome in product(lines_of_every_kind(), Outcome):
        assert "Pass the check first" in may_decide(replace(facts, state="received"), outcome)


@pytest.mark.parametrize("outcome", ["", "agreed", "Corrected", "disputed"])
def test_an_unknown_outcome_is_none(outcome):
    assert may_decide(GOOD, outcome)
    assert may_decide(GOOD, outcome, confirming=True)


def test_refusing_giving_less_destroying_and_what_nobody_outside_sees_wait_for_a_second_person():
    two = {"partly", "refused", "kept_marked", "erased", "moved", "not_answered_here"}
    assert two == NEEDS_SECOND
    assert DESTROYING <= NEEDS_SECOND and REVIEWABLE <= NEEDS_SECOND
    for outcome, shown in product(Outcome, (True, False)):
        waits = outcome in two or not shown
        assert lines.needs_second(outcome, shown=shown) == waits
        assert lines.after(outcome, shown=shown) == ("proposed" if waits else "decided")


def test_only_another_person_who_may_approve_confirms():
    for state, role, actor, by in product(LineState, (*Role, None), ("ann", "bob", None), ("ann", None)):
        facts = replace(PROPOSED, state=state, role=role, actor=actor, proposed_by=by)
        allowed = state is LineState.PROPOSED and role is Role.APPROVER and actor == "bob" and by == "ann"
        assert (may_confirm(facts) is None) == allowed, facts


def test_whoever_had_a_hand_in_the_first_answer_neither_decides_nor_confirms_the_second():
    before = frozenset({"ann", "bob"})
    for outcome in ANSWERS:
        assert may_decide(replace(GOOD, involved_before=before), outcome)
        assert may_decide(replace(GOOD, involved_before=before, actor="cyd"), outcome) is None
    assert may_confirm(replace(PROPOSED, involved_before=before, proposed_by="cyd"))
    assert may_confirm(replace(PROPOSED, involved_before=before, proposed_by="cyd", actor="eve")) is None


def test_an_access_case_that_came_in_since_stops_the_confirmation():
    facts = replace(PROPOSED, outcome="erased")
    assert may_decide(facts, "erased", confirming=True) is None
    assert may_decide(replace(facts, access_case_open=True), "erased", confirming=True)


def test_nothing_held_and_nothing_that_may_be_told_have_one_answer_with_the_same_words():
    words = {lines.told("decided", outcome, answered=True, shown=False) for outcome in Outcome}
    assert words == {lines.told("decided", "not_answered_here", answered=True, shown=True)}
    for outcome in Outcome:
        assert lines.answer(outcome, shown=False) == "not_answered_here"
        assert lines.answer(outcome, shown=True) == outcome
    assert Outcome.NOT_ANSWERED_HERE in REVIEWABLE


def test_a_line_is_taken_back_while_it_is_open():
    assert {state for state in LineState if may_withdraw(state) is None} == {"received", "disputed", "proposed"}


def test_a_statement_stands_beside_what_was_not_changed_as_asked():
    for state, outcome, shown in product(LineState, (*Outcome, None), (True, False)):
        allowed = shown and state is LineState.DECIDED and outcome in ("partly", "refused", "kept_marked")
        assert (may_state(state, outcome, shown=shown) is None) == allowed, (state, outcome, shown)
    assert STATEABLE < REVIEWABLE
    assert lines.MOST_WORDS == 2000


def test_until_the_answer_is_out_every_line_reads_alike():
    before = {
        lines.told(state, outcome, answered=False, shown=shown)
        for state, outcome, shown in product(LineState, (*Outcome, None), (True, False))
        if state is not LineState.WITHDRAWN
    }
    assert len(before) == 1
    after = {outcome: lines.told("decided", outcome, answered=True, shown=True) for outcome in Outcome}
    assert len(set(after.values())) == len(Outcome)
    assert not before & set(after.values())
    assert {lines.told("disputed", None, answered=True, shown=True)} == before  # looked at again
    taken_back = {
        lines.told("withdrawn", outcome, answered=answered, shown=shown)
        for outcome, answered, shown in product((*Outcome, None), (True, False), (True, False))
    }
    assert len(taken_back) == 1


def test_whoever_asks_for_themselves_reads_from_the_passed_check_that_it_is_marked_and_not_what_is_decided():
    for state, outcome, shown in product(LineState, (*Outcome, None), (True, False)):
        own = lines.told(state, outcome, answered=False, shown=shown, in_own_right=True)
        plain = lines.told(state, outcome, answered=False, shown=shown)
        assert (own != plain) == (shown and state in ("disputed", "proposed", "decided")), (state, outcome, shown)
    assert len({lines.told("decided", one, answered=False, shown=True, in_own_right=True) for one in Outcome}) == 1
    for outcome, shown in product(Outcome, (True, False)):
        told = lines.told("decided", outcome, answered=True, shown=shown, in_own_right=True)
        assert told == lines.told("decided", outcome, answered=True, shown=shown)


def test_each_kind_and_outcome_has_words():
    assert len({kind.words for kind in LineKind}) == len(LineKind)
    assert len({outcome.label for outcome in Outcome}) == len(Outcome)

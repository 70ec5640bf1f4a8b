"""A workflow that contradicts itself cannot be written, and a step that is closed says why."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from workflows.facts import CaseFacts, IdentityStatus
from workflows.kinds import WORKFLOWS
from workflows.table import (
    Ask,
    Choice,
    Need,
    Role,
    State,
    Step,
    StepRefused,
    Turn,
    Workflow,
    WorkflowError,
)

TODAY = date(2026, 11, 23)
FACTS = CaseFacts(today=TODAY, actor="ann")
OPEN = State("open", "We have it.", "Open", Turn.AUTHORITY, "We look at it.")
DONE = State("done", "It is finished.", "Done", Turn.NOBODY, "Nothing more.", final=True)
LOOK = Step(name="look", label="Look", from_states=(OPEN,), roles=(Role.CASEWORKER,))
END = Step(name="end", label="End", from_states=(OPEN,), to=DONE, roles=(Role.CASEWORKER,))


def workflow(*steps, states=(OPEN, DONE), start=OPEN):
    return Workflow(name="sample", prefix="SMP", article="-", states=states, steps=steps, start=start)


ELSEWHERE = State("elsewhere", "Elsewhere.", "Elsewhere", Turn.NOBODY, "Wait.")
LIMBO = replace(ELSEWHERE, name="limbo")
GO = Step(name="go", label="Go", from_states=(OPEN,), to=LIMBO, roles=(Role.CASEWORKER,))

FAULTY = {
    "unknown state": ((replace(END, to=ELSEWHERE), END), (OPEN, DONE)),
    "cannot be reached": ((END,), (OPEN, DONE, LIMBO)),
    "no way on": ((END, GO), (OPEN, DONE, LIMBO)),
    "no way out": ((END, GO, replace(GO, name="back", from_states=(LIMBO,), to=OPEN)), (OPEN, DONE, LIMBO)),
    "without reopening": ((END, replace(END, name="undo", from_states=(DONE,), to=OPEN)), (OPEN, DONE)),
    "can never be taken": ((END, replace(LOOK, from_states=())), (OPEN, DONE)),
    "step look can never be taken": ((END, replace(LOOK, roles=())), (OPEN, DONE)),
    "step end is there twice": ((END, END), (OPEN, DONE)),
    "state open is there twice": ((END,), (OPEN, OPEN, DONE)),
    "state open lacks words": (
        (replace(END, from_states=(replace(OPEN, told=" "),)),),
        (replace(OPEN, told=" "), DONE),
    ),
    "lacks a label": ((replace(END, label=""),), (OPEN, DONE)),
    "need why is there twice": (
        (replace(END, needs=(Need("why", "Why?"), Need("why", "Why?"))),),
        (OPEN, DONE),
    ),
    "choices it cannot use": ((replace(END, needs=(Need("why", "Why?", Ask.CHOICE),)),), (OPEN, DONE)),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_a_faulty_table_cannot_be_written(fault):
    steps, states = FAULTY[fault]
    with pytest.raises(WorkflowError, match=fault):
        workflow(*steps, states=states, start=states[0])


def test_a_table_that_starts_nowhere_cannot_be_written():
    with pytest.raises(WorkflowError, match="starts in unknown state"):
        workflow(END, start=ELSEWHERE)


@pytest.mark.parametrize("where", ["searched_in", "attached_in", "detached_in", "opened_in"])
@pytest.mark.parametrize("state", [ELSEWHERE, DONE])
def test_a_record_cannot_be_handled_in_a_state_that_is_unknown_or_final(where, state):
    table = workflow(END)
    assert replace(table, **{where: (OPEN,)})
    with pytest.raises(WorkflowError, match=f"handled in state {state.name}"):
        replace(table, **{where: (state,)})


def test_where_the_answer_is_out_the_way_onward_is_enough():
    back = replace(GO, name="back", from_states=(LIMBO,), to=OPEN)
    answered = replace(LIMBO, answered=True)
    with pytest.raises(WorkflowError, match="no way out"):
        workflow(END, GO, back, states=(OPEN, DONE, LIMBO))
    onward = (END, replace(GO, to=answered), replace(back, from_states=(answered,)))
    assert workflow(*onward, states=(OPEN, DONE, answered))


def test_only_the_system_is_not_a_way_on():
    by_night = replace(END, roles=(Role.SYSTEM,))
    with pytest.raises(WorkflowError, match="no way on"):
        workflow(by_night)


def test_a_step_without_a_target_stays_where_it_is():
    taken = workflow(LOOK, END).take("open", "look", role=Role.CASEWORKER, facts=FACTS, answers={})
    assert (taken.step, taken.to_state) == (LOOK, OPEN)


@pytest.mark.parametrize(
    ("state", "step", "role"),
    [
        ("nowhere", "end", Role.CASEWORKER),
        ("open", "nothing", Role.CASEWORKER),
        ("done", "end", Role.CASEWORKER),
        ("open", "end", Role.REQUESTER),
    ],
)
def test_what_the_table_does_not_hold_is_refused_in_words(state, step, role):
    with pytest.raises(StepRefused) as refused:
        workflow(LOOK, END).take(state, step, role=role, facts=FACTS, answers={})
    assert refused.value.reason.endswith(".")


def test_a_closed_step_is_shown_with_its_reason_and_cannot_be_taken():
    locked = replace(END, guards=(lambda facts: None, lambda facts: "Find the key."))
    table = workflow(LOOK, locked)
    assert [(o.step.name, o.refused) for o in table.steps_for("open", Role.CASEWORKER, FACTS)] == [
        ("look", None),
        ("end", "Find the key."),
    ]
    with pytest.raises(StepRefused, match="Find the key"):
        table.take("open", "end", role=Role.CASEWORKER, facts=FACTS, answers={})


NEEDS = (
    Need("why", "Why?"),
    Need("note", "Note", required=False),
    Need("day", "Day", Ask.DATE),
    Need("sure", "Sure?", Ask.YESNO),
    Need("which", "Which?", Ask.CHOICE, (Choice("a", "A"), Choice("b", "B"))),
)
GOOD = {"why": "Because.", "day": TODAY, "sure": False, "which": "b"}


@pytest.mark.parametrize(
    ("change", "need"),
    [
        ({"why": "  "}, "why"),
        ({"why": True}, "why"),
        ({"day": "tomorrow"}, "day"),
        ({"day": datetime(2026, 11, 23, tzinfo=UTC)}, "day"),
        ({"sure": "yes"}, "sure"),
        ({"which": "c"}, "which"),
        ({"more": "x"}, None),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_and_named(change, need):
    table = workflow(replace(END, needs=NEEDS))
    assert table.take("open", "end", role=Role.CASEWORKER, facts=FACTS, answers=GOOD).to_state == DONE
    with pytest.raises(StepRefused) as refused:
        table.take("open", "end", role=Role.CASEWORKER, facts=FACTS, answers=GOOD | change)
    assert refused.value.need == need


@pytest.mark.parametrize("missing", ["why", "day", "sure", "which"])
def test_a_needed_answer_must_be_there(missing):
    table = workflow(replace(END, needs=NEEDS))
    with pytest.raises(StepRefused):
        answers = {name: answer for name, answer in GOOD.items() if name != missing}
        table.take("open", "end", role=Role.CASEWORKER, facts=FACTS, answers=answers)


def test_a_check_sees_the_answers():
    table = workflow(replace(END, needs=NEEDS, checks=(lambda facts, answers: "No." if not answers["sure"] else None,)))
    with pytest.raises(StepRefused, match="No"):
        table.take("open", "end", role=Role.CASEWORKER, facts=FACTS, answers=GOOD)
    assert table.take("open", "end", role=Role.CASEWORKER, facts=FACTS, answers=GOOD | {"sure": True})


def test_it_is_the_requesters_turn_while_something_is_asked_of_them():
    table = workflow(END)
    assert table.turn("open", FACTS) is Turn.AUTHORITY
    assert table.turn("open", replace(FACTS, identity=IdentityStatus.ASKED)) is Turn.REQUESTER
    assert table.turn("done", replace(FACTS, identity=IdentityStatus.ASKED)) is Turn.NOBODY


def test_the_diagram_shows_each_move_once_and_each_end():
    diagram = workflow(LOOK, END).mermaid().splitlines()
    assert diagram == ["stateDiagram-v2", "    [*] --> open", "    open --> done: End", "    done --> [*]"]


def test_each_kind_of_case_is_found_by_its_name_and_has_its_own_prefix():
    assert "subject_access" in WORKFLOWS
    assert all(WORKFLOWS[name].name == name for name in WORKFLOWS)
    assert len({one.prefix for one in WORKFLOWS.values()}) == len(WORKFLOWS)

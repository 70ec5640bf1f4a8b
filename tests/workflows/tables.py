"""What the tests of every table of steps need: good answers, and a step taken or refused."""

from datetime import date

from workflows.table import Ask, StepRefused

TODAY = date(2026, 11, 23)


def answers_to(step, **given):
    """A good answer to each question the step asks."""
    sample = {Ask.YESNO: True, Ask.DATE: TODAY, Ask.TEXT: "Words.", Ask.LONGTEXT: "Words."}
    return {
        need.name: given.get(need.name, need.choices[0].value if need.choices else sample[need.kind])
        for need in step.needs
        if need.required or need.name in given
    }


def take(workflow, state, name, role, facts, **given):
    """The name of the state to which the step leads."""
    answers = answers_to(workflow.step(name), **given)
    return workflow.take(state, name, role=role, facts=facts, answers=answers).to_state.name


def refused(workflow, state, name, role, facts, **given):
    """Why the step is refused, or None."""
    try:
        take(workflow, state, name, role, facts, **given)
    except StepRefused as refusal:
        return refusal.reason
    return None


def reached_without(workflow, *names, start=None):
    """The states that can be reached from the start without any of these steps, whatever the facts."""
    reached, waiting = set(), [start or workflow.start]
    while waiting:
        here = waiting.pop()
        reached.add(here.name)
        for step in workflow.steps:
            onward = step.to is not None and here in step.from_states and step.name not in names
            if onward and step.to.name not in reached:
                waiting.append(step.to)
    return reached

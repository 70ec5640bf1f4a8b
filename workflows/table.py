"""A kind of case as a table: states, steps, and one pure question: may this step be taken?

Nothing here knows a database, the web or the time. A workflow checks itself when it is written, so a state
nobody can leave or a step nobody can take stops the program from starting rather than a family's case.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from workflows.clock import EventName
from workflows.facts import CaseFacts
from workflows.words import mark as _

Answer = str | bool | date
Answers = Mapping[str, Answer]
Guard = Callable[[CaseFacts], str | None]
Check = Callable[[CaseFacts, Answers], str | None]


class Role(StrEnum):
    REQUESTER = "requester"
    CASEWORKER = "caseworker"
    APPROVER = "approver"
    SYSTEM = "system"
    CHILD = "child"  # the child the case is about, asked by us; whoever asks for themselves is a requester


class Turn(StrEnum):
    """Whose turn it is, as the requester reads it."""

    REQUESTER = "requester"
    AUTHORITY = "authority"
    NOBODY = "nobody"


class Addressee(StrEnum):
    """Who a step's letter is for."""

    REQUESTER = "requester"
    CHILD = "child"


class Ask(StrEnum):
    """The form in which a step asks for an answer."""

    TEXT = "text"
    LONGTEXT = "longtext"
    DATE = "date"
    CHOICE = "choice"
    YESNO = "yesno"


class StepRefused(Exception):
    """The step may not be taken. `reason` says why and what to do; `need` names the answer at fault."""

    def __init__(self, reason: str, *, need: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.need = need


class WorkflowError(Exception):
    """The table contradicts itself; raised while it is being written, so never in front of a user."""


@dataclass(frozen=True)
class State:
    """Where a case can be.

    `told` and `next` are the requester's words (where it is, what happens next), `label` is the staff's.
    `answered`: the law's day is met, nothing is due any more.
    """

    name: str
    told: str
    label: str
    turn: Turn
    next: str
    final: bool = False
    answered: bool = False


@dataclass(frozen=True)
class Choice:
    value: str
    label: str


@dataclass(frozen=True)
class Need:
    """An answer a step asks for."""

    name: str
    label: str
    kind: Ask = Ask.LONGTEXT
    choices: tuple[Choice, ...] = ()
    required: bool = True
    hint: str = ""

    def fault(self, answer: Answer | None) -> str | None:
        """What is wrong with the answer, in words for the form, or None."""
        if answer is None or (isinstance(answer, str) and not answer.strip()):
            return _("Answer this question.") if self.required else None
        match self.kind:
            case Ask.YESNO:
                return None if isinstance(answer, bool) else _("Answer yes or no.")
            case Ask.DATE:
                plain_day = isinstance(answer, date) and not isinstance(answer, datetime)
                return None if plain_day else _("Give a day, a month and a year.")
            case Ask.CHOICE:
                known = any(answer == choice.value for choice in self.choices)
                return None if known else _("Choose one of the answers in the list.")
            case _:
                return None if isinstance(answer, str) else _("Answer this question in words.")


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that can be done to a case.

    `to` is None where the case stays where it is. `guards` look at the facts and open or close the step;
    `checks` look at the answers as well. `clock` is what it means for the clock; `settles` is what
    it means besides where that is still awaited, so that no clock waits for what nobody wants any more. `letter`
    names a template of `templates/letters/<workflow>/`. `told` is the line in the requester's timeline; None keeps
    the step out of it. `voids_approval` makes an approved pack void;
    `recalls` also ends the download of packs that are out already. `reopens` is the only way out of a
    final state.
    """

    name: str
    label: str
    from_states: tuple[State, ...]
    to: State | None = None
    roles: tuple[Role, ...]
    guards: tuple[Guard, ...] = ()
    needs: tuple[Need, ...] = ()
    checks: tuple[Check, ...] = ()
    clock: EventName | None = None
    settles: EventName | None = None
    letter: str | None = None
    letter_to: Addressee = Addressee.REQUESTER
    told: str | None = None
    voids_approval: bool = False
    recalls: bool = False
    reopens: bool = False

    def closed(self, facts: CaseFacts) -> str | None:
        """The reason the step is closed, or None where it is open."""
        return next((reason for guard in self.guards if (reason := guard(facts))), None)

    def clock_event(self, facts: CaseFacts) -> EventName | None:
        """What taking the step on these facts does to the clock."""
        awaited = {
            EventName.IDENTITY_RECEIVED: facts.identity_asked_on,
            EventName.AUTHORITY_RECEIVED: facts.authority_asked_on,
        }
        return self.settles if self.settles and awaited.get(self.settles) else self.clock


@dataclass(frozen=True)
class Offered:
    """A step as a page shows it: open, or closed with the reason."""

    step: Step
    refused: str | None


@dataclass(frozen=True)
class Taken:
    step: Step
    to_state: State


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """One kind of case. `prefix` begins its references, `article` is its head of law. `opening_letter` goes
    out, and `opening_told` begins the requester's timeline, when a case is opened.

    A child's record is nobody's business before it is settled who asks, and again whenever that is in doubt: it is
    looked for (`searched_in`), attached, detached and opened in the states named for it, and in no other.

    Raises WorkflowError when the table has a fault.
    """

    name: str
    prefix: str
    article: str
    states: tuple[State, ...]
    steps: tuple[Step, ...]
    start: State
    searched_in: tuple[State, ...] = ()
    attached_in: tuple[State, ...] = ()
    detached_in: tuple[State, ...] = ()
    opened_in: tuple[State, ...] = ()
    opening_letter: str | None = None
    opening_told: str | None = None

    def __post_init__(self) -> None:
        faults = tuple(_faults(self))
        if faults:
            raise WorkflowError(f"{self.name}: " + "; ".join(faults))

    def state(self, name: str) -> State:
        """The state called `name`. Raises StepRefused where there is none."""
        found = next((state for state in self.states if state.name == name), None)
        if found is None:
            raise StepRefused(_("This case is in a state that is not known here. Tell the administrator."))
        return found

    def step(self, name: str) -> Step:
        """The step called `name`. Raises StepRefused where there is none."""
        found = next((step for step in self.steps if step.name == name), None)
        if found is None:
            raise StepRefused(_("There is no such step. Go back to the case and choose one that is shown."))
        return found

    def take(self, state_name: str, step_name: str, *, role: Role, facts: CaseFacts, answers: Answers) -> Taken:
        """Where the step leads, or StepRefused with words that say what to do. Changes nothing."""
        state, step = self.state(state_name), self.step(step_name)
        if state not in step.from_states:
            raise StepRefused(_("The case has moved on. Go back to the case and look at the steps it offers."))
        if role not in step.roles:
            raise StepRefused(_("This step is for someone in another role. Ask them to take it."))
        if reason := step.closed(facts):
            raise StepRefused(reason)
        _check_answers(step, facts, answers)
        return Taken(step, step.to or state)

    def steps_for(self, state_name: str, role: Role, facts: CaseFacts) -> tuple[Offered, ...]:
        """Each step this role has in this state; a closed one with its reason, so nobody has to guess."""
        state = self.state(state_name)
        return tuple(
            Offered(step, step.closed(facts)) for step in self.steps if state in step.from_states and role in step.roles
        )

    def turn(self, state_name: str, facts: CaseFacts) -> Turn:
        """Whose turn it is now: the state's, unless something was asked of the requester and is awaited."""
        state = self.state(state_name)
        return Turn.REQUESTER if facts.waits_for_requester and not state.final else state.turn

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram. Steps that stay where they are are left out."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.start.name}"]
        lines += [
            f"    {origin.name} --> {step.to.name}: {step.label}"
            for step in self.steps
            for origin in step.from_states
            if step.to is not None
        ]
        lines += [f"    {state.name} --> [*]" for state in self.states if state.final]
        return "\n".join(lines) + "\n"


def _check_answers(step: Step, facts: CaseFacts, answers: Answers) -> None:
    known = {need.name for need in step.needs}
    if any(name not in known for name in answers):
        raise StepRefused(_("The form held an answer that this step does not ask for. Open the step again."))
    for need in step.needs:
        if fault := need.fault(answers.get(need.name)):
            raise StepRefused(fault, need=need.name)
    for check in step.checks:
        if reason := check(facts, answers):
            raise StepRefused(reason)


def _faults(workflow: Workflow) -> Iterator[str]:
    yield from _twice("state", [state.name for state in workflow.states])
    yield from _twice("step", [step.name for step in workflow.steps])
    if workflow.start not in workflow.states:
        yield f"starts in unknown state {workflow.start.name}"
    for state in workflow.states:
        if not (state.told.strip() and state.label.strip() and state.next.strip()):
            yield f"state {state.name} lacks words"
    for step in workflow.steps:
        yield from _faults_of_step(workflow, step)
    yield from (f"state {name} cannot be reached" for name in _unreached(workflow))
    for state in (*workflow.searched_in, *workflow.attached_in, *workflow.detached_in, *workflow.opened_in):
        if state not in workflow.states or state.final:
            yield f"a record is handled in state {state.name}, which is unknown or final"
    for state in workflow.states:
        if not state.final:
            yield from _no_way_on_or_out(workflow, state)


def _twice(what: str, names: list[str]) -> Iterator[str]:
    yield from (f"{what} {name} is there twice" for name in sorted(set(names)) if names.count(name) > 1)


def _faults_of_step(workflow: Workflow, step: Step) -> Iterator[str]:
    targets = (step.to,) if step.to else ()
    for state in (*step.from_states, *targets):
        if state not in workflow.states:
            yield f"step {step.name} names unknown state {state.name}"
    if not step.from_states or not step.roles:
        yield f"step {step.name} can never be taken"
    if not step.label.strip():
        yield f"step {step.name} lacks a label"
    if any(state.final for state in step.from_states) and not (step.reopens and step.to and not step.to.final):
        yield f"step {step.name} leaves a final state without reopening the case"
    yield from _twice(f"step {step.name}: need", [need.name for need in step.needs])
    for need in step.needs:
        if (need.kind is Ask.CHOICE) != bool(need.choices):
            yield f"step {step.name}: need {need.name} has choices it cannot use, or none"


def _unreached(workflow: Workflow) -> list[str]:
    reached, waiting = {workflow.start.name}, [workflow.start]
    while waiting:
        here = waiting.pop()
        for step in workflow.steps:
            if step.to and here in step.from_states and step.to.name not in reached:
                reached.add(step.to.name)
                waiting.append(step.to)
    return [state.name for state in workflow.states if state.name not in reached]


def _no_way_on_or_out(workflow: Workflow, state: State) -> Iterator[str]:
    """Staff must be able to bring the case onward, and somebody to end it, without waiting for the system.

    Where the law's answer is out already, the way onward is enough: nothing is held up by it."""
    leaving = [
        step
        for step in workflow.steps
        if state in step.from_states and step.to not in (None, state) and set(step.roles) - {Role.SYSTEM, Role.CHILD}
    ]
    out = [step for step in leaving if step.to and step.to.final]
    staff = [step for step in leaving if set(step.roles) - {Role.REQUESTER}]
    if not staff:
        yield f"state {state.name} has no way on"
    if not out and not state.answered:
        yield f"state {state.name} has no way out"

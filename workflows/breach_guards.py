"""What a breach asks before it goes on (UK GDPR Articles 33 and 34). Guards and checks as in `workflows.guards`."""

from datetime import date

from workflows import guards as g
from workflows.facts import CaseFacts, PeopleDecision, RegulatorDecision
from workflows.table import Answers, Guard
from workflows.words import mark as _


def described(facts: CaseFacts) -> str | None:
    """Article 33(5): the facts, their effects and what was done are written down, whatever is decided."""
    return (
        None if facts.breach_described else _("Write down first what happened, whose data it was, and what was done.")
    )


def regulator_undecided(facts: CaseFacts) -> str | None:
    if facts.regulator_proposed_by is None:
        return None
    return _("A proposal waits for a second person. It is confirmed or turned down first.")


def regulator_proposed(facts: CaseFacts) -> str | None:
    if facts.regulator_proposed_by is None or facts.regulator_decision is None:
        return _("Nobody has proposed whether to tell the regulator.")
    return g.not_by(facts, facts.regulator_proposed_by)


def proposed_to(*decisions: RegulatorDecision) -> Guard:
    """A guard: somebody else proposed one of these."""

    def proposed_so(facts: CaseFacts) -> str | None:
        if reason := regulator_proposed(facts):
            return reason
        fits = facts.regulator_decision in decisions
        return None if fits else _("The proposal is another one. Take the step that fits it.")

    return proposed_so


def regulator_to_be_told(facts: CaseFacts) -> str | None:
    if facts.regulator_decision is not RegulatorDecision.TELL:
        return _("It is not decided to tell the regulator.")
    return None if facts.regulator_told_on is None else _("It is recorded already when the regulator was told.")


def regulator_settled(facts: CaseFacts) -> str | None:
    if facts.regulator_decision is None:
        return _("Decide first whether the regulator is told.")
    waits = facts.regulator_decision is RegulatorDecision.TELL and facts.regulator_told_on is None
    return _("Tell the regulator, and record when.") if waits else None


def people_not_told_yet(facts: CaseFacts) -> str | None:
    return None if facts.people_told_on is None else _("The people concerned have been told. That cannot be undone.")


def people_to_be_told(facts: CaseFacts) -> str | None:
    if facts.people_decision not in _SAID_TO_PEOPLE:
        return _("It is not decided to tell the people concerned.")
    return people_not_told_yet(facts)


def people_settled(facts: CaseFacts) -> str | None:
    if facts.people_decision is None:
        return _("Decide first whether the people concerned are told.")
    waits = facts.people_decision in _SAID_TO_PEOPLE and facts.people_told_on is None
    return _("Tell the people concerned, and record when.") if waits else None


def late_with_reasons(facts: CaseFacts, answers: Answers) -> str | None:
    """Article 33(1): whoever tells the regulator after the 72 hours says why it took longer."""
    told, reason = answers.get("told_on"), answers.get("late_because")
    late = isinstance(told, date) and (facts.breach_due_on is None or told > facts.breach_due_on)
    if late and not (isinstance(reason, str) and reason.strip()):
        return _("That is after the 72 hours. Say why it took longer, as the regulator was told.")
    return None


# A public notice is a way of telling, in place of a letter to each.
_SAID_TO_PEOPLE = (PeopleDecision.TELL, PeopleDecision.PUBLIC_NOTICE)

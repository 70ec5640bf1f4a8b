"""Who holds parental responsibility for a child, by nation and day (R-50 to R-58, R-68).

An answer is one of three: holds, does not hold, not known. It is never a yes by default: each yes names its rule and
the evidence that settles it, and what is still to be asked stands beside it. It decides nothing. A person looks at the
evidence and takes the step.
"""

from dataclasses import replace
from datetime import date, timedelta

from workflows.ages import age_on, birthday
from workflows.family import BIRTH_PARENTS, FamilyFacts, Favour, OrderKind, Relation
from workflows.findings import Finding, OpenQuestion, Standing
from workflows.grounds import BINDING, CARE, GIVING, TO_AUTHORITY, grounds
from workflows.words import mark as _

ADULT = 18
_holds, _does_not, _not_known = Standing.HOLDS, Standing.DOES_NOT_HOLD, Standing.NOT_KNOWN


def parental_responsibility(family: FamilyFacts) -> Finding:
    """Whether the person who asks holds parental responsibility today, as far as the facts go."""
    if (nobody := _nobody_holds(family)) is not None:
        return nobody
    best = _best(tuple(grounds(family)))
    if (taken := _taken_away(family)) is not None:
        best = taken if best.standing is not _holds or not _given_since(family) else best
    if best.standing is _does_not:
        return replace(best, questions=(*best.questions, *_unclear_orders(family)))
    limits, asked = _limits(family)
    questions = (*best.questions, *_unclear_orders(family), *asked)
    return replace(best, limits=(*best.limits, *limits), questions=questions, until=_until(family, best))


def next_turn(family: FamilyFacts) -> date | None:
    """The next day on which the answer may be another: an order begins or ends, or the child is 18."""
    days = [day for day in family.turns() if day > family.today]
    grown = birthday(family.born, ADULT) if family.born else None
    return min([*days, *([grown] if grown and grown > family.today else [])], default=None)


# Where nobody holds it


def _nobody_holds(family: FamilyFacts) -> Finding | None:
    if family.died:
        return Finding(
            standing=_does_not,
            rule="R-68",
            because=_(
                "The child has died. Data protection law does not apply; health records have a way of their own."
            ),
        )
    if family.born is None:
        return Finding(
            standing=_not_known,
            rule="R-57",
            because=_("Without the date of birth nobody can say whether this is still a child."),
            questions=(OpenQuestion(_("When was the child born?"), "R-57"),),
        )
    if age_on(family.born, family.today) >= ADULT:
        return Finding(
            standing=_does_not,
            rule="R-57",
            because=_("Parental responsibility ended on the eighteenth birthday. The young adult decides."),
            evidence=(_("the young adult’s signed authority, a registered power of attorney, or a deputyship"),),
        )
    return None


def _taken_away(family: FamilyFacts) -> Finding | None:
    """Adoption, removal and suspension: what the law gave by birth or before, it has taken."""
    for order in family.orders:
        force = order.in_force(family.today)
        if order.kind is OrderKind.ADOPTION and order.favour not in (Favour.REQUESTER, Favour.PARTNER):
            if force is None or (force and order.favour is Favour.UNKNOWN):
                return Finding(
                    standing=_not_known,
                    rule="R-54",
                    because=_("An adoption is recorded, but not who adopted, or since when."),
                    questions=(OpenQuestion(_("Who adopted the child, and from which day?"), "R-54"),),
                )
            if force:
                return Finding(
                    standing=_does_not,
                    rule="R-54",
                    because=_(
                        "The child was adopted, which ended every responsibility held before. Say nothing of it."
                    ),
                )
        if order.kind in (OrderKind.REMOVAL, OrderKind.SUSPENSION) and order.favour is Favour.REQUESTER and force:
            removed = order.kind is OrderKind.REMOVAL
            return Finding(
                standing=_does_not,
                rule="R-55",
                because=_("A court took the responsibility away.")
                if removed
                else _("A court suspended the responsibility, and the suspension is in force."),
                starts=_day_after(order.last_day) if not removed else None,
            )
    return None


def _given_since(family: FamilyFacts) -> bool:
    """Whether an order gave the person responsibility after, or on, the day on which what they had was taken."""
    taking = (OrderKind.ADOPTION, OrderKind.REMOVAL)
    taken = [one.from_ for one in family.orders if one.kind in taking and one.from_ and one.from_ <= family.today]
    suspended = any(
        one.kind is OrderKind.SUSPENSION and one.favour is Favour.REQUESTER and one.in_force(family.today)
        for one in family.orders
    )
    given = [
        one.from_
        for one in family.orders
        if (one.kind in GIVING or one.kind is OrderKind.ADOPTION)
        and one.favour is Favour.REQUESTER
        and one.from_
        and one.in_force(family.today)
    ]
    return bool(taken and given) and not suspended and max(given) >= max(taken)


def _best(grounds: tuple[Finding, ...]) -> Finding:
    """The ground that gives most; where none gives anything, what is not known yet counts before what is not so.

    Of several that do not hold, one that begins on a later day is told, because that day is awaited."""
    holding = [one for one in grounds if one.standing is _holds]
    if holding:
        lasting = [one for one in holding if one.until is None]
        return lasting[0] if lasting else max(holding, key=lambda one: one.until or date.min)
    open_ones = [one for one in grounds if one.standing is _not_known]
    later = [one.starts for one in grounds if one.starts]
    if open_ones:
        questions = tuple(dict.fromkeys(question for one in open_ones for question in one.questions))
        evidence = tuple(dict.fromkeys(paper for one in open_ones for paper in one.evidence))
        return replace(open_ones[0], questions=questions, evidence=evidence, starts=min(later, default=None))
    return next((one for one in grounds if one.starts), grounds[0])


# What stands beside a yes


def _limits(family: FamilyFacts) -> tuple[list[str], list[OpenQuestion]]:
    """What others' orders take from somebody who holds it, and what has to be asked because of them."""
    limits: list[str] = []
    asked: list[OpenQuestion] = []
    of_authority = family.relation is Relation.LOCAL_AUTHORITY
    for order in (one for one in family.orders if one.in_force(family.today)):
        if order.kind in CARE and not of_authority:
            if family.limited_by_authority:
                limits.append(_("The authority limits what this person may do under the care order (R-53)."))
            elif family.limited_by_authority is None:
                words = _("Has the authority limited this person under the care order (s.33(3)(b))?")
                asked.append(OpenQuestion(words, "R-53"))
            asked.append(OpenQuestion(_("Is giving access in the child’s interests?"), "R-53, R-47"))
        elif order.kind is OrderKind.SPECIAL_GUARDIANSHIP and order.favour is Favour.ANOTHER:
            limits.append(_("A special guardian may act to the exclusion of everybody else (R-53)."))
            asked.append(OpenQuestion(_("Does the special guardian’s say stand against this request?"), "R-53"))
        elif order.kind is OrderKind.PLACEMENT and family.relation in BIRTH_PARENTS:
            words = _("Under a placement order the authority decides how far parents may act (R-54).")
            limits.append(words)
            asked.append(OpenQuestion(_("How far has the authority limited the parents?"), "R-54"))
        elif order.kind is OrderKind.EMERGENCY_PROTECTION and not of_authority:
            asked.append(OpenQuestion(_("An emergency order is in force. Is giving access safe?"), "R-53"))
        elif order.kind is OrderKind.RESTRICTION and order.favour is Favour.REQUESTER:
            limits.append(order.limits or _("A court restricts what this person may do (R-55)."))
            if not order.limits:
                asked.append(OpenQuestion(_("What does the court’s order forbid?"), "R-55"))
    return list(dict.fromkeys(limits)), list(dict.fromkeys(asked))


def _unclear_orders(family: FamilyFacts) -> list[OpenQuestion]:
    """An order of which it is not known for whom it was made, or since when, may change everything (R-55)."""
    asked = []
    if not family.orders and family.any_order is not False:
        asked.append(OpenQuestion(_("Is there a court order about the child? Read each one that there is."), "R-55"))
    for order in family.orders:
        if order.over(family.today):
            continue
        whom = order.kind not in TO_AUTHORITY and order.favour is Favour.UNKNOWN
        if whom:
            words = _("Whom does the order bind?") if order.kind in BINDING else _("For whom was the order made?")
            asked.append(OpenQuestion(words, "R-55"))
        if order.from_ is None:
            asked.append(OpenQuestion(_("From which day does the order count?"), "R-55"))
    return list(dict.fromkeys(asked))


def _until(family: FamilyFacts, best: Finding) -> date | None:
    """The last day of a yes: that of the order it stands on, latest the day before the eighteenth birthday."""
    if best.standing is not _holds or family.born is None:
        return None
    eve = birthday(family.born, ADULT) - timedelta(days=1)
    return min(best.until or eve, eve)


def _day_after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day else None

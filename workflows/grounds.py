"""On which grounds somebody may hold parental responsibility: each is looked at by itself (R-50 to R-54).

`parental_responsibility` weighs them against each other and against what courts have taken away.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from workflows.authority import BIRTH_CERTIFICATE, MARRIAGE, ORDER
from workflows.facts import Nation
from workflows.family import FamilyFacts, Favour, Order, OrderKind, Relation
from workflows.findings import Finding, OpenQuestion, Standing
from workflows.words import mark as _

# From this day of registration a father who is named has parental responsibility.
NAMED_FROM = {
    Nation.ENGLAND_AND_WALES: (date(2003, 12, 1), "father-registered-ew", "R-50"),
    Nation.SCOTLAND: (date(2006, 5, 4), "father-registered-scotland", "R-51"),
    Nation.NORTHERN_IRELAND: (date(2002, 4, 15), "father-registered-ni", "R-51"),
}
# Orders that give responsibility to whoever they are made for, and the footing each of them is.
GIVING = {
    OrderKind.PARENTAL_RESPONSIBILITY: ("pr-order", "R-50"),
    OrderKind.LIVES_WITH: ("lives-with-order", "R-53"),
    OrderKind.SPECIAL_GUARDIANSHIP: ("special-guardian", "R-53"),
}
TO_AUTHORITY = {
    OrderKind.CARE: "R-53",
    OrderKind.INTERIM_CARE: "R-53",
    OrderKind.EMERGENCY_PROTECTION: "R-53",
    OrderKind.PLACEMENT: "R-54",
}
CARE = frozenset({OrderKind.CARE, OrderKind.INTERIM_CARE})
BY_AGREEMENT = frozenset({Relation.FATHER, Relation.SECOND_FEMALE_PARENT, Relation.STEP_PARENT})
# A restriction, a suspension and a removal say whom they bind; every other order whom it is made for.
BINDING = frozenset({OrderKind.RESTRICTION, OrderKind.SUSPENSION, OrderKind.REMOVAL})
# Elsewhere the law has other orders in place of these, and nobody here guesses what they give.
ONLY_IN = {
    OrderKind.SPECIAL_GUARDIANSHIP: frozenset({Nation.ENGLAND_AND_WALES}),
    **dict.fromkeys(TO_AUTHORITY, frozenset({Nation.ENGLAND_AND_WALES, Nation.NORTHERN_IRELAND})),
}

_holds, _does_not, _not_known = Standing.HOLDS, Standing.DOES_NOT_HOLD, Standing.NOT_KNOWN


def grounds(family: FamilyFacts) -> Iterator[Finding]:
    """What each ground gives the person who asks, on the facts that are known; one at least."""
    yield from _by_order(family)
    yield from _by_agreement(family)
    match family.relation:
        case Relation.MOTHER:
            yield Finding(
                standing=_holds,
                rule="R-50",
                because=_("A mother has it from birth."),
                basis="mother",
                evidence=(BIRTH_CERTIFICATE,),
            )
        case Relation.FATHER:
            yield from (_father_by_marriage(family), _by_registration(family))
        case Relation.SECOND_FEMALE_PARENT:
            yield _second_female_parent(family)
        case Relation.LOCAL_AUTHORITY:
            yield from _local_authority(family)
        case Relation.ADOPTER:
            yield _adopter(family)
        case Relation.PROSPECTIVE_ADOPTER:
            yield _prospective_adopter(family)
        case Relation.UNKNOWN:
            yield Finding(
                standing=_not_known,
                rule="R-50",
                because=_("It is not known what this person is to the child."),
                questions=(OpenQuestion(_("How is this person related to the child?"), "R-50"),),
            )
        case _:
            yield Finding(
                standing=_does_not,
                rule="R-52",
                because=_("Step-parents, foster carers, grandparents and others have none by themselves."),
                evidence=(ORDER,),
            )


def _father_by_marriage(family: FamilyFacts) -> Finding:
    rule = "R-50" if family.nation is Nation.ENGLAND_AND_WALES else "R-51"
    paper = (BIRTH_CERTIFICATE, MARRIAGE)
    if family.married is not True:
        return _unless_said(
            rule, _("Is or was the father married to the mother, and since when?"), answer=family.married
        )
    if family.married_on is None or family.married_on > family.today:
        ask = OpenQuestion(_("On which day did the father and the mother marry?"), rule)
        return Finding(
            standing=_not_known,
            rule=rule,
            because=_("They were married, but the day is not known."),
            evidence=paper,
            questions=(ask,),
        )
    before_birth = family.born is not None and family.married_on <= family.born
    if before_birth or family.nation is Nation.SCOTLAND:
        return Finding(
            standing=_holds,
            rule=rule,
            because=_("The father married the mother at conception or later.")
            if family.nation is Nation.SCOTLAND
            else _("The father was married to the mother at the birth. A divorce changes nothing."),
            basis="father-married",
            evidence=paper,
        )
    where = (
        _("Did the father live in Northern Ireland when they married?")
        if family.nation is Nation.NORTHERN_IRELAND
        else _("They married after the birth. Does that count here? Ask the legal team.")
    )
    return Finding(
        standing=_not_known,
        rule=rule,
        because=_("They married after the birth, which does not settle it by itself."),
        evidence=paper,
        questions=(OpenQuestion(where, rule),),
    )


def _by_registration(family: FamilyFacts) -> Finding:
    """R-50, R-51: from a day of registration that differs by nation. Who is born on or after that day cannot have been
    registered before it."""
    first_day, basis, rule = NAMED_FROM[family.nation]
    if family.registered is not True:
        return _unless_said(rule, _("Does the birth certificate name the father?"), answer=family.registered)
    day, born = family.registered_on, family.born
    if family.registered_abroad or (day is not None and born is not None and not born <= day <= family.today):
        words = (
            _("The birth was registered abroad. Which nation’s rules count, and what do they say?")
            if family.registered_abroad
            else _("The day of registration cannot be. Which day stands on the certificate?")
        )
        return Finding(
            standing=_not_known,
            rule=rule,
            because=_("The certificate names the father, but the registration does not settle it."),
            evidence=(BIRTH_CERTIFICATE,),
            questions=(OpenQuestion(words, rule),),
        )
    if (day or born or first_day - timedelta(days=1)) >= first_day:
        return Finding(
            standing=_holds,
            rule=rule,
            because=_("The father is named on a birth certificate that was registered late enough to count."),
            basis=basis,
            evidence=(BIRTH_CERTIFICATE,),
        )
    if day is None:
        ask = OpenQuestion(_("On which day was the birth registered?"), rule)
        return Finding(
            standing=_not_known,
            rule=rule,
            because=_("The certificate names the father, but the day of registration is not known."),
            evidence=(BIRTH_CERTIFICATE,),
            questions=(ask,),
        )
    return Finding(
        standing=_does_not,
        rule=rule,
        because=_("The birth was registered before the day from which a father who is named has it."),
        evidence=(MARRIAGE, ORDER),
    )


def _second_female_parent(family: FamilyFacts) -> Finding:
    if family.at_treatment or family.registered:
        return Finding(
            standing=_holds,
            rule="R-52",
            because=_("They were married or civil partners at the treatment.")
            if family.at_treatment
            else _("Both women registered the birth together."),
            basis="second-female-parent",
            evidence=(BIRTH_CERTIFICATE, MARRIAGE) if family.at_treatment else (BIRTH_CERTIFICATE,),
        )
    said = False if family.at_treatment is False and family.registered is False else None
    question = _("Were they married or civil partners at the treatment, or did both register the birth?")
    return _unless_said("R-52", question, answer=said)


def _unless_said(rule: str, question: str, *, answer: bool | None = None) -> Finding:
    """Not known until somebody has said no to the question."""
    if answer is False:
        return Finding(
            standing=_does_not, rule=rule, because=_("This does not come about by itself."), evidence=(ORDER,)
        )
    return Finding(
        standing=_not_known,
        rule=rule,
        because=_("What it turns on is not known yet."),
        questions=(OpenQuestion(question, rule),),
    )


def _by_agreement(family: FamilyFacts) -> Iterator[Finding]:
    """An agreement counts once it is registered with the court; the nations call the register differently."""
    if not family.agreement or family.relation not in BY_AGREEMENT:
        return
    paper = (_("registered agreement"),)
    if family.agreement_registered:
        words = _("There is a registered agreement with the mother or the parents.")
        yield Finding(standing=_holds, rule="R-50, R-52", because=words, basis="agreement", evidence=paper)
        return
    yield Finding(
        standing=_does_not if family.agreement_registered is False else _not_known,
        rule="R-50, R-52",
        because=_("An agreement counts only once it is registered."),
        evidence=paper,
        questions=()
        if family.agreement_registered is False
        else (OpenQuestion(_("Was the agreement registered with the court?"), "R-50, R-52"),),
    )


def _by_order(family: FamilyFacts) -> Iterator[Finding]:
    for order in family.orders:
        if order.kind in GIVING and order.favour is Favour.REQUESTER:
            basis, rule = GIVING[order.kind]
            yield _from_order(family, order, basis, rule)
        elif order.kind is OrderKind.SPENDS_TIME and order.favour is Favour.REQUESTER:
            words = _("An order on spending time with the child gives no parental responsibility.")
            yield Finding(standing=_does_not, rule="R-53", because=words, evidence=(ORDER,))


def _from_order(family: FamilyFacts, order: Order, basis: str, rule: str) -> Finding:
    """What an order gives today: nothing before its first day, nothing after its last."""
    if family.nation not in ONLY_IN.get(order.kind, frozenset(Nation)):
        ask = OpenQuestion(_("What does this order give in this nation? Ask the legal team."), rule)
        words = _("The law of this nation does not know this order by this name.")
        return Finding(standing=_not_known, rule=rule, because=words, evidence=(ORDER,), questions=(ask,))
    force = order.in_force(family.today)
    if force is None:
        ask = OpenQuestion(_("From which day does the order count?"), "R-55")
        words = _("There is an order, but not since when.")
        return Finding(standing=_not_known, rule="R-55", because=words, evidence=(ORDER,), questions=(ask,))
    if not force:
        over = order.over(family.today)
        return Finding(
            standing=_does_not,
            rule="R-55",
            because=_("The order has ended.") if over else _("The order begins on a later day."),
            evidence=(ORDER,),
            starts=None if over else order.from_,
        )
    limited = order.kind is OrderKind.EMERGENCY_PROTECTION
    limits = (_("Only what is needed to keep the child safe while the order lasts (R-53)."),) if limited else ()
    return Finding(
        standing=_holds,
        rule=rule,
        because=_("An order that is in force gives it."),
        basis=basis,
        evidence=(ORDER,),
        limits=(*limits, *([order.limits] if order.limits else [])),
        until=order.last_day,
    )


def _local_authority(family: FamilyFacts) -> Iterator[Finding]:
    """R-53, R-54: under a care, interim care, placement or emergency protection order; never by agreement (s.20)."""
    for order in family.orders:
        if order.kind in TO_AUTHORITY and order.favour in (Favour.AUTHORITY, Favour.REQUESTER):
            yield _from_order(family, order, "care-order", TO_AUTHORITY[order.kind])
    if family.accommodated:
        words = _("Looking after a child by agreement gives the authority no parental responsibility.")
        yield Finding(standing=_does_not, rule="R-53", because=words, evidence=(ORDER,))
    else:
        question = _("Under which order does the authority have parental responsibility?")
        yield _unless_said("R-53", question)


def _adopter(family: FamilyFacts) -> Finding:
    order = next(
        (one for one in family.orders if one.kind is OrderKind.ADOPTION and one.favour is Favour.REQUESTER), None
    )
    if order is not None:
        return replace(_from_order(family, order, "adopter", "R-50, R-54"), evidence=(_("adoption certificate"),))
    return replace(
        _unless_said("R-50, R-54", _("On which day was the adoption order made?")),
        evidence=(_("adoption certificate"),),
    )


def _prospective_adopter(family: FamilyFacts) -> Finding:
    order = next((one for one in family.orders if one.kind is OrderKind.PLACEMENT), None)
    question = OpenQuestion(_("Is the child placed with them under a placement order, and since when?"), "R-54")
    if order is None or order.favour is not Favour.REQUESTER:
        words = _("Prospective adopters have it only while the child is placed with them under an order.")
        return Finding(standing=_not_known, rule="R-54", because=words, evidence=(ORDER,), questions=(question,))
    return _from_order(family, order, "placement-order", "R-54")

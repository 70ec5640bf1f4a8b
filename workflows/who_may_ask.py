"""Which way a request goes: the child's own right, a parent's, an adult's, a representative's, or education law's.

Beside `parental_responsibility`: whether a child is presumed able to decide (R-42, R-43, R-67), whose agreement is
needed besides (R-45, R-57, R-60), and where the older right to see a pupil's record applies (R-31, R-32, R-59). Pure
questions over plain facts; a person decides.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workflows.ages import age_on
from workflows.facts import Nation, RequesterKind
from workflows.family import FamilyFacts, Relation, Told, day_of, yes_of
from workflows.findings import Finding, OpenQuestion, Standing
from workflows.parental_responsibility import ADULT, parental_responsibility
from workflows.words import mark as _

PRESUMED_ABLE_IN_SCOTLAND = 12
PRESUMED_CAPACITY = 16  # England and Wales; a reason to assess everywhere


# Whether the child decides


class Presumption(StrEnum):
    """What age alone says of a child's say. It never decides: a person assesses (R-43, R-44)."""

    ABLE = "able"  # presumed able unless shown otherwise
    ASSESS = "assess"
    NOT_YET = "not-yet"  # no assessment is asked for by age; one may be made all the same
    GROWN_UP = "grown-up"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class ChildsSay:
    presumption: Presumption
    rule: str
    words: str


def childs_say(*, nation: Nation, born: date | None, today: date, prompt: int = 12) -> ChildsSay:
    """What age says of whether the child decides: presumed able from 12 in Scotland, from 16 in England and Wales."""
    if born is None:
        return ChildsSay(Presumption.UNKNOWN, "R-43", _("The date of birth is not known, so assess."))
    age = age_on(born, today)
    if age >= ADULT:
        return ChildsSay(Presumption.GROWN_UP, "R-57", _("The person is 18 or over and decides alone."))
    if nation is Nation.SCOTLAND and age >= PRESUMED_ABLE_IN_SCOTLAND:
        return ChildsSay(Presumption.ABLE, "R-42", _("From 12 a child in Scotland is presumed able to decide."))
    if nation is Nation.ENGLAND_AND_WALES and age >= PRESUMED_CAPACITY:
        return ChildsSay(Presumption.ABLE, "R-67", _("At 16 and 17 a young person is presumed able to decide."))
    if age >= min(prompt, PRESUMED_ABLE_IN_SCOTLAND if nation is Nation.SCOTLAND else PRESUMED_CAPACITY):
        return ChildsSay(
            Presumption.ASSESS, "R-43, R-44", _("At this age somebody assesses what the child understands.")
        )
    return ChildsSay(
        Presumption.NOT_YET, "R-43, R-46", _("A person with parental responsibility may ask for a child this young.")
    )


# Whether the person may ask


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the law says of somebody's request about another person: their own footing, and the child's say besides."""

    footing: Finding
    child: ChildsSay
    others: tuple[OpenQuestion, ...] = ()

    @property
    def questions(self) -> tuple[OpenQuestion, ...]:
        return tuple(dict.fromkeys((*self.footing.questions, *self.others)))


def who_may_ask(
    family: FamilyFacts, *, kind: RequesterKind, prompt: int = 12, signed: "SignedAuthority | None" = None
) -> Answer:
    """The footing of this requester and what has to be asked besides, for a request to see or to put right (R-49)."""
    child = childs_say(nation=family.nation, born=family.born, today=family.today, prompt=prompt)
    match kind:
        case RequesterKind.SELF:
            return Answer(footing=_own_right(family), child=child)
        case RequesterKind.PARENT:
            return Answer(footing=parental_responsibility(family), child=child, others=_agreement_of(child))
        case RequesterKind.REPRESENTATIVE | RequesterKind.DEPUTY:
            return Answer(footing=_acting(family, kind, signed), child=child, others=_agreement_of(child))
    ask = OpenQuestion(_("In what right does this person ask?"), "R-40")
    unknown = _("It is not known in what right this person asks.")
    footing = Finding(standing=Standing.NOT_KNOWN, rule="R-40", because=unknown, questions=(ask,))
    return Answer(footing=footing, child=child)


def _own_right(family: FamilyFacts) -> Finding:
    if family.died:
        return parental_responsibility(family)
    words = _("The right is the person’s own, at any age. Nobody else’s authority is needed.")
    return Finding(standing=Standing.HOLDS, rule="R-40, R-65", because=words)


def _agreement_of(child: ChildsSay) -> tuple[OpenQuestion, ...]:
    """Who may be able to decide is asked, whatever responsibility a parent holds (R-45)."""
    if child.presumption in (Presumption.ABLE, Presumption.ASSESS, Presumption.UNKNOWN):
        return (OpenQuestion(_("Can the child decide? If so, the child’s own agreement is needed."), "R-45"),)
    return ()


def _acting(family: FamilyFacts, kind: RequesterKind, signed: "SignedAuthority | None") -> Finding:
    """R-57, R-60, R-61: who acts for somebody shows it, for each person apart. What a holder of responsibility signed
    ends with that responsibility, on the eighteenth birthday."""
    if family.died:
        return parental_responsibility(family)
    if family.relation is Relation.LOCAL_AUTHORITY:  # a social worker speaks for a holder, and needs nobody's signature
        return parental_responsibility(family)
    grown = family.born is not None and age_on(family.born, family.today) >= ADULT
    if kind is RequesterKind.REPRESENTATIVE and signed is not None and (signed.by_the_person or not grown):
        return signed_authority(signed, today=family.today)
    if kind is RequesterKind.DEPUTY:
        ask = OpenQuestion(_("Is the power registered, or the order sealed, and does it reach this far?"), "R-57")
        papers: tuple[str, ...] = (_("registered power of attorney"), _("sealed court order, with its date and end"))
    elif grown:
        ask = OpenQuestion(
            _("Did this person themselves sign, for this request, and is it still in force?"), "R-57, R-60"
        )
        papers = (_("the young adult’s signed authority, a registered power of attorney, or a deputyship"),)
    else:
        ask = OpenQuestion(
            _("Who signed: the child, who understands it, or somebody whose parental responsibility is shown?"), "R-60"
        )
        papers = (_("signed authority"), _("proof of that person’s parental responsibility"))
    words = _("Somebody who acts for another shows signed authority, for each person of the request.")
    return Finding(standing=Standing.NOT_KNOWN, rule=ask.rule, because=words, evidence=papers, questions=(ask,))


# A signed authority


@dataclass(frozen=True, kw_only=True)
class SignedAuthority:
    """What one person signed so that another may act for them, or for their child. `understood` is None while nobody
    has made sure that the signer understands what would go to the representative."""

    signed_on: date | None = None
    until: date | None = None
    by_the_person: bool = False  # signed by the person the record is about; else by a holder of responsibility
    signer_holds: bool | None = None  # whether that holder's responsibility is shown
    understood: bool | None = None
    taken_back_on: date | None = None


def signed_of(told: Told) -> SignedAuthority | None:
    """What is known of a signed authority, from the same plain answers as the family's facts; None where nothing is."""
    if told.get("signed_by") not in ("person", "holder"):
        return None
    return SignedAuthority(
        signed_on=day_of(told.get("signed_on")),
        until=day_of(told.get("signed_until")),
        by_the_person=told.get("signed_by") == "person",
        signer_holds=yes_of(told.get("signer_holds")),
        understood=yes_of(told.get("understood")),
    )


def signed_authority(signed: SignedAuthority, *, today: date) -> Finding:
    """Whether a signed authority lets its holder act today. Where the signer's understanding is in doubt the copy goes
    to the person first (R-60)."""
    rule, paper = "R-60", (_("signed authority"),)
    if signed.signed_on is None or signed.signed_on > today:
        ask = OpenQuestion(_("On which day was the authority signed?"), rule)
        words = _("The authority has no day, or one that is still to come.")
        return Finding(standing=Standing.NOT_KNOWN, rule=rule, because=words, evidence=paper, questions=(ask,))
    gone = signed.taken_back_on is not None and signed.taken_back_on <= today
    if gone or (signed.until is not None and signed.until < today):
        words = _("The authority was taken back.") if gone else _("The authority has run out.")
        return Finding(standing=Standing.DOES_NOT_HOLD, rule="R-55, R-60", because=words, evidence=paper)
    if not signed.by_the_person and signed.signer_holds is not True:
        ask = OpenQuestion(_("Does the person who signed hold parental responsibility themselves?"), rule)
        words = _("Whoever signs can give no more than they hold.")
        return Finding(standing=Standing.NOT_KNOWN, rule=rule, because=words, evidence=paper, questions=(ask,))
    doubt = signed.by_the_person and signed.understood is not True
    asked = (OpenQuestion(_("Does the person understand what would go to the representative?"), rule),) if doubt else ()
    return Finding(
        standing=Standing.HOLDS,
        rule=rule,
        because=_("Signed authority that is in force."),
        basis="subject-agreement" if signed.by_the_person else "parent-agreement",
        evidence=paper,
        questions=asked,
        limits=(_("Send it to the person first, and to the representative after."),) if doubt else (),
        until=signed.until,
    )


# Education law


class School(StrEnum):
    """What kind of school keeps the pupil's record."""

    UNKNOWN = "unknown"
    MAINTAINED = "maintained"  # in Northern Ireland: grant-aided
    ACADEMY = "academy"  # also free schools
    INDEPENDENT = "independent"


class Route(StrEnum):
    EDUCATIONAL_RECORD = "educational-record"  # a parent's own right, in school days
    SUBJECT_ACCESS = "subject-access"  # the child's right, in a month


SCHOOL_DAYS = 15


@dataclass(frozen=True, kw_only=True)
class Routes:
    """The ways that are open, the law's school days of the first, and why."""

    open: frozenset[Route]
    rule: str
    because: str
    school_days: int | None = None


def pupil_record_routes(
    *, nation: Nation, school: School, holds_responsibility: bool, natural_parent: bool = False, cares: bool = False
) -> Routes:
    """R-31 to R-33, R-59: education law's parent is wider, but its right reaches only schools that the law names."""
    by_access = frozenset({Route.SUBJECT_ACCESS}) if holds_responsibility else frozenset[Route]()
    parent_in_education = holds_responsibility or natural_parent or cares
    if not parent_in_education:
        return Routes(open=frozenset(), rule="R-59", because=_("Neither law knows this person as a parent."))
    if nation is not Nation.SCOTLAND and school is not School.MAINTAINED:
        unknown = _("First find out what kind of school it is. The right to a pupil’s record reaches only some.")
        words = (
            unknown if school is School.UNKNOWN else _("A parent’s own right to the pupil’s record does not reach it.")
        )
        return Routes(open=by_access, rule="R-32", because=words)
    return Routes(
        open=by_access | {Route.EDUCATIONAL_RECORD},
        rule="R-31, R-32" if holds_responsibility else "R-59",
        because=_("A parent in education law may see the pupil’s record.")
        if holds_responsibility
        else _("This person cares for the child, which opens the pupil’s record and nothing else."),
        # The period of Northern Ireland is not verified, so none is stated.
        school_days=None if nation is Nation.NORTHERN_IRELAND else SCHOOL_DAYS,
    )

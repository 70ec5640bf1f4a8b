"""The exemption register (law.md section 10) as data, and the one question asked of it: may this code be
chosen here?

The register says what the law allows, never that it must be used. A person applies the test; the register
only keeps a code off the list where the law does not know it for this requester, age, nation or kind of data.

What may not be told must not show (R-91, R-92). Beside a gap the family reads a phrase; a code the requester
may not know has exactly the phrase of the commonest code they may know, so the phrase says nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from workflows.days import add_months
from workflows.facts import Nation, RequesterKind
from workflows.words import mark as _


class Right(StrEnum):
    ACCESS = "access"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"


class DataKind(StrEnum):
    """Social work data is what is neither health nor education data (L11)."""

    HEALTH = "health"
    SOCIAL_WORK = "social work"
    EDUCATION = "education"
    OTHER = "other"


class Told(StrEnum):
    """Whether the requester may be told that this exemption was used."""

    YES = "yes"
    USUALLY = "usually"
    USUALLY_NOT = "usually no"
    COURT_DECIDES = "depends on court"
    NO = "no, neutral"


class Wish(StrEnum):
    """What the data subject wanted when they gave the information, or said since (Sch 3 paras 4, 10)."""

    GIVEN_IN_CONFIDENCE = "given-in-confidence"
    FOUND_IN_CONFIDENCE = "found-in-confidence"
    SAID_NO = "said-no"


PRIVATE = _("We cannot show this part. It may be about another person, or the law may say it must stay private.")
OFFICE = _("We cannot show this part. It is about legal advice, or about how our office works.")
WAITING = _("A health worker has to look at this part before we can show it.")

ALL_NATIONS = frozenset(Nation)
NOT_SCOTLAND = ALL_NATIONS - {Nation.SCOTLAND}
SCOTLAND = frozenset({Nation.SCOTLAND})
ALL_KINDS = frozenset(DataKind)
ACCESS_ONLY = frozenset({Right.ACCESS})
ALL_RIGHTS = frozenset(Right)
ANYONE = frozenset(RequesterKind) - {RequesterKind.UNKNOWN}
PARENT_OR_DEPUTY = frozenset({RequesterKind.PARENT, RequesterKind.DEPUTY})


@dataclass(frozen=True, kw_only=True)
class Exemption:
    """One row of the register.

    `rights` lists what the exemption is known to reach; where our source is silent it is access alone,
    because an exemption is read narrowly. `part`: the rest is still disclosed (R-82). `per_item`: it can be
    put on an item in review; the others are about a whole request or search. `asks`: the kinds of consultation
    that answer `must_consult`, any one of them; a wish is recorded by itself. `unless_inappropriate`: a reason
    why it would be wrong to ask is as good.
    """

    code: str
    name: str
    provision: str
    test: str
    must_consult: str | None
    part: bool
    told: Told
    phrase: str = PRIVATE
    against: frozenset[RequesterKind] = ANYONE
    nations: frozenset[Nation] = ALL_NATIONS
    kinds: frozenset[DataKind] = ALL_KINDS
    rights: frozenset[Right] = ACCESS_ONLY
    two_people: bool = False  # serious harm, child abuse, adoption
    wish: bool = False
    opinion: bool = False
    per_item: bool = True
    asks: frozenset[str] = frozenset()
    unless_inappropriate: bool = False


_COURT = _("Report or evidence in listed proceedings that the court's rules allow to be withheld.")
_REPORTER = _("The data came from the Principal Reporter; the Reporter is told within 14 days and answers first.")
_WISHES = _("Given or found in confidence from that person, or the child said no.")
_HARM = _(
    "Disclosure would be likely to cause serious harm to the physical or mental health of the person or someone else."
)
_HEALTH_PROFESSIONAL = _("the appropriate health professional; opinion less than six months old")
_HEALTH = frozenset({DataKind.HEALTH})
_SOCIAL = frozenset({DataKind.SOCIAL_WORK})
_EDUCATION = frozenset({DataKind.EDUCATION})

REGISTER: tuple[Exemption, ...] = (
    Exemption(
        code="EX-TP",
        name=_("Third party"),
        provision="Sch 2 paras 16-17",
        test=_("Another person is identifiable, did not consent, and disclosure is not reasonable without."),
        must_consult=_("the other person, unless inappropriate"),
        asks=frozenset({"third_party"}),
        unless_inappropriate=True,
        part=True,
        told=Told.YES,
    ),
    Exemption(
        code="EX-CR",
        name=_("Crime and tax"),
        provision="Sch 2 para 2",
        test=_("Likely to prejudice prevention, detection or prosecution."),
        must_consult=_("police or youth offending team"),
        asks=frozenset({"police"}),
        part=True,
        told=Told.NO,
    ),
    Exemption(
        code="EX-LG",
        name=_("Legal claims"),
        provision="Sch 2 para 5",
        test=_("Disclosure is ruled by law, or it is needed for proceedings or advice."),
        must_consult=_("legal team"),
        asks=frozenset({"legal"}),
        part=True,
        told=Told.YES,
        phrase=OFFICE,
    ),
    Exemption(
        code="EX-RF",
        name=_("Regulatory functions"),
        provision="Sch 2 paras 7-12",
        test=_("Likely to prejudice the function."),
        must_consult=_("the regulator"),
        asks=frozenset({"other"}),
        part=True,
        told=Told.USUALLY,
    ),
    Exemption(
        code="EX-LP",
        name=_("Legal privilege"),
        provision="Sch 2 para 19",
        test=_("Privileged, or under a lawyer's duty of confidentiality."),
        must_consult=_("legal team"),
        asks=frozenset({"legal"}),
        part=True,
        told=Told.YES,
        phrase=OFFICE,
    ),
    Exemption(
        code="EX-MP",
        name=_("Management forecasts"),
        provision="Sch 2 para 22",
        test=_("Prejudice to the conduct of business."),
        must_consult=None,
        part=True,
        told=Told.YES,
        phrase=OFFICE,
    ),
    Exemption(
        code="EX-NG",
        name=_("Negotiations"),
        provision="Sch 2 para 23",
        test=_("Prejudice to negotiations with the requester."),
        must_consult=None,
        part=True,
        told=Told.YES,
        phrase=OFFICE,
    ),
    Exemption(
        code="EX-CF",
        name=_("Confidential reference"),
        provision="Sch 2 para 24",
        test=_("Reference for education, training, employment or volunteering."),
        must_consult=None,
        part=True,
        told=Told.YES,
    ),
    Exemption(
        code="EX-EX",
        name=_("Exam scripts and marks"),
        provision="Sch 2 para 25",
        test=_("Scripts are exempt; marks are delayed until after the results."),
        must_consult=_("exam body"),
        asks=frozenset({"education", "other"}),
        part=True,
        told=Told.YES,
    ),
    Exemption(
        code="EX-H3",
        name=_("Health: court"),
        provision="Sch 3 para 3",
        test=_COURT,
        must_consult=None,
        part=True,
        told=Told.COURT_DECIDES,
        kinds=_HEALTH,
        rights=ALL_RIGHTS,
    ),
    Exemption(
        code="EX-H4",
        name=_("Health: the child's wishes"),
        provision="Sch 3 para 4",
        test=_WISHES,
        must_consult=_("the child's recorded wish"),
        part=True,
        told=Told.NO,
        against=PARENT_OR_DEPUTY,
        kinds=_HEALTH,
        wish=True,
    ),
    Exemption(
        code="EX-H5",
        name=_("Health: serious harm"),
        provision="Sch 3 paras 2, 5",
        test=_HARM,
        must_consult=_HEALTH_PROFESSIONAL,
        asks=frozenset({"health"}),
        part=True,
        told=Told.USUALLY_NOT,
        kinds=_HEALTH,
        two_people=True,
        opinion=True,
    ),
    Exemption(
        code="EX-H6",
        name=_("Health: not to be released unseen"),
        provision="Sch 3 para 6",
        test=_(
            "We are not a health body and hold no health professional's opinion, and the person has not seen "
            "it and does not know it."
        ),
        must_consult=_HEALTH_PROFESSIONAL,
        asks=frozenset({"health"}),
        part=True,
        told=Told.YES,
        phrase=WAITING,
        kinds=_HEALTH,
    ),
    Exemption(
        code="EX-S9",
        name=_("Social work: court"),
        provision="Sch 3 para 9",
        test=_COURT,
        must_consult=None,
        part=True,
        told=Told.COURT_DECIDES,
        kinds=_SOCIAL,
        rights=ALL_RIGHTS,
    ),
    Exemption(
        code="EX-S10",
        name=_("Social work: the child's wishes"),
        provision="Sch 3 para 10",
        test=_WISHES,
        must_consult=_("the child's recorded wish"),
        part=True,
        told=Told.NO,
        against=PARENT_OR_DEPUTY,
        kinds=_SOCIAL,
        wish=True,
    ),
    Exemption(
        code="EX-S11",
        name=_("Social work: serious harm"),
        provision="Sch 3 paras 7, 11",
        test=_(
            "Likely to prejudice carrying out social work, because of serious harm to the physical or mental "
            "health of the person or someone else."
        ),
        must_consult=_("social work manager"),
        asks=frozenset({"social_work"}),
        part=True,
        told=Told.USUALLY_NOT,
        kinds=_SOCIAL,
        two_people=True,
    ),
    Exemption(
        code="EX-S12",
        name=_("Social work: Principal Reporter"),
        provision="Sch 3 para 12",
        test=_REPORTER,
        must_consult=_("Principal Reporter"),
        asks=frozenset({"other"}),
        part=True,
        told=Told.YES,
        kinds=_SOCIAL,
        nations=SCOTLAND,
    ),
    Exemption(
        code="EX-E18",
        name=_("Education: court"),
        provision="Sch 3 para 18",
        test=_COURT,
        must_consult=None,
        part=True,
        told=Told.COURT_DECIDES,
        kinds=_EDUCATION,
        rights=ALL_RIGHTS,
    ),
    Exemption(
        code="EX-E19",
        name=_("Education: serious harm"),
        provision="Sch 3 para 19",
        test=_HARM,
        must_consult=_("school lead"),
        asks=frozenset({"education"}),
        part=True,
        told=Told.USUALLY_NOT,
        kinds=_EDUCATION,
        two_people=True,
    ),
    Exemption(
        code="EX-E20",
        name=_("Education: Principal Reporter"),
        provision="Sch 3 para 20",
        test=_REPORTER,
        must_consult=_("Principal Reporter"),
        asks=frozenset({"other"}),
        part=True,
        told=Told.YES,
        kinds=_EDUCATION,
        nations=SCOTLAND,
    ),
    Exemption(
        code="EX-CA",
        name=_("Child abuse data"),
        provision="Sch 3 para 21",
        test=_(
            "On whether the child is, was or may be at risk of abuse; disclosure is not in the child's best interests."
        ),
        must_consult=_("safeguarding lead"),
        asks=frozenset({"safeguarding"}),
        part=True,
        told=Told.NO,
        against=PARENT_OR_DEPUTY,
        nations=NOT_SCOTLAND,
        two_people=True,
    ),
    Exemption(
        code="EX-AD",
        name=_("Adoption records"),
        provision="Sch 4 para 3",
        test=_(
            "Disclosure is prohibited or restricted by the listed adoption rules. There is another way to "
            "birth records."
        ),
        must_consult=_("adoption team"),
        asks=frozenset({"other"}),
        part=True,
        told=Told.NO,
        two_people=True,
    ),
    Exemption(
        code="EX-SE",
        name=_("Special needs statements and plans"),
        provision="Sch 4 para 4",
        test=_("Prohibited by regulation 17 of the 2014 regulations or their equivalents."),
        must_consult=_("special needs team"),
        asks=frozenset({"education", "other"}),
        part=True,
        told=Told.YES,
    ),
    Exemption(
        code="EX-PO",
        name=_("Parental order reports"),
        provision="Sch 4 para 5",
        test=_("Prohibited by the rules on court records in surrogacy."),
        must_consult=_("legal team"),
        asks=frozenset({"legal"}),
        part=True,
        told=Told.NO,
    ),
    Exemption(
        code="EX-CH",
        name=_("Children's hearings"),
        provision="Sch 4 para 6",
        test=_("Children's Hearings (Scotland) Act 2011 section 178."),
        must_consult=_("Principal Reporter"),
        asks=frozenset({"other"}),
        part=True,
        told=Told.COURT_DECIDES,
        nations=SCOTLAND,
    ),
    Exemption(
        code="EX-MU",
        name=_("Plainly unfounded or excessive"),
        provision="Art 12(5)",
        test=_("Evidence such as a stated intent to disrupt. No list to tick; the controller proves it."),
        must_consult=_("data protection officer"),
        part=False,
        told=Told.YES,
        rights=ALL_RIGHTS,
        per_item=False,
    ),
    Exemption(
        code="EX-SP",
        name=_("Limit of the search"),
        provision="Art 15(1A)",
        test=_("More than a reasonable and proportionate search."),
        must_consult=_("data protection officer"),
        part=True,
        told=Told.YES,
        per_item=False,
    ),
)

BY_CODE: dict[str, Exemption] = {one.code: one for one in REGISTER}


def phrase_for(code: str) -> str:
    """The words the family reads beside a gap. An unknown code has the most general ones."""
    return BY_CODE[code].phrase if code in BY_CODE else PRIVATE


def may_be_told(code: str) -> bool:
    """Whether the requester may always know this code was used. Whatever is in doubt counts as no."""
    return code in BY_CODE and BY_CODE[code].told is Told.YES


def needs_second_person(code: str) -> bool:
    """Whether two people must agree to this code (R-94). An unknown code does."""
    return code not in BY_CODE or BY_CODE[code].two_people


def choosable(
    code: str,
    *,
    requester_kind: RequesterKind,
    subject_age: int | None,
    nation: Nation,
    data_kind: DataKind,
    today: date,
    right: Right = Right.ACCESS,
    recorded_wish: Wish | None = None,
    health_opinion: date | None = None,
    already_known: bool = False,
) -> str | None:
    """Why this code cannot be put on an item here, or None.

    `subject_age` is in whole years. `health_opinion` is the day of the health professional's opinion.
    `already_known`: the data subject has seen the information or knows it (R-66; Sch 3 para 6).
    """
    one = BY_CODE.get(code)
    if one is None:
        return _("There is no such exemption. Choose one from the list.")
    if not one.per_item:
        return _("This is not put on single items. Use the search plan, or propose to refuse the request.")
    return (
        _out_of_scope(one, requester_kind, nation, data_kind, right)
        or _age_fault(one, requester_kind, subject_age, nation)
        or _wish_fault(one, recorded_wish)
        or _opinion_fault(one, data_kind, health_opinion, already_known=already_known, today=today)
        or _known_fault(one, requester_kind, already_known=already_known)
    )


def _out_of_scope(one: Exemption, kind: RequesterKind, nation: Nation, data_kind: DataKind, right: Right) -> str | None:
    if right not in one.rights:
        return _("This exemption does not reach this right. Choose another or give the item.")
    if nation not in one.nations:
        return _("This exemption does not exist in this nation. Choose another or give the item.")
    if data_kind not in one.kinds:
        return _("This exemption is for another kind of data. Check the kind, or choose another.")
    if kind not in one.against:
        return _("This exemption does not exist against this requester. Choose another or give the item.")
    return None


def _age_fault(one: Exemption, kind: RequesterKind, subject_age: int | None, nation: Nation) -> str | None:
    """Some codes stand against a holder of parental responsibility, who is one only while the child is under
    18 (in Scotland 16), and against a deputy at any age (Sch 3 paras 4, 10, 21)."""
    if one.against != PARENT_OR_DEPUTY or kind is RequesterKind.DEPUTY:
        return None
    if subject_age is None:
        return _("Record the child's date of birth first.")
    limit = 16 if nation is Nation.SCOTLAND else 18
    return _("The child is too old for this exemption. Choose another.") if subject_age >= limit else None


def _wish_fault(one: Exemption, recorded_wish: Wish | None) -> str | None:
    if not one.wish or recorded_wish is not None:
        return None
    return _("The child's wish is not recorded. Record it first, or choose another exemption.")


def _opinion_fault(
    one: Exemption, data_kind: DataKind, opinion: date | None, *, already_known: bool, today: date
) -> str | None:
    if one.opinion and not opinion_usable(opinion, today):
        return _("Ask the health professional. An opinion less than six months old is needed first.")
    if (
        one.code == "EX-H6"
        and must_hold_health_opinion(data_kind, health_opinion=opinion, already_known=already_known, today=today)
        is None
    ):
        return _("A fresh opinion is there, or the person knows this already. Give it, or choose another.")
    return None


def _known_fault(one: Exemption, kind: RequesterKind, *, already_known: bool) -> str | None:
    """R-66: family information that someone knows is not kept from them as another person's."""
    if one.code == "EX-TP" and already_known and kind is RequesterKind.SELF:
        return _("The person knows this already. Give it.")
    return None


def must_hold_health_opinion(
    data_kind: DataKind, *, health_opinion: date | None, already_known: bool, today: date
) -> str | None:
    """Why a health item may not be given yet, or None (EX-H6).

    A controller that is no health body may not disclose health data without a health professional's opinion,
    unless the data subject (the child, not the parent who asks) has seen it or knows it already.
    """
    if data_kind is not DataKind.HEALTH or already_known or opinion_usable(health_opinion, today):
        return None
    return _("This is about health. Ask the health professional first, or record that the person knows it.")


@dataclass(frozen=True, kw_only=True)
class Consulted:
    """One consultation that a decision rests on. `settled`: answered, or no answer came and it is said what was
    done to get one."""

    kind: str
    settled: bool


def consultation_fault(code: str, named: Iterable[Consulted], *, why_not_asked: str = "") -> str | None:
    """Why the consultations named do not do for this code, or None (R-94; "must consult" of the register).

    `why_not_asked` counts only where the register itself excuses asking; an unknown code needs nobody, because
    it cannot be chosen at all."""
    one = BY_CODE.get(code)
    if one is None or not one.asks or (one.unless_inappropriate and why_not_asked.strip()):
        return None
    asked = [consultation for consultation in named if consultation.kind in one.asks]
    if not asked:
        return _("Somebody has to be asked first. Record it under consultations, then tick it here.")
    if not any(consultation.settled for consultation in asked):
        return _("The answer is not recorded yet. Record it under consultations, or that no answer came.")
    return None


def opinion_usable(opinion: date | None, today: date) -> bool:
    """Whether an opinion was given within the six months that end today (V-90)."""
    return opinion is not None and add_months(today, -6) < opinion <= today


@dataclass(frozen=True, kw_only=True)
class ThirdPartyTest:
    """The three questions of R-83 about another person in the record. None = not answered yet."""

    identifiable: bool | None = None
    professional_in_role: bool = False  # health, social work or education worker
    known_to_requester: bool = False
    consented: bool | None = None
    asked: bool | None = None  # for consent
    why_not_asked: str = ""
    refused: bool | None = None
    confidence_owed: bool | None = None
    able_to_consent: bool | None = None
    reasonable_anyway: bool | None = None
    reasons: str = ""


THIRD_PARTY_QUESTIONS: tuple[tuple[str, str], ...] = (
    ("identifiable", _("Can this person be recognised from it, by this requester?")),
    ("professional_in_role", _("Is it a health, social work or education worker doing their job?")),
    ("known_to_requester", _("Does the requester know this already?")),
    ("consented", _("Has the person agreed that it is given?")),
    ("asked", _("Was the person asked to agree?")),
    ("why_not_asked", _("If not, why was it wrong to ask?")),
    ("refused", _("Did the person refuse?")),
    ("confidence_owed", _("Was it told in confidence?")),
    ("able_to_consent", _("Is the person able to agree?")),
    ("reasonable_anyway", _("Is it reasonable to give it all the same?")),
    ("reasons", _("What speaks for that, and what against?")),
)


def third_party_fault(test: ThirdPartyTest) -> str | None:
    """Why EX-TP does not stand on these answers, or None where the part may be withheld."""
    if test.identifiable is False:
        return _("Nobody else can be recognised from it, so nobody is protected. Give it.")
    if test.professional_in_role:
        return _("Naming a professional in their role is reasonable. Give it, or choose a harm exemption.")
    if test.known_to_requester:
        return _("The requester knows this already. Give it.")
    if test.consented:
        return _("The person agreed. Give it.")
    if test.reasonable_anyway:
        return _("You found it reasonable to give it. Give it.")
    return _third_party_unanswered(test)


def _third_party_unanswered(test: ThirdPartyTest) -> str | None:
    if third_party_open(test) == "why_not_asked":
        return _("Ask the person for their agreement, or say why it would be wrong to ask.")
    if third_party_open(test):
        return _("The questions about the other person are not all answered. Answer them first.")
    return None


def third_party_open(test: ThirdPartyTest) -> str:
    """Name of the first of the questions that has to be answered and is not, or nothing."""
    for name, _words in THIRD_PARTY_QUESTIONS:
        answer = getattr(test, name)
        if answer is None or (name == "reasons" and not answer.strip()):
            return name
        if name == "why_not_asked" and test.asked is False and not answer.strip():
            return name
    return ""

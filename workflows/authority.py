"""On what footing a person may act for someone else, and what evidence settles it (R-50 to R-60).

This is the list a caseworker chooses from. It decides nothing by itself: a person looks at the evidence and
says whether it is enough. Dates and nations that limit a footing are named so that the wrong one is not on
the list. What the law says of a family's facts is reckoned in `parental_responsibility`; which way a request goes in
`who_may_ask`.
"""

from dataclasses import dataclass

from workflows.facts import Nation, RequesterKind
from workflows.words import mark as _

EVERYWHERE = frozenset(Nation)
_EW = frozenset({Nation.ENGLAND_AND_WALES})
_SCOTLAND = frozenset({Nation.SCOTLAND})
_NI = frozenset({Nation.NORTHERN_IRELAND})
_CARE_ORDERS = _EW | _NI
_PARENT = frozenset({RequesterKind.PARENT})
_DEPUTY = frozenset({RequesterKind.DEPUTY})
# An authority holds parental responsibility like a parent, and its social worker says "I act for the child".
_AUTHORITY = frozenset({RequesterKind.PARENT, RequesterKind.REPRESENTATIVE})
_ANYONE_ELSE = frozenset({RequesterKind.PARENT, RequesterKind.REPRESENTATIVE})


@dataclass(frozen=True, kw_only=True)
class RelationshipBasis:
    """One footing. `ends_at_18`: it falls away on the child's eighteenth birthday (R-57)."""

    code: str
    label: str
    evidence: tuple[str, ...]
    kinds: frozenset[RequesterKind]
    nations: frozenset[Nation] = EVERYWHERE
    ends_at_18: bool
    rule: str


BIRTH_CERTIFICATE = _("full birth certificate")
MARRIAGE = _("marriage or civil partnership certificate")
ORDER = _("sealed court order, with its date and end")

BASES: tuple[RelationshipBasis, ...] = (
    RelationshipBasis(
        code="mother",
        label=_("Mother"),
        evidence=(BIRTH_CERTIFICATE,),
        kinds=_PARENT,
        ends_at_18=True,
        rule="R-50",
    ),
    RelationshipBasis(
        code="father-married",
        label=_("Father married to the mother"),
        evidence=(BIRTH_CERTIFICATE, MARRIAGE),
        kinds=_PARENT,
        ends_at_18=True,
        rule="R-50, R-51",
    ),
    RelationshipBasis(
        code="father-registered-ew",
        label=_("Father named on the birth certificate, registered on or after 1 December 2003"),
        evidence=(BIRTH_CERTIFICATE,),
        kinds=_PARENT,
        nations=_EW,
        ends_at_18=True,
        rule="R-50",
    ),
    RelationshipBasis(
        code="father-registered-scotland",
        label=_("Father named on the birth certificate, registered on or after 4 May 2006"),
        evidence=(BIRTH_CERTIFICATE,),
        kinds=_PARENT,
        nations=_SCOTLAND,
        ends_at_18=True,
        rule="R-51",
    ),
    RelationshipBasis(
        code="father-registered-ni",
        label=_("Father named on the birth certificate, registered on or after 15 April 2002"),
        evidence=(BIRTH_CERTIFICATE,),
        kinds=_PARENT,
        nations=_NI,
        ends_at_18=True,
        rule="R-51",
    ),
    RelationshipBasis(
        code="second-female-parent",
        label=_("Second female parent"),
        evidence=(BIRTH_CERTIFICATE, MARRIAGE),
        kinds=_PARENT,
        ends_at_18=True,
        rule="R-52",
    ),
    RelationshipBasis(
        code="agreement",
        label=_("Parental responsibility agreement"),
        evidence=(_("registered agreement"),),
        kinds=_PARENT,
        ends_at_18=True,
        rule="R-50, R-52",
    ),
    RelationshipBasis(
        code="pr-order",
        label=_("Court order giving parental responsibility"),
        evidence=(ORDER,),
        kinds=_PARENT,
        ends_at_18=True,
        rule="R-50, R-55",
    ),
    RelationshipBasis(
        code="lives-with-order",
        label=_("Child arrangements or residence order: the child lives with them"),
        evidence=(ORDER,),
        kinds=_PARENT,
        ends_at_18=True,
        rule="R-53",
    ),
    RelationshipBasis(
        code="special-guardian",
        label=_("Special guardian"),
        evidence=(ORDER,),
        kinds=_PARENT,
        nations=_EW,
        ends_at_18=True,
        rule="R-53",
    ),
    RelationshipBasis(
        code="adopter",
        label=_("Adoptive parent"),
        evidence=(_("adoption certificate"),),
        kinds=_PARENT,
        ends_at_18=True,
        rule="R-50, R-54",
    ),
    RelationshipBasis(
        code="placement-order",
        label=_("Prospective adopter with whom the child is placed"),
        evidence=(ORDER,),
        kinds=_PARENT,
        nations=_CARE_ORDERS,
        ends_at_18=True,
        rule="R-54",
    ),
    RelationshipBasis(
        code="care-order",
        label=_("Local authority under a care, placement or emergency protection order"),
        evidence=(ORDER,),
        kinds=_AUTHORITY,
        nations=_CARE_ORDERS,
        ends_at_18=True,
        rule="R-53, R-54",
    ),
    RelationshipBasis(
        code="subject-agreement",
        label=_("Signed authority of the person the record is about"),
        evidence=(_("signed authority, checked with the person where there is doubt"),),
        kinds=_ANYONE_ELSE,
        ends_at_18=False,
        rule="R-45, R-57, R-60",
    ),
    RelationshipBasis(
        code="parent-agreement",
        label=_("Signed authority of someone with parental responsibility"),
        evidence=(_("signed authority"), _("proof of that person's parental responsibility")),
        kinds=frozenset({RequesterKind.REPRESENTATIVE}),
        ends_at_18=True,
        rule="R-60",
    ),
    RelationshipBasis(
        code="power-of-attorney",
        label=_("Registered lasting power of attorney"),
        evidence=(_("registered power of attorney"),),
        kinds=_DEPUTY,
        ends_at_18=False,
        rule="R-57",
    ),
    RelationshipBasis(
        code="deputyship",
        label=_("Deputy or guardian appointed by a court"),
        evidence=(ORDER,),
        kinds=_DEPUTY,
        ends_at_18=False,
        rule="R-57",
    ),
)

BY_SIGNATURE = frozenset({"subject-agreement", "parent-agreement"})  # footings that end when a signature is taken back


def basis(code: str | None) -> RelationshipBasis | None:
    """The footing with this code, or None."""
    return next((one for one in BASES if one.code == code), None)


def usable_bases(kind: RequesterKind, nation: Nation, *, subject_is_adult: bool) -> tuple[RelationshipBasis, ...]:
    """The footings that can be claimed at all by this kind of requester, in this nation, at this age."""
    return tuple(
        one
        for one in BASES
        if kind in one.kinds and nation in one.nations and not (subject_is_adult and one.ends_at_18)
    )


def still_counts(one: RelationshipBasis, *, adult_now: bool, adult_when_accepted: bool) -> bool:
    """Whether a footing accepted once survives the eighteenth birthday.

    What was accepted for a child does not follow them into adult life (R-57, R-58): even an authority the
    child signed at seventeen is asked for again, because what is released now is an adult's.
    """
    return not adult_now or (adult_when_accepted and not one.ends_at_18)

"""What decides who holds parental responsibility, as one frozen value: birth, marriage, agreement, orders.

Staff write these facts down from what they have seen, and a requester says them in the form. Both are kept as the same
plain answers (`told`) and read here by the same function, so that the same answers can never lead to two findings.
Whatever is left out is unknown, and unknown never gives anybody a right.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeVar

from workflows.facts import Nation
from workflows.words import mark as _

Told = Mapping[str, object]
Kind = TypeVar("Kind", bound=StrEnum)


class Relation(StrEnum):
    """What the person who asks is to the child."""

    UNKNOWN = "unknown"
    MOTHER = "mother"  # gave birth
    FATHER = "father"
    SECOND_FEMALE_PARENT = "second-female-parent"
    ADOPTER = "adopter"
    PROSPECTIVE_ADOPTER = "prospective-adopter"  # the child is placed with them for adoption
    STEP_PARENT = "step-parent"
    GRANDPARENT = "grandparent"
    FOSTER_CARER = "foster-carer"
    OTHER_RELATIVE = "other-relative"
    LOCAL_AUTHORITY = "local-authority"
    OTHER = "other"


BIRTH_PARENTS = frozenset({Relation.MOTHER, Relation.FATHER, Relation.SECOND_FEMALE_PARENT})


class OrderKind(StrEnum):
    """The orders of a court that bear on parental responsibility (R-53 to R-55)."""

    PARENTAL_RESPONSIBILITY = "parental-responsibility"
    LIVES_WITH = "lives-with"  # child arrangements naming whom the child lives with, or residence
    SPENDS_TIME = "spends-time"  # contact alone
    SPECIAL_GUARDIANSHIP = "special-guardianship"
    CARE = "care"
    INTERIM_CARE = "interim-care"
    EMERGENCY_PROTECTION = "emergency-protection"
    PLACEMENT = "placement"
    ADOPTION = "adoption"
    RESTRICTION = "restriction"  # a court forbids the person something
    SUSPENSION = "suspension"  # what the person holds rests for a time
    REMOVAL = "removal"  # parental responsibility was taken away


ORDER_WORDS = {
    OrderKind.PARENTAL_RESPONSIBILITY: _("Parental responsibility order"),
    OrderKind.LIVES_WITH: _("Order that says with whom the child lives"),
    OrderKind.SPENDS_TIME: _("Order on spending time with the child"),
    OrderKind.SPECIAL_GUARDIANSHIP: _("Special guardianship order"),
    OrderKind.CARE: _("Care order"),
    OrderKind.INTERIM_CARE: _("Interim care order"),
    OrderKind.EMERGENCY_PROTECTION: _("Emergency protection order"),
    OrderKind.PLACEMENT: _("Placement order"),
    OrderKind.ADOPTION: _("Adoption order"),
    OrderKind.RESTRICTION: _("Order that forbids the person something"),
    OrderKind.SUSPENSION: _("Order that suspends parental responsibility"),
    OrderKind.REMOVAL: _("Order that takes parental responsibility away"),
}


class Favour(StrEnum):
    """For whom an order was made; for a restriction or removal, whom it binds."""

    UNKNOWN = "unknown"
    REQUESTER = "requester"
    PARTNER = "partner"  # of the requester: adoption by a step-parent leaves the partner's responsibility alone
    AUTHORITY = "authority"
    ANOTHER = "another"


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order with its days. `until` is the last day on which it counts; `ended_on` the day on which a court ended it.
    `limits` are its own words on what may or may not be done."""

    kind: OrderKind
    favour: Favour = Favour.UNKNOWN
    from_: date | None = None
    until: date | None = None
    ended_on: date | None = None
    limits: str = ""

    def begun(self, today: date) -> bool | None:
        """Whether its first day has come; None where that is not known."""
        return None if self.from_ is None else self.from_ <= today

    def over(self, today: date) -> bool:
        """Whether its last day has gone by. A court's ending counts from that day on."""
        ran_out = self.until is not None and self.until < today
        return ran_out or (self.ended_on is not None and self.ended_on <= today)

    def in_force(self, today: date) -> bool | None:
        return False if self.over(today) else self.begun(today)

    @property
    def last_day(self) -> date | None:
        """The last day on which it counts, so far as that is known."""
        before_ending = date.fromordinal(self.ended_on.toordinal() - 1) if self.ended_on else None
        return min((day for day in (self.until, before_ending) if day), default=None)


@dataclass(frozen=True, kw_only=True)
class FamilyFacts:
    """What is known of a child's family on `today`. A `bool | None` is None where nobody has said."""

    today: date
    nation: Nation
    born: date | None = None
    died: bool = False
    relation: Relation = Relation.UNKNOWN
    registered: bool | None = None  # named on the birth certificate, both parents having registered it
    registered_on: date | None = None
    registered_abroad: bool = False
    married: bool | None = None  # to the mother, also as civil partners; a divorce changes nothing
    married_on: date | None = None
    at_treatment: bool | None = None  # second female parent: married or civil partners then
    agreement: bool | None = None
    agreement_registered: bool | None = None
    agreement_on: date | None = None
    accommodated: bool = False  # looked after by agreement (Children Act 1989 s.20)
    limited_by_authority: bool | None = None  # under a care order (s.33(3)(b))
    any_order: bool | None = None  # whether a court has made an order about the child; None until somebody asked
    orders: tuple[Order, ...] = ()

    def turns(self) -> tuple[date, ...]:
        """The days on which an order begins to count or no longer counts: the question has a new answer then."""
        days = {order.from_ for order in self.orders if order.from_}
        days |= {date.fromordinal(order.last_day.toordinal() + 1) for order in self.orders if order.last_day}
        return tuple(sorted(days))


def family_of(told: Told, *, nation: Nation, born: date | None, today: date) -> FamilyFacts:
    """The facts as answers say them, from whichever form. What cannot be read counts as not said."""
    return FamilyFacts(
        today=today,
        nation=nation,
        born=born,
        died=yes_of(told.get("died")) is True,
        relation=_one(Relation, told.get("relation"), Relation.UNKNOWN),
        registered=yes_of(told.get("registered")),
        registered_on=day_of(told.get("registered_on")),
        registered_abroad=yes_of(told.get("registered_abroad")) is True,
        married=yes_of(told.get("married")),
        married_on=day_of(told.get("married_on")),
        at_treatment=yes_of(told.get("at_treatment")),
        agreement=yes_of(told.get("agreement")),
        agreement_registered=yes_of(told.get("agreement_registered")),
        agreement_on=day_of(told.get("agreement_on")),
        accommodated=yes_of(told.get("accommodated")) is True,
        limited_by_authority=yes_of(told.get("limited_by_authority")),
        any_order=yes_of(told.get("any_order")),
        orders=tuple(order for one in orders_told(told) if (order := _order(one)) is not None),
    )


def orders_told(told: Told) -> Sequence[Told]:
    """The orders among the answers, each with its own."""
    orders = told.get("orders")
    return [one for one in orders if isinstance(one, Mapping)] if isinstance(orders, (list, tuple)) else []


def _order(told: Told) -> Order | None:
    kind = next((one for one in OrderKind if one == told.get("kind")), None)
    if kind is None:
        return None
    limits = told.get("limits")
    return Order(
        kind=kind,
        favour=_one(Favour, told.get("favour"), Favour.UNKNOWN),
        from_=day_of(told.get("from")),
        until=day_of(told.get("until")),
        ended_on=day_of(told.get("ended_on")),
        limits=limits.strip() if isinstance(limits, str) else "",
    )


def yes_of(answer: object) -> bool | None:
    """A yes or a no; None where neither was said."""
    if answer in ("yes", True):
        return True
    return False if answer in ("no", False) else None


def day_of(answer: object) -> date | None:
    """A day; None where none was given, or none that can be."""
    if isinstance(answer, date):
        return answer
    try:
        return date.fromisoformat(answer) if isinstance(answer, str) else None
    except ValueError:
        return None


def _one(kinds: type[Kind], answer: object, unknown: Kind) -> Kind:
    return next((one for one in kinds if one == answer), unknown)

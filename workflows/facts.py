"""Everything a guard may look at, as one frozen value.

The packages that hold the truth fill it in; the guards only read it. Whatever is left out is unknown, and
unknown never opens a step: each default below is the one that refuses.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class Nation(StrEnum):
    """Whose law on age and parental responsibility applies. Wales follows England (R-43, R-50)."""

    ENGLAND_AND_WALES = "england-and-wales"
    SCOTLAND = "scotland"
    NORTHERN_IRELAND = "northern-ireland"


class RequesterKind(StrEnum):
    """In what right the requester asks."""

    UNKNOWN = "unknown"
    SELF = "self"  # the data subject, be it the child or a person mentioned in the child's record
    PARENT = "parent"  # holds parental responsibility and asks for the child
    REPRESENTATIVE = "representative"  # solicitor, advocate, friend with written authority
    DEPUTY = "deputy"  # appointed by a court, or holding a registered power of attorney


class IdentityStatus(StrEnum):
    UNKNOWN = "unknown"
    ASKED = "asked"
    RECEIVED = "received"
    ACCEPTED = "accepted"


class AuthorityStatus(StrEnum):
    UNKNOWN = "unknown"
    ASKED = "asked"
    RECEIVED = "received"
    ACCEPTED = "accepted"


class Competence(StrEnum):
    """What a person decided about the child's understanding. Age alone never decides (R-43, R-44)."""

    NOT_ASSESSED = "not-assessed"
    COMPETENT = "competent"
    NOT_COMPETENT = "not-competent"


class ChildAnswer(StrEnum):
    """What the child said to somebody else's request about them."""

    UNKNOWN = "unknown"
    ASKED = "asked"
    YES = "yes"
    NO = "no"
    SOME = "some"  # yes, but to the parts they named and nothing else
    TALK = "talk-first"  # no answer yet: somebody talks with them first
    NO_VIEW = "no-view"
    NOT_ASKED = "not-asked"  # with the reason recorded (R-48: asking may itself be unsafe)


class RefusalGround(StrEnum):
    UNFOUNDED = "unfounded"
    EXCESSIVE = "excessive"
    ALL_EXEMPT = "all-exempt"
    ALL_EXEMPT_NEUTRAL = "all-exempt-neutral"
    NO_IDENTITY = "no-identity"
    NO_AUTHORITY = "no-authority"
    MAY_NOT_ACT = "may-not-act"
    CHILD_DECIDES = "child-decides"
    SUBJECT_HAS_DIED = "subject-has-died"


class PackState(StrEnum):
    NONE = "none"
    ASSEMBLED = "assembled"
    APPROVED = "approved"
    VOID = "void"
    RELEASED = "released"


class RegulatorDecision(StrEnum):
    """Whether the regulator is told of a breach (UK GDPR Article 33(1)), or that there was none."""

    TELL = "tell"
    NO_RISK = "no-risk"  # unlikely to result in a risk to anybody's rights and freedoms
    NO_BREACH = "no-breach"


class PeopleDecision(StrEnum):
    """Whether the people concerned are told of a breach (UK GDPR Article 34)."""

    TELL = "tell"
    NO_HIGH_RISK = "no-high-risk"  # Article 34(1)
    UNREADABLE = "unreadable"  # Article 34(3)(a)
    RISK_ENDED = "risk-ended"  # Article 34(3)(b)
    PUBLIC_NOTICE = "public-notice"  # Article 34(3)(c): telling each would be a disproportionate effort


NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """The day an approver last confirmed each of four things that change overnight in a family."""

    orders: date | None = None
    shield: date | None = None
    moves: date | None = None
    lives_with: date | None = None

    def days(self) -> tuple[date | None, ...]:
        return (self.orders, self.shield, self.moves, self.lives_with)


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """One case as it stands on `today`, seen by `actor`. Persons are given by opaque ids, never by name."""

    today: date
    actor: str | None = None

    # Who asks, and about whom
    requester_kind: RequesterKind = RequesterKind.UNKNOWN
    nation: Nation = Nation.ENGLAND_AND_WALES
    subject_born: date | None = None
    age_prompt: int = 12  # from this age a competence assessment is asked for

    # Identity and authority
    identity: IdentityStatus = IdentityStatus.UNKNOWN
    identity_asked_on: date | None = None  # proof was asked for on this day and has not come
    authority: AuthorityStatus = AuthorityStatus.UNKNOWN
    authority_asked_on: date | None = None
    authority_basis: str | None = None  # code of a RelationshipBasis
    authority_accepted_on: date | None = None
    authority_valid_from: date | None = None  # first day on which it counts, where that is still to come
    authority_valid_until: date | None = None  # last day on which it counts; None = no known end
    family_turns: tuple[date, ...] = ()  # days on which a recorded order begins to count or counts no longer
    first_to_person: bool = False  # a representative gets it after the person it is about has seen it
    seen_first: bool = False  # that person has seen what is approved, and agrees that it goes on
    authority_ended: bool = False
    orders_considered: bool = False  # false again whenever a new court order is recorded

    # The child's own view
    competence: Competence = Competence.NOT_ASSESSED
    competence_assessed_by: str | None = None
    child_answer: ChildAnswer = ChildAnswer.UNKNOWN
    child_unsafe: bool = False  # the child said that it is not safe to be asked again
    child_parts_kept_by: str | None = None  # who found that what is given keeps to the parts the child said yes to
    best_interests_decided_by: str | None = None  # R-45, second half

    # Finding
    record_attached: bool | None = None
    search_lines: int = 0
    search_lines_open: int | None = None

    # Review
    review_undecided: int | None = None
    review_given: int | None = None  # entries that would be given, whole or in part
    consultations_waiting: int | None = None
    reviewed_by: frozenset[str] = NOBODY
    prepared_by: frozenset[str] = NOBODY  # had a hand in what is given, or held the case in the last day

    # The pack and its approval
    pack: PackState = PackState.NONE
    pack_leaks: int | None = None
    approved_by: str | None = None
    confirmed: Confirmed = field(default_factory=Confirmed)
    confirmed_since: date | None = None  # earliest day that still counts: five working days back

    # Proposals that wait for a second person: who made them
    receipt_day_proposed_by: str | None = None
    nothing_held_proposed_by: str | None = None
    refusal_proposed_by: str | None = None
    refusal_ground: RefusalGround | None = None

    # The clock
    received_on: date | None = None
    # Last day on which notice of an extension counts: the clock's `extension_notice_by`, and while a
    # clarification is open `notice_if_answered_today`, because the pause moves it along.
    notice_deadline: date | None = None
    extended: bool | None = None
    clarification_open: bool | None = None  # asked and unanswered, whether or not it stops the clock
    clarification_asked_on: date | None = None

    # A question to the requester that moves no clock
    question_open: bool | None = None
    question_asked_on: date | None = None

    # The lines of a correction: what is challenged, without what was taken back
    lines: int = 0
    lines_unmatched: int | None = None
    lines_undecided: int | None = None
    lines_proposed: int | None = None
    something_refused: bool | None = None
    sources_waiting: int | None = None  # for the page: waiting for a source is not on the clock and stops nothing
    recipients_open: int | None = None
    reviewed_again: bool = False  # the requester has asked for a review of the answer
    decided_by: frozenset[str] = NOBODY  # had a hand in the answer before the review was asked for

    # A breach
    breach_due_on: date | None = None  # UK date on which the 72 hours end
    breach_described: bool = False
    regulator_proposed_by: str | None = None
    regulator_decision: RegulatorDecision | None = None
    regulator_told_on: date | None = None
    people_decision: PeopleDecision | None = None
    people_told_on: date | None = None

    @property
    def waits_for_requester(self) -> bool:
        """Something was asked of the requester and has not come. A question to a child is not in here, on
        purpose: the requester must not be able to tell that it was put (R-92)."""
        return (
            self.identity is IdentityStatus.ASKED
            or self.authority is AuthorityStatus.ASKED
            or self.clarification_open is True
            or self.question_open is True
        )

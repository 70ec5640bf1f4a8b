"""Which exemptions a reviewer may choose in a case today, and why the others are closed (law.md section 10)."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import records
from portal.cases import clocking, ledger
from portal.cases.actors import Actor
from portal.cases.models import Case, Consultation
from portal.records import Looking, OpenEntry
from portal.review.models import MentionDecision, ReviewItem
from workflows import exemptions, guards
from workflows.exemptions import DataKind, Exemption, ThirdPartyTest, Wish
from workflows.facts import CaseFacts, ChildAnswer
from workflows.table import StepRefused
from workflows.words import mark as _

DATA_KINDS = {
    "health": DataKind.HEALTH,
    "sensitive service": DataKind.HEALTH,
    "education": DataKind.EDUCATION,
    "social care": DataKind.SOCIAL_WORK,
}
YES, NO = "yes", "no"
OPINIONS = ("opinion_harm", "opinion_no_harm")


@dataclass(frozen=True)
class Offer:
    """One row of the register as a reviewer sees it; `fault` says why it is closed, or is None."""

    exemption: Exemption
    fault: str | None

    @property
    def code(self) -> str:
        return self.exemption.code


@dataclass(frozen=True)
class Ground:
    """What the register has to know of a case, gathered once for any number of items."""

    facts: CaseFacts
    opinion: datetime.date | None = None  # day of the newest opinion of a health professional
    harm: bool = False  # what it says: that the serious harm test is met
    consulted: frozenset[str] = frozenset()  # ids of the consultations of this case

    @classmethod
    def of(cls, session: Session, case: Case, *, by: Actor, today: datetime.date) -> Ground:
        """Only what the request and its ledger say is needed: the facts of search, review and pack are not gathered."""
        told = clocking.provide(session, case, ledger.history(session, case))
        asked = session.exec(select(Consultation).where(col(Consultation.case_id) == case.id)).all()
        opinions = [one for one in asked if one.kind == "health" and one.outcome in OPINIONS and one.answered_on]
        newest = max((one.answered_on for one in opinions if one.answered_on), default=None)
        # Of two opinions of one day the graver counts.
        harm = any(one.answered_on == newest and one.outcome == OPINIONS[0] for one in opinions)
        consulted = frozenset(one.id.hex for one in asked)
        return cls(CaseFacts(today=today, actor=str(by), **told), newest, harm, consulted)

    def fault(self, code: str, kind: DataKind, *, wish: str = "", already_known: bool = False) -> str | None:
        """Why `code` may not be chosen for data of this kind, or None."""
        if code == "EX-H5" and self.opinion and not self.harm:
            return _("The health professional's opinion says that the serious harm test is not met.")
        return exemptions.choosable(
            code,
            requester_kind=self.facts.requester_kind,
            subject_age=guards.subject_age(self.facts),
            nation=self.facts.nation,
            data_kind=kind,
            today=self.facts.today,
            recorded_wish=self._wish(wish),
            health_opinion=self.opinion,
            already_known=already_known,
        )

    def offers(self, kind: DataKind, *, already_known: bool = False) -> list[Offer]:
        """The codes of single items. Those that rest on a wish are open here: the wish is chosen beside them."""
        wish = Wish.GIVEN_IN_CONFIDENCE
        return [
            Offer(one, self.fault(one.code, kind, wish=wish, already_known=already_known))
            for one in exemptions.REGISTER
            if one.per_item
        ]

    def must_hold(self, kind: DataKind, *, already_known: bool) -> str | None:
        """Why a health item may not be given yet (EX-H6), or at all while the opinion speaks of serious harm."""
        if kind is DataKind.HEALTH and self.harm and not already_known:
            return _("The health professional's opinion is that giving this would cause serious harm. Withhold it.")
        return exemptions.must_hold_health_opinion(
            kind, health_opinion=self.opinion, already_known=already_known, today=self.facts.today
        )

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """The wishes that can be chosen: that the child said no counts only when it stands in the case."""
        return tuple(wish for wish in Wish if self._wish(wish) is not None)

    def _wish(self, said: str) -> Wish | None:
        wish = Wish(said) if said in set(Wish) else None
        return None if wish is Wish.SAID_NO and self.facts.child_answer is not ChildAnswer.NO else wish


def kind_of(category: str) -> DataKind:
    """The law's kind of data of an entry's category."""
    return DATA_KINDS.get(category, DataKind.OTHER)


def third_party_test(told: dict[str, str]) -> ThirdPartyTest:
    """The questions of R-83 as answered in a form: yes, no or nothing; and two in words."""

    def said(name: str) -> bool | None:
        return {YES: True, NO: False}.get(told.get(name, ""))

    return ThirdPartyTest(
        identifiable=said("identifiable"),
        professional_in_role=said("professional_in_role") is True,
        known_to_requester=said("known_to_requester") is True,
        consented=said("consented"),
        asked=said("asked"),
        why_not_asked=told.get("why_not_asked", ""),
        refused=said("refused"),
        confidence_owed=said("confidence_owed"),
        able_to_consent=said("able_to_consent"),
        reasonable_anyway=said("reasonable_anyway"),
        reasons=told.get("reasons", ""),
    )


def own(model: type[ReviewItem | MentionDecision], case_id: uuid.UUID) -> tuple[Any, Any]:
    """The rows of this case that are of the record attached now: those of one that was detached are out of sight."""
    attached = sa.select(col(Case.child_id)).where(col(Case.id) == case_id).scalar_subquery()
    return col(model.case_id) == case_id, col(model.child_id) == attached


def entries(session: Session, looking: Looking, pinned: dict[uuid.UUID, uuid.UUID]) -> list[OpenEntry]:
    """What is under review, opened through records: entries at their pinned version, and lines of whom the record was
    shared with (their version is their own id). In the order given; logged."""
    shared = [one for one, version in pinned.items() if one == version]
    versions = {one: version for one, version in pinned.items() if one != version}
    read = records.read(session, looking, list(versions), versions=versions)
    found = {entry.id: entry for entry in (*read, *records.shared_with(session, looking, shared))}
    return [found[one] for one in pinned]


def in_review(session: Session, case_id: uuid.UUID) -> Case:
    """The case, locked, if its review may be changed now. Raises StepRefused."""
    case = ledger.locked(session, case_id)
    if case.state != "review":
        raise StepRefused(_("This case is not in review. Send it back to review before changing a decision."))
    return case

"""Which exemptions a reviewer may choose in a case today, and why the others are closed (law.md section 10)."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import records
from portal.cases import clocking, ledger
from portal.cases.actors import Actor
from portal.cases.ledger import Happened
from portal.cases.models import Case, Consultation
from portal.records import Looking, OpenEntry, beside
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
NOTHING = uuid.UUID(int=0)  # the version of what does not stand any more
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
class Heard:
    """What a consultation has come to, without its words."""

    kind: str
    outcome: str
    answered_on: datetime.date | None = None

    @property
    def settled(self) -> bool:
        return self.outcome != "waiting"

    @property
    def is_opinion(self) -> bool:
        """A health professional's opinion on the serious harm test."""
        return self.kind == "health" and self.outcome in OPINIONS and self.answered_on is not None

    @property
    def harm(self) -> bool:
        """The opinion is that the serious harm test is met."""
        return self.outcome == OPINIONS[0]

    def usable(self, today: datetime.date) -> bool:
        """An opinion that is not stale (V-90)."""
        return self.is_opinion and exemptions.opinion_usable(self.answered_on, today)


@dataclass(frozen=True)
class Ground:
    """What the register has to know of a case, gathered once for any number of items."""

    facts: CaseFacts
    heard: Mapping[str, Heard] = field(default_factory=dict)  # the consultations of this case, by id

    @classmethod
    def of(
        cls,
        session: Session,
        case: Case,
        *,
        by: Actor,
        today: datetime.date,
        heard: Mapping[str, Heard] | None = None,
        events: Sequence[Happened] | None = None,
    ) -> Ground:
        """Only what the request and its ledger say is needed: the facts of search, review and pack are not gathered.
        `heard` and `events` are given by whoever has read the consultations, or the ledger, already."""
        told = clocking.provide(session, case, ledger.history(session, case) if events is None else events)
        facts = CaseFacts(today=today, actor=str(by), **told)
        return cls(facts, consultations(session, case.id) if heard is None else heard)

    def fault(
        self,
        code: str,
        kind: DataKind,
        *,
        wish: str = "",
        already_known: bool = False,
        opinion: Heard | None = None,
    ) -> str | None:
        """Why `code` may not be chosen for data of this kind, or None. `opinion`: the one that the item rests on."""
        if code == "EX-H5" and opinion and not opinion.harm:
            return _("The health professional's opinion says that the serious harm test is not met.")
        return exemptions.choosable(
            code,
            requester_kind=self.facts.requester_kind,
            subject_age=guards.subject_age(self.facts),
            nation=self.facts.nation,
            data_kind=kind,
            today=self.facts.today,
            recorded_wish=self._wish(wish),
            health_opinion=opinion.answered_on if opinion else None,
            already_known=already_known,
        )

    def offers(self, kind: DataKind, *, already_known: bool = False) -> list[Offer]:
        """The codes of single items. What is chosen beside them opens them here: a wish, and of several health
        opinions the one that opens the code."""
        wish = Wish.GIVEN_IN_CONFIDENCE

        def fault(code: str) -> str | None:
            faults = [
                self.fault(code, kind, wish=wish, already_known=already_known, opinion=one) for one in self._openings()
            ]
            return None if None in faults else faults[0]

        return [Offer(one, fault(one.code)) for one in exemptions.REGISTER if one.per_item]

    def must_hold(self, kind: DataKind, *, already_known: bool, opinion: Heard | None) -> str | None:
        """Why a health item may not be given yet (EX-H6), or at all while its opinion speaks of serious harm."""
        if kind is DataKind.HEALTH and opinion and opinion.harm and not already_known:
            return _("The health professional's opinion is that giving this would cause serious harm. Withhold it.")
        day = opinion.answered_on if opinion else None
        return exemptions.must_hold_health_opinion(
            kind, health_opinion=day, already_known=already_known, today=self.facts.today
        )

    def opinion_for(self, named: Collection[str]) -> str:
        """The id of the health opinion that an item rests on, or nothing.

        It is the one named. Where no health professional is named at all, a single opinion of the case counts; of
        several one has to be named, since each was given on its own excerpt. Raises StepRefused."""
        opinions = [one for one, heard in self.heard.items() if heard.is_opinion]
        if any(one in self.heard and self.heard[one].kind == "health" for one in named):
            opinions = [one for one in opinions if one in named]
            words = _("Tick only one health opinion: the one that was given on this entry.")
        else:
            words = _("There are several health opinions. Tick the one that was given on this entry.")
        if len(opinions) > 1:
            raise StepRefused(words, need="consultations")
        return opinions[0] if opinions else ""

    def consultation_fault(self, code: str, named: Iterable[str], test: Mapping[str, str]) -> str | None:
        """Why the consultations named do not do for `code`, or None (the register's "must consult", R-94)."""
        rests_on = [self.heard[one] for one in named if one in self.heard]
        asked = [exemptions.Consulted(kind=one.kind, settled=one.settled) for one in rests_on]
        why_not = test.get("why_not_asked", "") if test.get("asked") == NO else ""
        if fault := exemptions.consultation_fault(code, asked, why_not_asked=why_not):
            return fault
        answers = {one.outcome for one in rests_on if one.kind == "third_party"}
        return _("The person agreed. Give it.") if code == "EX-TP" and answers == {"agrees"} else None

    def _openings(self) -> list[Heard | None]:
        """The opinions that an item here may rest on, and none where somebody was asked who had none to give."""
        opinions: list[Heard | None] = [one for one in self.heard.values() if one.is_opinion]
        others = any(one.kind == "health" and not one.is_opinion for one in self.heard.values())
        return [*opinions, None] if others or not opinions else opinions

    @property
    def wishes(self) -> tuple[Wish, ...]:
        """The wishes that can be chosen: that the child said no counts only when it stands in the case."""
        return tuple(wish for wish in Wish if self._wish(wish) is not None)

    def _wish(self, said: str) -> Wish | None:
        wish = Wish(said) if said in set(Wish) else None
        said_no = self.facts.child_answer in (ChildAnswer.NO, ChildAnswer.SOME)  # a yes to a part is a no to the rest
        return None if wish is Wish.SAID_NO and not said_no else wish


def consultations(session: Session, case_id: uuid.UUID) -> dict[str, Heard]:
    """The consultations of a case, by id."""
    rows = session.exec(select(Consultation).where(col(Consultation.case_id) == case_id).order_by(col(Consultation.id)))
    return {one.id.hex: Heard(one.kind, one.outcome, one.answered_on) for one in rows}


def check_third_party(test: dict[str, str]) -> None:
    """Whether these answers let somebody's data be kept back as a third party's (R-83). Raises StepRefused."""
    weighed = third_party_test(test)
    if fault := exemptions.third_party_fault(weighed):
        raise StepRefused(fault, need=f"test_{exemptions.third_party_open(weighed) or 'identifiable'}")


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


def entries(
    session: Session,
    looking: Looking,
    pinned: Mapping[uuid.UUID, uuid.UUID],
    *,
    because: Mapping[uuid.UUID, str] | None = None,
) -> list[OpenEntry]:
    """What is under review, opened through records: entries at their pinned version, lines of whom the record was
    shared with (their version is their own id), and words beside entries. In the order given; logged.

    What a correction replaced meanwhile comes as `stale`: nothing of the old value is shown to anybody. `because` names
    restricted entries that are opened, each for a reason that was stated for this case."""
    shared = [one for one, version in pinned.items() if one == version]
    words = beside.words_among(pinned)
    versions = {one: version for one, version in pinned.items() if one != version and one not in words}
    found: dict[uuid.UUID, OpenEntry] = {}
    reasons = because or {}
    for reason in sorted({reasons.get(one, "") for one in versions}):
        look = replace(looking, restricted_because=reason) if reason else looking
        some = [one for one in versions if reasons.get(one, "") == reason]
        found |= {entry.id: entry for entry in records.read(session, look, some, versions=versions)}
    older = {one: versions[one] for one, entry in found.items() if not entry.current}
    if older:
        changed = records.overtaken(session, looking.child_id, older)
        found |= {one: _stale(one, version) for one, version in changed.items()}
    found |= {entry.id: entry for entry in records.shared_with(session, looking, shared)}
    found |= {one.id: one for one in _beside(session, looking, words, reasons) if one.version_id == pinned[one.id]}
    return [found.get(one) or _stale(one, NOTHING) for one in pinned]


def _beside(
    session: Session, looking: Looking, words: set[uuid.UUID], reasons: Mapping[uuid.UUID, str]
) -> list[OpenEntry]:
    found = beside.read(session, looking, [one for one in words if one not in reasons])
    for one in words & reasons.keys():
        found += beside.read(session, replace(looking, restricted_because=reasons[one]), [one])
    return found


def _stale(one: uuid.UUID, version_id: uuid.UUID) -> OpenEntry:
    """Stands for what the record does not say any more: its version is not the one that is under review."""
    label = _("This has changed since it came into the review")
    return OpenEntry(one, version_id, "core", 0, "changed", label, "")


def in_review(session: Session, case_id: uuid.UUID) -> Case:
    """The case, locked, if its review may be changed now. Raises StepRefused."""
    case = ledger.locked(session, case_id)
    if case.state != "review":
        raise StepRefused(_("This case is not in review. Send it back to review before changing a decision."))
    return case

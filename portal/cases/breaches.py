"""Breaches (Articles 33 and 34): another child's data in a record, or a copy or letter in the wrong hands.

Staff open one from where they stand; nobody outside asks for it or reads it, and the family in whose case it was found
learns nothing of the other child from it. Its 72 hours run from the moment it became known."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlmodel import Session

from portal import audit, db
from portal.audit import Act
from portal.cases import clocking, ledger, verbs, worklist
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound, Happened
from portal.cases.models import Case
from portal.cases.references import new_reference
from portal.records import Candidate
from portal.vault import vault_of
from workflows import breach_clock
from workflows.clock import received_day
from workflows.kinds import WORKFLOWS
from workflows.table import StepRefused
from workflows.words import mark as _

KIND = "breach"
OPENED_FROM = "breach_opened"  # in the ledger of the case where it was found
OFFERED = "offered_to_record"
KINDS = {
    "other_child": _("Information about another child is in this record"),
    "wrong_person": _("A copy or letter reached the wrong person"),
    "other": _("Something else"),
}
_FOR_THE_OFFICER = _(
    "For the data protection officer: a breach may have happened. Whether the regulator and the people concerned are "
    "told is decided within 72 hours of the moment it became known, which the case page counts. An approver confirms."
)
EARLIEST = datetime.timedelta(days=365 * 10)  # further back is a slip in the year


@dataclass(frozen=True)
class Found:
    """What was known when a breach was entered. `aware_at` is the moment it became known to the authority, with its
    zone; `place` says where it was found: line, review, copy, letter or case, and `place_id` which one."""

    kind: str
    about: str
    how: str
    whose: str
    aware_at: datetime.datetime
    copies: str = ""
    place: str = "case"
    place_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Offer:
    """Somebody found to which record a misplaced entry belongs. Nothing was entered there by that."""

    at: datetime.datetime
    actor: str
    child_id: uuid.UUID
    number: str
    words: str


@dataclass(frozen=True)
class Summary:
    """A breach in plain values. `hours_left` is negative once the 72 hours are over."""

    found: Found
    from_case: uuid.UUID
    deadline: datetime.datetime
    hours_left: int
    offers: tuple[Offer, ...]


def open_breach(
    session: Session,
    *,
    from_case: uuid.UUID,
    about: str,
    how: str,
    whose: str,
    aware_at: datetime.datetime,
    by: Actor,
    kind: str = "other_child",
    copies: str = "",
    place: str = "case",
    place_id: uuid.UUID | None = None,
) -> Case:
    """Opens a breach case from the case where it was found, about the record attached there, for the same team.

    The words are those of `Found`. A note for the data protection officer is left in it. Raises StepRefused for a
    moment that lies in the future or is not possible, and where words are missing."""
    found = Found(kind, about, how, whose, aware_at, copies, place, place_id)
    origin = ledger.locked(session, from_case)
    if by.kind != "staff" or origin.kind == KIND:
        raise StepRefused(_("A breach case is opened by staff from the case where it was found."))
    _check(found)
    day = received_day(found.aware_at)
    case = _enter(session, origin, found, day)
    answers = {"aware_at": found.aware_at.isoformat(), "from": origin.id.hex, "about": found.kind}
    ledger.append(session, case, "opened", by=by, on_date=day, answers={"channel": "staff", **answers})
    clocking.refresh(session, case)
    if origin.child_id is not None:
        verbs.attach_record(session, case.id, origin.child_id, None, by=by)
    audit.append(session, verbs.act(case, by, "open_case", KIND))
    verbs.write_message(session, case.id, "note", _FOR_THE_OFFICER, by=by)
    here = {"breach": case.reference, "place": found.place, "place_id": found.place_id.hex if found.place_id else None}
    ledger.append(session, origin, OPENED_FROM, by=by, on_date=clocking.uk_today(), answers=here)
    audit.append(session, verbs.act(origin, by, OPENED_FROM))
    return case


def summary(session: Session, case: Case, events: Sequence[Happened], *, now: datetime.datetime) -> Summary:
    """What a breach is about, how long there is left, and where the entry was offered. Raises CaseNotFound for a case
    of another kind."""
    if case.kind != KIND:
        raise CaseNotFound
    told = vault_of(session).get(case)["breach"]
    ends = breach_clock.deadline(clocking.aware_at(events))
    return Summary(
        found=_found(told["found"]),
        from_case=uuid.UUID(hex=told["from_case"]),
        deadline=ends,
        hours_left=int((ends - now).total_seconds() // 3600),
        offers=tuple(_offer(event) for event in events if event.name == OFFERED),
    )


def opened_from(events: Sequence[Happened]) -> tuple[str, ...]:
    """References of the breach cases that were opened from the case with these events."""
    return tuple(event.answers["breach"] for event in events if event.name == OPENED_FROM)


def offer_to(session: Session, case_id: uuid.UUID, child: Candidate, words: str, *, by: Actor) -> None:
    """Records to which record the misplaced entry belongs, found by the normal search; nothing is entered there. Who
    keeps that record takes it from here.

    The record of the case itself is no answer: the entry does not belong there. Raises StepRefused."""
    case = ledger.locked(session, case_id)
    if case.kind != KIND or not verbs.may_open(case):
        raise StepRefused(_("This breach is closed. Open it again first."))
    if child.child_id == case.child_id:
        raise StepRefused(_("That is the record in which it was found. Choose the one to which it belongs."))
    if not words.strip():
        raise StepRefused(_("Say what belongs there."), need="words")
    answers = {"child": child.child_id.hex, "number": child.local_id, "words": words}
    ledger.append(session, case, OFFERED, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, OFFERED), _at_the_other(case, child.child_id, by))


def _check(found: Found) -> None:
    if found.aware_at.utcoffset() is None:
        raise StepRefused(_("Say at what time it became known."), need="aware_at")
    if found.aware_at > db.now():
        raise StepRefused(_("It cannot have become known in the future."), need="aware_at")
    if found.aware_at < db.now() - EARLIEST:
        raise StepRefused(_("That is too long ago. Check the year."), need="aware_at")
    if found.kind not in KINDS:
        raise StepRefused(_("Choose what it is."), need="kind")
    if not (found.about.strip() and found.whose.strip()):
        raise StepRefused(_("Say what happened, and whose information it is."), need="about")


def _enter(session: Session, origin: Case, found: Found, day: datetime.date) -> Case:
    workflow, vault = WORKFLOWS[KIND], vault_of(session)
    case = Case(
        reference=new_reference(workflow.prefix),
        kind=workflow.name,
        state=workflow.start.name,
        received_on=day,
        team_id=origin.team_id,
        sealed=b"",
        label=b"",
        created_at=db.now(),
    )
    # Nobody asks, so there is no subject as a requester describes one: the record that is attached says who it is.
    breach = {"found": _told(found), "from_case": origin.id.hex}
    vault.put(case, {"subject": {}, "asked": {}, "breach": breach})
    label = vault.open(origin.vault_owner(), worklist.label_row(origin), origin.label)
    case.label = vault.seal(case.vault_owner(), worklist.label_row(case), label)
    session.add(case)
    session.flush()
    return case


def _at_the_other(case: Case, child_id: uuid.UUID, by: Actor) -> Act:
    """The log of the other child's record says that it was named in this breach."""
    return Act(
        chain=audit.child_chain(child_id),
        act=OFFERED,
        actor=str(by),
        role=by.role,
        team=by.team_id.hex if by.team_id else "",
        child_id=child_id,
        case_id=case.id,
        session=by.session,
    )


def _told(found: Found) -> dict[str, Any]:
    place_id = found.place_id.hex if found.place_id else None
    return {**asdict(found), "aware_at": found.aware_at.isoformat(), "place_id": place_id}


def _found(told: dict[str, Any]) -> Found:
    place_id = uuid.UUID(hex=told["place_id"]) if told["place_id"] else None
    aware_at = datetime.datetime.fromisoformat(told["aware_at"])
    return Found(**{**told, "aware_at": aware_at, "place_id": place_id})


def _offer(event: Happened) -> Offer:
    said = event.answers
    return Offer(event.at, event.actor, uuid.UUID(hex=said["child"]), said["number"], said["words"])

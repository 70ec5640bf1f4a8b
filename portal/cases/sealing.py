"""Seals the record of a case for one team (adoption, design section 3): two people, reasons in the ledger, and every
case about the record goes to that team with its authority in question again.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session, col

from portal import audit
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.people.models import Team
from portal.records import sealing
from portal.records.models import RecordSeal
from workflows.facts import RequesterKind
from workflows.table import StepRefused
from workflows.words import mark as _

PROPOSED, DECLINED, SEALED, LIFTED = "seal_proposed", "seal_declined", "record_sealed", "seal_lifted"
_ADOPTED = _("The record was sealed: an adoption, which ends what was held before. Look at it again.")


def propose(
    session: Session, case_id: uuid.UUID, *, what: str, team_id: uuid.UUID | None, reason: str, by: Actor
) -> None:
    """Proposes to seal the attached record for a team, or to lift its seal."""
    case, child_id = _with_record(session, case_id)
    if what == "seal" and (team_id is None or session.get(Team, team_id) is None):
        raise StepRefused(_("Choose the team that keeps the record from now on."))
    sealing.propose(session, child_id, what=what, team=team_id, reason=reason, by=str(by))
    _note(session, case, PROPOSED, by, what=what, reason=reason)


def decline(session: Session, case_id: uuid.UUID, seal_id: uuid.UUID, *, by: Actor) -> None:
    case, child_id = _with_record(session, case_id)
    sealing.decide(session, child_id, seal_id, confirmed=False, by=str(by))
    _note(session, case, DECLINED, by)


def confirm(session: Session, case_id: uuid.UUID, seal_id: uuid.UUID, *, by: Actor) -> RecordSeal:
    """Seals the record, or lifts the seal. Once sealed, every case about it is the team's alone."""
    case, child_id = _with_record(session, case_id)
    row = sealing.decide(session, child_id, seal_id, confirmed=True, by=str(by))
    _note(session, case, SEALED if row.what == "seal" else LIFTED, by)
    if row.what == "seal":
        about = sa.select(col(Case.id)).where(col(Case.child_id) == child_id).order_by(col(Case.id))
        for one in session.scalars(about).all():
            _hand_over(session, one, uuid.UUID(row.access_group), by)
    return row


def _hand_over(session: Session, case_id: uuid.UUID, team_id: uuid.UUID, by: Actor) -> None:
    """The case becomes the team's, and whoever asked for somebody else is looked at afresh (R-54)."""
    case = ledger.locked(session, case_id)
    if case.team_id != team_id:
        case.team_id, case.assignee_id, case.assigned_at = team_id, None, None
        session.add(case)
        ledger.append(session, case, "assigned", by=by, on_date=clocking.uk_today(), answers={"to": None})
    events = ledger.history(session, case)
    told = verbs.told(session, case)["subject"].get("requester_kind")
    right = next((event.answers["right"] for event in reversed(events) if event.name == "record_right"), told)
    if case.requester_id is None or right == RequesterKind.SELF:
        return
    try:
        with session.begin_nested():
            verbs.take_step(
                session,
                case_id,
                "new_order",
                by=Actor.system(),
                answers={"order": _ADOPTED},
                today=clocking.uk_today(),
            )
    except StepRefused:
        return  # it has ended, or has not begun: then nothing was accepted that could be in question


def _with_record(session: Session, case_id: uuid.UUID) -> tuple[Case, uuid.UUID]:
    case = ledger.locked(session, case_id)
    if case.child_id is None:
        raise StepRefused(_("No record is attached to this case."))
    return case, case.child_id


def _note(session: Session, case: Case, name: str, by: Actor, **answers: str) -> None:
    ledger.append(session, case, name, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, name))

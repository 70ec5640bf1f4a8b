"""An authority signed on the portal: the person it concerns types their name after their second factor (R-60).

The signer gives the reference of the request it is for. Whether there is such a request they never learn, nor anything
of it; whether the signature is enough the caseworker decides, who sees it beside the law.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import audit, db
from portal.audit import Act
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.authority_models import SignedAuthority
from portal.cases.models import Case
from portal.cases.references import normal_reference
from portal.vault import vault_of
from workflows.table import StepRefused
from workflows.words import mark as _

SIGNED, ENDED = "authority_signed", "signed_authority_ended"
STATEMENT = _("I say that this person may ask for the record for me, see it, and talk to you about it.")


@dataclass(frozen=True)
class Signed:
    """A signed authority with its words."""

    row: SignedAuthority
    told: dict[str, Any]

    def stands(self, today: datetime.date) -> bool:
        return self.row.ended_on is None and (self.row.until is None or self.row.until >= today)


def sign(
    session: Session,
    person_id: uuid.UUID,
    told: dict[str, Any],
    *,
    reference: str,
    until: datetime.date | None,
    by: Actor,
) -> SignedAuthority:
    """Keeps what was signed. `told` has name, acting, about and scope. A reference that nobody has is kept alike."""
    case = _meant(session, reference, person_id)
    row = SignedAuthority(
        person_id=person_id,
        case_id=case.id if case else None,
        signed_on=clocking.uk_today(),
        until=until,
        sealed=b"",
    )
    vault_of(session).put(row, {**told, "reference": reference, "statement": STATEMENT})
    session.add(row)
    session.flush()
    if case is not None:
        _note(session, case, SIGNED, by, row)
    audit.append(session, _act(by, SIGNED))
    return row


def take_back(session: Session, person_id: uuid.UUID, signed_id: uuid.UUID, *, by: Actor) -> None:
    """Ends it at once. A case whose authority rests on a signature is checked again in the same transaction."""
    row: SignedAuthority | None = db.lock(session, SignedAuthority, person_id=person_id, id=signed_id)
    if row is None or row.ended_on is not None:
        return
    row.ended_on = clocking.uk_today()
    session.add(row)
    audit.append(session, _act(by, ENDED))
    case = session.get(Case, row.case_id) if row.case_id else None
    if case is None:
        return
    _note(session, case, ENDED, by, row, rests=_was_there(session, case, row))
    try:
        with session.begin_nested():
            verbs.take_step(session, case.id, "authority_lapsed", by=Actor.system(), answers={}, today=row.ended_on)
    except StepRefused:
        return  # nothing rests on it, or the case is not past checking: then the page of the case says it


def of_person(session: Session, person_id: uuid.UUID) -> list[Signed]:
    """What this person signed, newest first."""
    query = select(SignedAuthority).where(col(SignedAuthority.person_id) == person_id)
    return _opened(session, session.exec(query.order_by(sa.desc(col(SignedAuthority.id)))).all())


def for_case(session: Session, case_id: uuid.UUID) -> list[Signed]:
    """What was signed for this request, newest first: for staff."""
    query = select(SignedAuthority).where(col(SignedAuthority.case_id) == case_id)
    return _opened(session, session.exec(query.order_by(sa.desc(col(SignedAuthority.id))).limit(20)).all())


def _opened(session: Session, rows: Sequence[SignedAuthority]) -> list[Signed]:
    return [Signed(row, told) for row, told in zip(rows, vault_of(session).get_many(rows), strict=True)]


def _meant(session: Session, reference: str, signer: uuid.UUID) -> Case | None:
    """The open request of somebody else with this reference, if there is one."""
    whole = normal_reference(reference)
    query = select(Case).where(col(Case.reference) == whole, col(Case.closed_at).is_(None))
    case = session.exec(query).first() if whole else None
    return case if case is not None and case.requester_id not in (None, signer) else None


def _was_there(session: Session, case: Case, row: SignedAuthority) -> bool:
    """Whether it lay before whoever accepted the authority. A signature given later carries nothing, so that nobody who
    knows a reference can stop somebody else's case by signing and taking back."""
    events = ledger.history(session, case)
    signed = next((one.seq for one in events if one.name == SIGNED and one.answers["signed"] == row.id.hex), None)
    accepted = [one.seq for one in events if one.name == "accept_authority"]
    return signed is not None and bool(accepted) and signed < accepted[-1]


def _note(session: Session, case: Case, name: str, by: Actor, row: SignedAuthority, **more: bool) -> None:
    locked = ledger.locked(session, case.id)
    ledger.append(session, locked, name, by=by, on_date=clocking.uk_today(), answers={"signed": row.id.hex, **more})
    clocking.refresh(session, locked)


def _act(by: Actor, name: str) -> Act:
    return Act(chain=str(by), act=name, actor=str(by), role=by.role, session=by.session)


__all__ = ["ENDED", "SIGNED", "STATEMENT", "Signed", "for_case", "of_person", "sign", "take_back"]

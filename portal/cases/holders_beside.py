"""Who else has asked about the same child: staff see that others exist, and no holder ever learns of another (R-56).

Nothing here is opened by a family's page, letter or mail. A case of another team is told of without its reference.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal.cases import authorities, clocking, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from workflows.facts import RequesterKind

MOST = 20


@dataclass(frozen=True)
class Beside:
    """Another requester's case about the same child: no name, no address, nothing of what they said.

    `reference` is empty where this reader may not open the case. `standing` is the status of their newest authority,
    empty where none was accepted; `basis` the code of its footing."""

    kind: RequesterKind
    case_kind: str
    open: bool
    reference: str = ""
    standing: str = ""
    basis: str = ""


def others(session: Session, case: Case, reader: Actor) -> list[Beside]:
    """The cases of other requesters about the record that is attached to this one, newest first."""
    if case.child_id is None or case.requester_id is None:
        return []
    query = select(Case).where(
        col(Case.child_id) == case.child_id,
        col(Case.requester_id).is_not(None),
        col(Case.requester_id) != case.requester_id,
    )
    rows = session.exec(query.order_by(sa.desc(col(Case.id))).limit(MOST)).all()
    return [_beside(session, one, reader) for one in rows]


def _beside(session: Session, case: Case, reader: Actor) -> Beside:
    newest = next(iter(authorities.of_case(session, case.id)), None)
    said = verbs.told(session, case)["subject"].get("requester_kind", RequesterKind.UNKNOWN)
    return Beside(
        kind=RequesterKind(said),
        case_kind=case.kind,
        open=case.closed_at is None,
        reference=case.reference if verbs.may_see(case, reader) else "",
        standing=newest.status(clocking.uk_today()) if newest else "",
        basis=str(newest.told.get("basis") or "") if newest else "",
    )

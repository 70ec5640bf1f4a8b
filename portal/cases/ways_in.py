"""What becomes of a person's ways in: they are told of each change on a safe channel (ASVS V6.3.7)."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlmodel import Session, col

from portal.cases import verbs
from portal.cases.models import Case
from portal.people import outbox, shields
from portal.records.models import Child

NOTICE = "way_in"


@shields.know_by
def shielded(session: Session, person_id: uuid.UUID) -> bool:
    """Whether no code may go to this person by telephone: they ask about a child whose record is shielded."""
    about = sa.exists().where(
        col(Case.requester_id) == person_id, col(Child.id) == col(Case.child_id), col(Child.shielded_at).is_not(None)
    )
    return bool(session.execute(sa.select(about)).scalar_one())


def tell(session: Session, case: Case, seq: int) -> None:
    """Queues the neutral mail that a way of signing in has changed; once for each event of the case."""
    key = f"{NOTICE}:{case.id.hex}:{seq}"
    outbox.queue(session, NOTICE, person_id=case.requester, case_id=case.id, key=key)


def tell_person(session: Session, person_id: uuid.UUID) -> None:
    """The same for what the person changed on their own page; it names the newest of their references."""
    cases = verbs.own_cases(session, person_id)
    key = f"{NOTICE}:{uuid.uuid4().hex}"
    outbox.queue(session, NOTICE, person_id=person_id, case_id=cases[0].id if cases else None, key=key)

"""What becomes of a person's ways in: they are told of each change on a safe channel (ASVS V6.3.7)."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from portal.cases import verbs
from portal.cases.models import Case
from portal.people import outbox

NOTICE = "way_in"


def shielded(_session: Session, _person_id: uuid.UUID) -> bool:
    """Whether no code may go to this person by telephone. Nobody can ask for a shield yet, so it is never so."""
    return False


def tell(session: Session, case: Case, seq: int) -> None:
    """Queues the neutral mail that a way of signing in has changed; once for each event of the case."""
    key = f"{NOTICE}:{case.id.hex}:{seq}"
    outbox.queue(session, NOTICE, person_id=case.requester, case_id=case.id, key=key)


def tell_person(session: Session, person_id: uuid.UUID) -> None:
    """The same for what the person changed on their own page; it names the newest of their references."""
    cases = verbs.own_cases(session, person_id)
    key = f"{NOTICE}:{uuid.uuid4().hex}"
    outbox.queue(session, NOTICE, person_id=person_id, case_id=cases[0].id if cases else None, key=key)

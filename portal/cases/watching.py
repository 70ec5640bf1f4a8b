"""A caseworker is told that a requester is being watched: an event on each of their open cases, until somebody has seen
to it. The requester's own timeline never shows it."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from portal import audit
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.people import watched
from portal.people.models import Person

SAID, SETTLED = "watched", "watched_settled"


@watched.when_watched
def tell(session: Session, person_id: uuid.UUID) -> None:
    """Writes it into the ledger of each open case of the person."""
    mine = select(Case.id).where(col(Case.requester_id) == person_id, col(Case.closed_at).is_(None))
    for case_id in session.exec(mine.order_by(col(Case.id))).all():
        case = ledger.locked(session, case_id)
        ledger.append(session, case, SAID, by=Actor.system(), on_date=clocking.uk_today())


def settle(session: Session, case_id: uuid.UUID, *, by: Actor) -> None:
    """Somebody has seen to it, for all cases of the person."""
    case = ledger.locked(session, case_id)
    if watched.settle(session, case.requester):
        ledger.append(session, case, SETTLED, by=by, on_date=clocking.uk_today())
        audit.append(session, verbs.act(case, by, SETTLED))


def is_watched(session: Session, case: Case) -> bool:
    """Whether the requester said so and nobody has seen to it yet."""
    person = session.get(Person, case.requester_id) if case.requester_id else None
    return person is not None and person.watched_at is not None

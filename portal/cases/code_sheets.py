"""A printed sheet of codes as second factor: only for somebody whose identity is accepted, and the ledger says by what
way it went out and who gave it (security.md 6a)."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from portal import audit, db
from portal.cases import clocking, folding, ledger, posting, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.people import factors
from workflows.facts import IdentityStatus
from workflows.table import StepRefused
from workflows.words import mark as _

WAYS = {
    "in_person": _("Handed over in person"),
    "post": _("Posted to the safe address"),
}


def closed_because(session: Session, case: Case) -> str | None:
    """Why no sheet may be made for this case's requester now, or None."""
    identity = folding.fold(case.kind, ledger.history(session, case)).get("identity")
    if identity is IdentityStatus.ACCEPTED:
        return None
    return _("A sheet of codes opens the record, so it may be made only once we know who is asking.")


def open_ways(session: Session, case: Case) -> dict[str, str]:
    """The ways a sheet may go to this case's requester: by post only where they said that post is safe and gave an
    address. Anybody else who opens that letter would hold their second factor."""
    by_post = posting.reachable(session, case)
    return {way: words for way, words in WAYS.items() if way != "post" or by_post}


def hand_out(session: Session, case_id: uuid.UUID, way: str, sheet: factors.NewSheet, *, by: Actor) -> None:
    """Gives the sheet to the case's requester; an earlier one ends.

    A sheet by post takes the place in the queue for paper whose address two people have looked at.

    Raises StepRefused while identity is not accepted, for an unknown way, for post that is not safe, and without such a
    place."""
    case = ledger.locked(session, case_id)
    if why := closed_because(session, case):
        raise StepRefused(why)
    if way not in WAYS:
        raise StepRefused(_("Say how the sheet reaches the person."), need="way")
    if way not in open_ways(session, case):
        raise StepRefused(
            _("This person has no address to which post is safe. Hand the sheet over in person."), need="way"
        )
    if way == "post":
        posting.use_checked(session, case, "code_sheet", by=by)
    else:
        key = f"code_sheet:{case.id.hex}:{case.seq}"
        posting.queue(session, case.id, "code_sheet", way="hand", key=key)
        posting.printed(session, posting.keyed(session, key), by=by)
    factors.give_sheet(session, case.requester, sheet, now=db.now())
    ledger.append(session, case, "code_sheet", by=by, on_date=clocking.uk_today(), answers={"way": way})
    audit.append(session, verbs.act(case, by, "code_sheet"))

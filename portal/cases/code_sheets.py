"""A printed sheet of codes as second factor: only for somebody whose identity is accepted, and the ledger says by what
way it went out and who gave it (security.md 6a)."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from portal import audit, db
from portal.cases import clocking, folding, ledger, posting, verbs, ways_in
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


UNKNOWN = _("A sheet of codes opens the record, so it may be made only once we know who is asking.")
LOST = _(
    "This person has a second factor, or had one. If it is lost, check again who they are and replace it: then their"
    " copies wait three days, and they are told."
)
NO_POST = _("This person has no address to which post is safe. Hand the sheet over in person.")


def closed_because(session: Session, case: Case) -> str | None:
    """Why no sheet may be made for this case's requester now, or None. A second one is made only when the first runs
    out: otherwise asking for a sheet would be an easier way in than replacing a lost one."""
    if not identity_known(session, case):
        return UNKNOWN
    sheets = factors.live(session, "family", case.requester, "code_sheet")
    if sheets and factors.codes_left(session, case.requester) <= factors.NEW_SHEET_AT:
        return None
    return LOST if factors.had_one(session, "family", case.requester) else None


def identity_known(session: Session, case: Case) -> bool:
    """Whether it is accepted who asks in this case."""
    return folding.fold(case.kind, ledger.history(session, case)).get("identity") is IdentityStatus.ACCEPTED


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
        raise StepRefused(NO_POST, need="way")
    posting.give_out(session, case, "code_sheet", way, by=by)
    factors.give_sheet(session, case.requester, sheet, now=db.now())
    event = ledger.append(session, case, "code_sheet", by=by, on_date=clocking.uk_today(), answers={"way": way})
    ways_in.tell(session, case, event.seq)
    audit.append(session, verbs.act(case, by, "code_sheet"))

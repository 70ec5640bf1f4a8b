"""A lost second factor is replaced no more easily than it was first given: somebody checks again who asks, every old
factor and a joined sign-in elsewhere end, the new sheet is handed over or posted, copies wait three days, and the
person is told (ASVS V6.4.3-4)."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from portal import audit, db
from portal.cases import clocking, code_sheets, ledger, posting, verbs, ways_in
from portal.cases.actors import Actor
from portal.people import factors, identities, recovery, sessions
from workflows.kinds.answers import IDENTITY_KNOWN_BY
from workflows.table import StepRefused
from workflows.words import mark as _

REPLACED = "factor_replaced"
HOW = {choice.value: choice.label for choice in IDENTITY_KNOWN_BY.choices}


def replace(
    session: Session, case_id: uuid.UUID, sheet: factors.NewSheet, *, how: str, note: str, way: str, by: Actor
) -> None:
    """Ends every second factor of the case's requester and gives them this sheet instead.

    Raises StepRefused while identity is not accepted, where it is not said how it was checked again, and for post to
    an address that two people have not looked at."""
    case = ledger.locked(session, case_id)
    if not code_sheets.identity_known(session, case):
        raise StepRefused(code_sheets.UNKNOWN)
    if how not in HOW or not note.strip():
        raise StepRefused(_("Say how you checked again who is asking."), need="how")
    if way not in code_sheets.open_ways(session, case):
        raise StepRefused(code_sheets.NO_POST, need="way")
    posting.give_out(session, case, "code_sheet", way, by=by)
    now = db.now()
    for old in factors.all_live(session, "family", case.requester):
        factors.end(session, old, now=now)
    identities.unlink(session, "family", case.requester)  # whoever joined it may not be who asks now
    factors.give_sheet(session, case.requester, sheet, now=now)
    recovery.begin(session, case.requester, now=now)
    sessions.end_all(session, "family", case.requester)
    answers = {"how": how, "note": note, "way": way}
    event = ledger.append(session, case, REPLACED, by=by, on_date=clocking.uk_today(), answers=answers)
    ways_in.tell(session, case, event.seq)
    audit.append(session, verbs.act(case, by, REPLACED))

"""A printed card in the place of the link by mail: for a requester whose identity is accepted, and the ledger says by
what way it went out and who gave it (security.md 6a)."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from portal import audit, db
from portal.cases import clocking, code_sheets, ledger, posting, verbs, ways_in
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.people import cards, factors, sessions
from workflows.table import StepRefused
from workflows.words import mark as _

ISSUED, ENDED = "card_issued", "card_ended"
PURPOSE = "sign_in"


def closed_because(session: Session, case: Case) -> str | None:
    """Why no card may be made for this case's requester now, or None."""
    if code_sheets.identity_known(session, case):
        return None
    return _("A card signs somebody in, so it may be made only once we know who is asking.")


def hand_out(
    session: Session,
    case_id: uuid.UUID,
    way: str,
    card: cards.NewCard,
    sheet: factors.NewSheet | None = None,
    *,
    by: Actor,
) -> None:
    """Gives the card to the case's requester, and with it a sheet of codes if there is one; earlier ones end.

    A card by post takes the place in the queue for paper whose address two people have looked at.

    Raises StepRefused while identity is not accepted, for a way that is not open, without such a place, and for card
    and sheet in one envelope: whoever opens it would hold both factors."""
    case = ledger.locked(session, case_id)
    if why := closed_because(session, case):
        raise StepRefused(why)
    if way not in code_sheets.open_ways(session, case):
        raise StepRefused(
            _("This person has no address to which post is safe. Hand the card over in person."), need="way"
        )
    if sheet is not None and way == "post":
        raise StepRefused(
            _("Post the card and the sheet on different days. Whoever opens one envelope must not hold both."),
            need="sheet",
        )
    posting.give_out(session, case, "card", way, by=by)
    cards.issue(session, purpose=PURPOSE, holder_id=case.requester, new=card, now=db.now())
    event = ledger.append(session, case, ISSUED, by=by, on_date=clocking.uk_today(), answers={"way": way})
    ways_in.tell(session, case, event.seq)
    audit.append(session, verbs.act(case, by, ISSUED))
    if sheet is not None:
        code_sheets.hand_out(session, case.id, way, sheet, by=by)


def end(session: Session, case_id: uuid.UUID, *, by: Actor) -> None:
    """The card of the case's requester opens nothing any more, and whoever came in with it is signed out."""
    case = ledger.locked(session, case_id)
    if cards.live(session, case.requester, PURPOSE) is None:
        raise StepRefused(_("This person has no card that works."))
    cards.end(session, case.requester, PURPOSE, now=db.now())
    sessions.end_all(session, "family", case.requester)
    event = ledger.append(session, case, ENDED, by=by, on_date=clocking.uk_today())
    ways_in.tell(session, case, event.seq)
    audit.append(session, verbs.act(case, by, ENDED))

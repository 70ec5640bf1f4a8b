"""What staff do about the ways to reach a requester, each act an event of the case and a row of the log.

A caller is asked for the code word; it is told in the event whether they said it. Stopping a channel is done for
whoever asks: at worst we ring them. Opening one needs a second person and three days (security.md 5 and 6a)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from portal import audit, db
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.models import Case
from portal.people import contact, contact_changes
from portal.people.contact_changes import New
from portal.people.contact_models import ContactChange
from portal.vault import vault_of
from workflows.table import StepRefused
from workflows.words import mark as _

RIGHT, WRONG, NOT_SET = "right", "wrong", "not_set"


def heard(session: Session, case_id: uuid.UUID, answer: str, *, by: Actor) -> None:
    """Notes whether a caller said the code word. What they said is kept nowhere."""
    case = ledger.locked(session, case_id)
    _note(session, case, "code_word_asked", by, {"word": answer})


def stop(
    session: Session, case_id: uuid.UUID, channels: Sequence[str], *, word: str, why: str, never: bool, by: Actor
) -> None:
    """Stops channels on a call, at once. `word` is whether the caller said the code word; without it, `why` says how it
    was known that it was them."""
    case = ledger.locked(session, case_id)
    if not channels:
        raise StepRefused(_("Choose what is to stop."), need="channels")
    if word != RIGHT and not why.strip():
        raise StepRefused(_("Say why you stop it though the word was not said."), need="why")
    contact_changes.stop(session, case.requester, channels, never=never, by=str(by))
    _note(session, case, "contact_stopped", by, {"channels": list(channels), "word": word, "why": why})


def propose(session: Session, case_id: uuid.UUID, new: New, *, old_is_safe: bool, why: str, by: Actor) -> None:
    """Enters a new address, number or channel that the requester gave on a call or at a visit."""
    case = ledger.locked(session, case_id)
    contact_changes.propose(
        session, case.requester, new, by=str(by), now=db.now(), old_is_safe=old_is_safe, case_id=case.id
    )
    _note(session, case, "contact_proposed", by, {"channels": list(new.channels), "why": why})


def confirm(session: Session, case_id: uuid.UUID, *, by: Actor) -> None:
    """A second person confirms the change that waits."""
    case = ledger.locked(session, case_id)
    contact_changes.confirm(session, _waiting(session, case).id, by=str(by), now=db.now())
    _note(session, case, "contact_confirmed", by, {})


def cancel(session: Session, case_id: uuid.UUID, *, by: Actor) -> None:
    """The change that waits is dropped."""
    case = ledger.locked(session, case_id)
    contact_changes.cancel(session, _waiting(session, case).id, by=str(by), now=db.now())
    _note(session, case, "contact_cancelled", by, {})


def new_way(session: Session, change: ContactChange) -> dict[str, Any]:
    """What waits: {"points": …, "channels": …}."""
    return vault_of(session).get(change)


def _waiting(session: Session, case: Case) -> ContactChange:
    change = contact.waiting_change(session, case.requester)
    if change is None:
        raise StepRefused(_("No change is waiting."))
    return change


def _note(session: Session, case: Case, name: str, by: Actor, answers: dict[str, Any]) -> None:
    ledger.append(session, case, name, by=by, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, by, name))

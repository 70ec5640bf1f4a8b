"""A released copy whose time is over is opened again: the same pack, the same bytes, a new period.

Nothing new is given out, so nobody approves it anew. What release asks of the person still counts, and what lies in
the store is held against the manifest that was approved."""

from __future__ import annotations

import uuid

from sqlmodel import Session

from portal import audit, db
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.ledger import CaseNotFound
from portal.documents import availability, release
from portal.documents.models import StoredPack
from portal.vault import vault_of
from portal.vault.files import FileStore
from workflows.table import Role, StepRefused
from workflows.words import mark as _


def open_again(
    session: Session, files: FileStore, case_id: uuid.UUID, pack_id: uuid.UUID, reason: str, *, by: Actor
) -> None:
    """Begins a new period for a released copy, with the reason in the ledger; the requester is told neutrally.

    Raises StepRefused without a reason, when the requester may not have the copy today (a birthday, an authority that
    ended, a recall), and when the stored copy is not the one that was approved. Raises CaseNotFound."""
    case = ledger.locked(session, case_id)
    pack = db.lock(session, StoredPack, id=pack_id)
    if pack is None or pack.case_id != case.id or by.role is not Role.CASEWORKER:
        raise CaseNotFound
    if not reason.strip():
        raise StepRefused(_("Say why the copy is opened again."), need="reason")
    if pack.id not in {one.id for one in release.released(session, case)}:
        raise StepRefused(
            _(
                "This copy can no longer be opened: it was called back, or the person may not have it any more. Look "
                "at who asks and in what right, and release a new copy."
            )
        )
    if pack.approved_hash != pack.manifest_hash:
        raise StepRefused(_("The stored pack is not the one that was approved. Ask for a new one."))
    release.check_bytes(files, case, pack, vault_of(session).get(pack))
    answers = {"pack": pack.id.hex, "reason": reason}
    event = ledger.append(session, case, availability.OPENED_AGAIN, by=by, on_date=clocking.uk_today(), answers=answers)
    verbs.tell_requester(session, case, event.seq)
    audit.append(session, verbs.act(case, by, "open_copy_again"))

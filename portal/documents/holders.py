"""Who holds a released copy or answer with an entry in it: they may have to be told when it is put right (Art 19)."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from portal.cases.corrections import recipients
from portal.cases.corrections.recipients import Holder
from portal.cases.models import Case
from portal.documents import erased
from portal.documents.models import StoredPack
from portal.vault import vault_of


@recipients.holders_with
def holders(session: Session, child_id: uuid.UUID, entry_id: uuid.UUID) -> list[Holder]:
    """Cases of this child's record with a released copy in which the entry stands, and whose copy it is.

    What was called back counts too: it may have been read before."""
    query = (
        select(StoredPack)
        .join(Case, col(Case.id) == col(StoredPack.case_id))
        .where(col(Case.child_id) == child_id, col(StoredPack.released_at).is_not(None))
        .order_by(col(StoredPack.case_id), col(StoredPack.number))
    )
    packs = session.exec(query).all()
    found = [
        (pack.case_id, pack.recipient_id)
        for pack, told in zip(packs, vault_of(session).get_many(packs), strict=True)
        if erased.holds(told, entry_id)
    ]
    return list(dict.fromkeys(found))

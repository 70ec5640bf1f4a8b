"""Copies, answers and letters in which an entry stands that was destroyed by decision: their files are destroyed too.

A frozen copy cannot lose one entry, so all of it goes: that it was given, when, to whom and under which hash stays. Its
requester reads a neutral sentence, and can have a new one; who holds it on paper is on the list of recipients."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from portal import audit, jobs
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.corrections import forgetting, recipients
from portal.cases.corrections.models import ChallengedLine
from portal.cases.models import Case
from portal.documents.models import Letter, StoredPack
from portal.vault import vault_of


@forgetting.copies_with
def destroy_copies(session: Session, child_id: uuid.UUID, entry_id: uuid.UUID) -> None:
    """Destroys the files of every pack with the entry, released or not, and of the letters that told bodies what it
    says. The files go once the transaction has ended well."""
    for pack in _packs_of(session, child_id):
        if pack.state == "assembling":
            pack.state, pack.version = "void", pack.version + 1  # it may have read the entry already
            session.add(pack)
        elif pack.content_file is not None and holds(vault_of(session).get(pack), entry_id):
            _empty(session, pack)
    query = select(ChallengedLine.case_id, ChallengedLine.id).where(
        col(ChallengedLine.child_id) == child_id, col(ChallengedLine.entry_id) == entry_id
    )
    for case_id, line_id in session.exec(query.order_by(col(ChallengedLine.case_id))).all():
        _empty_letters(session, session.get_one(Case, case_id), line_id)


def holds(told: dict[str, object], entry_id: uuid.UUID) -> bool:
    """Whether a pack of which `told` is kept prints something of the entry."""
    lines, held = told.get("lines", []), told.get("holds", [])
    return entry_id.hex in {*(line[0] for line in lines), *held}  # type: ignore[attr-defined, misc]


def _packs_of(session: Session, child_id: uuid.UUID) -> list[StoredPack]:
    """All packs of this record; cases are locked in the order of their ids."""
    query = select(StoredPack).join(Case, col(Case.id) == col(StoredPack.case_id)).where(col(Case.child_id) == child_id)
    return list(session.exec(query.order_by(col(StoredPack.case_id), col(StoredPack.number))).all())


def _empty(session: Session, pack: StoredPack) -> None:
    case, system = ledger.locked(session, pack.case_id), Actor.system()
    told = vault_of(session).get(pack)
    vault_of(session).put(pack, {**told, "leaks": [], "allowed": {}})  # needles are words of the record
    for file_id in (pack.content_file, pack.pdf_file):
        _destroy_file(session, file_id)
    pack.content_file = pack.pdf_file = None
    if pack.released_at is None:
        pack.state = "void"
    pack.version += 1
    session.add(pack)
    answers = {"pack": pack.id.hex, "released": pack.released_at is not None}
    ledger.append(session, case, "copy_destroyed", by=system, on_date=clocking.uk_today(), answers=answers)
    audit.append(session, verbs.act(case, system, "copy_destroyed"))


def _empty_letters(session: Session, case: Case, line_id: uuid.UUID) -> None:
    told = {
        event.seq
        for event in ledger.history(session, case)
        if event.name == "recipient_told" and event.answers.get("line") == line_id.hex
    }
    query = select(Letter).where(Letter.case_id == case.id, Letter.template == recipients.LETTER)
    for letter in session.exec(query).all():
        if letter.event_seq in told:
            vault_of(session).put(letter, {"answers": {}})
            _destroy_file(session, letter.pdf_file)
            letter.pdf_file = None
            session.add(letter)


def _destroy_file(session: Session, file_id: uuid.UUID | None) -> None:
    if file_id is not None:
        jobs.enqueue(session, "destroy_file", f"destroy:{file_id.hex}", {"file": file_id.hex})

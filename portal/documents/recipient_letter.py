"""The letter that tells a body what was put right: made by a job from what was kept when it was decided to write.

It names no case and nobody who asked (R-56), so it bears a reference of its own, and no family ever reads it."""

from __future__ import annotations

import uuid

from sqlmodel import Session, col, select

from portal import audit, db, jobs
from portal.cases import clocking, ledger, verbs
from portal.cases.actors import Actor
from portal.cases.corrections.models import RecipientNotice
from portal.cases.corrections.recipients import LETTER
from portal.documents import information, letters
from portal.documents.letters import LetterFacts
from portal.documents.models import Letter
from portal.vault import Owner, vault_of


@jobs.handler("make_recipient_letter")
def make_recipient_letter(work: jobs.Work) -> None:
    """Makes the letter of one notice, once however often it runs."""
    case_id, notice_id = uuid.UUID(work.args["case"]), uuid.UUID(work.args["notice"])
    seq = int(work.args["seq"])
    with work.database.read() as session:
        if _there(session, case_id, seq):
            return
        facts = facts_of(session, case_id, notice_id)
    made = letters.letter_pdf("correction", LETTER, facts)
    file_id = work.runtime.files.write(Owner.case(case_id), made)
    with work.database.write() as session:
        case = ledger.locked(session, case_id)
        if _there(session, case_id, seq):
            return
        row = Letter(
            case_id=case_id,
            event_seq=seq,
            template=LETTER,
            state="made",
            made_at=db.now(),
            pdf_file=file_id,
            sealed=b"",
        )
        vault_of(session).put(row, {"answers": dict(facts.answers)})
        session.add(row)
        session.flush()
        audit.append(session, verbs.act(case, Actor.system(), "letter_made", LETTER))


def facts_of(session: Session, case_id: uuid.UUID, notice_id: uuid.UUID) -> LetterFacts:
    """What the letter of a notice states."""
    row = session.get_one(RecipientNotice, (case_id, notice_id))
    settings = clocking.settings_of(session)
    to, on = vault_of(session).get(row)["letter"], row.told_on or clocking.uk_today()
    return LetterFacts(
        reference=f"N-{notice_id.hex[-8:].upper()}",
        recipient_name=to["name"],
        recipient_lines=tuple(to["lines"])[: letters.ADDRESS_LINES],
        authority=information.authority(settings),
        regulator=information.regulator(settings),
        date=on,
        received=on,
        answers={name: to[name] for name in ("child", "what", "now", "note") if to[name]},
    )


def _there(session: Session, case_id: uuid.UUID, seq: int) -> bool:
    query = select(Letter.id).where(col(Letter.case_id) == case_id, col(Letter.event_seq) == seq)
    return session.exec(query).first() is not None

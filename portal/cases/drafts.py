"""A request being written: saved page by page, resumed by a mailed link and a word chosen at the start.

A draft dies after seven days, or when it becomes a case (design section 8, 12)."""

from __future__ import annotations

import datetime
import hashlib
import uuid
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from portal import db, jobs
from portal.cases.ledger import LostRace
from portal.cases.models import Draft, Evidence
from portal.errors import NotThere
from portal.people import hashing, outbox
from portal.vault import normal, vault_of
from workflows.words import mark as _

LIVES = datetime.timedelta(days=7)
# Anybody can keep a draft under somebody else's address, so the word is tried on all that are kept there. This many
# of the first and of the last ones: a flood before or after the owner's draft does not push it out of reach.
TRIED_AT_EACH_END = 20
MOST_FOR_A_PERSON = 20


class DraftGone(NotThere):
    """There is no such draft for this browser: finished, older than seven days, or never begun here."""

    words = _("We do not have this form any more. Forms are kept for seven days. Please start again.")


def begin(session: Session, browser: str) -> Draft:
    """Starts an empty draft that only this browser can go on with."""
    now = db.now()
    draft = Draft(browser_hash=_hash(browser), sealed=b"", made_at=now, expires_at=now + LIVES)
    vault_of(session).put(draft, {})
    session.add(draft)
    session.flush()
    return draft


def begin_for(session: Session, person_id: uuid.UUID) -> Draft:
    """Starts an empty draft of somebody who is signed in: they come back to it, in any browser, by signing in.

    The other functions of this module find it under `holder_for(person_id)`, as they find another under its browser."""
    draft = begin(session, holder_for(person_id))
    draft.person_id = person_id
    session.add(draft)
    return draft


def holder_for(person_id: uuid.UUID) -> str:
    """What stands in the place of a browser for somebody who is signed in."""
    return f"person:{person_id.hex}"


def of_person(session: Session, person_id: uuid.UUID) -> list[Draft]:
    """The living drafts of somebody who is signed in, newest first."""
    query = select(Draft).where(col(Draft.person_id) == person_id, *_living())
    return list(session.exec(query.order_by(sa.desc(col(Draft.id))).limit(MOST_FOR_A_PERSON)).all())


def of_browser(session: Session, browser: str) -> Draft | None:
    """The newest living draft of this browser, or None."""
    query = select(Draft).where(col(Draft.browser_hash) == _hash(browser), *_living())
    return session.exec(query.order_by(sa.desc(col(Draft.id)))).first()


def _living() -> tuple[Any, ...]:
    return (col(Draft.expires_at) > db.now(), col(Draft.submitted_at).is_(None))


def answers(session: Session, draft: Draft) -> dict[str, Any]:
    return vault_of(session).get(draft)


def save(
    session: Session, draft_id: uuid.UUID, browser: str, changed: dict[str, Any], *, version: int | None = None
) -> Draft:
    """Adds the answers of one page. Raises DraftGone, or LostRace when another tab saved since `version`."""
    draft = _own(session, draft_id, browser)
    if version is not None and draft.version != version:
        raise LostRace
    vault = vault_of(session)
    vault.put(draft, {**vault.get(draft), **changed})
    draft.version += 1
    session.add(draft)
    return draft


def word_hash(word: str, pepper: bytes) -> str:
    """What is kept of the word. Slow, so outside any transaction."""
    return hashing.slow_hash(pepper, normal(word))


def keep_for_later(session: Session, draft_id: uuid.UUID, browser: str, *, email: str, word_hash: str) -> Draft:
    """Lets the draft be resumed by a link sent to `email` together with the word of `word_hash`."""
    draft = _own(session, draft_id, browser)
    vault = vault_of(session)
    vault.put(draft, {**vault.get(draft), "kept_for": email})
    draft.address_blind = vault.blind("email", email)
    draft.word_hash = word_hash
    session.add(draft)
    return draft


def holder_of(session: Session, email: str) -> uuid.UUID:
    """Whom a link to this address is for: the address itself, not one draft, which its writer could move or send."""
    return uuid.UUID(bytes=vault_of(session).blind("email", email))


def words_of(session: Session, holder: uuid.UUID) -> list[tuple[uuid.UUID, str]]:
    """The drafts that a link of this holder may resume, newest first, with the hashes of their words."""
    query = sa.select(col(Draft.id), col(Draft.word_hash)).where(*_kept_for(holder))
    newest = session.execute(query.order_by(col(Draft.id).desc()).limit(TRIED_AT_EACH_END)).all()
    oldest = session.execute(query.order_by(col(Draft.id)).limit(TRIED_AT_EACH_END)).all()
    return sorted({(found_id, kept or "") for found_id, kept in (*newest, *oldest)}, reverse=True)


def with_word(words: list[tuple[uuid.UUID, str]], typed: str, pepper: bytes) -> uuid.UUID | None:
    """The newest of these drafts whose word this is, or None. Slow, so outside any transaction."""
    return next((draft_id for draft_id, kept in words if hashing.matches(pepper, kept, normal(typed))), None)


def resume(session: Session, draft_id: uuid.UUID, holder: uuid.UUID, *, browser: str) -> Draft:
    """Gives the draft, whose word was right, to this browser. Raises DraftGone when it is over or no longer theirs."""
    draft = db.lock(session, Draft, id=draft_id)
    if draft is None or draft.submitted_at or draft.expires_at <= db.now() or draft.address_blind != holder.bytes:
        raise DraftGone
    draft.browser_hash = _hash(browser)
    session.add(draft)
    return draft


def of_address(session: Session, email: str) -> Draft | None:
    """The newest living draft that a link to this address may resume, or None."""
    query = select(Draft).where(*_kept_for(holder_of(session, email))).order_by(sa.desc(col(Draft.id)))
    return session.exec(query).first()


def _kept_for(holder: uuid.UUID) -> tuple[Any, ...]:
    return (
        col(Draft.address_blind) == holder.bytes,
        col(Draft.word_hash).is_not(None),
        *_living(),
    )


def addressee(session: Session, draft_id: uuid.UUID) -> outbox.Addressee | None:
    """Where the link to a draft goes: the address its writer gave when they stopped."""
    draft = session.get(Draft, draft_id)
    email = vault_of(session).get(draft).get("kept_for") if draft and not draft.submitted_at else None
    return outbox.Addressee({"email": email, "safe_channels": ("email",)}) if email else None


outbox.address_with("resume", addressee)


def submitted(session: Session, draft_id: uuid.UUID, browser: str) -> dict[str, Any]:
    """Ends the draft and answers what it said; called in the transaction that opens the case."""
    draft = _own(session, draft_id, browser)
    told = vault_of(session).get(draft)
    draft.submitted_at = db.now()
    session.add(draft)
    return told


def leave_receipt(session: Session, draft_id: uuid.UUID, references: list[str]) -> None:
    """Puts the references in the place of the answers: they are all that the page of thanks still needs."""
    draft = db.lock(session, Draft, id=draft_id)
    if draft is not None:
        vault_of(session).put(draft, {"references": references})
        session.add(draft)


def receipt(session: Session, browser: str) -> list[str]:
    """References of what this browser sent last; empty once the draft is swept away."""
    query = (
        select(Draft)
        .where(col(Draft.browser_hash) == _hash(browser), col(Draft.submitted_at).is_not(None))
        .order_by(sa.desc(col(Draft.id)))
    )
    draft = session.exec(query).first()
    return list(vault_of(session).get(draft).get("references", [])) if draft else []


@jobs.handler("sweep_drafts")
def sweep(work: jobs.Work) -> None:
    """Destroys drafts that are over, with their files."""
    with work.database.write() as session:
        over = sa.or_(col(Draft.expires_at) <= db.now(), col(Draft.submitted_at).is_not(None))
        for draft in session.exec(select(Draft).where(over).limit(500)).all():
            for row in session.exec(select(Evidence).where(col(Evidence.case_id) == draft.id)).all():
                if row.file_id:
                    jobs.enqueue(session, "destroy_file", f"destroy:{row.file_id.hex}", {"file": row.file_id.hex})
                session.delete(row)
            session.delete(draft)


def _own(session: Session, draft_id: uuid.UUID, browser: str) -> Draft:
    draft = db.lock(session, Draft, id=draft_id)
    if (
        draft is None
        or draft.browser_hash != _hash(browser)
        or draft.submitted_at is not None
        or draft.expires_at <= db.now()
    ):
        raise DraftGone
    return draft


def _hash(browser: str) -> bytes:
    return hashlib.sha256(browser.encode()).digest()

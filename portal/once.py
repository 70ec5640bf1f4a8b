"""One-time form keys: a double click, a retry or the back button gives the first result again (security.md R-3)."""

from __future__ import annotations

import datetime
import hashlib

from sqlmodel import Session, SQLModel

from portal import db
from portal.db import column
from portal.processing import RUNNING, processed


@processed(RUNNING)
class FormKey(SQLModel, table=True):
    """A form that was submitted, and where its result is."""

    __tablename__ = "form_key"

    key_hash: bytes = column("SHA-256 of the form's random key and who used it", primary_key=True)
    outcome: str = column("address of the first result; no personal data")
    at: datetime.datetime = column("when; rows are deleted after 30 days", index=True)


def first_outcome(session: Session, holder: str, key: str) -> str | None:
    """Where the first submission of this form led, or None. Call first in the transaction, then `remember`.

    PostgreSQL lets two transactions pass here at once; the unique key in `remember` then stops the second."""
    row = db.lock(session, FormKey, key_hash=_hash(holder, key))
    return row.outcome if row else None


def remember(session: Session, holder: str, key: str, outcome: str) -> bool:
    """Stores the result of this form's first submission. False: another submission was first, roll back."""
    row = {"key_hash": _hash(holder, key), "outcome": outcome, "at": db.now()}
    return db.insert_ignore(session, FormKey, [row]) == 1


def _hash(holder: str, key: str) -> bytes:
    return hashlib.sha256(f"{holder}\0{key}".encode()).digest()

"""What an import does where people here decided what an entry says: their decision stays, and that the source still
says something else is put down once (R-111).
"""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from portal import db
from portal.records import clashes
from portal.records.feeds import statements
from portal.records.feeds.held import Held
from portal.records.feeds.items import FeedItem
from portal.records.models import FeedClash
from portal.vault import Owner, Vault


class Clashes:
    """The clashes of one batch: planned entry by entry, then written."""

    def __init__(self, vault: Vault, feed: str, there: Held, now: datetime.datetime) -> None:
        self._vault, self._feed, self._there, self._now = vault, feed, there, now
        self._opened: list[dict[str, Any]] = []
        self._agreed: list[dict[str, Any]] = []
        self._newer: list[dict[str, Any]] = []

    @property
    def count(self) -> int:
        """How many were opened so far."""
        return len(self._opened)

    def compare(self, entry: Any, item: FeedItem, version_id: uuid.UUID) -> None:
        """Holds what the source says, kept as `version_id`, against what was decided of the entry."""
        if entry.decided_value is None:
            return  # changed by hand: nobody decided against the source
        core = Owner.child(entry.child_id, "core")
        if statements.value_hash(self._vault, core, item.value, item.code) == entry.decided_value:
            self._agree(entry)
        else:
            self._clash(entry, version_id)

    def still_said(self, entry: Any) -> None:
        """The source says something of an entry that is destroyed; what it says is not kept."""
        self._clash(entry, None)

    def write(self, session: Session) -> None:
        """Inserts and updates, with one statement for each kind."""
        if self._opened:
            session.execute(sa.insert(_CLASHES), self._opened)
        for statement, rows in ((_AGREE, self._agreed), (_NEWER, self._newer)):
            if rows:
                session.connection().execute(statement, rows)
        for row in self._agreed:
            clashes.have_noted(session, row["of_child"], row["of_clash"])

    def _agree(self, entry: Any) -> None:
        if (clash := self._open(entry)) is not None:
            self._agreed.append({"of_child": clash.child_id, "of_clash": clash.id, "closed_at": self._now})

    def _clash(self, entry: Any, version_id: uuid.UUID | None) -> None:
        """One open clash an entry, and one for each decision and word of the source: a person who settled it is not
        asked again because a file came again."""
        decision = self._there.decisions.get((entry.child_id, entry.id))
        if decision is None:
            return
        if (clash := self._open(entry)) is not None:
            if clash.version_id != version_id:
                self._newer.append({"of_child": clash.child_id, "of_clash": clash.id, "version_id": version_id})
            return
        before = self._there.clashes[entry.child_id, entry.id]
        if any(one.version_id == version_id and one.found_at >= decision.at for one in before):
            return
        row = {"child_id": entry.child_id, "id": db.new_id(), "entry_id": entry.id, "case_id": decision.case_id}
        self._opened.append({**row, "version_id": version_id, "feed": self._feed, "found_at": self._now})

    def _open(self, entry: Any) -> Any | None:
        found = self._there.clashes[entry.child_id, entry.id]
        return next((one for one in found if one.closed_at is None), None)


_CLASHES = FeedClash.__table__  # type: ignore[attr-defined]
_THIS = (_CLASHES.c.child_id == sa.bindparam("of_child"), _CLASHES.c.id == sa.bindparam("of_clash"))
_AGREE = sa.update(_CLASHES).where(*_THIS).values(closed_at=sa.bindparam("closed_at"), ended="agreed")
_NEWER = sa.update(_CLASHES).where(*_THIS).values(version_id=sa.bindparam("version_id"))

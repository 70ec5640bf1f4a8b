"""Other people in a child's file, each entered once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col, select

from portal.records.looking import Looking, log_look
from portal.records.models import Mentioned
from portal.records.names import key
from portal.vault import Owner, vault_of


@dataclass(frozen=True)
class Third:
    """A person mentioned in the file."""

    id: uuid.UUID
    names: tuple[str, ...]
    relation: str
    professional: bool
    alive: bool
    known_to_requester: bool = False


def mentioned(session: Session, looking: Looking) -> list[Third]:
    """The people mentioned in the file, logged as a look at the core class."""
    log_look(session, looking, "look_mentioned", ("core",), 1)
    rows = session.exec(
        select(Mentioned).where(col(Mentioned.child_id) == looking.child_id).order_by(col(Mentioned.id))
    ).all()
    return [
        _third(row, payload) for row, payload in zip(rows, vault_of(session).get_many(rows, look=True), strict=True)
    ]


def add_mentioned(
    session: Session, looking: Looking, *, names: Sequence[str], relation: str, professional: bool, alive: bool
) -> uuid.UUID:
    """Enters somebody mentioned in the file, found by a reviewer; logged."""
    row = Mentioned(child_id=looking.child_id, sealed=b"", name_hash=_name_hash(session, looking.child_id, names))
    payload = {"names": list(names), "relation": relation, "professional": professional, "alive": alive}
    vault_of(session).put(row, payload)
    session.add(row)
    log_look(session, looking, "add_mentioned", ("core",), 1)
    return row.id


def _name_hash(session: Session, child_id: uuid.UUID, names: Sequence[str]) -> bytes | None:
    """What keeps a feed from entering the same person again."""
    first = key(names[0]) if names else ""
    return vault_of(session).fingerprint(Owner.child(child_id, "core"), "mentioned", first) if first else None


def _third(row: Mentioned, told: dict[str, Any]) -> Third:
    return Third(
        row.id,
        tuple(told["names"]),
        str(told.get("relation", "")),
        bool(told.get("professional")),
        bool(told.get("alive", True)),
    )

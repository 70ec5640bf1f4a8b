"""The keyring: its own store of wrapped keys, apart from the data it opens (security.md section 3a).

A key is committed here before the row that uses it; a key whose row was never written opens
nothing and does no harm.
Its tables are few and never change shape with the portal's, so it makes them itself.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal import db

if TYPE_CHECKING:
    from portal.vault import Owner

metadata = sa.MetaData()
wrapped_key = sa.Table(
    "wrapped_key",
    metadata,
    sa.Column("owner_kind", sa.String(10), primary_key=True, comment="child, case, person or system"),
    sa.Column("owner_id", sa.Uuid, primary_key=True, comment="id of the owner's row"),
    sa.Column("cls", sa.String(20), primary_key=True, comment="class of a child's data, else empty"),
    sa.Column("key_id", sa.LargeBinary(8), nullable=False, unique=True, comment="stands in every cell it seals"),
    sa.Column("epoch", sa.Integer, nullable=False, comment="epoch of the master key that wraps it"),
    sa.Column("wrapped", sa.LargeBinary, nullable=False, comment="the key, wrapped; until shredded"),
    sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="when it was made"),
)
BATCH = 300


class KeyMissing(Exception):
    """The keyring holds no key for this owner: shredded, lost, or an older copy of the keyring."""


class Keyring:
    """Wrapped keys under one master key. `unwrap` and `mint` are the seam a key service takes over."""

    def __init__(self, url: str, master: bytes) -> None:
        self._engine = db.connect(url)
        self._master = AESGCM(master[:32])
        metadata.create_all(self._engine)

    def mint(self, owners: Iterable[Owner]) -> None:
        """Makes a random key for each owner that has none; committed when this returns."""
        wanted = list(dict.fromkeys(owners))
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            missing = set(batch) - set(self._rows(batch))
            if missing:
                self._insert([owner for owner in batch if owner in missing])

    def unwrap(self, owners: Iterable[Owner]) -> dict[Owner, tuple[bytes, bytes]]:
        """Owner -> (key id, key). Raises KeyMissing when one has no key."""
        wanted = list(dict.fromkeys(owners))
        found: dict[Owner, tuple[bytes, bytes]] = {}
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            rows = self._rows(batch)
            for owner in batch:
                if owner not in rows:
                    raise KeyMissing(f"there is no key for this {owner.kind}")
                key_id, wrapped = rows[owner]
                found[owner] = (key_id, self._open(owner, key_id, wrapped))
        return found

    def count(self) -> int:
        with self._engine.connect() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(wrapped_key)) or 0

    def dispose(self) -> None:
        self._engine.dispose()

    def _rows(self, owners: list[Owner]) -> dict[Owner, tuple[bytes, bytes]]:
        by_key = {(owner.kind, owner.id, owner.cls): owner for owner in owners}
        ids = list({owner.id for owner in owners})
        reading = self._engine.execution_options(portal_writable=False)
        with reading.connect() as connection:
            rows = connection.execute(sa.select(wrapped_key).where(wrapped_key.c.owner_id.in_(ids)))
            return {
                by_key[key]: (row.key_id, row.wrapped)
                for row in rows
                if (key := (row.owner_kind, row.owner_id, row.cls)) in by_key
            }

    def _insert(self, owners: list[Owner]) -> None:
        rows = []
        for owner in owners:
            key_id, raw = os.urandom(8), os.urandom(32)
            nonce = os.urandom(12)
            rows.append(
                {
                    "owner_kind": owner.kind,
                    "owner_id": owner.id,
                    "cls": owner.cls,
                    "key_id": key_id,
                    "epoch": 1,
                    "wrapped": nonce + self._master.encrypt(nonce, raw, _bound(owner, key_id)),
                    "made_at": db.now(),
                }
            )
        with self._engine.begin() as connection:  # two makers of one key: the first stays, both then read it
            connection.execute(db.inserting_new(self._engine.dialect.name, wrapped_key), rows)

    def _open(self, owner: Owner, key_id: bytes, wrapped: bytes) -> bytes:
        try:
            return self._master.decrypt(wrapped[:12], wrapped[12:], _bound(owner, key_id))
        except InvalidTag:
            raise KeyMissing("a key does not open under this master key") from None


def _bound(owner: Owner, key_id: bytes) -> bytes:
    return b"|".join((owner.kind.encode(), uuid.UUID(str(owner.id)).bytes, owner.cls.encode(), key_id))

"""Sealing of personal data: explicit, per owner, bound to its row.

No column type hides it and no caller sees key bytes. A sealed cell is
version byte ‖ key id ‖ nonce ‖ AES-256-GCM(padded JSON); its additional data are table, row id, owner and class, so
a cell moved to another row does not open. Keys of the three classes of a child open only under a look that the log
already holds (security.md section 4, "log before show").
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import unicodedata
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlmodel import Session

from portal.vault.keyring import KeyMissing, Keyring

__all__ = ["CLASSES", "KeyMissing", "LookRequired", "Owner", "SealBroken", "Vault", "vault_of"]

VERSION = b"\x01"
KEY_ID_BYTES = 8
NONCE_BYTES = 12
CLASSES: tuple[Literal["core", "location", "sensitive"], ...] = ("core", "location", "sensitive")
_SYSTEM = uuid.UUID(int=0)


class SealBroken(Exception):
    """A sealed cell does not open: wrong row or key, or damaged. Shown as an error page, never as an empty field."""


class LookRequired(Exception):
    """Somebody tried to open a child's data without a look in the log."""


class Owner(NamedTuple):
    """Whose key seals a payload. `cls` is the class of a child's data, empty for other owners."""

    kind: Literal["child", "case", "person", "system"]
    id: uuid.UUID
    cls: str = ""

    @classmethod
    def child(cls, child_id: uuid.UUID, data_class: str) -> Owner:
        if data_class not in CLASSES:
            raise ValueError(f"no such class of data: {data_class}")
        return cls("child", child_id, data_class)

    @classmethod
    def case(cls, case_id: uuid.UUID) -> Owner:
        return cls("case", case_id)

    @classmethod
    def person(cls, person_id: uuid.UUID) -> Owner:
        return cls("person", person_id)

    @classmethod
    def system(cls) -> Owner:
        return cls("system", _SYSTEM)


class SealedRow(Protocol):
    """A table row with one sealed payload; it knows its owner."""

    sealed: bytes

    def vault_owner(self) -> Owner: ...
    def vault_row(self) -> str: ...


class Vault:
    """Opens and seals payloads with keys from the keyring. Opened keys live for one request or job."""

    def __init__(self, keyring: Keyring, index_key: bytes) -> None:
        self.keyring = keyring
        self._index_key = index_key
        self._opened: ContextVar[dict[Owner, tuple[bytes, AESGCM, bytes]] | None] = ContextVar(
            "opened_keys", default=None
        )

    @contextmanager
    def unlocked(self) -> Iterator[None]:
        """Keeps opened keys in memory until the block (one request, one job) ends."""
        token = self._opened.set({})
        try:
            yield
        finally:
            self._opened.reset(token)

    def mint(self, owners: Iterable[Owner]) -> None:
        """Makes keys for owners that have none, and commits them before any row can use them."""
        self.keyring.mint(owners)

    def seal(self, owner: Owner, row: str, payload: dict[str, Any]) -> bytes:
        """Seals a JSON-ready payload to `row` ("table:id"); makes the owner's key when there is none."""
        key_id, cipher, _raw = self._key(owner, make=True)
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + key_id + nonce + cipher.encrypt(nonce, _padded(payload), _bound(owner, row))

    def open(self, owner: Owner, row: str, sealed: bytes, *, look: bool = False) -> dict[str, Any]:
        """The payload of a cell. Raises SealBroken, KeyMissing, or LookRequired for a child's data without a look."""
        if owner.kind == "child" and not look:
            raise LookRequired("A child's data opens only through records.read().")
        if sealed[:1] != VERSION:
            raise SealBroken("unknown version of a sealed cell")
        _key_id, cipher, _raw = self._key(owner, make=False)
        start = 1 + KEY_ID_BYTES
        nonce = sealed[start : start + NONCE_BYTES]
        try:
            plain = cipher.decrypt(nonce, sealed[start + NONCE_BYTES :], _bound(owner, row))
        except InvalidTag:
            raise SealBroken(f"a sealed cell of {row.split(':', maxsplit=1)[0]} does not open") from None
        return json.loads(plain.rstrip(b" "))

    def put(self, row: SealedRow, payload: dict[str, Any]) -> None:
        """Seals `payload` into the row."""
        row.sealed = self.seal(row.vault_owner(), row.vault_row(), payload)

    def get(self, row: SealedRow, *, look: bool = False) -> dict[str, Any]:
        return self.open(row.vault_owner(), row.vault_row(), row.sealed, look=look)

    def get_many(self, rows: Sequence[SealedRow], *, look: bool = False) -> list[dict[str, Any]]:
        """Opens many rows with one keyring query."""
        self._preload({row.vault_owner() for row in rows})
        return [self.get(row, look=look) for row in rows]

    def fingerprint(self, owner: Owner, *parts: str) -> bytes:
        """A keyed digest under the owner's own key: equal values of two children never look equal."""
        _key_id, _cipher, raw = self._key(owner, make=True)
        return hmac.digest(raw, b"fingerprint\0" + "\0".join(parts).encode(), "sha256")[:16]

    def blind(self, kind: str, *values: str) -> bytes:
        """The full 128-bit blind index of normalised values, one key per kind (design section 8, 4)."""
        field_key = hmac.digest(self._index_key, b"field:" + kind.encode(), "sha256")
        return hmac.digest(field_key, "\0".join(normal(value) for value in values).encode(), "sha256")[:16]

    def cipher_for_file(self, owner: Owner, *, make: bool) -> tuple[bytes, AESGCM]:
        """Key id and cipher that wrap a file's own key (vault.files only)."""
        key_id, cipher, _raw = self._key(owner, make=make)
        return key_id, cipher

    def _key(self, owner: Owner, *, make: bool) -> tuple[bytes, AESGCM, bytes]:
        opened = self._opened.get()
        if opened is not None and owner in opened:
            return opened[owner]
        if make:
            self.keyring.mint([owner])
        key_id, raw = self.keyring.unwrap([owner])[owner]
        entry = (key_id, AESGCM(raw), raw)
        if opened is not None:
            opened[owner] = entry
        return entry

    def _preload(self, owners: set[Owner]) -> None:
        opened = self._opened.get()
        if opened is None:
            return
        missing = [owner for owner in owners if owner not in opened]
        for owner, (key_id, raw) in self.keyring.unwrap(missing).items():
            opened[owner] = (key_id, AESGCM(raw), raw)

    preload = _preload


def vault_of(session: Session) -> Vault:
    """The vault that belongs to this session's database."""
    vault = session.info.get("vault")
    if vault is None:
        raise RuntimeError("this session has no vault")
    return vault


def normal(value: str) -> str:
    """Two ways of typing one value become one: NFKC, case folded, curly quotes straight, white space single."""
    folded = unicodedata.normalize("NFKC", value).casefold().replace("\u2019", "'").replace("\u2018", "'")
    return " ".join(folded.split())


def content_hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _bound(owner: Owner, row: str) -> bytes:
    return f"{row}|{owner.kind}|{owner.id.hex}|{owner.cls}".encode()


def _padded(payload: dict[str, Any]) -> bytes:
    """JSON with trailing blanks up to a step, so that a short value's length says nothing (security.md 3d)."""
    plain = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    size = 64
    while size < len(plain):
        size = size * 2 if size < 1024 else size + 1024
    return plain.ljust(size)

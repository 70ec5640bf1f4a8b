"""Sealed files: each with a key of its own, wrapped by its owner's, in segments that cannot be swapped or cut short.

A file is whole on disk under its random name before the row that names it is committed; a file that no row names is
swept. The name is the only thing the folder tells.
"""

from __future__ import annotations

import datetime
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from portal.vault import Owner, SealBroken, Vault

SEGMENT = 1 << 20
_MAGIC = b"PF01"


class FileStore:
    """Sealed files below one folder."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def write(self, owner: Owner, data: bytes) -> uuid.UUID:
        """Seals `data` for `owner`; answers the file's id once it is safely on disk."""
        file_id = uuid.uuid4()
        path = self._path(file_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as out:
            out.write(self._sealed(owner, file_id, data))
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(path)
        _sync_folder(path.parent)
        return file_id

    def read(self, owner: Owner, file_id: uuid.UUID) -> bytes:
        """The file's bytes. Raises SealBroken when it is missing, damaged or another owner's."""
        try:
            sealed = self._path(file_id).read_bytes()
        except FileNotFoundError:
            raise SealBroken("a stored file is missing") from None
        return self._opened(owner, file_id, sealed)

    def destroy(self, file_id: uuid.UUID) -> None:
        self._path(file_id).unlink(missing_ok=True)

    def names(self) -> set[uuid.UUID]:
        """Ids of all files on disk (for `portal check`)."""
        return {uuid.UUID(path.name) for path in self._folder.glob("*/*") if path.suffix == ""}

    def shards(self, *, older_than: datetime.datetime) -> Iterator[set[uuid.UUID]]:
        """Ids of files older than a moment, a folder at a time; leftovers of a killed writer are deleted on the way."""
        for folder in sorted(self._folder.glob("*/")):
            old = [path for path in folder.iterdir() if path.stat().st_mtime < older_than.timestamp()]
            for path in old:
                if path.suffix:
                    path.unlink(missing_ok=True)
            found = {uuid.UUID(path.name) for path in old if not path.suffix}
            if found:
                yield found

    def _path(self, file_id: uuid.UUID) -> Path:
        return self._folder / file_id.hex[-2:] / file_id.hex

    def _sealed(self, owner: Owner, file_id: uuid.UUID, data: bytes) -> bytes:
        _key_id, wrapping = self._vault.cipher_for_file(owner, make=True)
        raw, nonce = os.urandom(32), os.urandom(12)
        parts = [_MAGIC, nonce, wrapping.encrypt(nonce, raw, file_id.bytes)]
        cipher = AESGCM(raw)
        count = max(1, -(-len(data) // SEGMENT))
        for number in range(count):
            segment = data[number * SEGMENT : (number + 1) * SEGMENT]
            parts.append(cipher.encrypt(_nonce(number), segment, _bound(file_id, number, last=number == count - 1)))
        return b"".join(parts)

    def _opened(self, owner: Owner, file_id: uuid.UUID, sealed: bytes) -> bytes:
        _key_id, wrapping = self._vault.cipher_for_file(owner, make=False)
        if sealed[:4] != _MAGIC:
            raise SealBroken("a stored file is of no known version")
        try:
            raw = wrapping.decrypt(sealed[4:16], sealed[16:64], file_id.bytes)
            cipher, body, step = AESGCM(raw), sealed[64:], SEGMENT + 16
            count = max(1, -(-len(body) // step))
            return b"".join(
                cipher.decrypt(
                    _nonce(number),
                    body[number * step : (number + 1) * step],
                    _bound(file_id, number, last=number == count - 1),
                )
                for number in range(count)
            )
        except (InvalidTag, ValueError):
            raise SealBroken("a stored file does not open") from None


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")  # the file's key is used for this file alone


def _bound(file_id: uuid.UUID, number: int, *, last: bool) -> bytes:
    return file_id.bytes + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

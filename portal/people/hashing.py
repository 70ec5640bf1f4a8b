"""Slow hashes for what people type: passwords, codes of a printed sheet, the word of a draft (ASVS V6.5.2, V11.4.2)."""

from __future__ import annotations

import hmac
import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# Argon2id by OWASP's smallest recommended measure: a guess costs 19 MiB and two passes, a sign-in some 20 ms.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


def slow_hash(pepper: bytes, typed: str) -> str:
    """Argon2id of the typed text, peppered: a stolen table alone cannot be guessed at."""
    return _hasher.hash(_peppered(pepper, typed))


def matches(pepper: bytes, stored: str | None, typed: str) -> bool:
    """Whether `typed` is what was hashed. With nothing stored it does the same work and says no."""
    try:
        right = _hasher.verify(stored or _nobody(), _peppered(pepper, typed))
    except (VerificationError, InvalidHashError):
        return False
    return right and stored is not None


@cache
def _nobody() -> str:
    return _hasher.hash(b"no account has this hash")


def _peppered(pepper: bytes, typed: str) -> bytes:
    # Two ways of typing one letter are one letter; spaces and case count, as in any password.
    return hmac.digest(pepper, unicodedata.normalize("NFKC", typed).encode(), "sha256")

"""References that people can read out: no look-alikes, and a check character that finds every single slip."""

from __future__ import annotations

import secrets
from collections.abc import Callable

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # 31 letters, a prime: no 0 O 1 I L
RANDOM_LETTERS = 7
_LOOKS_LIKE = str.maketrans({" ": "", "-": "", "–": ""})


def new_reference(prefix: str, *, choose: Callable[[str], str] = secrets.choice) -> str:
    """A random reference like `SAR-7K3M-92QX`; its last character checks the others.

    `choose` draws a letter of the alphabet; whoever wants the same references every time gives another."""
    body = "".join(choose(ALPHABET) for _ in range(RANDOM_LETTERS))
    whole = body + check_character(body)
    return f"{prefix}-{whole[:4]}-{whole[4:]}"


def check_character(body: str) -> str:
    """Weighted sum modulo 31: any one wrong character and any two swapped neighbours change it."""
    total = sum(weight * ALPHABET.index(letter) for weight, letter in enumerate(body, start=1))
    return ALPHABET[total % len(ALPHABET)]


def normal_reference(typed: str) -> str | None:
    """The reference as it is stored, however it was typed; None when it cannot be one."""
    squeezed = typed.upper().translate(_LOOKS_LIKE)
    prefix, body = squeezed[:3], squeezed[3:]
    if not prefix.isalpha() or len(body) != RANDOM_LETTERS + 1 or any(letter not in ALPHABET for letter in body):
        return None
    if check_character(body[:-1]) != body[-1]:
        return None
    return f"{prefix}-{body[:4]}-{body[4:]}"

"""How a person may be reached. No message leaves on a channel that was not marked safe (security.md 6a)."""

from __future__ import annotations

import re
from typing import Any

# One address and nothing else: neither a second recipient nor another header can hide in it (ASVS V1.3.11).
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9.-]{1,190}", re.ASCII)


def is_address(typed: str) -> bool:
    """Whether this is one e-mail address that mail can be sent to."""
    return _ADDRESS.fullmatch(typed.strip()) is not None


def mail_address(told: dict[str, Any]) -> str | None:
    """The e-mail address of a person's sealed payload, if there is one and e-mail is safe for them."""
    email = str(told.get("email") or "").strip()
    if "email" not in (told.get("safe_channels") or ()) or not is_address(email):
        return None
    return email

"""How a person may be reached. No message leaves on a channel that was not marked safe (security.md 6a)."""

from __future__ import annotations

import re
from typing import Any

# One address and nothing else: neither a second recipient nor another header can hide in it (ASVS V1.3.11).
_ADDRESS = re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@[A-Za-z0-9.-]{1,190}", re.ASCII)


# One telephone number as people write it. In this country only landlines and mobiles: a number at a price per minute
# would let whoever types it earn from our calls.
_NUMBER_GAPS = re.compile(r"[\s().-]")
_AT_HOME = re.compile(r"\+44(?:[123][0-9]{8,9}|7(?!0|6(?!24))[0-9]{9})", re.ASCII)
_MOBILE = re.compile(r"\+447(?!0|6(?!24))[0-9]{9}", re.ASCII)
_ABROAD = re.compile(r"\+(?!44)[1-9][0-9]{7,14}", re.ASCII)
TELEPHONE_WAYS = ("text", "voice")


def is_address(typed: str) -> bool:
    """Whether this is one e-mail address that mail can be sent to."""
    return _ADDRESS.fullmatch(typed.strip()) is not None


def mail_address(told: dict[str, Any]) -> str | None:
    """The e-mail address of a person's sealed payload, if there is one and e-mail is safe for them."""
    email = str(told.get("email") or "").strip()
    if "email" not in (told.get("safe_channels") or ()) or not is_address(email):
        return None
    return email


def as_dialled(typed: str) -> str | None:
    """A telephone number in the form every provider takes (+44…), or None for what is no number we may ring."""
    bare = _NUMBER_GAPS.sub("", typed.strip().replace("+44(0)", "+44").replace("+44 (0)", "+44"))
    if bare.startswith("00"):
        bare = f"+{bare[2:]}"
    elif bare.startswith("0"):
        bare = f"+44{bare[1:]}"
    return bare if _AT_HOME.fullmatch(bare) or _ABROAD.fullmatch(bare) else None


def phone_number(told: dict[str, Any], way: str) -> str | None:
    """The number of a person's sealed payload as it is dialled, if there is one and that way ("text" or "voice") is
    safe for them."""
    if way not in TELEPHONE_WAYS or way not in (told.get("safe_channels") or ()):
        return None
    number = as_dialled(str(told.get("phone") or ""))
    at_home = number is not None and number.startswith("+44")
    return None if at_home and way == "text" and not _MOBILE.fullmatch(str(number)) else number

"""Addresses we send out, and the test of addresses we are sent: nothing here asks the request which host it came to."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import urlencode, urlsplit

from itsdangerous import BadSignature, Signer

from portal.settings import Settings

LONGEST = 500
# One key per purpose besides one salt: salt and key are joined without a separator (security.md 6d).
PATHS = {
    "sign_in": "/sign-in/open/",
    "resume_draft": "/ask/resume/",
    "outside": "/source/open/",
    "voice": "/voice/open/",
}
STAFF_PATHS = {"invitation": "/staff/invitation/open/"}
PATHS |= STAFF_PATHS


def sealed_path(settings: Settings, purpose: str, token: str) -> str:
    """The path of a link: the random token within a signature, so that a made-up one never reaches the database."""
    return PATHS[purpose] + _signer(settings, purpose).sign(token).decode()


def address(settings: Settings, purpose: str, token: str) -> str:
    """The whole link, on the configured address of the door it leads to."""
    door = settings.staff_url if purpose in STAFF_PATHS else settings.family_url
    return door.rstrip("/") + sealed_path(settings, purpose, token)


def opened(settings: Settings, purpose: str, signed: str) -> str | None:
    """The token of a link made for this purpose, or None."""
    try:
        return _signer(settings, purpose).unsign(signed).decode()
    except (BadSignature, UnicodeError):
        return None


def safe_next(target: str | None) -> str | None:
    """`target` when it is a path of our own, otherwise None: nobody is sent to another site after signing in."""
    if not target or len(target) > LONGEST or not target.isascii() or not target.isprintable():
        return None
    if not target.startswith("/") or target.startswith("//") or "\\" in target:
        return None
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else None


def with_query(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def derived_key(settings: Settings, purpose: str) -> bytes:
    """A key of its own for each use of the web key."""
    return hmac.digest(settings.secrets.web, f"portal:{purpose}".encode(), "sha256")


def _signer(settings: Settings, purpose: str) -> Signer:
    key = derived_key(settings, f"link:{purpose}")
    return Signer(key, salt=f"portal.links.{purpose}", key_derivation="hmac", digest_method=hashlib.sha256)

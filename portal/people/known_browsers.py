"""Browsers in which an account has signed in before. They open nothing: they only have tries of their own at the
password, so that a stranger who knows the address and guesses cannot lock its owner out (OWASP: device cookies).

The cookie is signed, names accounts by keyed hashes alone, and is made after a complete sign-in, never before."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
import uuid
from typing import Any

from itsdangerous import BadData, URLSafeTimedSerializer

from portal import links
from portal.settings import Settings

COOKIE = "known"
LIFE = datetime.timedelta(days=180)
MOST = 5  # accounts that one browser is known for: colleagues share machines


def remembered(settings: Settings, cookie: str | None, account_id: uuid.UUID) -> str:
    """The cookie's new value, once this account has signed in."""
    browser, accounts = _read(settings, cookie)
    tag = _tag(settings, account_id)
    accounts = [tag, *(one for one in accounts if one != tag)][:MOST]
    return _serializer(settings).dumps([browser or secrets.token_urlsafe(16), accounts])


def browser_of(settings: Settings, cookie: str | None, account_id: uuid.UUID) -> str | None:
    """The random name of the browser, where this account has signed in from it before; otherwise None."""
    browser, accounts = _read(settings, cookie)
    return browser if _tag(settings, account_id) in accounts else None


def _read(settings: Settings, cookie: str | None) -> tuple[str | None, list[str]]:
    try:
        value: Any = _serializer(settings).loads(cookie or "", max_age=int(LIFE.total_seconds()))
    except BadData:
        return None, []
    return value[0], value[1]


def _tag(settings: Settings, account_id: uuid.UUID) -> str:
    return hmac.digest(links.derived_key(settings, "known-account"), account_id.bytes, "sha256").hex()[:32]


def _serializer(settings: Settings) -> URLSafeTimedSerializer:
    # One key per purpose besides one salt: salt and key are joined without a separator (security.md 6d).
    return URLSafeTimedSerializer(
        links.derived_key(settings, "known-browser"),
        salt="portal.known_browsers",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )

"""Ways out for text messages and calls read aloud: a provider, or a folder that the demo shows.

A provider takes one POST of JSON in the shape that notification services share; the key stands in the setting before
the host. The words say nothing of a child, an authority or a decision: whoever holds the telephone may read them, and
so may the provider (security.md 6a). Whether a number may be used at all is not decided here: portal.people.contact.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit, urlunsplit

import httpx

from portal import db
from portal.settings import Settings

Way = Literal["text", "voice"]
CHANNELS: dict[Way, str] = {"text": "sms", "voice": "voice"}

SECONDS = 20
_REFUSALS = {400, 404, 410, 422}
_THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}


class ProviderAway(Exception):
    """The provider cannot take it now, or there is none; later it may."""


class NumberRefused(Exception):
    """The provider says that the number takes no such message; a person must see to it."""


def available(settings: Settings) -> bool:
    """Whether this installation can send text messages and make calls at all."""
    return bool(settings.telephone_url)


def deliver(settings: Settings, way: Way, number: str, words: str, *, reference: str = "") -> None:
    """Hands one message over; `reference` makes the same message, handed over twice, one message.

    Raises ProviderAway, NumberRefused, or ValueError for a setting it does not know. Waits for the network: call it
    outside any transaction."""
    if not available(settings):
        raise ProviderAway("no provider is set")
    where = urlsplit(settings.telephone_url)
    reference = reference or secrets.token_hex(16)
    if where.scheme == "folder":
        _into_folder(Path(settings.telephone_url.removeprefix("folder:")), way, number, words, reference)
    elif where.scheme == "https" or (where.scheme == "http" and where.hostname in _THIS_MACHINE):
        _by_provider(settings.telephone_url, way, number, words, reference)
    else:
        raise ValueError("TELEPHONE_URL must start with https:// or folder:")


def _into_folder(folder: Path, way: Way, number: str, words: str, reference: str) -> None:
    """One file per reference, put there whole: handed over twice, it is still one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    told = {"way": way, "to": number, "words": words, "at": db.now().isoformat()}
    unfinished = folder / f".{reference}.{os.getpid()}"
    unfinished.write_text(json.dumps(told), encoding="utf-8")
    unfinished.replace(folder / f"{reference}.json")


def _by_provider(url: str, way: Way, number: str, words: str, reference: str) -> None:
    where = urlsplit(url)
    address = urlunsplit(where._replace(netloc=where.netloc.rpartition("@")[2]))
    headers = {"Idempotency-Key": reference}
    if where.username:
        headers["Authorization"] = f"Bearer {unquote(where.username)}"
    asked = {"channel": CHANNELS[way], "message_type": "text", "to": number, "text": words, "client_ref": reference}
    try:
        answer = httpx.post(address, json=asked, headers=headers, timeout=SECONDS, trust_env=False)
    except httpx.HTTPError as fault:  # its words may quote the address: only its kind is kept
        raise ProviderAway(type(fault).__name__) from None
    if answer.status_code in _REFUSALS:
        raise NumberRefused("the number was refused")
    if not answer.is_success:
        raise ProviderAway(f"the provider answered {answer.status_code}")

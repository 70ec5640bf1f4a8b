"""The server of a sign-in elsewhere: what it says of itself, and its keys, fetched with a limit on everything.

It is asked outside any transaction, and what it says is kept for a while, so that it holds nobody up."""

from __future__ import annotations

import threading
import time
from functools import cache
from typing import Any

import httpx
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from portal.errors import Unavailable
from workflows.words import mark as _

MOST_BYTES = 256 * 1024
PATIENCE, AT_MOST = httpx.Timeout(5.0), 10.0  # seconds without a byte, and for all of an answer
METADATA_LIFE, KEYS_LIFE = 3600.0, 900.0
ASK_AGAIN_AFTER = 30.0  # for a key that we do not know: a stranger's token must not make us ask without end
AWAY_FOR = 5.0


class ProviderAway(Unavailable):
    """The sign-in elsewhere does not answer, or not with anything that can be read."""

    words = _("The sign-in elsewhere does not answer now. Try again in a few minutes.")


class Provider:
    """What one issuer says of itself, and its keys, kept for a while. One for each issuer and process."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._guard = threading.Lock()
        self._metadata: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None
        self._away_until = 0.0

    def metadata(self) -> dict[str, Any]:
        """The discovery document, fetched at most once an hour. Raises ProviderAway."""
        with self._guard:
            return self._described()

    def keys(self, *, older_than: float = KEYS_LIFE) -> KeySet:
        """Its keys; fetched anew when ours are older than so many seconds. Raises ProviderAway."""
        with self._guard:
            if self._keys is None or time.monotonic() - self._keys[0] > older_than:
                found = self._fetched(self._described()["jwks_uri"])
                try:
                    self._keys = (time.monotonic(), KeySet.import_key_set(found))  # type: ignore[arg-type]
                except (JoseError, ValueError, TypeError, KeyError):
                    raise ProviderAway from None
            return self._keys[1]

    def _described(self) -> dict[str, Any]:
        if self._metadata is None or time.monotonic() - self._metadata[0] > METADATA_LIFE:
            found = self._fetched(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
            self._metadata = (time.monotonic(), self._sound(found))
        return self._metadata[1]

    def _sound(self, found: dict[str, Any]) -> dict[str, Any]:
        """The document, if it is the issuer's own and leads nowhere but to safe addresses."""
        local = self.issuer.startswith("http://")  # the settings allow that on this machine alone
        try:
            if not local:
                OpenIDProviderMetadata(found).validate()
            addresses = [found[name] for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        except (ValueError, KeyError, TypeError):
            raise ProviderAway from None
        if found.get("issuer") != self.issuer or not all(_is_safe(one, local=local) for one in addresses):
            raise ProviderAway
        return found

    def _fetched(self, url: str) -> dict[str, Any]:
        """One document. A server that did not answer is left alone for a moment, so that it holds nobody up twice."""
        if time.monotonic() < self._away_until:
            raise ProviderAway
        try:
            found = exchanged("GET", url, {"Accept": "application/json"}).raise_for_status().json()
        except (httpx.HTTPError, ValueError, RecursionError):
            self._away_until = time.monotonic() + AWAY_FOR
            raise ProviderAway from None
        if not isinstance(found, dict):
            raise ProviderAway
        return found


@cache
def provider(issuer: str) -> Provider:
    return Provider(issuer)


def exchanged(method: str, url: str, headers: dict[str, str], body: str = "") -> httpx.Response:
    """One question to the provider and its answer, which may neither be long, nor late, nor lead elsewhere."""
    late = time.monotonic() + AT_MOST
    with (
        httpx.Client(timeout=PATIENCE, follow_redirects=False) as web,
        web.stream(method, url, headers=headers, content=body or None) as answer,
    ):
        content = b""
        for part in answer.iter_bytes():
            content += part
            if len(content) > MOST_BYTES or time.monotonic() > late:
                raise httpx.DecodingError("too long")
        return httpx.Response(answer.status_code, content=content, request=answer.request)


def _is_safe(address: object, *, local: bool) -> bool:
    return isinstance(address, str) and address.startswith(("http://", "https://") if local else "https://")

"""Signing in elsewhere by OpenID Connect: staff by the authority's directory, a family by a national sign-in.

Authorization code with PKCE, state and nonce. Here is the protocol alone: nothing of it touches the database, because
everything here may wait for somebody else's server. Who is who, once a token holds, is `portal.people.identities`.
"""

from __future__ import annotations

import datetime
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import DEFAULT_HEADERS, OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from portal.errors import PortalError, Unavailable
from portal.settings import Settings
from workflows.words import mark as _

ALGORITHMS = ("RS256", "PS256", "ES256")  # never "none", never a shared secret (ASVS V9.1.2)
SKEW = datetime.timedelta(minutes=1)
SIGNED_IN_WITHIN = datetime.timedelta(hours=8)  # security.md 6b
FAMILY_WITHIN = datetime.timedelta(hours=1)  # families often sit at a shared computer (security.md 6a)
LOGOUT_WITHIN = datetime.timedelta(minutes=5)
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
TWO_FACTORS = frozenset({"Cl", "Cm"})  # GOV.UK One Login's vectors of trust
LONGEST_TOKEN = 16 * 1024
MOST_BYTES = 256 * 1024
PATIENCE = httpx.Timeout(5.0)
METADATA_LIFE, KEYS_LIFE = 3600.0, 900.0
ASK_AGAIN_AFTER = 30.0  # for a key that we do not know: a stranger's token must not make us ask without end
AWAY_FOR = 5.0
RETURN = {"staff": "/staff/openid/return", "family": "/openid/return"}


class ProviderAway(Unavailable):
    """The sign-in elsewhere does not answer, or not with anything that can be read."""

    words = _("The sign-in elsewhere does not answer now. Try again in a few minutes.")


class NotSignedIn(PortalError):
    """What came back proves nothing. `why` is a code for the log; the page says the same for all of them."""

    words = _("You were not signed in. Start again.")

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


@dataclass(frozen=True)
class Client:
    """What the portal is at a sign-in elsewhere, and what it asks for there."""

    door: str
    issuer: str
    client_id: str
    return_url: str
    key: str = field(repr=False)
    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    vtr: str = ""
    within: datetime.timedelta = SIGNED_IN_WITHIN


@dataclass(frozen=True)
class Going:
    """Where to send somebody, and what must come back with them."""

    url: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True)
class SignedIn:
    """Who somebody is elsewhere, and when they showed it."""

    issuer: str
    subject: str = field(repr=False)
    at: datetime.datetime
    two_factors: bool
    sid: str = field(default="", repr=False)


@dataclass(frozen=True)
class LoggedOut:
    """Whose session elsewhere has ended. At least one of the two is said."""

    issuer: str
    subject: str = field(repr=False)
    sid: str = field(repr=False)
    jti: str


def client_of(settings: Settings, door: str) -> Client | None:
    """What this installation is at the sign-in of a door; None where there is none."""
    issuer = getattr(settings, f"{door}_openid_issuer")
    if not issuer:
        return None
    own = settings.staff_url if door == "staff" else settings.family_url
    staff = door == "staff"
    return Client(
        door=door,
        issuer=issuer,
        client_id=getattr(settings, f"{door}_openid_client_id"),
        return_url=own.rstrip("/") + RETURN[door],
        key=settings.openid_key(door),
        acr=_listed(settings.staff_openid_acr) if staff else (),
        amr=_listed(settings.staff_openid_amr) if staff else (),
        vtr="" if staff else settings.family_openid_vtr,
        within=SIGNED_IN_WITHIN if staff else FAMILY_WITHIN,
    )


def go(client: Client, *, again: bool = False) -> Going:
    """Begins: asks the provider where it signs people in. With `again` they must show their factors once more.

    Raises ProviderAway. Call outside any transaction, as everything in this module."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _n in range(3))
    asked: dict[str, object] = {"nonce": nonce, "max_age": int(client.within.total_seconds())}
    if again:
        asked.update(max_age=0, prompt="login")
    if client.acr:
        asked["acr_values"] = " ".join(client.acr)
    if client.vtr:
        asked["vtr"] = json.dumps([client.vtr])
    endpoint = provider(client.issuer).metadata()["authorization_endpoint"]
    url, _state = _oauth(client).create_authorization_url(endpoint, state=state, code_verifier=verifier, **asked)
    return Going(url, state, nonce, verifier)


def come_back(
    client: Client,
    code: str,
    *,
    nonce: str,
    verifier: str,
    now: datetime.datetime,
    since: datetime.datetime | None = None,
) -> SignedIn:
    """Changes the code for a token and reads it. `since`: the factors must have been shown after this moment.

    Raises NotSignedIn, ProviderAway."""
    there = provider(client.issuer)
    oauth = _oauth(client)
    try:
        answer = oauth.fetch_token(
            there.metadata()["token_endpoint"],
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            headers=dict(DEFAULT_HEADERS),  # a copy: the library writes the secret into what it is given
        )
    except OAuth2Error:
        raise NotSignedIn("code") from None
    except (ValueError, httpx.HTTPError):
        raise ProviderAway from None
    raw = answer.get("id_token")
    return read(
        client, str(raw or ""), nonce=nonce, access_token=str(answer.get("access_token") or ""), now=now, since=since
    )


def read(
    client: Client,
    raw: str,
    *,
    nonce: str,
    now: datetime.datetime,
    access_token: str = "",
    since: datetime.datetime | None = None,
) -> SignedIn:
    """What an id token says, once everything about it holds (ASVS V6.8, V10.5). Raises NotSignedIn with the reason."""
    token = _decoded(client, raw, kinds=("", "jwt"))
    claims = CodeIDToken(
        token.claims,
        token.header,
        {"iss": {"essential": True, "value": client.issuer}, "aud": {"essential": True, "value": client.client_id}},
        {"nonce": nonce, "client_id": client.client_id, "access_token": access_token, "max_age": 1},
    )
    _hold(claims, now)
    at = _moment(claims.get("auth_time"))
    if at is None or at > now + SKEW or now - at > client.within + SKEW or (since and at < since - SKEW):
        raise NotSignedIn("auth_time")
    return SignedIn(
        client.issuer, _text(claims, "sub"), min(at, now), _two_factors(client, claims), _optional(claims, "sid")
    )


def read_logout(client: Client, raw: str, *, now: datetime.datetime) -> LoggedOut:
    """What a logout token says (OpenID Connect Back-Channel Logout 2.6; ASVS V10.5.5). Raises NotSignedIn."""
    token = _decoded(client, raw, kinds=("logout+jwt",))
    claims = CodeIDToken(
        {"sub": "", **token.claims},
        token.header,
        {
            "iss": {"essential": True, "value": client.issuer},
            "aud": {"essential": True, "value": client.client_id},
            "jti": {"essential": True},
        },
        {"client_id": client.client_id},
    )
    _hold(claims, now)
    events, made = claims.get("events"), _moment(claims.get("iat"))
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict) or "nonce" in claims:
        raise NotSignedIn("events")
    if made is None or abs(now - made) > LOGOUT_WITHIN:
        raise NotSignedIn("iat")
    told = LoggedOut(client.issuer, _optional(claims, "sub"), _optional(claims, "sid"), _text(claims, "jti"))
    if not told.subject and not told.sid:
        raise NotSignedIn("sub")
    return told


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
        except (httpx.HTTPError, ValueError):
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
    with (
        httpx.Client(timeout=PATIENCE, follow_redirects=False) as web,
        web.stream(method, url, headers=headers, content=body or None) as answer,
    ):
        content = b""
        for part in answer.iter_bytes():
            content += part
            if len(content) > MOST_BYTES:
                raise httpx.DecodingError("too long")
        return httpx.Response(answer.status_code, content=content, request=answer.request)


class _Post:
    """How Authlib's client reaches the token endpoint: through `exchanged` and nothing else."""

    def post(self, url: str, *, data: dict[str, str], headers: dict[str, str], auth: Any) -> httpx.Response:
        url, headers, body = auth.prepare("POST", url, headers, urlencode(data))
        return exchanged("POST", url, headers, body)


def _oauth(client: Client) -> OAuth2Client:
    method = "client_secret_basic" if client.door == "staff" else "private_key_jwt"
    made = OAuth2Client(
        _Post(),
        client_id=client.client_id,
        client_secret=client.key,
        token_endpoint_auth_method=method,
        scope="openid",
        redirect_uri=client.return_url,
        code_challenge_method="S256",
    )
    made.register_client_auth_method(PrivateKeyJWT())
    return made


def _decoded(client: Client, raw: str, *, kinds: tuple[str, ...]) -> jwt.Token:
    """The token, if one of the issuer's keys signed it. A key that we do not know yet is asked for, seldom."""
    if not raw or len(raw) > LONGEST_TOKEN:
        raise NotSignedIn("token")
    there = provider(client.issuer)
    for older_than in (KEYS_LIFE, ASK_AGAIN_AFTER):
        try:
            token = jwt.decode(raw, there.keys(older_than=older_than), algorithms=list(ALGORITHMS))
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            continue
        if str(token.header.get("typ") or "").lower().removeprefix("application/") not in kinds:
            raise NotSignedIn("typ")
        return token
    raise NotSignedIn("signature")


def _hold(claims: CodeIDToken, now: datetime.datetime) -> None:
    try:
        claims.validate(now=int(now.timestamp()), leeway=int(SKEW.total_seconds()))
    except JoseError as wrong:
        raise NotSignedIn(str(getattr(wrong, "claim", "") or wrong.error or "claims")) from None
    except (ValueError, TypeError, AttributeError):
        raise NotSignedIn("claims") from None


def _two_factors(client: Client, claims: CodeIDToken) -> bool:
    """Whether the token says that two factors were shown. Each of what the settings name must be met."""
    if client.vtr:
        return set(str(claims.get("vot") or "").split(".")) >= TWO_FACTORS
    shown = claims.get("amr")
    by_amr = not client.amr or (isinstance(shown, list) and bool(set(client.amr) & {str(one) for one in shown}))
    by_acr = not client.acr or claims.get("acr") in client.acr
    return by_amr and by_acr and bool(client.amr or client.acr)


def _moment(said: object) -> datetime.datetime | None:
    if isinstance(said, bool) or not isinstance(said, int | float) or not 0 < said < 2**33:
        return None
    return datetime.datetime.fromtimestamp(said, datetime.UTC)


def _text(claims: CodeIDToken, name: str) -> str:
    found = claims.get(name)
    if not isinstance(found, str) or not 0 < len(found) <= 255:
        raise NotSignedIn(name)
    return found


def _optional(claims: CodeIDToken, name: str) -> str:
    return _text(claims, name) if claims.get(name) else ""


def _is_safe(address: object, *, local: bool) -> bool:
    return isinstance(address, str) and address.startswith(("http://", "https://") if local else "https://")


def _listed(said: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in said.split(",") if one.strip())

"""Signing in elsewhere by OpenID Connect: staff by the authority's directory, a family by a national sign-in.

Authorization code with PKCE, state and nonce. Here is the protocol alone: nothing of it touches the database, because
everything here may wait for somebody else's server. Who is who, once a token holds, is `portal.people.identities`.
"""

from __future__ import annotations

import datetime
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import DEFAULT_HEADERS, OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError

from portal.errors import PortalError
from portal.people.openid_provider import ASK_AGAIN_AFTER, KEYS_LIFE, ProviderAway, exchanged, provider
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
RETURN = {"staff": "/staff/openid/return", "family": "/openid/return"}


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
    except (ValueError, RecursionError, httpx.HTTPError):
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
        except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
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


def _listed(said: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in said.split(",") if one.strip())

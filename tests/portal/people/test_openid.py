"""What a token must say before it is believed, and what a provider may do to us."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from joserfc.jwk import RSAKey

from portal import create_app, db
from portal.people import identities, openid, openid_provider, sessions
from portal.people.models import SignInSession
from portal.people.openid import Client, NotSignedIn, SignedIn
from portal.people.openid_provider import ProviderAway
from portal.settings import Settings, SettingsError
from tests.client import client_for, enter_staff, runtime_of
from tests.openid_provider import CLIENT_ID, Forge, forging, settings_for


@pytest.fixture
def forge() -> Iterator[Forge]:
    with forging() as there:
        yield there


def client_at(forge: Forge, **more: Any) -> Client:
    return Client(
        "staff", forge.issuer, CLIENT_ID, "http://127.0.0.1:5000/staff/openid/return", "k", **{"amr": ("mfa",), **more}
    )


def read(forge: Forge, raw: str, **more: Any) -> SignedIn:
    return openid.read(client_at(forge), raw, nonce="n", now=db.now(), **more)


def by_hand(alg: str, claims: dict[str, Any], secret: bytes = b"") -> str:
    """Without a signature, or with one made from what everybody may know."""
    parts = ({"alg": alg, "typ": "JWT", "kid": "one"}, claims)
    told = b".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=") for one in parts)
    seal = base64.urlsafe_b64encode(hmac.digest(secret, told, "sha256")).rstrip(b"=") if secret else b""
    return (told + b"." + seal).decode()


def test_a_good_token_says_who_it_is_and_when_they_showed_it(forge: Forge) -> None:
    told = read(forge, forge.id_token(sid="s-1"))
    assert (told.issuer, told.subject, told.sid, told.two_factors) == (forge.issuer, "sam", "s-1", True)
    assert abs(time.time() - told.at.timestamp()) < 5


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"nonce": "m"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"iss": "http://127.0.0.1:1"}, "iss"),
        ({"aud": "somebody-else"}, "aud"),
        ({"aud": None}, "aud"),
        ({"azp": "somebody-else"}, "azp"),
        ({"exp": int(time.time()) - 120}, "exp"),
        ({"exp": None}, "exp"),
        ({"iat": None}, "iat"),
        ({"iat": int(time.time()) + 86_400}, "iat"),
        ({"nbf": int(time.time()) + 86_400}, "nbf"),
        ({"auth_time": None}, "auth_time"),
        ({"auth_time": True}, "auth_time"),
        ({"auth_time": int(time.time()) - 8 * 3600 - 120}, "auth_time"),
        ({"auth_time": 10**30}, "auth_time"),
        ({"sub": None}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": "x" * 256}, "sub"),
        ({"sub": 7}, "sub"),
        ({"typ": "logout+jwt"}, "typ"),
        ({"typ": "at+jwt"}, "typ"),
    ],
)
def test_a_token_with_one_thing_wrong_is_refused_for_it(forge: Forge, wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(NotSignedIn) as refused:
        read(forge, forge.id_token(**wrong))
    assert refused.value.why == why


def test_a_token_that_nobody_signed_is_worth_nothing(forge: Forge) -> None:
    good = json.loads(base64.urlsafe_b64decode(forge.id_token().split(".")[1] + "=="))
    public = forge.key.as_pem(private=False)
    forged = (
        by_hand("none", good),
        by_hand("HS256", good, public),
        forge.id_token(key=RSAKey.generate_key(2048, {"kid": "one"}, private=True)),
        forge.id_token()[:-6] + "AAAAAA",
        "not.a.token",
        "",
        "é" * 40,
        "a" * 20_000,
        base64.urlsafe_b64encode(b"[" * 9_000).decode().rstrip("=") + ".e30.AA",
    )
    for raw in forged:
        with pytest.raises(NotSignedIn) as refused:
            read(forge, raw)
        assert refused.value.why in {"signature", "token"}


def test_a_clock_that_is_half_a_minute_off_shuts_nobody_out(forge: Forge) -> None:
    soon = int(time.time()) + 30
    assert read(forge, forge.id_token(iat=soon, auth_time=soon, exp=int(time.time()) - 30)).at <= db.now()


@pytest.mark.parametrize(
    ("asked", "said", "enough"),
    [
        ({"amr": ("mfa",)}, {"amr": ["pwd", "mfa"]}, True),
        ({"amr": ("mfa", "hwk")}, {"amr": ["hwk"]}, True),
        ({"amr": ("mfa",)}, {"amr": ["pwd"]}, False),
        ({"amr": ("mfa",)}, {"amr": None}, False),
        ({"amr": (), "acr": ("loa3",)}, {"acr": "loa3"}, True),
        ({"amr": (), "acr": ("loa3",)}, {"acr": "loa1"}, False),
        ({"amr": ("mfa",), "acr": ("loa3",)}, {"acr": "loa3", "amr": ["pwd"]}, False),
        ({"amr": (), "acr": ()}, {"acr": "loa3"}, False),
        ({"vtr": "Cl.Cm"}, {"vot": "Cl.Cm.P2"}, True),
        ({"vtr": "Cl.Cm"}, {"vot": "Cl"}, False),
        ({"vtr": "Cl.Cm"}, {"vot": None, "amr": ["mfa"]}, False),
    ],
)
def test_two_factors_are_what_the_settings_say(
    forge: Forge, asked: dict[str, Any], said: dict[str, Any], enough: bool
) -> None:
    told = openid.read(client_at(forge, **asked), forge.id_token(**said), nonce="n", now=db.now())
    assert told.two_factors is enough


def test_a_new_key_is_fetched_but_a_stranger_cannot_make_us_ask_again_and_again(forge: Forge) -> None:
    read(forge, forge.id_token())
    for _n in range(5):
        with pytest.raises(NotSignedIn):
            read(forge, forge.id_token(key=RSAKey.generate_key(2048, {"kid": "one"}, private=True)))
    assert forge.asked.count("/jwks") == 1
    forge.key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
    forge.jwks = json.dumps({"keys": [forge.key.as_dict(private=False)]}).encode()
    there = openid_provider.provider(forge.issuer)
    assert there._keys
    there._keys = (there._keys[0] - openid_provider.ASK_AGAIN_AFTER - 1, there._keys[1])
    assert read(forge, forge.id_token()).subject == "sam"
    assert forge.asked.count("/jwks") == 2
    assert forge.asked.count("/.well-known/openid-configuration") == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "http://127.0.0.1:1"},
        {"jwks_uri": "file:///etc/passwd"},
        {"token_endpoint": None},
        {"padding": "x" * 300_000},
    ],
)
def test_a_description_that_is_not_sound_is_no_provider(forge: Forge, changed: dict[str, Any]) -> None:
    forge.described |= changed
    with pytest.raises(ProviderAway):
        openid.go(client_at(forge))
    asked = len(forge.asked)
    with pytest.raises(ProviderAway):
        openid.go(client_at(forge))
    assert len(forge.asked) - asked <= 1


# Back-channel logout


@pytest.fixture
def house(settings: Settings, forge: Forge) -> Iterator[Flask]:
    made = create_app(replace(settings, **settings_for(settings.instance, forge.issuer)))
    yield made
    runtime_of(made).close()


def signed_in(house: Flask, forge: Forge, *, sid: str = "s-1") -> None:
    runtime = runtime_of(house)
    worker, now = enter_staff(runtime), db.now()
    with runtime.database.write() as session:
        who = SignedIn(forge.issuer, "sam", now, two_factors=True, sid=sid)
        identities.link(session, "staff", worker.id, who, now=now)
        sessions.start(session, "staff", worker.id, now=now, second_factor_at=now)


def live(house: Flask) -> int:
    with runtime_of(house).database.read() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(SignInSession)).scalar_one())


def tell(house: Flask, raw: str) -> int:
    client = client_for(house)
    return client.client.post("/staff/openid/logout", data={"logout_token": raw}, base_url=client.base_url).status_code


@pytest.mark.parametrize("about", [{"sub": "sam"}, {"sub": None, "sid": "s-1"}, {"sub": "sam", "sid": "s-1"}])
def test_when_the_directory_ends_a_session_ours_ends_too(house: Flask, forge: Forge, about: dict[str, Any]) -> None:
    signed_in(house, forge)
    assert tell(house, forge.logout_token(**about)) == 200
    assert live(house) == 0


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_logout_that_does_not_hold_ends_nothing(house: Flask, forge: Forge) -> None:
    signed_in(house, forge)
    wrong: tuple[dict[str, Any], ...] = (
        {"typ": "JWT"},
        {"events": None},
        {"events": {"http://example.org/other": {}}},
        {"nonce": "n"},
        {"aud": "somebody-else"},
        {"iss": "http://127.0.0.1:1"},
        {"jti": None},
        {"iat": int(time.time()) - 3600},
        {"sub": None, "sid": None},
        {"key": RSAKey.generate_key(2048, {"kid": "one"}, private=True)},
    )
    for one in wrong:
        assert tell(house, forge.logout_token(**one)) == 400, one
    assert tell(house, forge.id_token()) == 400
    assert tell(house, "") == 400
    assert live(house) == 1
    assert tell(house, forge.logout_token(sub="a-stranger")) == 200
    assert live(house) == 1


def test_a_logout_counts_once(house: Flask, forge: Forge) -> None:
    signed_in(house, forge)
    raw = forge.logout_token(sub="sam")
    assert tell(house, raw) == 200
    assert tell(house, raw) == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"staff_openid_issuer": "http://login.example.org"},
        {"staff_openid_client_id": ""},
        {"staff_openid_amr": "", "staff_openid_acr": ""},
        {"family_openid_issuer": "https://login.example.org", "family_openid_client_id": "portal"},
    ],
)
@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_directory_that_is_half_set_up_stops_the_portal(settings: Settings, wrong: dict[str, str]) -> None:
    told = {**settings_for(settings.instance, "https://login.example.org"), **wrong}
    with pytest.raises(SettingsError):
        Settings.load({"PORTAL_INSTANCE": str(settings.instance)}, **told)

"""Families come in by a national sign-in: never by an address, and with what its vector of trust says and no more."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask
from joserfc import jwt
from joserfc.jwk import RSAKey

from portal import create_app, db
from portal.people import sessions
from portal.people.models import OutboxMessage, SignInSession
from portal.people.openid_models import OpenIdIdentity
from portal.runtime import Runtime
from portal.settings import Settings
from tests.client import EMAIL, Family, client_for, enter_family, runtime_of, sign_in
from tests.judge import JudgingClient, Page
from tests.openid_provider import CLIENT_ID, Forge, asked_of, forging

OURS = RSAKey.generate_key(2048, private=True)


@pytest.fixture
def forge() -> Iterator[Forge]:
    with forging() as there:
        yield there


@pytest.fixture
def house(settings: Settings, forge: Forge) -> Iterator[Flask]:
    (settings.instance / "keys" / "family-openid.key").write_bytes(OURS.as_pem(private=True))
    made = create_app(replace(settings, family_openid_issuer=forge.issuer, family_openid_client_id=CLIENT_ID))
    yield made
    runtime_of(made).close()


@pytest.fixture
def runtime(house: Flask) -> Runtime:
    return runtime_of(house)


@pytest.fixture
def robin(runtime: Runtime) -> Family:
    return enter_family(runtime)


def start(client: JudgingClient, path: str) -> str:
    """Presses the button on this page; the address to which it leads."""
    form = next(one for one in client.get(path).forms() if str(one.get("action")).startswith("/openid"))
    token = next(one.get("value") for one in form.iter("input") if one.get("name") == "csrf_token")
    going = client.post(str(form.get("action")), {"csrf_token": token}, 200)
    return str(next(one.get("href") for one in going.all("a") if one.get("rel") == "noreferrer"))


def comes_back(client: JudgingClient, forge: Forge, url: str, expect: int = 303, **claims: object) -> Page:
    asked = asked_of(url)
    said = {"nonce": asked["nonce"], "sub": "robin", "vot": "Cl.Cm", "amr": None, **claims}
    forge.answer = forge.id_token(**said)
    return client.submit(client.get(f"/openid/return?code=c&state={asked['state']}"), expect=expect)


def joined(house: Flask, forge: Forge, robin: Family) -> None:
    """Robin has come in by their own way, and joined the two."""
    client = client_for(house)
    sign_in(client, "family", robin.person_id)
    comes_back(client, forge, start(client, "/openid/join"))


def sessions_of(runtime: Runtime) -> list[SignInSession]:
    with runtime.database.read() as session:
        return list(session.execute(sa.select(SignInSession)).scalars())


def count(runtime: Runtime, table: type) -> int:
    with runtime.database.read() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_a_family_joins_the_two_once_and_then_comes_in_with_both_factors(
    house: Flask, runtime: Runtime, forge: Forge, robin: Family
) -> None:
    joined(house, forge, robin)
    client = client_for(house)
    url = start(client, "/sign-in")
    assert json.loads(asked_of(url)["vtr"]) == ["Cl.Cm"]
    assert comes_back(client, forge, url).location == "/cases"
    assert robin.reference in client.get("/cases").text
    assert all(one.second_factor_at for one in sessions_of(runtime))


def test_we_prove_who_we_are_with_our_own_key_and_no_secret(house: Flask, forge: Forge, robin: Family) -> None:
    joined(house, forge, robin)
    assert "client_secret" not in forge.told
    assert len(forge.told["code_verifier"][0]) >= 43
    proof = jwt.decode(forge.told["client_assertion"][0], OURS, algorithms=["RS256"])
    assert proof.claims["iss"] == proof.claims["sub"] == CLIENT_ID
    assert proof.claims["aud"] == f"{forge.issuer}/token"


def test_one_factor_there_is_one_factor_here(house: Flask, runtime: Runtime, forge: Forge, robin: Family) -> None:
    joined(house, forge, robin)
    with runtime.database.write() as session:
        session.execute(sa.delete(SignInSession))
    client = client_for(house)
    comes_back(client, forge, start(client, "/sign-in"), vot="Cl")
    assert [one.second_factor_at for one in sessions_of(runtime)] == [None]
    assert client.get("/openid/join", 303).location.startswith("/sign-in/code")


def test_nobody_is_recognised_by_an_address(house: Flask, runtime: Runtime, forge: Forge, robin: Family) -> None:
    client = client_for(house)
    told = comes_back(client, forge, start(client, "/sign-in"), 403, email=EMAIL, email_verified=True)
    assert "We do not know you by this sign-in yet" in told.text
    assert robin.reference not in told.text
    assert count(runtime, SignInSession) == count(runtime, OpenIdIdentity) == 0


def test_to_join_needs_the_second_factor_shown_lately(
    house: Flask, runtime: Runtime, forge: Forge, robin: Family
) -> None:
    client = client_for(house)
    sign_in(client, "family", robin.person_id, second_factor=False)
    assert client.get("/openid/join", 303).location.startswith("/sign-in/code")
    token = client.get("/sign-in/code").answers()["csrf_token"][0]
    going = client.post("/openid?link=1", {"csrf_token": token}, 200)
    url = str(next(one.get("href") for one in going.all("a") if one.get("rel") == "noreferrer"))
    comes_back(client, forge, url, 403)
    assert count(runtime, OpenIdIdentity) == 0


def test_to_come_back_long_after_joins_nothing(house: Flask, runtime: Runtime, forge: Forge, robin: Family) -> None:
    client = client_for(house)
    sign_in(client, "family", robin.person_id)
    url = start(client, "/openid/join")
    with runtime.database.write() as session:
        session.execute(sa.update(SignInSession).values(second_factor_at=db.now() - sessions.STEP_UP * 1.2))
    comes_back(client, forge, url, 403)
    assert count(runtime, OpenIdIdentity) == 0


def test_whoever_joined_it_is_told_others_come_in_anew_and_it_is_ended_on_ones_own_page(
    house: Flask, runtime: Runtime, forge: Forge, robin: Family
) -> None:
    other = client_for(house)
    sign_in(other, "family", robin.person_id)
    joined(house, forge, robin)
    assert count(runtime, OutboxMessage) == 1
    assert other.get("/my", 303).location.startswith("/sign-in?")
    sign_in(other, "family", robin.person_id)
    other.submit(other.get("/my"), form="/my/openid/end")
    assert count(runtime, OpenIdIdentity) == 0
    assert count(runtime, OutboxMessage) == 2
    assert other.get("/my").all("form", action="/my/openid/end") == []


@pytest.mark.parametrize("vot", ["Cl.Cm", "Cl"])
def test_to_show_it_again_there_does_not_begin_the_hour_again(
    house: Flask, runtime: Runtime, forge: Forge, robin: Family, vot: str
) -> None:
    joined(house, forge, robin)
    client = client_for(house)
    with runtime.database.write() as session:
        session.execute(sa.delete(SignInSession))
    sign_in(client, "family", robin.person_id, ago=sessions.STEP_UP * 2)
    [before] = sessions_of(runtime)
    comes_back(client, forge, start(client, "/sign-in/code?next=/my"), vot=vot)
    [after] = sessions_of(runtime)
    assert after.made_at == before.made_at
    assert (after.second_factor_at != before.second_factor_at) is (vot == "Cl.Cm")


@pytest.mark.parametrize(("vot", "thin"), [("Cl.Cm", True), ("Cl", False)])
def test_whoever_comes_back_with_both_factors_has_the_choice_of_a_screen(
    house: Flask, runtime: Runtime, forge: Forge, robin: Family, vot: str, thin: bool
) -> None:
    joined(house, forge, robin)
    with runtime.database.write() as session:
        session.execute(sa.delete(SignInSession))
    client = client_for(house)
    asked = asked_of(start(client, "/sign-in"))
    forge.answer = forge.id_token(nonce=asked["nonce"], sub="robin", vot=vot, amr=None)
    client.submit(client.get(f"/openid/return?code=c&state={asked['state']}"), {"screen": "2"})
    assert [one.watched for one in sessions_of(runtime)] == [thin]


def test_one_identity_is_one_person(house: Flask, runtime: Runtime, forge: Forge, robin: Family) -> None:
    joined(house, forge, robin)
    other = enter_family(runtime, email="kit@example.org")
    client = client_for(house)
    sign_in(client, "family", other.person_id)
    comes_back(client, forge, start(client, "/openid/join"), 403)
    assert count(runtime, OpenIdIdentity) == 1


def test_a_sign_in_of_long_ago_is_none_at_a_shared_computer(
    house: Flask, runtime: Runtime, forge: Forge, robin: Family
) -> None:
    joined(house, forge, robin)
    client = client_for(house)
    comes_back(client, forge, start(client, "/sign-in"), 403, auth_time=int(time.time()) - 2 * 3600)


def test_a_staff_token_opens_no_family_door(house: Flask, runtime: Runtime, forge: Forge, robin: Family) -> None:
    joined(house, forge, robin)
    with runtime.database.write() as session:
        session.execute(sa.update(OpenIdIdentity).values(door="staff"))
    client = client_for(house)
    comes_back(client, forge, start(client, "/sign-in"), 403)


def test_without_a_national_sign_in_no_page_speaks_of_one(family: JudgingClient, visitor: JudgingClient) -> None:
    assert "One Login" not in visitor.get("/sign-in").text
    assert "Another way to sign in" not in family.get("/cases").text
    assert "no other way" in family.get("/openid/join").text

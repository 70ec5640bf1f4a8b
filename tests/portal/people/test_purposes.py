"""A secret of each purpose opens nothing in any other place, and each opens once however many come at once."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask

from portal import db, links
from portal.people import cards, factors, known_browsers, sessions, spoken_codes, tokens
from portal.people.models import Person, SignInSession, SignInToken
from portal.people.spoken_codes import Line
from portal.runtime import Runtime
from portal.vault import vault_of
from tests.client import Family, client_for, code_of, enter_family, enter_staff, runtime_of, sign_in
from tests.judge import JudgingClient
from tests.portal.people.at_once import at_once, count


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@dataclass(frozen=True)
class Held:
    """A person with every way in, at a browser that has shown the first step, and what else has been given out."""

    client: JudgingClient
    robin: Family
    card: cards.NewCard
    secrets: dict[str, str]


@pytest.fixture
def held(app: Flask, runtime: Runtime) -> Held:
    robin, client, settings = enter_family(runtime), client_for(app), runtime.settings
    client.get("/")
    sign_in(client, "family", robin.person_id, second_factor=False)
    browser = browser_of(client)
    sheet, card = factors.new_sheet(settings.secrets.pepper), cards.new_card(settings.secrets.pepper)
    voice = cards.new_card(settings.secrets.pepper)
    staff = enter_staff(runtime)
    with runtime.database.write() as session:
        now = db.now()
        person = session.get_one(Person, robin.person_id)
        told = {**vault_of(session).get(person), "phone": "07700 900123", "safe_channels": ["text", "voice"]}
        vault_of(session).put(person, told)
        session.add(person)
        factors.give_sheet(session, robin.person_id, sheet, now=now)
        for kind, way in (("phone", "text"), ("call_back", "voice")):
            spoken_codes.enrol(session, robin.person_id, kind, Line(way, "+447700900123"), now=now)  # type: ignore[arg-type]
        cards.issue(session, purpose="sign_in", holder_id=robin.person_id, new=card, now=now)
        cards.issue(session, purpose="voice", holder_id=robin.person_id, new=voice, now=now)
        mailed = tokens.make(session, "sign_in", robin.person_id, browser, now=now)
        draft = tokens.make(session, "resume_draft", robin.person_id, browser, now=now)
        family = sessions.start(session, "family", robin.person_id, now=now, second_factor_at=now)
        worker = sessions.start(session, "staff", staff.id, now=now, second_factor_at=now)
        here = sessions.find(session, "family", cookie_of(client, "family"), now=now)
        assert here
        told_codes = {}
        for kind in spoken_codes.KINDS:
            row = spoken_codes.ask(session, robin.person_id, kind, here.id_hash, now=now)
            if kind == "call_back":
                spoken_codes.tell(session, row.id, by=uuid.uuid4(), now=now)
            told_codes[kind] = spoken_codes.code_of(spoken_codes.key_of(settings), row)
    key = links.derived_key(settings, tokens.CODE_KEY)
    return Held(
        client,
        robin,
        card,
        {
            "link to sign in": mailed,
            "link to a draft": draft,
            "code beside the link": tokens.code_of(key, "sign_in", mailed),
            "code beside the link to a draft": tokens.code_of(key, "resume_draft", draft),
            "words of a card": card.words,
            "words of a child's card": voice.words,
            "sheet": sheet.codes[0],
            "app": code_of(robin.secret),
            "app of staff": code_of(staff.secret),
            "phone": told_codes["phone"],
            "call": told_codes["call_back"],
            "session of a family": family,
            "session of staff": worker,
            "known browser": known_browsers.remembered(settings, None, staff.id),
            "browser": cookie_of(client, "form"),
        },
    )


def cookie_of(client: JudgingClient, name: str) -> str:
    cookie = client.client.get_cookie(name, domain="127.0.0.1")
    assert cookie
    return str(cookie.value)


def browser_of(client: JudgingClient) -> bytes:
    from portal import gate

    with client.app.test_request_context(headers={"Cookie": f"form={cookie_of(client, 'form')}"}):
        return gate.browser_hash()


Use = Callable[[Held, str], int]


def follow(purpose: str) -> Use:
    """Follows a link of this purpose with the secret as its token: even with our own signature around it."""

    def use(held: Held, secret: str) -> int:
        path = links.sealed_path(runtime_of(held.client.app).settings, purpose, secret)
        return held.client.client.get(path, base_url=held.client.base_url).status_code

    return use


def type_in(page: str, name: str = "code", form: str = "", **others: str) -> Use:
    def use(held: Held, secret: str) -> int:
        shown = held.client.get(page)
        answers = {**shown.answers(form or 0), **others, name: secret}
        if name == "words":
            answers["number"] = held.card.number
        return held.client.client.post(page, data=answers, base_url=held.client.base_url).status_code

    return use


def as_cookie(name: str, page: str) -> Use:
    def use(held: Held, secret: str) -> int:
        other = held.client.app.test_client()
        other.set_cookie(name, secret, domain="127.0.0.1")
        return other.get(page, base_url=held.client.base_url).status_code

    return use


# Place -> how a secret is tried there, the status that says it opened, and the secrets that are meant for it.
PLACES: dict[str, tuple[Use, int, set[str]]] = {
    "the link to sign in": (follow("sign_in"), 200, {"link to sign in"}),
    "the link to a draft": (follow("resume_draft"), 200, {"link to a draft"}),
    "the link of a body": (follow("outside"), 200, set()),
    "the code beside the link": (type_in("/sign-in/sent"), 303, {"code beside the link"}),
    "the card": (type_in("/sign-in/card", "words"), 303, {"words of a card"}),
    "the app": (type_in("/sign-in/code"), 303, {"app"}),
    "the sheet": (type_in("/sign-in/code?by=sheet"), 303, {"sheet"}),
    "the phone": (type_in("/sign-in/phone", form="/sign-in/phone"), 303, {"phone"}),
    "the call": (type_in("/sign-in/call", form="/sign-in/call"), 303, {"call"}),
    "a family's session": (as_cookie("family", "/my"), 200, {"session of a family"}),
    "a session of staff": (as_cookie("staff", "/staff/"), 200, {"session of staff"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_of_each_purpose_is_refused_in_every_other_place(
    held: Held, runtime: Runtime, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.people.limits.within", lambda *_counted: True)  # as if somebody had all the time
    use, opened, meant = PLACES[place]
    before = (used_up(runtime), sessions_of(runtime))
    wrong = [name for name, secret in held.secrets.items() if name not in meant and use(held, secret) == opened]
    assert wrong == []
    assert (used_up(runtime), sessions_of(runtime)) == before
    for name in meant:  # the place is open: only the secret was wrong
        assert use(held, held.secrets[name]) == opened


def used_up(runtime: Runtime) -> int:
    """How much has been used: links, codes of the sheet and of the telephone, cards."""
    sums = (
        "SELECT (SELECT count(*) FROM sign_in_token WHERE used_at IS NOT NULL) +"
        " (SELECT count(*) FROM sheet_code WHERE used_at IS NOT NULL) +"
        " (SELECT count(*) FROM spoken_code WHERE used_at IS NOT NULL) + (SELECT sum(uses) FROM card) +"
        " (SELECT sum(last_counter) FROM factor)"
    )
    with runtime.database.read() as session:
        return int(session.execute(sa.text(sums)).scalar_one())


def sessions_of(runtime: Runtime) -> int:
    return count(runtime, SignInSession)


@pytest.mark.parametrize("place", ["the app", "the sheet", "the phone", "the call"])
def test_of_ten_uses_of_one_second_factor_at_once_one_opens(held: Held, runtime: Runtime, place: str) -> None:
    """The session gets a new id with the first; the others find it gone."""
    path = {"the app": "/sign-in/code", "the sheet": "/sign-in/code?by=sheet", "the phone": "/sign-in/phone"}.get(
        place, "/sign-in/call"
    )
    page, secret = held.client.get(path), held.secrets[place.removeprefix("the ")]
    before, form = used_up(runtime), path if place in {"the phone", "the call"} else 0
    answers = at_once(held.client, page, {"code": secret}, times=10, form=form)
    assert set(answers) <= {303, 400}
    with runtime.database.read() as session:
        proven = sa.select(SignInSession).where(SignInSession.__table__.c.factor_kind.is_not(None))  # type: ignore[attr-defined]
        assert len(session.execute(proven).all()) == 1
    assert used_up(runtime) > before
    assert sessions_of(runtime) == 3  # the one here, and the two that were there before


def test_a_second_factor_shown_in_a_session_that_ends_meanwhile_opens_nothing(
    held: Held, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow request does not bring a session back to life."""
    page, check = held.client.get("/sign-in/code"), factors.check_app

    def slow(session, *typed, **more):
        sessions.end_all(session, "family", held.robin.person_id)
        return check(session, *typed, **more)

    monkeypatch.setattr(factors, "check_app", slow)
    held.client.submit(page, {"code": held.secrets["app"]}, 400)
    assert count(runtime, SignInSession, door="family") == 0


def test_a_link_that_was_swept_away_or_is_of_tomorrow_opens_nothing(held: Held, runtime: Runtime) -> None:
    use, opened, _meant = PLACES["the link to sign in"]
    with runtime.database.write() as session:
        later = db.now() + datetime.timedelta(minutes=1)
        session.execute(sa.update(SignInToken).values(made_at=later))
    assert use(held, held.secrets["link to sign in"]) != opened

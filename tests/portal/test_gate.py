"""Nobody passes the gate without a row in the matrix that names them."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Blueprint, Flask, Response

from portal import create_app, gate, shell
from portal.gate import MATRIX, page
from portal.people import sessions
from portal.people.models import SignInSession, Staff
from portal.runtime import Runtime
from portal.settings import Settings
from tests.client import client_for, enter_family, enter_staff, runtime_of, sign_in, staff_client
from tests.judge import JudgingClient

ROWS = {
    "/anyone": {"who": ("visitor",)},
    "/thin": {"who": ("family", "family+2"), "opens": ("case",)},
    "/record": {"who": ("family+2",), "opens": ("core",)},
    "/fresh": {"who": ("family+2",), "opens": ("core",), "step_up": True},
}
STAFF_ROWS = {
    "/work": {"who": ("caseworker", "approver"), "opens": ("case",)},
    "/approve": {"who": ("approver",), "opens": ("core",), "step_up": True},
    "/settings": {"who": ("administrator",)},
}


@pytest.fixture
def house(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The portal with a few more pages, whose views do nothing."""
    app = create_app(settings)
    monkeypatch.setattr(gate, "MATRIX", dict(MATRIX))
    monkeypatch.setitem(shell.DOORS, "sample", "family")
    monkeypatch.setitem(shell.DOORS, "sample_staff", "staff")
    yield with_pages(app)
    runtime_of(app).close()


def with_pages(app: Flask) -> Flask:
    for name, prefix, rows in (("sample", "/sample", ROWS), ("sample_staff", "/sample-staff", STAFF_ROWS)):
        door = Blueprint(name, __name__, url_prefix=prefix)
        for rule, row in rows.items():
            view = _named(rule)
            page(door, rule, why="a test", methods=("GET", "POST"), **row)(view)
        app.register_blueprint(door)
    return app


def _named(rule: str):
    def view() -> Response:
        return Response("seen", mimetype="text/plain")

    view.__name__ = rule.strip("/")
    return view


def status(client: JudgingClient, path: str, method: str = "GET", **options: object) -> tuple[int, str]:
    options.setdefault("base_url", client.base_url)
    response = client.client.open(path, method=method, **options)  # type: ignore[arg-type]
    return response.status_code, response.headers.get("Location", "")


def test_every_page_of_the_portal_has_its_row(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints - gate.PUBLIC == {name for name in gate.MATRIX if name in endpoints}
    for rule in app.url_map.iter_rules():
        if rule.endpoint not in gate.PUBLIC:
            assert (rule.methods or set()) - {"HEAD", "OPTIONS"} == set(gate.MATRIX[rule.endpoint].methods)


def test_a_page_that_slipped_past_the_matrix_does_not_exist(house: Flask) -> None:
    house.add_url_rule("/slipped", "slipped", lambda: "secret")
    assert status(client_for(house), "/slipped")[0] == 404


@pytest.mark.parametrize(
    ("rule", "row"),
    [
        ("/cases/<reference>", {"who": ("family",)}),
        ("/Cases", {"who": ("family",)}),
        ("/my_cases", {"who": ("family",)}),
        ("/cases", {"who": ("everybody",)}),
        ("/cases", {"who": ()}),
        ("/cases", {"who": ("family",), "why": ""}),
        ("/cases", {"who": ("family",), "opens": ("all",)}),
        ("/cases", {"who": ("family", "family+2"), "opens": ("core",)}),
        ("/cases", {"who": ("visitor",), "opens": ("case",)}),
        ("/cases", {"who": ("administrator",), "opens": ("sensitive",)}),
    ],
)
def test_a_row_that_could_not_be_right_stops_the_portal(rule: str, row: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"^door\."):
        page(Blueprint("door", __name__), rule, **{"why": "a test", **row})(_named("view"))  # type: ignore[arg-type]


def test_without_a_session_one_is_sent_to_sign_in_and_back(house: Flask) -> None:
    client = client_for(house)
    assert status(client, "/sample/anyone")[0] == 200
    assert status(client, "/sample/thin?page=2") == (303, "/sign-in?next=%2Fsample%2Fthin%3Fpage%3D2")
    assert status(client, "/sample-staff/work") == (303, "/staff/sign-in?next=%2Fsample-staff%2Fwork")


def test_the_link_alone_shows_no_record(house: Flask) -> None:
    client = client_for(house)
    sign_in(client, "family", enter_family(runtime_of(house)).person_id, second_factor=False)
    assert status(client, "/sample/thin")[0] == 200
    assert status(client, "/sample/record") == (303, "/sign-in/code?next=%2Fsample%2Frecord")
    assert status(client, "/sample-staff/work")[0] == 303


def test_some_pages_want_the_second_factor_again_after_five_minutes(house: Flask) -> None:
    client, who = client_for(house), enter_family(runtime_of(house))
    sign_in(client, "family", who.person_id)
    assert status(client, "/sample/fresh")[0] == 200
    sign_in(client, "family", who.person_id, ago=datetime.timedelta(minutes=6))
    assert status(client, "/sample/record")[0] == 200
    assert status(client, "/sample/fresh") == (303, "/sign-in/code?next=%2Fsample%2Ffresh")


@pytest.mark.parametrize(
    ("role", "opened"),
    [
        ("caseworker", {"/work"}),
        ("approver", {"/work", "/approve"}),
        ("administrator", {"/settings"}),
        ("auditor", set()),
    ],
)
def test_staff_open_the_pages_of_their_role(house: Flask, role: str, opened: set[str]) -> None:
    client = staff_client(house, role)
    answers = {rule: status(client, f"/sample-staff{rule}")[0] for rule in STAFF_ROWS}
    assert answers == {rule: 200 if rule in opened else 403 for rule in STAFF_ROWS}
    assert len(logged(house, "page")) == len(STAFF_ROWS) - len(opened)
    assert status(client, "/sample/thin")[0] == 303  # staff are nobody at the family's door


def test_a_password_without_its_code_opens_nothing(house: Flask) -> None:
    client = client_for(house)
    sign_in(client, "staff", enter_staff(runtime_of(house)).id, second_factor=False)
    assert status(client, "/sample-staff/work") == (303, "/staff/sign-in/code?next=%2Fsample-staff%2Fwork")


def test_a_closed_account_is_out_at_its_next_page(house: Flask) -> None:
    client = staff_client(house)
    with runtime_of(house).database.write() as session:
        session.execute(sa.update(Staff).values(disabled_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)))
    assert status(client, "/sample-staff/work")[0] == 303


def test_a_copied_cookie_is_dead_after_signing_out(house: Flask) -> None:
    client, thief = client_for(house), client_for(house)
    cookie = sign_in(client, "family", enter_family(runtime_of(house)).person_id)
    thief.client.set_cookie("family", cookie, domain="127.0.0.1")
    assert status(thief, "/sample/thin")[0] == 200
    client.get("/sign-in")
    page_ = client.post("/sign-out", {})
    assert page_.response.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert status(thief, "/sample/thin")[0] == 303


def test_last_seen_is_written_at_most_once_a_minute(house: Flask) -> None:
    client, who = client_for(house), enter_family(runtime_of(house))
    sign_in(client, "family", who.person_id)
    assert client.get("/sample/thin", 200).commits == 0
    sign_in(client, "family", who.person_id, ago=datetime.timedelta(seconds=61))
    assert client.get("/sample/thin", 200).commits == 1
    assert client.get("/sample/thin", 200).commits == 0


@pytest.mark.parametrize("host", ["evil.example.org", "127.0.0.1.evil.example.org", "evil.example.org:5000", "a b"])
def test_a_forged_host_is_refused(house: Flask, host: str) -> None:
    assert status(client_for(house), "/sign-in", headers={"Host": host})[0] == 400
    assert status(client_for(house), "/static/portal.css", headers={"Host": host})[0] == 400


@pytest.mark.parametrize(
    ("method", "site", "mode", "answer"),
    [
        ("GET", "cross-site", "navigate", 200),
        ("GET", "cross-site", "no-cors", 403),
        ("GET", "same-origin", "cors", 200),
        ("POST", "cross-site", "navigate", 403),
        ("POST", "same-site", "navigate", 403),
    ],
)
def test_what_another_site_sends_is_refused_but_a_link_may_lead_here(
    house: Flask, method: str, site: str, mode: str, answer: int
) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    assert status(client_for(house), "/sample/anyone", method, headers=headers)[0] == answer


def test_each_door_answers_on_its_own_host(settings: Settings) -> None:
    two = replace(settings, family_url="https://records.example.org", staff_url="https://staff.example.org")
    app = create_app(two)
    client = client_for(app)
    for path, here, there in (
        ("/sign-in", "https://records.example.org", "https://staff.example.org"),
        ("/staff/sign-in", "https://staff.example.org", "https://records.example.org"),
    ):
        assert status(client, path, base_url=here)[0] == 200
        assert status(client, path, base_url=there)[0] == 404
    runtime_of(app).close()


def test_over_tls_cookies_are_secure_and_bound_to_the_host(settings: Settings) -> None:
    app = create_app(replace(settings, family_url="https://records.example.org", staff_url="https://staff.example.org"))
    set_here: dict[str, str] = {}
    for door, base in (("requester", "https://records.example.org"), ("caseworker", "https://staff.example.org")):
        path = "/sign-in" if door == "requester" else "/staff/sign-in"
        with app.test_request_context(path, base_url=base):
            app.preprocess_request()
            gate.browser_hash()
            response = app.process_response(gate.let_in(gate.see_other("/"), "an-id"))
            for header in response.headers.getlist("Set-Cookie"):
                set_here[header.partition("=")[0]] = header
    assert set(set_here) == {"__Host-family", "__Host-staff", "__Host-form"}
    for header in set_here.values():
        assert {"Secure", "HttpOnly", "Path=/"} <= set(header.split("; "))
        assert "Domain" not in header
        assert "Expires" not in header
    assert "SameSite=Lax" in set_here["__Host-family"]
    assert "SameSite=Strict" in set_here["__Host-staff"]
    runtime_of(app).close()


def test_a_body_that_is_too_large_is_refused(house: Flask) -> None:
    client = client_for(house)
    client.get("/sign-in")
    for size in (56 * 1024 * 1024, 600 * 1024):
        assert status(client, "/sign-in", "POST", data={"email": "x" * size})[0] == 413


def test_fifty_submissions_of_one_form_do_one_thing(house: Flask) -> None:
    runtime, who = runtime_of(house), enter_family(runtime_of(house))
    sign_in(client_for(house), "family", who.person_id)

    def once_only(_n: int) -> str:
        with house.test_request_context("/sample/thin", base_url=runtime.settings.family_url):
            gate.g.reader = gate.Reader("family", who.person_id, "family")
            return gate.perform("k" * 30, lambda session: f"/made/{start(session)}").location

    def start(session: object) -> str:
        return sessions.start(session, "staff", uuid.uuid4(), now=datetime.datetime.now(datetime.UTC))  # type: ignore[arg-type]

    with ThreadPoolExecutor(8) as pool:
        led = set(pool.map(once_only, range(50)))
    assert len(led) == 1
    assert count(runtime, SignInSession) == 2  # the family's own, and the one thing done


def test_one_form_key_is_one_persons(house: Flask) -> None:
    runtime = runtime_of(house)
    made = []
    for _n in range(2):
        with house.test_request_context("/sample/thin", base_url=runtime.settings.family_url):
            gate.g.reader = gate.Reader("family", uuid.uuid4(), "family")
            made.append(gate.perform("k" * 30, lambda _session: f"/{uuid.uuid4()}").location)
    assert made[0] != made[1]


def count(runtime: Runtime, table: type) -> int:
    with runtime.database.read() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def logged(app: Flask, act: str) -> list[str]:
    with runtime_of(app).database.read() as session:
        return list(session.execute(sa.text("SELECT outcome FROM log WHERE act = :act"), {"act": act}).scalars())

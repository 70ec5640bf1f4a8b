"""Each row of the route matrix is tried: by every role, at one's own case and another's, in states with no record."""

from __future__ import annotations

import re
import uuid

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from portal import db, gate, route_matrix
from portal.cli import cli
from portal.gate import Row
from portal.people import watched as watching
from portal.people.models import STAFF_ROLES
from tests import builders
from tests.client import client_for, enter_family, enter_staff, runtime_of, sign_in
from tests.judge import JudgingClient

pytestmark = pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
_FILLED = {"uuid": str(uuid.UUID(int=7)), "int": "1", "string": "x"}


def address(app: Flask, row: Row, reference: str) -> str:
    """The page's address, for the case of this reference."""
    (rule,) = [one.rule for one in app.url_map.iter_rules() if one.endpoint == row.endpoint]
    rule = rule.replace("<string:reference>", reference)
    return re.sub(r"<(uuid|int|string):\w+>", lambda found: _FILLED[found[1]], rule)


def door_of(row: Row) -> str:
    return {"requester": "family", "source": "source"}.get(row.endpoint.partition(".")[0], "staff")


def readers(app: Flask) -> dict[str, tuple[str, str]]:
    """Role -> door and cookie of somebody who has it."""
    runtime, family = runtime_of(app), enter_family(runtime_of(app))
    made = {"visitor": ("", "")}
    for role, second in (("family", False), ("family+2", True)):
        made[role] = ("family", sign_in(client_for(app), "family", family.person_id, second_factor=second))
    for role in STAFF_ROLES:
        made[role] = ("staff", sign_in(client_for(app), "staff", enter_staff(runtime, role=role).id))
    watched = sign_in(client_for(app), "family", family.person_id)
    with runtime.database.write() as session:
        watching.begin(session, watched, family.person_id, now=db.now())
    made["watched"] = ("family", watched)
    half = enter_staff(runtime, role="approver", email="half.way@example.org")
    made["enrolling"] = ("staff", sign_in(client_for(app), "staff", half.id, by="totp"))
    return made


def let_in(app: Flask, path: str, method: str, door: str, cookie: str) -> bool:
    """Whether the gate lets this request through to the page."""
    headers = {"Cookie": f"{door}={cookie}"} if door else {}
    base = runtime_of(app).settings.family_url
    with app.test_request_context(path, method=method, base_url=base, headers=headers):
        try:
            answer = app.preprocess_request()
        except Forbidden:
            return False
        finally:
            app.do_teardown_request()
    assert answer is None or isinstance(answer, Response)
    return answer is None


def test_every_page_lets_in_its_roles_and_nobody_else(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    wrong, doors = [], readers(app)
    for row in route_matrix.rows():
        if row.endpoint not in app.view_functions:
            continue
        for role, (door, cookie) in doors.items():
            rights = {"visitor", *([role] if door == door_of(row) else [])}
            rights |= {"family"} if role == "family+2" and door == door_of(row) else set()
            if role == "watched" and door == door_of(row):
                rights = {role}  # not even what a visitor may open
            opened = let_in(app, address(app, row, "SAR-AAAA-AAAA"), row.methods[-1], door, cookie)
            if opened != bool(rights & set(row.who)):
                wrong.append(f"{role} at {row.endpoint}: {'let in' if opened else 'kept out'}")
    assert wrong == []


def of_a_case(door: str) -> list[Row]:
    """Pages of a case that can be opened with its reference alone."""
    return [
        row
        for row in route_matrix.rows()
        if "<string:reference>" in row.rule
        and row.rule.count("<") == 1
        and "GET" in row.methods
        and door_of(row) == door
    ]


def status(client: JudgingClient, path: str) -> int:
    return client.client.get(path, base_url=client.base_url).status_code


def test_a_case_of_another_team_is_not_there_on_any_page(app: Flask) -> None:
    walk = builders.case_in(runtime_of(app), "review")
    others = builders.make_team(runtime_of(app), "Another team")
    for role in ("caseworker", "approver"):
        own, other = client_for(app), client_for(app)
        sign_in(own, "staff", {"caseworker": walk.worker, "approver": walk.approver}[role].id)
        sign_in(other, "staff", builders.make_staff(runtime_of(app), role=role, team=others).id)
        pages = [address(app, row, walk.case.reference) for row in of_a_case("staff") if role in row.who]
        assert {path: status(other, path) for path in pages} == dict.fromkeys(pages, 404)
        # a page that this kind or state of case has no use for may still say so
        assert status(own, f"/staff/cases/{walk.case.reference}") == 200


def test_a_request_of_somebody_else_is_not_there_on_any_page(app: Flask) -> None:
    walk, client = builders.case_in(runtime_of(app), "ready"), client_for(app)
    sign_in(client, "family", enter_family(runtime_of(app)).person_id)
    pages = [address(app, row, walk.case.reference) for row in of_a_case("family")]
    assert {path: status(client, path) for path in pages} == dict.fromkeys(pages, 404)
    sign_in(client, "family", walk.case.requester)
    assert status(client, f"/cases/{walk.case.reference}") == 200


def looks(app: Flask) -> int:
    """How often something of a child's record was opened."""
    with runtime_of(app).database.read() as session:
        said = "SELECT count(*) FROM log WHERE child_id IS NOT NULL AND outcome = 'allowed'"
        return int(session.execute(sa.text(said)).scalar_one())


@pytest.mark.parametrize("state", ["received", "checking", "refused", "withdrawn", "closed", "review"])
def test_a_record_opens_in_the_states_of_its_row_alone(app: Flask, state: str) -> None:
    walk, client = builders.case_in(runtime_of(app), state), client_for(app)
    sign_in(client, "staff", walk.worker.id)
    before, seen = looks(app), set()
    for row in of_a_case("staff"):
        if "caseworker" not in row.who or not gate.RECORD & set(row.opens):
            continue
        assert status(client, address(app, row, walk.case.reference)) < 500
        if looks(app) > before:
            seen.add(row.endpoint)
            before = looks(app)
            assert state in row.in_states()["subject_access"], row.endpoint
    assert bool(seen) == (state == "review")


@pytest.mark.usefixtures("database_urls")
def test_the_matrix_is_printed_with_states_and_classes() -> None:
    printed = CliRunner().invoke(cli, ["docs", "route-matrix"])
    assert printed.exit_code == 0
    (line,) = [one for one in printed.output.splitlines() if "`/staff/cases/<string:reference>/review`" in one]
    assert "case, core, location, sensitive" in line
    assert "subject_access: finding, review, approval, ready, collected" in line
    assert len(printed.output.splitlines()) == len(route_matrix.rows()) + 2

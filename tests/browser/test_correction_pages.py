"""The pages of challenges that lie beside their journey: axe finds nothing, and nothing scrolls sideways."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import replace

import pytest
from flask import Flask

from portal import db
from portal.cases.corrections import clashing, recipients
from portal.cases.corrections.lines import Value
from portal.cases.models import Case
from portal.people import factors
from portal.records.feeds import importing
from tests.browser.conftest import Windows
from tests.browser.staff_challenge import SCHOOL, SCHOOL_KEY, register_and_sharing
from tests.builders import Walk, feed_child, item, make_staff
from tests.client import client_for, sign_in
from tests.corrections import CORRECTED, challenge_in, claim, decide, lines_of
from tests.portal.test_breaches import breach_from

READING, CARER = "Reading", "Parent or carer"
pytestmark = pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)


@pytest.fixture
def walk(windows: Windows) -> Walk:
    """Two lines of one caseworker, disputed; of one of them the family asks that it is not used."""
    claims = [claim(READING, restrict=True), claim(CARER)]
    with windows.runtime.vault.unlocked():
        made = challenge_in(windows.runtime, "weighing", claims, about=[READING, CARER], shown=True)
        register_and_sharing(made)
    return made


def looks_at(app: Flask, windows: Windows, door: str, holder: uuid.UUID, paths: Iterable[str]) -> None:
    """Opens each page as somebody who is signed in, and finds it there."""
    cookie = sign_in(client_for(app), door, holder)
    here = windows.walker("desktop", scripts=True, judged=True)
    here.page.context.add_cookies([{"name": door, "value": cookie, "url": here.address}])
    for path in paths:
        here.open(path)
        assert here.page.url == here.address + path


def test_the_pages_of_staff_are_sound(app: Flask, windows: Windows, walk: Walk) -> None:
    runtime, desk, (first, second) = windows.runtime, f"/staff/cases/{walk.case.reference}", lines_of(walk)
    looks_at(
        app,
        windows,
        "staff",
        walk.worker.id,
        [
            "/staff/challenges/new",
            "/staff/statistics",
            f"{desk}/lines",
            f"{desk}/lines/{first.id}",
            f"{desk}/lines/together?line={first.id.hex}&line={second.id.hex}",
            f"{desk}/restricted/{first.entry_id}",
            f"{desk}/breach",
            f"{desk}/steps/ask_question",
        ],
    )

    # A decision that a feed does not know of, everybody who is to hear of it, and a breach
    with runtime.vault.unlocked():
        decide(walk, replace(CORRECTED, says=Value("text", "As is usual.")))
        school = {"source": SCHOOL, "source_key": SCHOOL_KEY}
        again = item("reading", "education", READING, "Ahead of what is usual at this age.", opinion=True, **school)
        importing.take_in(runtime.database, "directory", [feed_child(again)])
        breach = breach_from(walk)
        with runtime.database.read() as session:
            case = session.get_one(Case, walk.case_id)
            (clash,), (notice,) = clashing.of_case(session, case), recipients.of_case(session, case)
    found = f"/staff/cases/{breach.case.reference}"
    looks_at(
        app,
        windows,
        "staff",
        walk.worker.id,
        [
            "/staff/clashes",
            f"{desk}/clashes/{clash.id}",
            f"{desk}/recipients/{notice.id}/tell",
            f"{desk}/recipients/{notice.id}/leave-out",
            f"{desk}/lines/{first.id}/recipients",
            found,
            f"{found}/offer",
            f"{found}/steps/propose_regulator_decision",
        ],
    )
    administrator = make_staff(runtime, role="administrator", name="Alex Reed")
    looks_at(app, windows, "staff", administrator.id, ["/staff/bodies", "/staff/bodies/new"])


def test_the_pages_of_a_family_are_sound(app: Flask, windows: Windows, walk: Walk) -> None:
    here, (first, _second) = f"/cases/{walk.case.reference}", lines_of(walk)
    with windows.runtime.vault.unlocked():
        walk.step("ask_question", question="Which school year do you mean?")
        with windows.runtime.database.write() as session:
            factors.add_app(session, "family", walk.case.requester, factors.new_secret(), used_step=0, now=db.now())
    line = f"{here}/lines/{first.id}"
    paths = [here, line, f"{line}/add", f"{line}/take-back", f"{here}/question"]
    looks_at(app, windows, "family", walk.case.requester, paths)

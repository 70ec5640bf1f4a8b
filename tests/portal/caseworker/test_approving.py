"""The second pair of eyes: one copy, read and confirmed by somebody else, and released to one person."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask
from sqlmodel import Session

from portal import db, jobs
from portal.cases import consulting, verbs
from portal.cases.models import Case
from portal.documents import release
from portal.review import deciding
from portal.review.deciding import Decision
from portal.runtime import Runtime
from tests import builders
from tests.builders import CONFIDENCE, NEIGHBOUR, REQUESTER, WEIGHED, Walk
from tests.client import client_for, runtime_of, sign_in
from tests.judge import JudgingClient, Page, text_of

YES = {f"answer_{name}": "yes" for name in ("orders", "shield", "moves", "lives_with")}
LOOK = datetime.timedelta(seconds=4)
REFUSED = 47  # queries of a form that is refused by the workflow: the try, and then the page again


@pytest.fixture
def runtime(app: Flask) -> Runtime:
    return runtime_of(app)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A time that stands still until the test moves it."""
    with time_machine.travel(db.now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def walk(runtime: Runtime) -> Walk:
    """A parent's case whose pack waits for approval."""
    return builders.case_in(runtime, "approval")


def at_desk(app: Flask, who: builders.Staff, *, ago: datetime.timedelta | None = None) -> JudgingClient:
    client = client_for(app)
    sign_in(client, "staff", who.id, ago=ago)
    return client


@pytest.fixture
def approver(app: Flask, walk: Walk) -> JudgingClient:
    return at_desk(app, walk.approver)


def base(walk: Walk) -> str:
    return f"/staff/cases/{walk.case.reference}/approval"


def read_copy(client: JudgingClient, walk: Walk, clock: time_machine.Traveller) -> Page:
    page = client.get(f"{base(walk)}/copy")
    clock.shift(LOOK)
    return page


def approved(client: JudgingClient, walk: Walk, clock: time_machine.Traveller) -> None:
    read_copy(client, walk, clock)
    client.submit(client.get(f"{base(walk)}/approve"), YES)


def decide(walk: Walk, by: builders.Staff, said: Decision, *, only: str = "") -> None:
    """Says something of the first entry."""
    with walk.runtime.database.write() as session, walk.runtime.vault.unlocked():
        case = session.get_one(Case, walk.case_id)
        item = deciding.items(session, case, only=only)[0]
        (entry,) = deciding.entries_of(session, verbs.look_for(case, by.actor), [item])
        deciding.decide(
            session,
            case.id,
            item.id,
            said,
            version=item.version,
            text=entry.text,
            category=entry.category,
            by=by.actor,
            today=walk.today,
        )


def test_the_approver_sees_what_the_family_will_see_beside_what_was_removed_and_why(
    approver: JudgingClient, walk: Walk
) -> None:
    page = approver.get(f"{base(walk)}/copy")
    (copy,) = page.all("div", cls="review-copy")
    missing = text_of(page.one("section", id="not-in-it"))
    for gone in (NEIGHBOUR, CONFIDENCE, "Lantern House"):
        assert gone not in text_of(copy)
        assert gone in missing
    assert f"Dear {REQUESTER}" in text_of(copy)
    for why in (
        "EX-TP Third party",
        "may be told",
        "Told in confidence; no consent.",
        "Sam Field",
        "Did the person refuse?",
    ):
        assert why in missing
    # For the confidence, for the service that is withheld whole, and for the neighbour.
    assert missing.count(WEIGHED["why_not_asked"]) == 3


def test_an_opinion_that_was_put_right_closes_approval_and_says_what_to_do(
    app: Flask, runtime: Runtime, clock: time_machine.Traveller
) -> None:
    walk = builders.case_in(runtime, "review")
    rests_on = builders.consulted(walk, "health", "opinion_harm")
    decide_health(walk, Decision("withhold", code="EX-H5", reason="As the doctor says."))
    builders.decide_all(walk)
    builders.assemble(walk)
    walk.step("send_to_approval")
    approver = at_desk(app, walk.approver)
    missing = text_of(approver.get(f"{base(walk)}/copy").one("section", id="not-in-it"))
    assert "A health professional: The lead (Opinion: the serious harm test is met)" in missing
    assert "Two people must agree to this: you are the second." in missing
    clock.shift(LOOK)
    page = approver.get(f"{base(walk)}/approve")
    reply = {"outcome": "opinion_no_harm", "reply": "I looked again.", "answered_on": walk.today}
    walk.act(
        lambda session: consulting.record_reply(
            session, walk.case_id, uuid.UUID(rests_on), version=2, **reply, by=walk.worker.actor
        )
    )
    refused = approver.submit(page, {**YES, "seen": walk.case.seq}, expect=400, max_queries=REFUSED)
    words = "is older than six months, or has changed. Send this back to review"
    for shown in (refused, approver.get(f"{base(walk)}/approve"), approver.get(base(walk))):
        assert words in shown.text
    assert builders.pack_of(walk).state == "assembled"


def decide_health(walk: Walk, said: Decision) -> None:
    """Says something of every entry about health."""

    def act(session: Session) -> None:
        case = session.get_one(Case, walk.case_id)
        items = deciding.items(session, case, limit=1000)
        entries = deciding.entries_of(session, verbs.look_for(case, walk.worker.actor), items)
        for item, entry in zip(items, entries, strict=True):
            if entry.category == "health":
                read = {"version": item.version, "text": entry.text, "category": entry.category}
                deciding.decide(session, case.id, item.id, said, **read, by=walk.worker.actor, today=walk.today)

    walk.act(act)


def test_the_pdf_is_the_stored_one_and_its_download_is_logged(approver: JudgingClient, walk: Walk) -> None:
    answer = approver.get(f"{base(walk)}/pdf").response
    assert answer.data.startswith(b"%PDF")
    assert "attachment" in answer.headers["Content-Disposition"]
    with walk.runtime.database.read() as session:
        acts = [row[0] for row in session.connection().exec_driver_sql("SELECT act FROM log ORDER BY at")]
    assert acts[-1] == "preview_pdf"


def test_a_copy_is_approved_once_it_was_read_and_the_four_questions_are_answered(
    approver: JudgingClient, walk: Walk, clock: time_machine.Traveller
) -> None:
    page = approver.get(f"{base(walk)}/approve")
    refused = approver.submit(page, YES, expect=400, max_queries=REFUSED)
    assert refused.errors == ["You have not opened this copy. Read it first."]
    approver.get(f"{base(walk)}/copy")
    refused = approver.submit(page, YES, expect=400, max_queries=REFUSED)
    assert refused.errors == ["You opened this copy only a moment ago. Read it first."]
    clock.shift(LOOK)
    refused = approver.submit(page, {}, expect=400)
    assert len(refused.errors) == 4
    approver.submit(page, {**YES, "answer_moves": "no"}, expect=400, max_queries=REFUSED)
    page = approver.follow(approver.submit(page, YES))
    assert "Approved by Ines Moor" in page.text
    assert builders.pack_of(walk).state == "approved"


def test_another_pack_than_the_one_that_was_read_is_not_approved(
    app: Flask, approver: JudgingClient, walk: Walk, clock: time_machine.Traveller
) -> None:
    read_copy(approver, walk, clock)
    page = approver.get(f"{base(walk)}/approve")
    refused = approver.submit(page, {**YES, "manifest": "0" * 64}, expect=409)
    assert "The case or the copy changed meanwhile" in refused.text
    walk.step("send_back", reason="Look again at the notes.")
    builders.assemble(walk)
    walk.step("send_to_approval")
    assert approver.submit(page, YES, expect=409).status == 409
    assert builders.pack_of(walk).state == "assembled"


def test_whoever_reviewed_or_prepared_cannot_approve(
    app: Flask, runtime: Runtime, clock: time_machine.Traveller
) -> None:
    walk = builders.case_in(runtime, "review")
    decide(walk, walk.approver, Decision("give"))
    decide(
        walk, walk.worker, Decision("duplicate", reason="As the entry before."), only="give"
    )  # another's decision does not wash it off
    builders.decide_all(walk)
    builders.assemble(walk)
    walk.step("send_to_approval")
    client = at_desk(app, walk.approver)
    read_copy(client, walk, clock)
    page = client.get(base(walk))
    assert "You reviewed or prepared this. Ask somebody else to approve it." in page.text
    page = client.get(f"{base(walk)}/approve")
    assert not page.all("input", name="manifest")
    forged = {**YES, "manifest": builders.pack_of(walk).manifest_hash, "seen": walk.case.seq, "take": "1"}
    refused = client.post(f"{base(walk)}/approve", forged, expect=400, max_queries=REFUSED)
    assert "You reviewed or prepared this." in refused.text
    assert builders.pack_of(walk).state == "assembled"
    second = at_desk(app, builders.make_staff(runtime, role="approver", name="Kit Hollow"))
    approved(second, walk, clock)
    assert builders.pack_of(walk).state == "approved"


def test_a_caseworker_does_not_approve(app: Flask, walk: Walk) -> None:
    client = at_desk(app, walk.worker)
    client.get(f"{base(walk)}/approve", expect=403)
    client.get(f"{base(walk)}/confirm-again", expect=403)


def test_approval_and_release_ask_for_a_fresh_second_factor(app: Flask, walk: Walk) -> None:
    client = at_desk(app, walk.approver, ago=datetime.timedelta(minutes=6))
    for page in ("approve", "release", "release-part", "confirm-again"):
        assert client.get(f"{base(walk)}/{page}", expect=303).location.startswith("/staff/sign-in/code")
        assert client.post(f"{base(walk)}/{page}", YES, bare=True, expect=303).location.startswith(
            "/staff/sign-in/code"
        )


def test_only_the_name_on_the_copy_releases_it(
    app: Flask, approver: JudgingClient, walk: Walk, clock: time_machine.Traveller
) -> None:
    page = approver.get(f"{base(walk)}/release")
    assert "The pack has no approval that stands." in page.text
    approved(approver, walk, clock)
    page = approver.get(f"{base(walk)}/release")
    assert REQUESTER not in page.text
    for wrong in ("", "Wren Ashdown", "Ada"):
        refused = approver.submit(page, {"recipient": wrong}, expect=400)
        assert len(refused.errors) == 1
    assert walk.case.state == "approval"
    approver.submit(page, {"recipient": f"  {REQUESTER.upper()} "})
    assert walk.case.state == "ready"


def test_a_part_is_released_and_the_work_goes_on(
    app: Flask, approver: JudgingClient, walk: Walk, clock: time_machine.Traveller
) -> None:
    walk.step("send_back", reason="The school's papers will be late.")
    in_part(app, walk)
    approved(approver, walk, clock)
    page = approver.get(f"{base(walk)}/release-part")
    assert approver.submit(page, {"recipient": REQUESTER}, expect=400).errors == ["Answer this question"]
    approver.submit(page, {"recipient": REQUESTER, "answer_still_to_come": "The papers of the school."})
    assert walk.case.state == "finding"
    assert builders.pack_of(walk).state == "released"


def test_a_copy_that_says_more_will_come_is_no_last_one_and_one_that_does_not_is_no_part(
    app: Flask, approver: JudgingClient, walk: Walk, clock: time_machine.Traveller
) -> None:
    approved(approver, walk, clock)
    page = approver.get(f"{base(walk)}/release-part")
    assert "This copy does not say that more will come." in page.text
    walk.step("send_back", reason="The school's papers will be late.")
    in_part(app, walk)
    assert "There is more to come." in approver.get(f"{base(walk)}/copy").text
    approved(approver, walk, clock)
    page = approver.get(f"{base(walk)}/release")
    assert "This copy says that more will come." in page.text
    forged = {"recipient": REQUESTER, "seen": walk.case.seq, "take": "1"}
    approver.post(f"{base(walk)}/release", forged, expect=400, max_queries=REFUSED)
    assert walk.case.state == "approval"


def in_part(app: Flask, walk: Walk) -> None:
    """The caseworker puts a part together and sends it to approval."""
    here = f"/staff/cases/{walk.case.reference}/review/pack"
    client = at_desk(app, walk.worker)
    client.submit(client.get(here), {"more_to_come": "y"}, form=f"{here}/ask")
    jobs.run_all(walk.runtime.database, walk.runtime)
    builders.let_stay(walk)
    walk.step("send_to_approval")


def test_a_redaction_changed_after_approval_makes_it_void(
    app: Flask, approver: JudgingClient, walk: Walk, clock: time_machine.Traveller
) -> None:
    approved(approver, walk, clock)
    before = approver.get(f"{base(walk)}/release")
    page = approver.get(f"{base(walk)}/send-back")
    approver.submit(page, {"answer_reason": "One more name in the second note."})
    assert walk.case.state == "review"
    decide(walk, walk.worker, Decision("not_subject", reason="It is about a cousin."), only="give")
    assert approver.submit(before, {"recipient": REQUESTER}, expect=409).status == 409
    page = at_desk(app, walk.worker).get(f"/staff/cases/{walk.case.reference}/review/pack")
    assert "it does not count any more" in page.text
    assert "There is no freshly assembled pack." in page.text or "Put a new pack together" in page.text
    forged = {"recipient": REQUESTER, "seen": walk.case.seq, "take": "1"}
    approver.post(f"{base(walk)}/release", forged, expect=400, max_queries=REFUSED)
    assert builders.pack_of(walk).released_at is None


def test_sending_back_needs_a_reason(approver: JudgingClient, walk: Walk) -> None:
    page = approver.get(f"{base(walk)}/send-back")
    assert approver.submit(page, {}, expect=400).errors == ["Answer this question"]
    assert walk.case.state == "approval"


def test_a_pack_is_asked_for_watched_made_tight_and_sent(app: Flask, runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    client = at_desk(app, walk.worker)
    here = f"/staff/cases/{walk.case.reference}/review/pack"
    page = client.follow(client.submit(client.get(here), form=f"{here}/ask"))
    assert "The review is not complete." in page.text
    builders.decide_all(walk)
    page = client.follow(client.submit(client.get(here), form=f"{here}/ask"))
    assert "The pack is being made." in page.text
    assert page.response.headers["Refresh"] == "5"
    jobs.run_all(runtime.database, runtime)
    page = client.get(here)
    assert "Refresh" not in page.response.headers
    finds = [link.get("href") for link in page.all("a") if "/found/" in (link.get("href") or "")]
    for number, href in enumerate(finds):
        assert "It cannot go to approval yet." in client.get(here).text
        find = client.get(str(href))
        if number == 0:
            assert client.submit(find, {}, expect=400).errors == ["Say why it stays"]
        client.submit(find, {"reason": "It stands elsewhere, rightly.", "boilerplate": "y"})
    client.get(f"{here}/found/999", expect=404)
    page = client.follow(client.submit(client.get(here), form=f"{here}/send"))
    assert "The case is with the approvers now." in page.text
    assert walk.case.state == "approval"


def test_two_who_decide_about_one_find_do_not_overwrite_each_other(app: Flask, runtime: Runtime) -> None:
    walk = builders.case_in(runtime, "review")
    builders.decide_all(walk)
    by = walk.worker.actor
    walk.act(lambda session: release.request_pack(session, walk.case_id, by=by))
    jobs.run_all(runtime.database, runtime)
    leak = {"needle": "Copperfield", "rule": "STAYS", "found_in": ["html"], "places": [], "given_elsewhere": True}

    def found(session: object) -> None:
        pack = builders.pack_of(walk)
        told = release.findings(session, pack)  # type: ignore[arg-type]
        walk.runtime.vault.put(pack, {**told, "leaks": [{**leak, "absolute": False}]})
        session.merge(pack)  # type: ignore[attr-defined]

    walk.act(found)
    here = f"/staff/cases/{walk.case.reference}/review/pack/found/1"
    one, other = at_desk(app, walk.worker), at_desk(app, builders.make_staff(runtime))
    first, second = one.get(here), other.get(here)
    one.submit(first, {"reason": "It is the child's earlier name, too."})
    lost = other.submit(second, {"reason": "Another reason."}, expect=409)
    assert "It is the child's earlier name, too." in lost.text
    assert lost.answers()["reason"] == ["Another reason."]


def test_another_team_sees_no_approval(app: Flask, walk: Walk, runtime: Runtime) -> None:
    other = builders.make_staff(runtime, role="approver", team=builders.make_team(runtime, "Other team"))
    client = at_desk(app, other)
    for page in ("", "/copy", "/pdf", "/approve", "/release", "/send-back"):
        client.get(base(walk) + page, expect=404)


@pytest.mark.parametrize("state", ["received", "review", "ready", "closed"])
def test_outside_of_approval_the_pages_say_so(app: Flask, runtime: Runtime, state: str) -> None:
    walk = builders.case_in(runtime, state)
    client = at_desk(app, walk.approver)
    assert "This case is not waiting for approval." in client.get(base(walk)).text
    for page in ("approve", "release", "release-part", "confirm-again", "send-back"):
        assert "This step is closed now." in client.get(f"{base(walk)}/{page}").text
    client.get(f"{base(walk)}/pdf", expect=303)


def test_the_pages_ask_the_database_no_more_of_a_longer_record(app: Flask, runtime: Runtime) -> None:
    counted: dict[str, set[int]] = {}
    for local_id, name, notes in (("LA-1", "Wren Ashdown", 3), ("LA-2", "Ash Linden", 120)):
        record = builders.rich_child(runtime, local_id=local_id, name=name, notes=notes)
        walk = builders.case_in(runtime, "approval", record=record)
        client = at_desk(app, walk.approver)
        for path in ("", "/copy", "/approve"):
            page = client.get(base(walk) + path)
            counted.setdefault(path, set()).add(page.queries)
    assert {path: len(counts) for path, counts in counted.items()} == dict.fromkeys(counted, 1), counted

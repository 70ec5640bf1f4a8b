"""The whole journey in a real browser: a parent asks, two people do the work, and the right pages reach the parent."""

from __future__ import annotations

import pytest

from portal import jobs
from tests.browser.conftest import Windows
from tests.browser.family_door import (
    Parent,
    is_made_for_everyone,
    parent_asks_for_the_record,
    parent_reads_and_downloads,
    parent_signs_in,
)
from tests.browser.staff_door import (
    Worker,
    approver_approves,
    approver_releases,
    caseworker_checks_who_asks,
    caseworker_finds_the_record,
    caseworker_reviews,
    caseworker_sends_the_pack,
    caseworker_takes_the_case,
    staff_sign_in,
)
from tests.browser.walking import Walker
from tests.builders import CONFIDENCE, NEIGHBOUR, make_staff, rich_child
from tests.portal.documents.reading import all_bytes, pages_of

GIVEN = "The flat was warm and tidy."
WITHHELD = "Lantern House"


@pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("size", "scripts"), [("desktop", True), ("phone", False)], ids=["desk", "phone without scripts"]
)
def test_a_parent_asks_and_the_right_pages_reach_the_parent(windows: Windows, size: str, scripts: bool) -> None:
    # Given a child whose record is held, a parent, a caseworker and an approver
    runtime = windows.runtime
    child = rich_child(runtime)

    def window() -> Walker:
        return windows.walker(size, scripts=scripts, judged=scripts)

    parent = Parent(window())
    caseworker = Worker(window(), make_staff(runtime, role="caseworker"))
    desk = windows.walker(size, scripts=True, judged=scripts)  # approvers need a passkey, and a passkey needs scripts
    approver = Worker(desk, make_staff(runtime, role="approver", name="Ines Moor"))

    # When the parent asks, and everybody does their part
    parent_asks_for_the_record(parent, child.name, child.born)
    parent_signs_in(parent, runtime)
    parent.walker.follow(parent.reference)
    assert parent.walker.reads("We have got your request.")
    case = parent.reference
    staff_sign_in(caseworker)
    caseworker_takes_the_case(caseworker, case)
    caseworker_checks_who_asks(caseworker, case)
    caseworker_finds_the_record(caseworker, case, child.name, child.born)
    caseworker_reviews(caseworker, case, by_word=scripts)
    caseworker_sends_the_pack(caseworker, case, runtime)
    parent.walker.open(f"/cases/{case}")
    assert parent.walker.reads("We are working on it.")
    staff_sign_in(approver)
    approver_approves(approver, case)
    approver_releases(approver, case, parent.name)
    jobs.run_all(runtime.database, runtime)
    read, pdf = parent_reads_and_downloads(parent)

    # Then what is in the parent's hands is the right part of the record, on the screen and in the file
    assert is_made_for_everyone(pdf)
    kept = " ".join(pages_of(pdf))
    for given in (GIVEN, child.name, "Isla Copperfield"):
        assert given in read
        assert given in kept
    for gone in (CONFIDENCE, "depression", NEIGHBOUR, NEIGHBOUR.split()[1], WITHHELD):
        assert gone not in read
        assert gone not in kept
        assert gone.encode() not in all_bytes(pdf)
    assert "May be upsetting: worry about a child left alone" in read
    parent.walker.open(f"/cases/{case}")
    assert parent.walker.reads("You have opened your copy.")


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_on_sqlite_a_request_is_sent_and_work_on_it_starts(windows: Windows) -> None:
    # Given a parent and a caseworker
    parent = Parent(windows.walker("phone", scripts=True, judged=False))
    who = make_staff(windows.runtime, role="caseworker")
    caseworker = Worker(windows.walker("desktop", scripts=True, judged=False), who)
    child = rich_child(windows.runtime)

    # When the request is sent, and taken up
    parent_asks_for_the_record(parent, child.name, child.born)
    staff_sign_in(caseworker)
    caseworker_takes_the_case(caseworker, parent.reference)

    # Then its page says so
    parent_signs_in(parent, windows.runtime)
    parent.walker.follow(parent.reference)
    assert parent.walker.reads("We started work on it.")

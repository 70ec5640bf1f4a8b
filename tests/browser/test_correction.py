"""A challenge in a real browser: somebody says what is wrong, and it becomes a change that others are told of."""

from __future__ import annotations

import pytest

from portal import jobs
from tests.browser.conftest import Windows
from tests.browser.family_challenge import (
    SHOULD_SAY,
    STATEMENT,
    UNWANTED,
    challenges_their_own_record,
    enrols_an_app,
    reads_the_answer,
    says_what_is_wrong_in_the_copy,
    writes_a_statement,
)
from tests.browser.family_door import Parent, is_made_for_everyone, parent_shows_the_code, parent_signs_in
from tests.browser.staff_challenge import (
    DECIDED_WHY,
    REFUSED_WHY,
    approver_approves_the_letter,
    approver_confirms_the_refusal,
    caseworker_asks_the_source,
    caseworker_decides,
    caseworker_matches_the_lines,
    caseworker_sends_the_letter,
    caseworker_tells_the_recipient,
    recipient_puts_it_right,
    register_and_sharing,
    source_answers,
)
from tests.browser.staff_door import (
    Worker,
    approver_releases,
    caseworker_attaches_the_record,
    caseworker_checks_who_asks,
    caseworker_takes_the_case,
    staff_sign_in,
)
from tests.browser.walking import Walker
from tests.builders import REQUESTER, case_in, rich_child
from tests.portal.documents.reading import pages_of

pytestmark = pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)


@pytest.mark.parametrize(
    ("size", "scripts"), [("desktop", True), ("phone", False)], ids=["desk", "phone without scripts"]
)
def test_what_a_parent_says_is_wrong_becomes_a_change(windows: Windows, size: str, scripts: bool) -> None:
    # Given a parent with a copy of a record, the school that wrote in it, and a desk that received it
    runtime = windows.runtime
    with runtime.vault.unlocked():
        given = case_in(runtime, "collected", record=rich_child(runtime, notes=3))
    register_and_sharing(given)

    def window() -> Walker:
        return windows.walker(size, scripts=scripts, judged=False)

    def judge(*there: Walker) -> None:
        for one in there:
            one.judged = scripts

    parent, school, desk = Parent(window(), name=REQUESTER), window(), window()
    caseworker = Worker(window(), given.worker)
    # approvers need a passkey, and a passkey needs scripts
    approver = Worker(windows.walker(size, scripts=True, judged=False), given.approver)
    enrols_an_app(parent, given)

    # When the parent says that two entries are wrong, and everybody does their part
    parent_signs_in(parent, runtime)
    parent_shows_the_code(parent)
    judge(parent.walker, school, desk)  # the ways in are judged on the way to a copy
    says_what_is_wrong_in_the_copy(parent)
    case, child = parent.reference, given.record
    assert child is not None
    staff_sign_in(caseworker)
    caseworker_takes_the_case(caseworker, case)
    caseworker_checks_who_asks(caseworker, case, then="Start to look for what is meant")
    caseworker_attaches_the_record(caseworker, case, child.name, child.born)
    judge(caseworker.walker)
    caseworker_matches_the_lines(caseworker, case)
    source_answers(school, caseworker_asks_the_source(caseworker, case, runtime))
    caseworker_decides(caseworker, case)
    parent.walker.open(f"/cases/{case}")
    assert parent.walker.reads("We are looking into it.")
    staff_sign_in(approver)
    judge(approver.walker)
    approver_confirms_the_refusal(approver, case)
    caseworker_sends_the_letter(caseworker, case, runtime)
    approver_approves_the_letter(approver, case)
    approver_releases(approver, case, REQUESTER, "Release the answer")
    recipient_puts_it_right(desk, caseworker_tells_the_recipient(caseworker, case, runtime))
    jobs.run_all(runtime.database, runtime)

    # Then the parent reads both decisions, on the screen and in the file, and has the last word on what was refused
    parent_signs_in(parent, runtime)
    read, pdf = reads_the_answer(parent)
    assert is_made_for_everyone(pdf)
    for words in (SHOULD_SAY, DECIDED_WHY, REFUSED_WHY):
        assert words in read
        assert words in " ".join(pages_of(pdf))
    assert "The diary of that day." not in read
    writes_a_statement(parent)
    caseworker.opens(case, "/lines")
    caseworker.walker.page.locator("main table").get_by_role("link").nth(1).click()
    caseworker.walker.look()
    assert caseworker.walker.reads(STATEMENT)
    assert caseworker.walker.reads(UNWANTED)


def test_a_young_person_challenges_their_own_record_without_a_copy(windows: Windows) -> None:
    # Given a young person with a phone
    young = Parent(windows.walker("phone", scripts=True, judged=True), "Wren Ashdown", "wren@example.org")

    # When they say in their own words what is wrong
    challenges_their_own_record(young)

    # Then it is there to be followed, line by line
    young.walker.judged = False
    parent_signs_in(young, windows.runtime)
    parent_shows_the_code(young)
    young.walker.judged = True
    assert young.walker.reads("We have got what you told us.")
    young.walker.follow("See more of number 1")
    assert young.walker.reads("I never went to that school.")
    assert young.walker.reads("We are looking into this.")

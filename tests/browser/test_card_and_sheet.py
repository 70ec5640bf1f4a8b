"""A mother without a smartphone and without email: from the telephone call that is her request to reading her copy."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from portal.cases.models import Case
from tests.browser.conftest import Windows
from tests.browser.staff_door import Worker, staff_sign_in
from tests.browser.walking import Walker
from tests.builders import _WAYS, CHILD_NAME, CONFIDENCE, REQUESTER, Record, Walk, make_staff, rich_child

GIVEN = "The flat was warm and tidy."


def caseworker_enters_the_call(worker: Worker, child: Record) -> str:
    """What the mother said on the telephone becomes a request; no channel but the telephone is safe."""
    here = worker.walker
    here.open("/staff/requests/new")
    here.page.get_by_label("Phone", exact=True).first.check()
    today = here.page.evaluate("new Date().toLocaleDateString('en-GB', {timeZone: 'Europe/London'})").split("/")
    for part, number in zip(("day", "month", "year"), today, strict=True):
        here.page.locator(f"[name=received_on-{part}]").fill(number)
    here.write("Name of the requester", REQUESTER)
    here.write("Phone number", "07700 900123")
    here.page.locator("[name=requester_kind_1][value=parent]").check()
    here.page.locator("[name=names_1]").fill(child.name)
    for part in ("day", "month", "year"):
        here.page.locator(f"[name=birth_date_1-{part}]").fill(str(getattr(child.born, part)))
    here.press("Enter the request")
    return re.findall(r"SAR-\w{4}-\w{4}", here.page.inner_text("body"))[0]


def caseworker_hands_over_card_and_sheet(worker: Worker, reference: str) -> tuple[str, str, list[str]]:
    """Number, words and codes, as they stand on the paper that she takes home."""
    here = worker.walker
    worker.opens(reference)
    here.follow("Card to sign in with")
    here.choose("Handed over in person")
    here.choose("Yes, make one now")
    here.press("Make the card")
    assert CHILD_NAME not in here.page.inner_text("main")
    number, words, *codes = here.page.locator("code").all_inner_texts()
    return number, words, codes


def mother_signs_in(here: Walker, number: str, words: str) -> None:
    here.open("/sign-in")
    here.follow("Sign in with your card")
    here.write("Number on your card", number.replace("-", " ").lower())
    here.write("The six words on your card", words.title())
    here.press("Sign in")
    assert here.title() == "My requests"


def mother_shows_a_code(here: Walker, codes: list[str], number: int) -> None:
    assert here.reads(f"Type the code beside number {number}.")
    here.write("Code", codes[number - 1].lower())
    here.press("Continue")


@pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)
def test_a_mother_with_a_card_and_a_sheet_of_codes_reads_her_copy(windows: Windows) -> None:
    # Given a child whose record is held, and two people who do the work
    runtime = windows.runtime
    child = rich_child(runtime)
    worker = Worker(windows.walker("desktop", scripts=True, judged=True), make_staff(runtime, role="caseworker"))
    staff_sign_in(worker)

    # When she rings, her request is worked on, and she is handed two pieces of paper
    reference = caseworker_enters_the_call(worker, child)
    with runtime.database.read() as session:
        case_id = session.exec(select(Case.id).where(Case.reference == reference)).one()
    approver = make_staff(runtime, role="approver", name="Ines Moor")
    _WAYS["ready"](Walk(runtime, case_id, worker.who, approver, record=child))
    number, words, codes = caseworker_hands_over_card_and_sheet(worker, reference)

    # Then on a phone's window, without scripts and without a mail, she comes in and sees where it is
    here = windows.walker("phone", scripts=False, judged=False)
    mother_signs_in(here, number, words)
    here.follow(reference)
    assert here.reads("Your copy is ready.") or here.reads("Read or keep your copy")
    assert GIVEN not in here.page.inner_text("body")

    # and with the next code of her sheet she reads what may be given
    here.follow("Show it is you")
    mother_shows_a_code(here, codes, 1)
    here.press("Read or keep your copy")
    here.press("Go on to the copy")
    here.follow("Read everything on one page")
    read = " ".join((here.page.locator("main").text_content() or "").split())
    assert GIVEN in read
    assert CONFIDENCE not in read
    here.open("/my")
    assert here.reads("19 codes left")
    here.press("Sign out")

    # and the pages of her ways in are made for everybody
    judged = windows.walker("phone", scripts=True, judged=True)
    mother_signs_in(judged, number, words)
    judged.open("/sign-in/sent")
    judged.open("/sign-in/lost")
    judged.open("/sign-in/phone")
    judged.open("/sign-in/code?next=/my")
    mother_shows_a_code(judged, codes, 2)
    assert judged.title() == "My page"
    judged.press("Add an app that shows codes")
    assert judged.title() == "Set up the app"

"""What somebody does at the family's door who says that a record is wrong."""

from __future__ import annotations

import re

from portal import db
from portal.people import factors
from tests.browser.family_door import Parent, parent_shows_the_code, sets_up_the_app
from tests.browser.walking import Walker
from tests.builders import BORN, Walk

WRONG, SHOULD_SAY = "Ahead of what is usual at this age.", "As is usual at this age."
UNWANTED = "found it hard to be honest"
STATEMENT = "I worked late that week. Nobody asked me why."


def enrols_an_app(parent: Parent, walk: Walk) -> None:
    """An app for codes of whoever asked for the copy, as it was set up when they asked."""
    parent.secret, parent.email = factors.new_secret(), "ada.lark@example.org"
    parent.reference = walk.case.reference
    with walk.runtime.database.write() as session:
        factors.add_app(session, "family", walk.case.requester, parent.secret, used_step=0, now=db.now())


def says_what_is_wrong_in_the_copy(parent: Parent) -> None:
    """Reads, presses "something is wrong" at one entry, gives the number of another, checks, sends."""
    here = parent.walker
    here.press("Read or keep your copy")
    here.press("Go on to the copy")
    parts = here.page.url.removeprefix(here.address)
    here.follow("Read everything on one page")
    number = _number_of(here, UNWANTED)
    here.open(parts)
    here.follow("School and learning")
    entry = here.page.locator("article").filter(has_text=WRONG)
    entry.get_by_role("link", name="Something is wrong with this").click()
    here.look()
    assert here.reads(WRONG)
    here.press("Continue")
    assert "Choose what is wrong" in here.page.inner_text(".govuk-error-summary")
    _says(here, "It is not true", "Her school report of March says so.", SHOULD_SAY)
    here.press("Tell us about something else")
    here.write("Which entries are wrong?", number)
    here.press("Continue")
    assert here.reads(UNWANTED)
    _says(here, "You should not keep this", "It is not fair, and it was not so.", "She was open about it.")
    here.follow("Change files")
    here.press("Continue")
    assert here.title() == "Check what you told us"
    here.press("Send it")
    assert here.reads("We have got what you told us")
    parent.reference = _reference(here)


def tells_in_words(here: Walker) -> None:
    """Two things that stand in no copy, one of them taken off again."""
    _says_in_words(here, "My school", "I never went to that school.")
    here.choose("Yes, I want to tell you about something else")
    here.press("Continue")
    _says_in_words(here, "The visit in May", "I was not there.")
    here.press("Remove number 2")
    here.choose("No, that is all")
    here.press("Continue")


def challenges_their_own_record(young: Parent) -> None:
    """From the first page to the reference: nobody but themselves, and no copy."""
    here = young.walker
    here.open("/wrong")
    here.press("Start now")
    here.choose("Mine: the record is about me")
    here.press("Continue")
    here.write("Full name", young.name)
    for part, number in (("Day", BORN.day), ("Month", BORN.month), ("Year", BORN.year - 7)):
        here.write(part, str(number))
    here.press("Continue")
    here.press("Continue")  # nothing that helps to find it
    here.choose("Email")
    here.write("Email address", young.email)
    here.press("Continue")
    tells_in_words(here)
    here.press("Continue")  # no papers
    sets_up_the_app(here, young)
    assert here.title() == "Check your answers"
    assert here.reads("I never went to that school.")
    assert not here.reads("The visit in May")
    here.press("Send my request")
    young.reference = _reference(here)


def reads_the_answer(parent: Parent) -> tuple[str, bytes]:
    """Shows the code, opens the answer, reads it and keeps it; answers with its words and the file."""
    here = parent.walker
    parent_shows_the_code(parent)
    here.press("Read our answer")
    here.press("Read the answer")
    assert here.title() == "Our answer"
    read = here.page.inner_text("main")
    with here.page.expect_download() as coming:
        here.page.get_by_role("link", name="Keep it as a file (PDF)").click()
    here.follow("See what you can do now")
    return " ".join(read.split()), coming.value.path().read_bytes()


def writes_a_statement(parent: Parent) -> None:
    """Looks at what else could be done, then writes what is to stand beside what was refused."""
    here = parent.walker
    for other in ("Ask somebody new to look at it again", "How to complain"):
        here.open(f"/cases/{parent.reference}")
        here.follow(other)
    here.open(f"/cases/{parent.reference}")
    here.follow("See more of number 2")
    assert here.reads("We did not change it.")
    assert not here.reads("What it says now")
    here.follow("Write a statement that stands next to it")
    here.write("What do you say about it?", STATEMENT)
    here.press("Put it next to the entry")
    assert here.reads(STATEMENT)


def _says(here: Walker, kind: str, why: str, should_say: str = "") -> None:
    here.choose(kind)
    here.write("What should it say?", should_say)
    here.write("How do you know?", why)
    here.press("Continue")


def _says_in_words(here: Walker, about: str, why: str) -> None:
    here.write("What is it about?", about)
    _says(here, "It is not true", why)


def _number_of(here: Walker, words: str) -> str:
    """The number that the copy prints before the entry that says so."""
    return here.page.locator("article").filter(has_text=words).locator("h3, h4").first.inner_text().partition(".")[0]


def _reference(here: Walker) -> str:
    return re.findall(r"COR-\w{4}-\w{4}", here.page.inner_text(".govuk-panel"))[0]

"""A solicitor asks for two siblings in one go; each needs an authority of their own, and only one has it (R-61)."""

from __future__ import annotations

import datetime
import io
import re

import pytest
from PIL import Image

from tests.browser.conftest import Windows
from tests.browser.staff_door import Worker, caseworker_takes_the_case, staff_sign_in
from tests.browser.walking import Walker
from tests.builders import make_staff, make_team

SIBLINGS = (("Wren Ashdown", datetime.date(2019, 4, 2)), ("Alder Ashdown", datetime.date(2016, 9, 30)))


@pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("size", "scripts"), [("desktop", True), ("phone", False)], ids=["desk", "phone without scripts"]
)
def test_a_solicitor_for_two_siblings_gets_on_with_the_one_they_may_act_for(
    windows: Windows, size: str, scripts: bool
) -> None:
    # Given a solicitor with a paper that one parent signed for one child, and a caseworker
    make_team(windows.runtime)
    solicitor = windows.walker(size, scripts=scripts, judged=scripts)
    worker = Worker(windows.walker(size, scripts=scripts, judged=scripts), make_staff(windows.runtime))

    # When they ask for both children, and the caseworker writes down what the papers show
    first, second = solicitor_asks(solicitor)
    staff_sign_in(worker)
    for reference in (first, second):
        caseworker_takes_the_case(worker, reference)
        worker.takes_step(reference, "Accept identity", "The person is known to us already")
    writes_down_who_signed(worker, first)
    accepts_as_drafted(worker, first)
    worker.takes_step(first, "Start to look for the record")

    # Then the first request goes on, and the second waits for an authority of its own
    worker.opens(first)
    assert worker.walker.reads("Finding the record")
    worker.opens(second, "/authority")
    assert worker.walker.reads("Not known yet")
    assert worker.walker.reads("Who signed:")
    worker.takes_step(
        second,
        "Ask for proof of authority",
        "They act for someone else and sent no signed authority",
        "A signed authority to act",
    )
    worker.opens(second)
    assert worker.walker.reads("Checking who is asking")
    assert worker.walker.reads("The clock is stopped")


def solicitor_asks(here: Walker) -> list[str]:
    """From the first page to two references, with a paper for one of the children."""
    here.open("/")
    here.press("Start now")
    here.choose("More than one person's: I act for them")
    here.press("Continue")
    for number, (name, born) in enumerate(SIBLINGS, start=1):
        here.write("Full name", name)
        for part, value in (("Day", born.day), ("Month", born.month), ("Year", born.year)):
            here.write(part, str(value))
        here.press("Continue")
        here.press("Continue")  # nothing more that helps to find it
        here.choose("A parent signed that I may ask" if number == 1 else "Something else, or I am not sure")
        here.press("Continue")
        here.choose("Yes" if number < len(SIBLINGS) else "No")
        here.press("Continue")
    here.write("What is your full name?", "Pat Sedge")
    here.press("Continue")
    here.choose("Post")
    here.write("Your postal address", "Sedge and Sons\n4 Quay Street\nNether Quill")
    here.press("Continue")
    here.choose("Everything you hold")
    here.press("Continue")
    here.press("Continue")  # no words
    here.choose("On paper, by post")
    here.press("Continue")
    here.choose("That I may ask for someone else")
    here.page.get_by_label("Choose a file").set_input_files(
        {"name": "authority.png", "mimeType": "image/png", "buffer": picture()}
    )
    here.press("Add this file")
    here.press("Continue")
    assert here.title() == "Check your answers"
    here.press("Send my request")
    return re.findall(r"SAR-\w{4}-\w{4}", here.page.inner_text(".govuk-panel"))


def writes_down_who_signed(worker: Worker, reference: str) -> None:
    here = worker.walker
    worker.opens(reference, "/authority")
    assert here.reads("Not known yet")
    here.follow("Write down what the papers show")
    here.page.get_by_label("Who signed?").select_option(label="Somebody with parental responsibility")
    signed = here.page.get_by_role("group", name="On which day?")
    for part, value in (("Day", "2"), ("Month", "3"), ("Year", "2026")):
        signed.get_by_label(part).fill(value)
    holds = here.page.get_by_role("group", name="Does whoever signed hold parental responsibility themselves?")
    holds.get_by_label("Yes", exact=True).check()
    here.press("Write this down")
    assert here.reads("Yes, on these facts")


def accepts_as_drafted(worker: Worker, reference: str) -> None:
    """The step begins with the footing and the reasons; the caseworker adds what they alone know."""
    here = worker.walker
    worker.opens(reference, "/authority")
    here.follow("Accept authority")
    assert here.page.locator("[name=answer_basis]").input_value() == "parent-agreement"
    assert "Signed authority that is in force." in here.page.locator("[name=answer_reasons]").input_value()
    here.page.locator("[name=answer_seen]").fill("Signed authority of 2 March; birth certificate of the mother’s child")
    here.page.locator("[name=answer_orders]").fill("Asked: there is no order.")
    here.press("Accept authority")
    worker.opens(reference, "/authority")
    assert here.reads("Signed authority of 2 March")
    assert here.reads("Destroyed")  # the paper itself


def picture() -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (40, 40), "teal").save(data, "PNG")
    return data.getvalue()

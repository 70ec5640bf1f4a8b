"""What a parent does at the family's door."""

from __future__ import annotations

import datetime
import io
import re
from dataclasses import dataclass

import pikepdf

from portal.runtime import Runtime
from tests.browser.walking import Walker, with_passkeys
from tests.client import code_of, link_in, mails


@dataclass
class Parent:
    """Somebody who asks, and what they keep: the app's secret and the reference."""

    walker: Walker
    name: str = "Hanne Ashdown"
    email: str = "hanne.ashdown@example.org"
    secret: str = ""
    reference: str = ""
    by_passkey: bool = False
    codes: int = 0  # each code of the app counts once, so the next one is of a later half minute


def parent_asks_for_the_record(parent: Parent, child: str, born: datetime.date) -> None:
    """From the first page to the reference, with a passkey or an app for codes set up on the way."""
    here = parent.walker
    here.open("/")
    here.press("Start now")
    _says_whose_record(here, child, born)
    _says_who_asks(here, parent)
    _says_what_is_wanted(here)
    (makes_a_passkey if parent.by_passkey else sets_up_the_app)(here, parent)
    assert here.title() == "Check your answers"
    assert here.reads(child)
    here.press("Send my request")
    parent.reference = re.findall(r"SAR-\w{4}-\w{4}", here.page.inner_text(".govuk-panel"))[0]


def parent_signs_in(parent: Parent, runtime: Runtime) -> None:
    """By the link that comes by mail, opened in the same browser."""
    here = parent.walker
    here.open("/sign-in")
    here.write("Email address", parent.email)
    here.write("Your reference", parent.reference)
    here.press("Send me a link")
    assert here.title() == "Check your email"
    here.open(link_in(next(mail for mail in reversed(mails(runtime)) if "/open/" in mail.get_content())))
    here.press("Sign in")


def parent_shows_the_code(parent: Parent) -> None:
    """From the page of the case, and back to it: with the code, or with the passkey."""
    here = parent.walker
    here.open(f"/cases/{parent.reference}")
    here.follow("Show it is you")
    if parent.by_passkey:
        here.page.get_by_role("button", name="Use my passkey").click()  # the page that comes back goes on by itself
        here.page.wait_for_url(f"**/cases/{parent.reference}")
        return
    here.write("Code", code_of(parent.secret, ahead=parent.codes))
    here.press("Continue")
    parent.codes += 1


def parent_reads_and_downloads(parent: Parent) -> tuple[str, bytes]:
    """Shows the code of the app, opens the copy, reads it part by part and as a whole, and keeps the file.

    Answers with the words of all pages read, and the file."""
    here, read = parent.walker, []
    parent_shows_the_code(parent)
    here.press("Read or keep your copy")
    assert here.title() == "Before you read"
    here.press("Go on to the copy")
    parts = here.page.url.removeprefix(here.address)
    for number in range(1, here.page.locator(".govuk-task-list__item").count() + 1):
        here.open(f"{parts}/part/{number}")
        read.append(here.page.locator("main").text_content() or "")
    here.open(parts)
    here.follow("Read everything on one page")
    read.append(here.page.locator("main").text_content() or "")
    here.open(parts)
    with here.page.expect_download() as coming:
        here.page.get_by_role("link", name="Keep it as a file (PDF)").click()
    assert coming.value.suggested_filename.endswith(".pdf")
    return " ".join(" ".join(read).split()), coming.value.path().read_bytes()


def is_made_for_everyone(pdf: bytes) -> bool:
    """The file opens, is tagged for those who listen to it, and says its language."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        root = opened.Root
        return bool(root.MarkInfo.Marked) and str(root.Lang).startswith("en") and len(opened.pages) > 1


def _says_whose_record(here: Walker, child: str, born: datetime.date) -> None:
    here.press("Continue")
    assert "Choose whose record you want to see" in here.page.inner_text(".govuk-error-summary")
    here.choose("My child's")
    here.press("Continue")
    here.write("Full name", child)
    for part, number in (("Day", born.day), ("Month", born.month), ("Year", born.year)):
        here.write(part, str(number))
    here.press("Continue")
    here.write("School, college or nursery", "Kiln Lane Primary School")
    here.press("Continue")
    here.choose("I am the mother")
    here.press("Continue")


def _says_who_asks(here: Walker, parent: Parent) -> None:
    here.write("What is your full name?", parent.name)
    here.press("Continue")
    here.choose("Email")
    here.write("Email address", parent.email)
    here.press("Continue")


def _says_what_is_wanted(here: Walker) -> None:
    here.choose("Everything you hold")
    here.press("Continue")
    here.write("Is there anything that helps us find it?", "Above all the visits when she was five.")
    here.press("Continue")
    here.choose("On this website, to read or to keep")
    here.press("Continue")
    here.press("Continue")  # no papers


def sets_up_the_app(here: Walker, parent: Parent) -> None:
    here.choose("With an app on a phone, tablet or computer")
    here.press("Continue")
    parent.secret = here.page.inner_text(".portal-spaced").replace(" ", "")
    here.write("Code that the app shows", code_of(parent.secret, ahead=parent.codes))
    here.press("Continue")
    parent.codes += 1


def makes_a_passkey(here: Walker, _parent: Parent) -> None:
    here.choose("With a passkey")
    here.press("Continue")
    with_passkeys(here.page)
    here.write("Name of the passkey", "My phone")
    here.page.get_by_role("button", name="Make a passkey").click()  # the page that comes back goes on by itself
    here.page.wait_for_url("**/ask/check")
    here.look()

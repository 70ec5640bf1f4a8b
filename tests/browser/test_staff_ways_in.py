"""How staff come in, in a real browser: the administrator's first hour, and a caseworker by the directory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from werkzeug.serving import make_server

from portal import create_app, db, jobs
from portal.people import cards, identities, invitations
from portal.people.models import Staff
from portal.people.openid import SignedIn
from portal.runtime import Runtime
from portal.settings import Settings
from tests.browser.conftest import opened_window
from tests.browser.staff_door import Worker, caseworker_takes_the_case
from tests.browser.walking import Walker, with_passkeys
from tests.builders import PASSWORD, make_staff, open_case
from tests.client import code_of, runtime_of
from tests.openid_provider import running, settings_for
from tests.portal.caseworker.desk import TODAY

POSTGRESQL = pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)


@contextmanager
def served(settings: Settings, **more: str) -> Iterator[tuple[Flask, str]]:
    """The portal under an address that it knows itself: the directory sends people back to it."""
    server = make_server("127.0.0.1", 0, Flask("nothing"), threaded=True)
    address = f"http://localhost:{server.server_port}"  # no browser makes a passkey for a number
    server.app = app = create_app(replace(settings, family_url=address, staff_url=address, **more))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield app, address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        runtime_of(app).close()


def takes_seat(here: Walker) -> None:
    """A password, and an app that reads the letters."""
    letters = here.page.locator("strong.portal-spaced").inner_text()
    here.write("Password", PASSWORD)
    here.write("The same password again", PASSWORD)
    here.write("Code from your app", code_of(letters.replace(" ", "")))
    here.press("Take my seat")


def makes_passkey(here: Walker) -> None:
    """What an administrator needs before anything else, in the first hour."""
    assert here.title() == "Make a passkey"
    here.write("Name of the passkey", "The key on my desk")
    here.page.get_by_role("button", name="Make a passkey").click()  # the page that comes back goes on by itself
    here.page.wait_for_url("**/staff/bodies")


def types_words(here: Walker, path: str, number: str, words: str, **more: str) -> None:
    here.open(path)
    here.write("Number", number)
    here.write("The six words", words)
    for label, said in more.items():
        here.write(label.replace("_", " "), said)
    here.press("Continue")


def administrator_makes_a_seat(boss: Walker) -> tuple[str, str]:
    """A team, a caseworker's seat in it, and the words that are printed for the newcomer."""
    boss.follow("Teams")
    boss.write("Name of the team", "Records team")
    boss.press("Save")
    assert boss.reads("Records team")
    boss.follow("Seats")
    boss.follow("Make a seat")
    boss.write("Name", "Noor Ash")
    boss.write("Work email address", "noor.ash@example.org")
    boss.choose("Caseworker")
    boss.page.get_by_label("Team", exact=True).select_option(label="Records team")
    for part, number in (("Day", TODAY.day), ("Month", TODAY.month), ("Year", TODAY.year)):
        boss.write(part, str(number))
    boss.press("Make the seat")
    boss.press("Print a number and six words")
    found = boss.page.locator("main strong").all_inner_texts()
    boss.follow("I have printed it: back to the seat")
    return found[0], found[1]


@POSTGRESQL
def test_the_administrators_first_hour(settings: Settings, browser: Browser) -> None:
    with ExitStack() as stack:
        # Given a portal that nobody can come in to, a request that waits, and words on its console
        app, address = stack.enter_context(served(settings))
        runtime = runtime_of(app)
        boss, newcomer = (
            Walker(stack.enter_context(opened_window(browser, size)), address, judged=True)
            for size in ("desktop", "phone")
        )
        new = cards.new_card(runtime.settings.secrets.pepper)
        with runtime.database.write() as session:
            invitations.on_console(session, new, now=db.now())

        # When the administrator comes in, makes a team and a seat, and the newcomer takes it
        who = {"Your_name": "Max Ferris", "Your_work_email_address": "max.ferris@example.org"}
        types_words(boss, "/staff/first-administrator", new.number, new.words, **who)
        with_passkeys(boss.page)
        takes_seat(boss)
        makes_passkey(boss)
        number, words = administrator_makes_a_seat(boss)
        types_words(newcomer, "/staff/invitation", number, words)
        takes_seat(newcomer)

        # Then the newcomer works, and the administrator sees that they came and no case
        case = open_case(runtime)
        caseworker_takes_the_case(Worker(newcomer, make_staff(runtime)), case.reference)
        boss.page.reload()
        assert boss.reads("In use")
        assert boss.page.request.get(f"{address}/staff/cases/{case.reference}").status == 403


@POSTGRESQL
def test_a_caseworker_comes_in_by_the_directory(settings: Settings, browser: Browser) -> None:
    with ExitStack() as stack:
        # Given a caseworker whom the directory knows
        directory = stack.enter_context(running())
        app, address = stack.enter_context(served(settings, **settings_for(settings.instance, directory.issuer)))
        runtime, subject = runtime_of(app), "sam-0001"
        worker = make_staff(runtime)
        linked(runtime, worker.id, directory.issuer, subject)
        directory.knows(subject, auth_time=int(time.time()))
        here = Walker(stack.enter_context(opened_window(browser, "desktop")), address, judged=True)

        # When they press the button, sign in there, and press the button on the way back
        ours = ("//127.0.0.1:", "//localhost:")
        outside = lambda url: not any(one in url for one in ours) or url.endswith("/favicon.ico")  # noqa: E731
        here.page.route(outside, lambda route: route.fulfill(status=200, body=""))  # what the provider's pages fetch
        here.open("/staff/sign-in")
        here.page.get_by_role("button", name="Sign in with Quill Council").click()
        here.page.wait_for_url(f"{directory.issuer}/**")
        here.page.locator("input[name=sub]").fill(subject)
        here.page.get_by_role("button", name="Authorize").click()
        expect(here.page.locator("h1")).to_have_text("You are back")
        here.look()
        here.press("Continue")

        # Then they are at their work, and what they left behind in the browser opens nothing
        assert here.page.url == f"{address}/staff/"
        assert not any("code=" in str(cookie) for cookie in here.page.context.cookies())
        here.press("Sign out")
        here.page.go_back()
        here.page.wait_for_load_state()
        here.open("/staff/")
        assert here.title() == "Staff sign-in"
        assert jobs.run_all(runtime.database, runtime) >= 0


def linked(runtime: Runtime, holder, issuer: str, subject: str) -> None:
    with runtime.database.write() as session:
        assert session.get(Staff, holder)
        who = SignedIn(issuer, subject, db.now(), two_factors=True)
        assert identities.link(session, "staff", holder, who, now=db.now())

"""The family's door in a real browser: the whole journey at a phone's and a desk's size, and without scripts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask
from playwright.sync_api import Page

from portal.documents.pack import Pack
from tests.browser.axe import sideways, violations
from tests.browser.conftest import serving
from tests.client import code_of
from tests.portal.requester.test_reading import content, make_ready

Look = Callable[[Page], None]
pytestmark = pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)


def childs_copy(reference: str) -> Pack:
    return replace(content(reference), for_child=True)


def look(page: Page) -> None:
    """Nothing that axe finds, and nothing wider than the window."""
    assert violations(page) == []
    assert sideways(page) <= 0


def press(page: Page, name: str, look: Look) -> None:
    page.get_by_role("button", name=name).click()
    page.wait_for_load_state()
    look(page)


def ask(page: Page, address: str, look: Look) -> None:
    """A parent's request from the first page to the references."""
    page.goto(address)
    look(page)
    page.get_by_role("button", name="Start now").click()
    press(page, "Continue", look)
    assert "Choose whose record you want to see" in page.inner_text(".govuk-error-summary")
    page.get_by_label("More than one child's").check()
    press(page, "Continue", look)
    page.get_by_label("Full name").fill("Ash Vale")
    for part, value in (("Day", "27"), ("Month", "March"), ("Year", "2014")):
        page.get_by_label(part).fill(value)
    press(page, "Continue", look)
    press(page, "Continue", look)
    page.get_by_label("I am the mother", exact=True).check()
    press(page, "Continue", look)
    page.get_by_label("No", exact=True).check()
    press(page, "Continue", look)
    page.get_by_label("What is your full name?").fill("Robin Vale")
    press(page, "Continue", look)
    page.get_by_label("Email", exact=True).check()
    page.get_by_label("Email address").fill("robin.vale@example.org")
    press(page, "Continue", look)
    page.get_by_label("Only some parts, or some years").check()
    press(page, "Continue", look)
    page.get_by_label("School and education").check()
    press(page, "Continue", look)
    press(page, "Continue", look)
    page.get_by_label("On this website, to read or to keep").check()
    press(page, "Continue", look)
    press(page, "Continue", look)
    page.get_by_label("With an app on a phone, tablet or computer").check()
    press(page, "Continue", look)
    assert page.evaluate("document.querySelector('.portal-code-picture').naturalWidth") > 0
    page.get_by_label("Code that the app shows").fill(code_of(page.inner_text(".portal-spaced").replace(" ", "")))
    press(page, "Continue", look)
    press(page, "Send my request", look)
    assert "SAR-" in page.inner_text(".govuk-panel")


def test_a_family_asks_in_a_real_browser(app: Flask, window: Page) -> None:
    with serving(app) as address:
        ask(window, address, look)


def test_a_family_asks_without_scripts(app: Flask, plain_window: Page) -> None:
    with serving(app) as address:
        ask(plain_window, address, lambda _page: None)


@pytest.mark.parametrize("path", ["/help", "/accessibility", "/cookies", "/ask/resume", "/ask/kept", "/sign-in"])
def test_the_pages_beside_the_journey_are_sound(app: Flask, window: Page, path: str) -> None:
    with serving(app) as address:
        window.goto(address + path)
        look(window)


def test_a_requester_follows_reads_and_writes_in_a_real_browser(app: Flask, window: Page) -> None:
    ready = make_ready(app, of=childs_copy)
    cookie = ready.client.client.get_cookie("family", domain="localhost")
    with serving(app) as address:
        window.context.add_cookies([{"name": "family", "value": cookie.value, "url": address}])
        for path in ("/cases", ready.page, f"{ready.page}/messages", f"{ready.page}/files", f"{ready.page}/copies"):
            window.goto(address + path)
            look(window)
        window.get_by_role("button", name="Go on to the copy").click()
        look(window)
        parts = window.url
        window.goto(f"{parts}/part/2")
        look(window)
        window.get_by_text("Open it only if you want to").click()
        assert window.get_by_text("A hard day at the ward.").is_visible()
        for under in ("/whole", "/whole?order=time", "?order=time", "/part/1?order=time", "/short"):
            window.goto(f"{parts}{under}")
            look(window)

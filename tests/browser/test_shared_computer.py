"""At a computer that others use: after signing out or leaving quickly nothing of the person is left in the browser."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser, Page

from portal import create_app
from portal.people.models import SignInSession
from portal.settings import Settings
from tests.browser.conftest import opened_window, serving
from tests.client import Family, enter_family, runtime_of, sign_in
from tests.judge import JudgingClient
from tests.portal.people.at_once import count

pytestmark = pytest.mark.parametrize("database_urls", ["postgresql"], indirect=True)
NAME = "Robin Vale"


@pytest.fixture
def app(settings: Settings, compiled_templates: FileSystemBytecodeCache) -> Iterator[Flask]:
    """The application, whose quick exit leads to a page that is there without a network."""
    made = create_app(dataclasses.replace(settings, quick_exit_url="/help"))
    made.jinja_env.bytecode_cache = compiled_templates
    yield made
    runtime_of(made).close()


@pytest.fixture
def robin(app: Flask) -> Family:
    return enter_family(runtime_of(app))


@pytest.fixture
def window(app: Flask, browser: Browser, robin: Family) -> Iterator[Page]:
    """A window in which Robin is signed in and looks at her own page."""
    with ExitStack() as stack:
        address = stack.enter_context(serving(app))
        page = stack.enter_context(opened_window(browser, "desktop"))
        engine = runtime_of(app).database.engine
        cookie = sign_in(JudgingClient(app, engine), "family", robin.person_id)
        page.context.add_cookies([{"name": "family", "value": cookie, "url": address, "httpOnly": True}])
        page.goto(f"{address}/cases/{robin.reference}")
        page.goto(f"{address}/my")
        assert NAME in page.inner_text("main")
        yield page


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.wait_for_url("**/signed-out")


def leave_by_the_button(page: Page) -> None:
    page.get_by_role("button", name="Leave this page now").click()
    page.wait_for_url("**/help")


def leave_by_the_keyboard(page: Page) -> None:
    for _time in range(3):
        page.keyboard.press("Shift")
    page.wait_for_url("**/help")


@pytest.mark.parametrize("leave", [sign_out, leave_by_the_button, leave_by_the_keyboard])
def test_nothing_is_left_after_leaving(app: Flask, window: Page, robin: Family, leave: Callable[[Page], None]) -> None:
    mine = window.url
    leave(window)
    ended = time.monotonic() + 10  # the quick exit leaves before its sign-out has arrived
    while count(runtime_of(app), SignInSession) and time.monotonic() < ended:
        time.sleep(0.05)
    assert count(runtime_of(app), SignInSession) == 0
    for _step in range(3):
        window.go_back()
        window.wait_for_load_state()
        assert NAME not in window.content()
        assert robin.reference not in window.inner_text("body")
    window.goto(mine)
    assert "/sign-in" in window.url
    window.reload()
    assert NAME not in window.content()
    other = window.context.new_page()  # its console may say that the cache had nothing
    other.goto(mine)
    kept = other.evaluate(
        "async path => { try { const had = await fetch(path, {cache: 'only-if-cached', mode: 'same-origin'});"
        " return had.status; } catch { return 'nothing'; } }",
        mine,
    )
    assert kept in {"nothing", 504}
    assert window.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]


def test_a_page_that_is_left_open_asks_for_nothing_by_itself(window: Page) -> None:
    asked: list[str] = []
    window.on("request", lambda request: asked.append(request.url))
    window.wait_for_timeout(3000)
    assert asked == []


def test_a_page_that_was_open_when_the_session_ended_does_nothing_any_more(
    app: Flask, window: Page, robin: Family
) -> None:
    from portal.people import factors, sessions

    with runtime_of(app).database.write() as session:
        sessions.end_all(session, "family", robin.person_id)
    window.get_by_role("button", name="Add an app that shows codes").click()
    window.wait_for_url("**/sign-in*")
    assert count(runtime_of(app), SignInSession) == 0
    with runtime_of(app).database.read() as session:
        assert len(factors.all_live(session, "family", robin.person_id)) == 1

"""A real browser, and a server for an app, both on this machine only."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from portal.settings import Settings
from tests.browser.walking import Walker
from tests.client import runtime_of

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
# The machine that runs the tests may have no way out, and the browser must not look for one.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZES = {"phone": (360, 740), "desktop": (1280, 900)}


@pytest.fixture(scope="session")
def address() -> str:
    """Where the apps of this process are served, one after the other."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://localhost:{probe.getsockname()[1]}"


@pytest.fixture
def settings(settings: Settings, address: str) -> Settings:
    """Under a name and the very address that is served: passkeys are made for that, and never for a number."""
    return replace(settings, family_url=address, staff_url=address)


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address under which `app` is served while the block runs."""
    port = urlsplit(runtime_of(app).settings.family_url).port if "portal" in app.extensions else 0
    server = make_server("127.0.0.1", port or 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(params=list(SIZES))
def window(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """A page in a window of a phone's and of a desk's size; anything on its console is a fault."""
    with opened_window(browser, request.param) as page:
        yield page


@pytest.fixture
def plain_window(browser: Browser) -> Iterator[Page]:
    """A phone's window in which no script runs."""
    with opened_window(browser, "phone", java_script_enabled=False) as page:
        yield page


@contextmanager
def opened_window(browser: Browser, size: str, **options: bool) -> Iterator[Page]:
    width, height = SIZES[size]
    context: BrowserContext = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    # A refused form answers 400, a link that has ended 410, and the browser says so on its console.
    refused = ("status of 400", "status of 410")
    faults = [line for line in said if "Failed to load resource" not in line or not any(one in line for one in refused)]
    assert faults == []


class Windows:
    """Windows of one size on one app, each a browser of its own to the portal."""

    def __init__(self, app: Flask, browser: Browser, stack: ExitStack) -> None:
        self.runtime = runtime_of(app)
        self._browser, self._stack, self._sound = browser, stack, set[tuple[bool, str]]()
        self._address = stack.enter_context(serving(app))

    def walker(self, size: str, *, scripts: bool, judged: bool) -> Walker:
        page = self._stack.enter_context(opened_window(self._browser, size, java_script_enabled=scripts))
        return Walker(page, self._address, judged=judged, sound=self._sound)


@pytest.fixture
def windows(app: Flask, browser: Browser) -> Iterator[Windows]:
    with ExitStack() as stack:
        yield Windows(app, browser, stack)

"""Somebody at a browser window: goes from page to page by what the pages offer, and looks at each on the way."""

from __future__ import annotations

import re

from playwright.sync_api import Page

from tests.browser.axe import sideways, violations

WIDTHS = (360, 1280)
_NUMBER = re.compile(r"(?<=/)[\w.-]{43,}|[0-9a-f]{8}-[0-9a-f-]{27}|[A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}|\d+")


def with_passkeys(page: Page) -> None:
    """From now on the window's machine keeps passkeys, and its user always shows the right finger."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    told = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": told})


class Walker:
    """One person's window. Pages of one kind (address, headings and buttons, numbers aside) are looked at once; `sound`
    are those which somebody has looked at already, `judged` by axe or not."""

    def __init__(
        self, page: Page, address: str, *, judged: bool = False, sound: set[tuple[bool, str]] | None = None
    ) -> None:
        self.page, self.address, self.judged = page, address, judged
        self.sound = set[tuple[bool, str]]() if sound is None else sound

    def open(self, path: str) -> None:
        """Types an address."""
        self.page.goto(self.address + path)
        self.look()

    def press(self, name: str) -> None:
        """Presses the button of this name."""
        self.page.get_by_role("button", name=name, exact=True).first.click()
        self.look()

    def follow(self, name: str) -> None:
        """Goes where the link of this name leads."""
        self.page.get_by_role("link", name=name, exact=True).first.click()
        self.look()

    def choose(self, name: str) -> None:
        self.page.get_by_label(name, exact=True).check()

    def write(self, name: str, words: str) -> None:
        self.page.get_by_label(name, exact=True).fill(words)

    def reads(self, words: str) -> bool:
        """Whether the page says so."""
        return words in " ".join(self.page.inner_text("main").split())

    def title(self) -> str:
        return self.page.inner_text("h1")

    def look(self) -> None:
        """Nothing is wider than the window, at a phone's and a desk's width; where scripts run, axe finds nothing."""
        self.page.wait_for_load_state()
        kind = self._kind()
        if (self.judged, kind) in self.sound:
            return
        self.sound.add((self.judged, kind))
        size = self.page.viewport_size or {"width": WIDTHS[0], "height": 740}
        for width in [wide for wide in WIDTHS if wide != size["width"]] + [size["width"]]:
            self.page.set_viewport_size({"width": width, "height": size["height"]})
            assert sideways(self.page) <= 0, f"{kind} scrolls sideways at {width} pixels"
            if self.judged:
                assert violations(self.page) == [], f"{kind} at {width} pixels"

    def _kind(self) -> str:
        headings = self.page.locator("main h2:not(.govuk-heading-s, [data-as-recorded])").all_inner_texts()
        buttons = self.page.locator("main button").all_inner_texts()
        return _NUMBER.sub("*", " | ".join([self.page.url.split("?")[0], self.page.title(), *headings, *buttons]))

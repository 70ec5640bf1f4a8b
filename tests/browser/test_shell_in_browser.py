"""The shell in a real browser: axe finds nothing, nothing scrolls sideways, and it works with and without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.axe import sideways, violations
from tests.browser.conftest import serving
from tests.sample_app import make_app


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    app = make_app(quick_exit_url="/search")
    with serving(app) as here:
        yield here


@pytest.mark.parametrize("path", ["/form", "/parts", "/search"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(window: Page, address: str, path: str) -> None:
    window.goto(address + path)
    assert violations(window) == []
    assert sideways(window) <= 0


def test_a_page_of_errors_takes_the_reader_to_the_first_and_axe_finds_nothing(window: Page, address: str) -> None:
    window.goto(f"{address}/form")
    window.get_by_role("button", name="Continue").click()
    window.wait_for_selector(".govuk-error-summary")
    assert window.evaluate("document.activeElement.className") == "govuk-error-summary"
    assert violations(window) == []
    assert sideways(window) <= 0
    window.get_by_role("link", name="Enter the date of birth").click()
    assert window.evaluate("document.activeElement.id") == "born-day"


def test_the_quick_exit_leaves_and_back_does_not_return(window: Page, address: str) -> None:
    window.goto(f"{address}/parts")
    window.goto(f"{address}/form")
    window.get_by_role("button", name="Leave this page now").click()
    window.wait_for_url("**/search")
    window.go_back()
    assert window.url == f"{address}/parts"


def test_shift_pressed_three_times_leaves(window: Page, address: str) -> None:
    window.goto(f"{address}/parts")
    for _time in range(3):
        window.keyboard.press("Shift")
    window.wait_for_url("**/search")


def test_capital_letters_do_not_leave(window: Page, address: str) -> None:
    window.goto(f"{address}/form")
    window.get_by_label("Child's full name").focus()
    for _time in range(4):
        window.keyboard.press("Shift+A")
    assert window.url == f"{address}/form"
    assert window.get_by_label("Child's full name").input_value() == "AAAA"


def test_without_scripts_the_form_and_the_quick_exit_work(plain_window: Page, address: str) -> None:
    plain_window.goto(f"{address}/form")
    plain_window.get_by_role("button", name="Continue").click()
    assert plain_window.get_by_text("There is a problem").is_visible()
    plain_window.get_by_role("button", name="Leave this page now").click()
    assert plain_window.url == f"{address}/search"


def test_what_stands_under_a_choice_shows_only_while_it_is_chosen(window: Page, address: str) -> None:
    window.goto(f"{address}/form")
    for below, choose in (("Address", "By post"), ("Which clinic?", "Health")):
        assert not window.get_by_label(below).is_visible()
        window.get_by_label(choose).check()
        assert window.get_by_label(below).is_visible()
    assert violations(window) == []
    window.get_by_label("By email").check()
    assert not window.get_by_label("Address").is_visible()


def test_without_scripts_what_stands_under_a_choice_is_always_there(plain_window: Page, address: str) -> None:
    plain_window.goto(f"{address}/form")
    assert plain_window.get_by_label("Address").is_visible()

"""The navigation on a phone and on a desk, and a look that changes without losing what was typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console, eventually

pytestmark = pytest.mark.browser


def cookies(page: Page) -> dict[str, str]:
    """What the browser has kept; a request that may outlive its page is told of by no event."""
    return {str(one["name"]): str(one["value"]) for one in page.context.cookies()}


def test_on_a_phone_it_waits_behind_a_button(console: Console, browser_page: BrowserPage) -> None:
    browser_page.page.set_viewport_size({"width": 390, "height": 800})
    page = browser_page.sign_in(console, "/services/")
    rules = page.get_by_role("link", name="Alerts")
    expect(rules).not_to_be_visible()
    page.get_by_role("button", name="Menu").press("Enter")
    expect(rules).to_be_visible()
    page.keyboard.press("Escape")
    expect(rules).not_to_be_visible()
    page.get_by_role("button", name="Menu").click()
    rules.click()
    expect(page.get_by_role("heading", name="Alerts", exact=True)).to_be_visible()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Rules", exact=True).click()
    expect(page).to_have_url(console.address + "/alerts/rules/")


def test_a_theme_changes_at_once_and_stays_and_a_form_is_not_lost(
    console: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(console, "/add/")
    page.locator("input[name=name]").fill("half-typed")
    page.get_by_label("admin: account, appearance, sign out").click()
    before = page.evaluate("getComputedStyle(document.body.parentElement).colorScheme")
    page.get_by_role("button", name="Dark").click()
    assert before == "light dark"
    assert page.evaluate("getComputedStyle(document.body.parentElement).colorScheme") == "dark"
    page.get_by_role("button", name="Compact").click()
    kept = {"theme": "dark", "density": "dense"}
    eventually(lambda: kept.items() <= cookies(page).items(), "both are kept")
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "13.5px"
    expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("input[name=name]")).to_have_value("half-typed")
    page.goto(console.address + "/queue/")
    assert page.evaluate("getComputedStyle(document.body.parentElement).colorScheme") == "dark"


def test_icons_alone_keep_their_names(console: Console, browser_page: BrowserPage) -> None:
    page = browser_page.sign_in(console, "/services/")
    wide = page.locator(".side").bounding_box()
    page.get_by_role("button", name="Collapse navigation to icons").click()
    eventually(lambda: cookies(page).get("side") == "narrow", "it is kept")
    narrow = page.locator(".side").bounding_box()
    assert wide and narrow and narrow["width"] < wide["width"] / 3
    page.get_by_role("link", name="Agents").click()
    expect(page).to_have_url(console.address + "/agents/")
    expect(page.get_by_role("button", name="Collapse navigation to icons")).to_have_attribute(
        "aria-pressed", "true"
    )


def test_the_palette_goes_to_a_service_and_restarts_it_by_keyboard_alone(
    console: Console, browser_page: BrowserPage
) -> None:
    browser_page.expect_errors("^console: htmx:")  # going on cuts off what was being asked
    console.register(lamp={"url": "http://127.0.0.1:9/mcp"}, lantern={"url": "http://127.0.0.1:9/mcp"})
    page = browser_page.sign_in(console, "/queue/")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Service, tool, page or action")).to_be_focused()
    page.keyboard.type("lante")
    page.keyboard.press("Enter")
    page.wait_for_url(console.address + "/services/lantern/")
    page.keyboard.press("Control+k")
    page.keyboard.type("restart lamp")
    expect(page.get_by_role("option", name="Restart lamp")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(console.address + "/services/lamp/")
    expect(page.locator("#messages")).to_contain_text("Requested")


def test_letters_move_between_rows_and_are_letters_in_a_field(
    console: Console, browser_page: BrowserPage
) -> None:
    console.register(aa={"url": "http://127.0.0.1:9/mcp"}, bb={"url": "http://127.0.0.1:9/mcp"})
    page = browser_page.sign_in(console, "/services/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="bb", exact=True)).to_be_focused()
    page.keyboard.press("k")
    expect(page.get_by_role("link", name="aa", exact=True)).to_be_focused()
    page.keyboard.press("x")
    expect(page.get_by_role("checkbox", name="aa", exact=True)).to_be_checked()
    page.keyboard.press("/")
    page.keyboard.type("j?")
    expect(page.locator("main input[type=search]")).to_have_value("j?")
    page.locator("main").focus()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()

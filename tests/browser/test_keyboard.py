"""The service page by keyboard alone: menus and dialogs close by Escape, and the focus keeps its place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console

pytestmark = pytest.mark.browser


@pytest.fixture
def page(console: Console, browser_page: BrowserPage) -> Page:
    console.register(lamp={"url": "http://127.0.0.1:9/mcp"})
    return browser_page.sign_in(console, "/services/lamp/")


def test_menus_and_dialogs_close_by_escape_and_give_the_focus_back(page: Page) -> None:
    more, remove = page.locator("main .menu > summary"), page.locator("[data-opens=ask-remove]")
    more.press("Enter")
    expect(remove).to_be_visible()
    more.press("Escape")
    expect(remove).to_be_hidden()
    expect(more).to_be_focused()
    more.press("Enter")
    remove.press("Enter")
    expect(page.locator("#ask-remove [data-closes]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#ask-remove")).to_be_hidden()
    expect(more).to_be_focused()


def test_a_button_that_hides_itself_hands_the_focus_on(page: Page) -> None:
    more, start = page.locator("main .menu > summary"), page.locator("#do-start button")
    more.press("Enter")
    page.get_by_role("button", name="Stop", exact=True).press("Enter")
    expect(start).to_be_visible()
    expect(more).to_be_focused()
    start.press("Enter")
    expect(start).to_be_hidden()
    expect(more).to_be_focused()


def test_keys_check_and_reconnect_a_service_and_two_of_them_lead_to_a_page(
    page: Page, console: Console
) -> None:
    console.register(torch={"url": "http://127.0.0.1:9/mcp"})
    page.goto(f"{console.address}/services/torch/")
    for key, asked in (("c", "check"), ("r", "reconnect")):
        with page.expect_request(re.compile(f"/ask/{asked}/$")):
            page.keyboard.press(key)
    page.locator("main .menu > summary").focus()
    page.keyboard.press("e")  # by itself it is none
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-list").get_by_role("option", name="Events")).to_contain_text("g e")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.wait_for_url("**/events/")
    page.keyboard.press("g")
    page.keyboard.press("s")
    page.wait_for_url("**/services/")
    page.keyboard.press("/")
    page.keyboard.type("gt")
    expect(page.locator("#q")).to_have_value("gt")


def test_letters_can_be_turned_off_by_keyboard_and_then_do_and_say_nothing(
    page: Page, console: Console
) -> None:
    letter, menu = page.locator("[data-key=c] kbd"), page.locator(".me > summary")
    more = page.locator("main .menu > summary")
    more.press("Enter")
    expect(letter).to_be_visible()
    more.press("Enter")
    menu.press("Enter")
    off = page.get_by_role("group", name="Keyboard shortcuts").get_by_role("button", name="Off")
    off.press("Enter")
    expect(off).to_have_attribute("aria-pressed", "true")
    menu.press("Escape")
    more.press("Enter")
    expect(page.locator("[data-key=c]")).to_be_visible()
    expect(letter).to_be_hidden()
    more.press("Escape")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for key in ("c", "r", "?", "/", "g", "e"):
        page.keyboard.press(key)
    page.keyboard.press("Control+k")
    events = page.locator("#palette-list").get_by_role("option", name="Events")
    expect(events).to_be_visible()
    expect(events.locator(".pressed")).to_be_hidden()
    assert [url for url in asked if "/palette/" not in url and "/live" not in url] == []
    page.goto(f"{console.address}/services/")
    page.keyboard.press("j")
    expect(page.locator("body")).to_be_focused()
    page.locator(".me > summary").press("Enter")
    page.get_by_role("group", name="Keyboard shortcuts").get_by_role("button", name="On").press("Enter")
    page.locator(".me > summary").press("Escape")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="lamp", exact=True)).to_be_focused()

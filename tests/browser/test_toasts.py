"""Messages cover nothing at the end of a page, however many there are."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console

pytestmark = pytest.mark.browser
PATHS = ("/", "/add/", "/services/", "/services/lamp/", "/settings/policies/normal/", "/settings/people/")
COVERED = """() => {
  const toasts = [...document.querySelectorAll("#messages .toast")].map((one) => one.getBoundingClientRect());
  return [...document.querySelectorAll("main :is(a, button, input, select, textarea, summary)")]
    .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("#messages, .vh"))
    .filter((one) => [...one.getClientRects()].some((at) => at.bottom > 0 && toasts.some((toast) =>
      at.left < toast.right && at.right > toast.left && at.top < toast.bottom && at.bottom > toast.top)))
    .map((one) => one.textContent.trim() || one.name);
}"""


def say_much(page: Page) -> None:
    """As answers of the console do."""
    for words in ("Saved. The worker takes the change up within a second.", "Undo. " * 20):
        page.evaluate(
            "(words) => htmx.swap('#messages', `<p class='toast warning'><span>${words}</span></p>`,"
            " { swapStyle: 'beforeend' })",
            words,
        )
    expect(page.locator("#messages .toast")).to_have_count(2)


@pytest.mark.parametrize("width", [390, 1280])
def test_at_the_end_of_a_page_messages_cover_nothing_that_can_be_pressed(
    console: Console, browser_page: BrowserPage, width: int
) -> None:
    console.register(lamp={"url": "http://127.0.0.1:9/mcp"})
    browser_page.page.set_viewport_size({"width": width, "height": 700})
    page = browser_page.sign_in(console, "/")
    for path in PATHS:
        page.goto(console.address + path, wait_until="networkidle")
        say_much(page)
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        assert page.evaluate(COVERED) == [], path
        shown = page.locator("#messages").bounding_box()
        assert shown and shown["y"] >= 0 and shown["y"] + shown["height"] <= 700, (path, shown)

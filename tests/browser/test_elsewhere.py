"""What happens to a page when its service is removed, or its session renewed, in another tab."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage, sign_out
from tests.support.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_a_service_that_was_removed_elsewhere_says_so_once(
    console: Console, browser_page: BrowserPage
) -> None:
    browser_page.expect_errors("404")
    console.register(gone={"url": "https://gone.example.org/mcp", "disabled": True})
    page = browser_page.sign_in(console, "/services/gone/")
    start = page.get_by_role("button", name="Start", include_hidden=True).first
    console.api.delete("services/gone")
    for _ in range(3):
        with page.expect_response(lambda answer: answer.status == 404 and "/ask/" in answer.url):
            start.evaluate("button => button.click()")  # hidden, once the page knows
    expect(page.locator("#messages .toast")).to_have_count(1)
    expect(page.locator("#messages .toast")).to_contain_text("no longer exists")


def test_a_page_of_a_service_that_is_removed_elsewhere_says_by_whom(
    console: Console, browser_page: BrowserPage
) -> None:
    browser_page.expect_errors("404 .*charts.json")  # the charts may be asked for after the removal
    console.register(gone={"url": "https://gone.example.org/mcp", "disabled": True})
    page = browser_page.sign_in(console, "/services/gone/")
    expect(page.locator(".head-state")).to_contain_text("Disconnected")
    console.api.delete("services/gone")
    expect(page.locator(".card.head")).to_contain_text("removed by admin")
    expect(page.get_by_role("button", name="Start")).to_be_hidden()


def test_a_tab_from_before_signing_in_anew_keeps_what_it_shows(
    console: Console, browser_page: BrowserPage
) -> None:
    browser_page.expect_errors("403")
    console.register(kept={"url": "https://kept.example.org/mcp", "disabled": True})
    page = browser_page.sign_in(console, "/services/kept/")
    other = browser_page.context.new_page()
    other.goto(f"{console.address}/services/")
    sign_out(other)
    other.fill("input[name=username]", "admin")
    other.fill("input[name=password]", console.password)
    other.get_by_role("button", name="Sign in").click()
    expect(other).to_have_url(f"{console.address}/")
    page.get_by_role("button", name="Start").first.click()
    expect(page.locator("#messages")).to_contain_text("Nothing was changed: try again")
    expect(page.locator(".head-state")).to_contain_text("Disconnected")
    page.get_by_role("button", name="Start").first.click()
    expect(page.locator(".head-state")).not_to_contain_text("Disconnected")

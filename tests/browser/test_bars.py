"""The bar of a service's last hour, pointed at in Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console, eventually
from tests.support.mcp_servers import FastMCPServer

pytestmark = pytest.mark.browser


def test_each_span_of_a_bar_has_a_tip_which_goes_with_the_pointer(
    console: Console, browser_page: BrowserPage, fastmcp_http_server: FastMCPServer
) -> None:
    console.register(steady={"url": fastmcp_http_server.url})
    console.wait_for("steady", "HEALTHY")
    page = browser_page.sign_in(console, "/services/?q=steady")
    for address in ("/services/?q=steady", "/services/steady/"):
        page.goto(page.url.partition("/services/")[0] + address)
        bar, tip = page.locator("svg.beats").first, page.locator(".tip")
        expect(tip).to_have_count(0)
        bar.hover(position={"x": 138, "y": 5})  # of 141; measured, it may be one that is renewed just then
        expect(tip).to_contain_text("healthy")
        expect(tip).to_contain_text("on average")
        expect(bar.locator("path.ok")).to_have_count(1)
        bar.hover(position={"x": 3, "y": 5})
        expect(tip).to_contain_text("No checks")
        page.mouse.move(5, 5)
        expect(tip).to_be_hidden()


def test_a_finger_that_only_taps_has_the_tip_too(console: Console, browser_page: BrowserPage) -> None:
    console.register(candle={"url": "http://127.0.0.1:9/mcp"})
    page = browser_page.sign_in(console, "/services/?q=candle")
    bar = page.locator("svg.beats").first
    box = eventually(bar.bounding_box, "a bar that is not renewed just then")
    assert box
    bar.dispatch_event("pointerdown", {"clientX": box["x"] + 3, "clientY": box["y"] + 5})
    expect(page.locator(".tip")).to_contain_text("No checks")


def test_each_day_of_the_ninety_has_a_tip_with_what_its_line_says(
    console: Console, browser_page: BrowserPage
) -> None:
    console.register(lamp={"url": "http://127.0.0.1:9/mcp"})
    browser_page.page.set_viewport_size({"width": 1280, "height": 2000})  # scrolling takes a tip away
    page = browser_page.sign_in(console, "/services/lamp/")
    rows = page.locator(".days-table tbody tr")
    for row, across in ((rows.first, 0.995), (rows.last, 0.005)):
        bar = eventually(page.locator("svg.days").bounding_box, "a bar that is not renewed just then")
        assert bar
        page.mouse.move(bar["x"] + bar["width"] * across, bar["y"] + 5)
        date, uptime, down, coverage = row.locator("th, td").all_text_contents()
        expect(page.locator(".tip p")).to_have_text(
            [date, f"Uptime: {uptime}", f"Down: {down}", f"Coverage: {coverage}"]
        )

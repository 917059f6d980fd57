"""A new user behind a proxy that lets no WebSocket through: nothing stops them, and no page says "live"."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console, ConsoleStarter
from tests.support.mcp_servers import FastMCPServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
HEAD = "[id^=service-head-]"
SOON = 30_000


@pytest.fixture(scope="module")
def console(start_console: ConsoleStarter) -> Console:
    return start_console()


@pytest.fixture
def page(console: Console, browser_page: BrowserPage) -> Page:
    """Signed in, on the page of a console in which there is nothing yet; each socket is refused."""

    def refuse(socket: WebSocketRoute) -> None:
        socket.close(code=1011)

    browser_page.context.route_web_socket(re.compile("/live/"), refuse)
    # A page that is left gets no answer.
    browser_page.expect_errors("htmx:sendError")
    return browser_page.sign_in(console)


def says_that_it_is_not_live(page: Page) -> None:
    expect(page.locator("#worker-sign")).to_have_text("Not live: updated every 3 s", timeout=SOON)


def becomes(page: Page, state: str) -> None:
    expect(page.locator(HEAD)).to_have_attribute("data-state", state, timeout=SOON)


def add(page: Page, url: str) -> None:
    says_that_it_is_not_live(page)
    page.get_by_role("link", name="Add service").first.click()
    page.locator("main input[name=name]").fill("weather")
    page.locator("main input[name=url]").fill(url)
    page.get_by_role("button", name="Save and connect").click()
    becomes(page, "HEALTHY")
    expect(page.locator("details.tool").first).to_be_visible(timeout=SOON)


def bring_in(page: Page, console: Console) -> None:
    """Two by a document, one of which has an error that is corrected in place."""
    page.goto(f"{console.address}/import/")
    down = {"url": "http://127.0.0.1:9/mcp"}
    both = {**down, "command": "npx"}
    page.locator("#import-document textarea").fill(json.dumps({"mcpServers": {"lamp": down, "both": both}}))
    expect(page.locator(".g-invalid .count")).to_have_text("1", timeout=SOON)
    page.get_by_label("Entry of both").fill(json.dumps(down))
    page.get_by_role("button", name="Check again").first.click()
    expect(page.locator(".g-added .count")).to_have_text("2")
    page.get_by_role("button", name="Save selected").click()
    expect(page.locator(".saved")).to_contain_text("2 added")


def mend(page: Page, console: Console, url: str) -> None:
    """Its page says what is wrong by itself, and leads to the form."""
    page.goto(f"{console.address}/services/lamp/")
    expect(page.locator(f"{HEAD} .problem")).to_contain_text("refused", timeout=SOON)
    says_that_it_is_not_live(page)
    page.locator("#do-edit").click()
    page.locator("main input[name=url]").fill(url)
    page.get_by_role("button", name="Save").first.click()
    becomes(page, "HEALTHY")


def call(page: Page, console: Console) -> None:
    """Found in the list of all tools, and answered without a reload."""
    page.goto(f"{console.address}/tools/?service=weather")
    page.locator("#tools").get_by_role("link", name="add", exact=True).click()
    tool = page.locator("details.tool", has=page.locator("summary code", has_text=re.compile("^add$")))
    tool.locator("summary").first.click()
    expect(tool.locator("form.playground")).to_be_visible(timeout=SOON)
    tool.get_by_label(re.compile(r"^a\b")).fill("2")
    tool.get_by_label(re.compile(r"^b\b")).fill("40")
    tool.get_by_role("button", name="Call", exact=True).click()
    expect(tool.locator(".outcome .answer")).to_contain_text("42", timeout=SOON)


def acknowledge(page: Page, console: Console) -> None:
    """It comes to the list while that is looked at."""
    page.goto(f"{console.address}/alerts/")
    says_that_it_is_not_live(page)
    page.get_by_role("button", name="Acknowledge alert: both").click(timeout=60_000)
    expect(page.locator("#alerts")).to_contain_text("cknowledged by admin")


def invite(page: Page, console: Console) -> None:
    page.goto(f"{console.address}/settings/people/")
    says_that_it_is_not_live(page)
    page.get_by_role("link", name="Invite").first.click()
    page.locator("main input[name=name]").fill("lin")
    page.get_by_role("button", name="Create link").click()
    expect(page.locator("main .secret")).to_contain_text("/welcome/")


def test_nothing_stops_who_has_no_socket(
    console: Console, page: Page, fastmcp_http_server: FastMCPServer
) -> None:
    add(page, fastmcp_http_server.url)
    bring_in(page, console)
    mend(page, console, fastmcp_http_server.url)
    call(page, console)
    acknowledge(page, console)
    invite(page, console)

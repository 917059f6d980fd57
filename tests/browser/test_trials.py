"""Try in Chromium: a wrong transport is found and changed by one click, and nothing is saved before Save."""

from __future__ import annotations

import json
import sys

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import BrowserPage, keep_screenshot
from tests.support.console import Console
from tests.support.mcp_servers import FastMCPServer
from tests.support.ports import free_port

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
ANSWER = 20_000


def saved(console: Console) -> list[str]:
    return [row["name"] for row in console.rows("SELECT name FROM registry_service")]


def test_a_wrong_transport_is_found_changed_by_one_click_and_then_saved(
    console: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(console, "/add/")
    with FastMCPServer(transport="sse", name="old-one") as server:
        page.fill("#id_url", server.url)
        page.get_by_role("button", name="Try").click()
        expect(page.locator("#trial")).to_contain_text("speaks SSE", timeout=ANSWER)
        keep_screenshot(page, "try-wrong-transport")
        page.get_by_role("button", name="Change to SSE").click()
        expect(page.locator("#trial .state")).to_have_text("Works", timeout=ANSWER)
        expect(page.locator("#trial")).to_contain_text("old-one")
        expect(page.locator("#trial")).to_contain_text("4 tools")
        expect(page.get_by_label("SSE")).to_be_checked()
        assert saved(console) == []
        page.fill("#id_name", "old-one")
        page.get_by_role("button", name="Save and connect").click()
        page.wait_for_url("**/services/old-one/")
    assert saved(console) == ["old-one"]


def test_a_line_of_an_import_is_tried_and_its_transport_changed(
    console: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(console, "/import/")
    with FastMCPServer(transport="sse") as server:
        entries = {
            "typed-http": {"type": "http", "url": server.url},
            "nobody": {"url": f"http://127.0.0.1:{free_port()}/mcp"},
            "program": {"command": sys.executable, "args": ["-c", "raise SystemExit('no key was given')"]},
        }
        page.fill("#id_text", json.dumps({"mcpServers": entries}))
        tried(page, "nobody", "Nothing is listening at its address.")
        tried(page, "program", "no key was given")
        tried(page, "typed-http", "speaks SSE")
        keep_screenshot(page, "try-in-preview")
        page.get_by_role("button", name="Change to SSE").click()
        row = page.locator("tr", has=page.get_by_role("button", name="Try typed-http"))
        expect(row.locator(".kind")).to_have_text("sse")
        tried(page, "typed-http", "It speaks MCP")


def tried(page: Page, name: str, says: str) -> None:
    page.get_by_role("button", name=f"Try {name}").click()
    row = page.locator("tr", has=page.get_by_role("button", name=f"Try {name}"))
    expect(row.locator(".trial")).to_contain_text(says, timeout=ANSWER)

"""An agent in Chromium: chosen, saved, downloaded, fetched from its address, revoked."""

from __future__ import annotations

import json
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Route, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console

pytestmark = pytest.mark.browser


def fetched(url: str) -> int:
    return httpx2.get(url, timeout=10, trust_env=False).status_code


def test_what_is_typed_before_the_scripts_are_there_is_looked_for(
    console: Console, browser_page: BrowserPage
) -> None:
    entry = {"url": "http://127.0.0.1:9/mcp", "disabled": True}
    console.register(**{f"early-{n:02}": entry for n in range(40)})
    page = browser_page.sign_in(console, "/agents/")
    held: list[Route] = []
    page.route("**/console.*.js", lambda route: held.append(route))
    with page.expect_request("**/console.*.js"):
        page.goto(f"{console.address}/add-agent/", wait_until="commit")
    page.get_by_label("Search services").fill("early-37")
    held[0].continue_()
    page.get_by_role("checkbox", name="early-37").check()
    page.unroute("**/console.*.js")


def test_an_agent_gets_what_was_chosen_for_it(console: Console, browser_page: BrowserPage) -> None:
    entries = {f"svc-{n:02}": {"url": "http://127.0.0.1:9/mcp", "disabled": True} for n in range(40)}
    console.register(**entries)
    page = browser_page.sign_in(console, "/agents/")
    page.get_by_role("link", name="Add agent").first.click()
    page.get_by_label("Name", exact=False).first.fill("writer")
    for name in ("svc-37", "svc-05"):
        page.get_by_label("Search services").fill(name)
        page.get_by_role("checkbox", name=name).check()
    page.get_by_label("Search services").press("Enter")
    expect(page).to_have_url(f"{console.address}/add-agent/")
    page.get_by_label("Search services").fill("")
    expect(page.get_by_role("group", name="2 services selected")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"{console.address}/agents/")
    expect(page.locator("#agent-writer")).to_contain_text("2 services")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download the mcp.json of writer").click()
    assert download.value.suggested_filename == "writer.mcp.json"
    given = json.loads(Path(download.value.path()).read_text())
    assert list(given["mcpServers"]) == ["svc-05", "svc-37"]

    page.get_by_role("link", name="Edit writer").click()
    page.get_by_role("button", name="Create URL").click()
    url = page.locator(".secret").inner_text()
    assert fetched(url) == 200
    page.reload()
    expect(page.locator(".secret")).to_have_count(0)
    assert fetched(url) == 200, "a reload makes no other address"
    expect(page.locator("main")).to_contain_text("last fetched")
    page.get_by_role("button", name="Revoke…").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.locator("main")).to_contain_text("None. With a URL")
    assert fetched(url) == 401

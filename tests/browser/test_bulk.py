"""Many services at once, and a policy changed under a running worker, in Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console, eventually
from tests.support.mcp_servers import FastMCPServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
COUNT = 60


def test_all_that_match_are_stopped_and_the_progress_survives_a_reload(
    console: Console, browser_page: BrowserPage
) -> None:
    entries = {f"lamp-{n:02}": {"url": "http://127.0.0.1:9/mcp"} for n in range(COUNT)}
    console.register(spared={"url": "http://127.0.0.1:9/mcp"}, **entries)
    page = browser_page.sign_in(console, "/services/")
    page.get_by_label("Search name, tag, URL or tool").fill("lamp")
    expect(page.locator(".pager").first).to_contain_text(f"of {COUNT}", timeout=15_000)
    page.get_by_role("checkbox", name="lamp-03").check()
    expect(page.locator(".bulk-bar")).to_contain_text("1 selected")
    page.get_by_label("Select all on this page").check()
    expect(page.locator(".bulk-bar")).to_contain_text("50 selected")
    page.get_by_label(f"all {COUNT} matching").check()
    bar = page.locator(".bulk-bar")
    expect(bar.get_by_role("button")).to_have_text(["Edit…", "Restart…", "More"])
    bar.get_by_role("button", name="More").click()
    expect(bar.get_by_role("button", name=f"Remove… {COUNT}")).to_be_visible()
    bar.get_by_role("button", name="Stop…", exact=True).click()
    dialog = page.get_by_role("dialog", name=f"Stop {COUNT} services?")
    expect(dialog).to_contain_text(f"and {COUNT - 8} more")
    dialog.get_by_role("button", name="Stop").click()
    page.wait_for_url(re.compile(r"/batches/\d+/$"))
    browser_page.expect_errors("htmx:(afterRequest|sendError)")  # a reload cuts off what was being asked
    page.reload()
    expect(page.locator("[id^=batch-][data-state=ended]")).to_be_visible(timeout=60_000)
    expect(page.locator(".batch-top")).to_contain_text(f"{COUNT} of {COUNT} finished")
    stopped = console.api.get("services", params={"q": "lamp", "page_size": 200}).json()["results"]
    assert {one["desired"] for one in stopped} == {"stopped"}
    assert {one["state"] for one in stopped} == {"DISCONNECTED"}
    assert console.service("spared")["desired"] == "running"


def test_a_chosen_row_stays_chosen_when_the_live_feed_swaps_it(
    console: Console, browser_page: BrowserPage
) -> None:
    console.register(flicker={"url": "http://127.0.0.1:9/mcp", "disabled": True})
    page = browser_page.sign_in(console, "/services/?q=flicker")
    box = page.get_by_role("checkbox", name="flicker")
    box.check()
    console.api.post("services/flicker/start")
    expect(page.locator("#services tbody tr")).to_have_attribute("data-state", "RECONNECTING", timeout=20_000)
    expect(box).to_be_checked()


def test_a_running_worker_takes_up_a_changed_policy(
    console: Console, browser_page: BrowserPage, fastmcp_http_server: FastMCPServer
) -> None:
    console.register(tuned={"url": fastmcp_http_server.url})
    console.wait_for("tuned", "HEALTHY")
    worker = console.worker().pid
    browser_page.expect_errors("status of 422")
    page = browser_page.sign_in(console, "/services/tuned/policy/")
    page.get_by_label("Check interval", exact=True).fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#form-errors")).to_contain_text("0 is out of range. Write 1 to 86,400 s (1 d)")
    page.get_by_label("Check interval", exact=True).fill("1")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/services/tuned/")
    expect(page.locator("main")).to_contain_text("1 setting overridden")

    def checks() -> int:
        return len(console.api.get("services/tuned/checks", params={"limit": 1000}).json()["results"])

    before = checks()
    eventually(lambda: checks() >= before + 4, "a check each second", 12)
    assert console.worker().pid == worker

"""A person sets up a webhook, tries it, and sees an alert open and end, all in the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console
from tests.support.mcp_servers import FastMCPServer
from tests.support.receivers import WebhookReceiver

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def sign_in(page: Page, console: Console, path: str) -> None:
    page.goto(console.address + path)
    page.fill("[name=username]", "admin")
    page.fill("[name=password]", console.password)
    page.keyboard.press("Enter")
    page.wait_for_url(console.address + path)


def add_webhook(page: Page, url: str) -> str:
    page.get_by_role("link", name="Add channel").click()
    page.get_by_role("link", name="Webhook").click()
    page.get_by_label("Name").fill("Pager")
    page.get_by_label("URL").fill("ftp://nowhere")
    page.keyboard.press("Enter")
    expect(page.locator("#form-errors")).to_contain_text("begins with https:// or http://")
    expect(page.get_by_label("Name")).to_have_value("Pager")
    page.get_by_label("URL").fill(url)
    page.keyboard.press("Enter")
    secret = page.locator("code.secret").inner_text()
    page.reload()
    expect(page.locator("code.secret")).to_have_count(0)
    return secret


def test_a_webhook_is_set_up_tried_and_tells_of_a_lost_service(
    console: Console,
    browser_page: BrowserPage,
    webhook_receiver: WebhookReceiver,
    fastmcp_http_server: FastMCPServer,
) -> None:
    page = browser_page.page
    browser_page.expect_errors("422")
    console.api.patch("monitoring-settings", json={"alert_group_interval": 0})
    sign_in(page, console, "/alerts/channels/")
    secret = add_webhook(page, webhook_receiver.url)
    page.goto(f"{console.address}/alerts/channels/")
    before = list(browser_page.navigations)
    send = page.get_by_role("button", name="Send test through Pager")
    send.click()
    expect(page.locator("p.toast.success")).to_contain_text("204 No Content", timeout=10_000)
    webhook_receiver.status = 500
    send.click()
    expect(page.locator("p.toast.error")).to_contain_text("500 Internal Server Error", timeout=10_000)
    assert browser_page.navigations == before
    webhook_receiver.status = 204

    console.register(flaky={"url": fastmcp_http_server.url})
    console.wait_for("flaky", "HEALTHY")
    page.goto(f"{console.address}/alerts/")
    before = list(browser_page.navigations)
    expect(page.get_by_text("No open alerts")).to_be_visible()
    fastmcp_http_server.kill()
    row = page.locator("#alerts tr", has_text="Service down").filter(has_text="flaky")
    expect(row).to_contain_text("Firing", timeout=60_000)
    row.get_by_role("button", name="Acknowledge").click()
    expect(row).to_contain_text("Acknowledged by admin")
    fastmcp_http_server.start()
    expect(row).to_contain_text("Resolved", timeout=45_000)
    expect(page.locator("#alerts tr", has_text="Not serving")).to_have_count(0)
    assert browser_page.navigations == before
    expect(row).to_contain_text("2 delivered", timeout=10_000)
    told = webhook_receiver.verified(secret)
    assert [body["type"] for body in told] == ["alert.test", "alert.test", "alert.firing", "alert.resolved"]
    assert told[2]["data"]["url"].endswith("/services/flaky/")

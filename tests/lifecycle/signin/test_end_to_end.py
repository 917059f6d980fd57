"""From the button to HEALTHY in Chromium, with FastMCP's own authorization server as the counterpart."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console
from tests.support.mcp_servers import GuardedServer

pytestmark = [pytest.mark.browser, pytest.mark.servers, pytest.mark.timeout(120)]


def test_a_person_signs_in_and_the_service_serves(console: Console, browser_page: BrowserPage) -> None:
    with GuardedServer() as server:
        console.register(guarded={"url": server.url})
        console.wait_for("guarded", "UNREACHABLE")
        page = browser_page.sign_in(console, "/services/guarded/")
        expect(page.locator(".head-state")).to_contain_text("Needs sign-in")
        card = page.locator(".signin-card")
        expect(card).to_contain_text("Not signed in")
        card.get_by_role("button", name="Sign in").click()
        go = card.get_by_role("link", name="Continue to 127.0.0.1")
        expect(card).to_contain_text("Registered as client", timeout=15_000)
        go.click()  # this server agrees at once and sends the browser back
        page.wait_for_url(re.compile(r"/services/guarded/$"))
        expect(card).to_contain_text("Signed in", timeout=15_000)
        expect(page.locator(".head-state")).to_contain_text("Healthy", timeout=15_000)
        expect(page.get_by_text("add", exact=True).first).to_be_visible()
        assert console.call("guarded", "add", a=2, b=3)["ok"]
        card.get_by_role("button", name="Sign out").click()
        console.wait_for("guarded", "UNREACHABLE")
        expect(card).to_contain_text("Not signed in", timeout=15_000)

"""What somebody sees who points at "3 min ago", in Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console

pytestmark = pytest.mark.browser


def test_a_span_of_time_tells_the_moment_when_pointed_at(console: Console, browser_page: BrowserPage) -> None:
    console.register(dated={"url": "http://127.0.0.1:9/mcp", "disabled": True})
    page = browser_page.sign_in(console, "/services/?q=dated")
    row = page.locator("#services tbody tr")
    expect(row).to_have_attribute("data-state", "DISCONNECTED", timeout=20_000)
    since = row.locator("time[data-since]")
    assert since.get_attribute("title") is None
    moment = since.get_attribute("data-since") or ""
    since.hover()
    expect(since).to_have_attribute("title", re.compile(f"{moment[:4]}.*:{moment[17:19]} "))

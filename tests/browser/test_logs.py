"""The log of a stdio service grows on its page, and stays where one has scrolled to."""

from __future__ import annotations

import sys

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console, eventually
from tests.support.holding import STDIO_DOUBLE

pytestmark = pytest.mark.browser


def test_a_log_grows_on_the_page_without_its_secrets(console: Console, browser_page: BrowserPage) -> None:
    key = "sk-logged-0123456789abcdef"
    child = {"command": sys.executable, "args": ["-I", "-S", str(STDIO_DOUBLE), "tell"]}
    console.register(teller=child | {"env": {"API_KEY": key}})
    console.wait_for("teller", "HEALTHY")
    page = browser_page.sign_in(console, "/services/teller/")
    log = page.get_by_role("log")
    expect(log).to_contain_text("ready", timeout=10_000)
    expect(page.locator("[id^=log-usage]")).to_contain_text("process ")
    page.evaluate("window.sameDocument = true")
    page.get_by_role("button", name="Restart").click()
    expect(log.locator(".piece.note", has_text="started")).to_have_count(2, timeout=15_000)
    expect(log.locator("pre", has_text="ready")).to_have_count(2, timeout=15_000)
    assert page.evaluate("window.sameDocument") is True
    assert key[5:] not in page.content()
    ends_in_sight = "log => Math.abs(log.scrollTop) < 2"
    assert log.evaluate(ends_in_sight)
    page.locator(".logs").get_by_role("link", name="Open").click()
    expect(page.get_by_role("heading", name="Logs").first).to_be_visible()
    expect(page.get_by_role("log")).to_contain_text("ready")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    text = download.value.path().read_text()
    assert eventually(lambda: text.count("ready") == 2, "both runs are in the file")
    assert key[5:] not in text

"""What a person asks of a list comes, whatever else renews the list meanwhile."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
STOPPED = {"url": "http://127.0.0.1:9/mcp", "disabled": True}


def test_a_late_answer_to_a_search_reaches_the_list_that_was_renewed_meanwhile(
    console: Console, browser_page: BrowserPage
) -> None:
    console.register(candle=STOPPED, **{"lamp-1": STOPPED, "lamp-2": STOPPED})
    page = browser_page.sign_in(console, "/services/")
    names = page.locator("#services tbody tr")
    expect(names.filter(has_text="candle")).to_have_count(1)
    held: list[Route] = []
    page.route(re.compile(r"[?&]q=lamp"), lambda route: held.append(route))
    with page.expect_request(re.compile(r"[?&]q=lamp")):
        page.get_by_label("Search name, tag, URL or tool").fill("lamp")
    console.register(newcomer=STOPPED)
    expect(names.filter(has_text="newcomer")).to_have_count(1)  # the list was renewed
    for route in held:
        route.continue_()
    expect(names.filter(has_text="lamp")).to_have_count(2)
    expect(names).to_have_count(2)
    expect(page).to_have_url(re.compile(r"[?&]q=lamp$"))

"""Tools of published servers, called from a service's page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console
from tests.support.mcp_servers import EverythingServer, python_entry

pytestmark = [pytest.mark.browser, pytest.mark.servers]
CALLS: dict[str, tuple[int, str, dict[str, Any], str]] = {
    "everything": (13, "get-sum", {"a": 2, "b": 3}, "The sum of 2 and 3 is 5."),
    "time": (2, "get_current_time", {"timezone": "Asia/Kolkata"}, "+05:30"),
}


@pytest.fixture(scope="module")
def registered(console: Console) -> Iterator[Console]:
    with EverythingServer("sse") as server:
        console.register(everything={"url": server.url}, time=python_entry("mcp-server-time"))
        yield console


@pytest.mark.parametrize("name", CALLS)
def test_a_tool_is_called_and_its_answer_shown(
    registered: Console, browser_page: BrowserPage, name: str
) -> None:
    count, tool, arguments, answer = CALLS[name]
    registered.wait_for(name, "HEALTHY", seconds=60)
    page = browser_page.sign_in(registered, f"/services/{name}/")
    expect(page.locator("details.tool")).to_have_count(count)
    details = page.locator("details.tool").filter(has=page.locator("summary code", has_text=tool))
    details.locator("summary").click()
    details.locator("textarea[name=arguments]").fill(json.dumps(arguments))
    details.get_by_role("button", name="Call").click()
    expect(details.locator(".outcome .answer")).to_contain_text(answer, timeout=30_000)

"""Tools of published servers, called from a service's page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console
from tests.support.mcp_servers import EverythingServer, npm_entry, python_entry

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


def test_form_and_json_stay_in_step_and_the_keyboard_keeps_its_place(
    registered: Console, browser_page: BrowserPage, tmp_path: Path
) -> None:
    browser_page.expect_errors("status of 422")
    own = {"env": {"MEMORY_FILE_PATH": str(tmp_path / "memory.json")}}  # else it knows Bob of another run
    registered.register(memory=npm_entry("server-memory") | own)
    registered.wait_for("memory", "HEALTHY", seconds=60)
    page = browser_page.sign_in(registered, "/services/memory/")
    details = page.locator("details.tool").filter(
        has=page.locator("summary code", has_text="create_entities")
    )
    details.locator("summary").first.press("Enter")
    json_text = details.locator("textarea[name=arguments]")
    details.get_by_role("button", name="Add item").press("Enter")
    name = details.locator("[name='f-s/entities/0/name']")
    name.fill("Ada")
    expect(json_text).to_have_value(re.compile('"name": "Ada"'))
    expect(name).to_be_focused()
    json_text.fill('{"entities": [{"name": "Bob", "entityType": "x", "observations": ["a", "b"]}, 5]}')
    expect(name).to_have_value("Bob")
    with page.expect_response(lambda answer: answer.status == 422):  # the form had its errors before
        details.get_by_role("button", name="Call", exact=True).click()
    expect(details.locator(".errorlist li").first).to_have_text("This must be an object.")
    details.get_by_role("button", name="Remove: Item 2").last.press("Enter")
    expect(details.locator("[name^='f-j']")).to_have_count(0)
    up = details.get_by_role("button", name="Move up: Item 2")
    up.press("Enter")
    expect(details.locator("[name='f-s/entities/0/observations/0']")).to_have_value("b")
    expect(details.get_by_role("button", name="Move up: Item 1")).to_be_focused()
    details.get_by_role("button", name="Call", exact=True).click()
    expect(details.locator(".answer")).to_contain_text("Bob", timeout=30_000)
    details.get_by_text("Recent calls").click()
    expect(details.get_by_role("button", name="Use again")).to_have_count(1)

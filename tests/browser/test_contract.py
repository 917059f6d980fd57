"""A tool of a pinned service changes: the call is refused until a person has looked and approved."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console
from tests.support.mcp_servers import ServerProcess
from tests.support.ports import free_port
from tests.support.tools import ROOT

pytestmark = pytest.mark.browser
PROGRAM = str(ROOT / "tests" / "support" / "evolving_program.py")


@pytest.fixture(scope="module")
def bank(console: Console) -> Iterator[Console]:
    """A console that holds a server whose `transfer` can be made to ask for more."""
    port = free_port()
    with ServerProcess([sys.executable, PROGRAM, str(port)], port, "/mcp", {}) as server:
        console.register(bank={"url": server.url})
        console.wait_for("bank", "HEALTHY")
        yield console


def ask(console: Console, tool: str, **arguments: Any) -> dict[str, Any]:
    answer = console.api.post(f"services/bank/tools/{tool}/call", json={"arguments": arguments})
    found: dict[str, Any] = answer.json() | {"status": answer.status_code}
    return found


def call_on(page: Page, arguments: str) -> Locator:
    """Open the tool on the service's page and call it; where the outcome comes."""
    tool = page.locator("details.tool").filter(has=page.locator("summary code", has_text="transfer"))
    if tool.get_attribute("open") is None:
        tool.locator("summary").click()
    tool.locator("textarea[name=arguments]").fill(arguments)
    tool.get_by_role("button", name="Call").click()
    return tool.locator(".outcome")


def test_a_changed_tool_waits_until_a_person_has_looked_and_approved(
    bank: Console, browser_page: BrowserPage
) -> None:
    browser_page.expect_errors("409")
    page = browser_page.sign_in(bank, "/services/bank/")
    page.get_by_role("button", name="Pin tools").click()
    expect(page.locator("#tools-title")).to_contain_text("Pinned")
    expect(call_on(page, '{"amount": 5}')).to_contain_text("moved 5", timeout=20_000)

    assert ask(bank, "evolve")["ok"]
    bank.api.post("services/bank/refresh-tools?wait=10")
    expect(page.locator(".card > .banner")).to_contain_text("One change awaits approval", timeout=20_000)
    expect(call_on(page, '{"amount": 5}')).to_contain_text("waits for approval", timeout=20_000)
    refused = ask(bank, "transfer", amount=5, account="me")
    assert (refused["status"], refused["error"]["code"]) == (409, "tool_waiting")

    page.get_by_role("link", name="Review", exact=True).click()
    card = page.locator("article", has_text="transfer")
    expect(card).to_contain_text("account: new, required")
    expect(card.locator("tr.in").first).to_be_visible()
    card.get_by_role("button", name="Approve").click()
    expect(page.locator("#waiting")).to_contain_text("Nothing awaits approval", timeout=20_000)

    page.get_by_role("link", name="Back to the service").click()
    outcome = call_on(page, '{"amount": 5, "account": "me"}')
    expect(outcome).to_contain_text("moved 5 to me", timeout=20_000)

"""What a person is doing on a page outlives its live updates: place, focus, typed text, answers."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console
from tests.support.holding import STDIO_DOUBLE
from tests.support.mcp_servers import ServerProcess
from tests.support.ports import free_port
from tests.support.tools import ROOT

pytestmark = pytest.mark.browser
EVOLVING = str(ROOT / "tests" / "support" / "evolving_program.py")
CHATTER = {"command": sys.executable, "args": ["-I", "-S", str(STDIO_DOUBLE), "chatter"]}
FOCUSED = (
    """() => { const at = document.activeElement; return [at.closest("tr")?.id, at.tagName, at.name]; }"""
)
TOP_OF_LOG = "document.querySelector('.log').getBoundingClientRect().top"
SHIFTS = """() => {
  window.shifted = 0;
  new PerformanceObserver(list => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
  }).observe({type: "layout-shift"}); }"""


@pytest.fixture(scope="module")
def registered(console: Console) -> Iterator[Console]:
    port = free_port()
    with ServerProcess([sys.executable, EVOLVING, str(port)], port, "/mcp", {}) as server:
        console.register(
            chatty=CHATTER,
            evolving={"url": server.url},
            **{f"dead-{n:02}": {"url": "http://127.0.0.1:9/mcp"} for n in range(60)},
        )
        console.wait_for("chatty", "HEALTHY")
        console.wait_for("evolving", "HEALTHY")
        yield console


def rows_swapped(page: Page, count: int = 3) -> None:
    """Wait until the live feed has renewed so many rows."""
    page.evaluate(
        """count => new Promise(done => { let left = count; const watch = new MutationObserver(records => {
        for (const record of records) for (const node of record.addedNodes)
          if (node.nodeName === "TR" && --left === 0) { watch.disconnect(); done(); } });
        watch.observe(document.body, {subtree: true, childList: true}); })""",
        count,
    )


def test_a_program_that_logs_does_not_scroll_the_page(registered: Console, browser_page: BrowserPage) -> None:
    page = browser_page.sign_in(registered, "/services/chatty/")
    page.set_viewport_size({"width": 1280, "height": 500})
    expect(page.locator(".piece")).not_to_have_count(0)
    page.evaluate("window.scrollTo(0, document.querySelector('.log').getBoundingClientRect().top)")
    assert page.evaluate("scrollY") > 0
    # Not scrollY: where charts come in above, the browser scrolls by as much, and nothing is seen to move.
    before, count = page.evaluate(f"[{TOP_OF_LOG}, document.querySelectorAll('.piece').length]")
    expect(page.locator(".piece").nth(count + 3)).to_be_attached(timeout=15_000)
    assert page.evaluate(TOP_OF_LOG) == pytest.approx(before, abs=1)


def test_a_row_that_is_renewed_keeps_the_focus(registered: Console, browser_page: BrowserPage) -> None:
    page = browser_page.sign_in(registered, "/services/?sort=failing")
    row = page.locator("tr[id^=service-]").first
    for control in ("input[name=pick]", "a"):
        row.locator(control).first.focus()
        was = page.evaluate(FOCUSED)
        registered.api.post(f"services/{row.locator('a').first.inner_text()}/reconnect")
        rows_swapped(page)
        page.evaluate("live.refetchList()")
        rows_swapped(page, 1)
        assert page.evaluate(FOCUSED) == was


def test_the_next_page_keeps_the_focus_and_the_list_is_two_tabs_away(
    registered: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(registered, "/services/")
    page.get_by_role("link", name="Next").press("Enter")
    page.wait_for_url("**page=2**")
    expect(page.locator("tr[id^=service-]")).to_have_count(12)
    assert page.evaluate("document.activeElement.closest('#services') !== null")
    page.goto(registered.address + "/services/")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the list of services")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("tr[id^=service-] input").first).to_be_focused()


def test_a_change_of_tools_leaves_what_was_typed_and_answered(
    registered: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(registered, "/services/evolving/")
    tool = page.locator("details.tool", has=page.locator("summary code", has_text="transfer"))
    tool.locator("summary").click()
    tool.locator("textarea").fill('{"amount": 7}')
    tool.get_by_role("button", name="Call").dblclick()
    expect(tool.locator(".answer")).to_contain_text("moved 7")
    tool.locator("textarea").fill('{"amount": 8, "account": "x"}')
    assert registered.call("evolving", "evolve")["ok"]
    registered.api.post("services/evolving/refresh-tools")
    expect(tool.locator("pre", has_text="account")).not_to_have_count(0, timeout=15_000)
    expect(tool.locator("textarea")).to_have_value('{"amount": 8, "account": "x"}')
    expect(tool.locator("textarea")).to_be_focused()
    expect(tool.locator(".answer")).to_contain_text("moved 7")
    calls = registered.rows("SELECT arguments FROM lifecycle_command WHERE kind = 'call-tool'")
    assert len(calls) == 2  # the double click asked once, and `evolve` was called


def test_live_updates_move_nothing_on_the_page(registered: Console, browser_page: BrowserPage) -> None:
    page = browser_page.sign_in(registered, "/services/?sort=failing")
    page.wait_for_load_state("networkidle")
    page.evaluate(SHIFTS)
    for _round in range(2):
        for number in range(0, 20, 4):
            registered.api.post(f"services/dead-{number:02}/reconnect")
        rows_swapped(page, 5)
    shifted: Any = page.evaluate("window.shifted")
    assert shifted <= 0.01

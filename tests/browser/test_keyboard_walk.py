"""The main job without a mouse: add a service, call its tool, acknowledge an alert, silence, publish."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console, ConsoleStarter, eventually
from tests.support.mcp_servers import FastMCPServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
MOST_TABS = 90
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const label = one.labels?.[0];
  const name = one.getAttribute("aria-label") || label?.textContent || one.textContent || one.name;
  const { left, top, right, bottom } = one.getBoundingClientRect();
  const [x, y] = [(left + right) / 2, Math.min((top + bottom) / 2, innerHeight - 1)];
  const at = document.elementFromPoint(x, y);
  const outlined = (it) => it && getComputedStyle(it).outlineStyle !== "none";
  const shows = one.matches("main") || [one, label, one.closest(".tile")].some(outlined);
  const seen = at && (one.contains(at) || at.contains(one) || label?.contains(at));
  return { name: name.trim().replace(/\\s+/g, " "), shows, seen: Boolean(seen) };
}"""


@pytest.fixture(scope="module")
def console(start_console: ConsoleStarter) -> Console:
    made = start_console()
    made.register(lamp={"url": "http://127.0.0.1:9/mcp"})
    return made


def walk_to(page: Page, name: str) -> None:
    """Tab from control to control up to *name*; each on the way shows that it has the focus, and is seen."""
    wanted, passed = re.compile(name), list[str]()
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:  # past the last, the browser's own
            continue
        assert found["shows"], f"{found['name']} does not show the focus"
        assert found["seen"], f"{found['name']} has the focus below something else"
        passed.append(found["name"])
        if wanted.search(found["name"]):
            return
    raise AssertionError(f"no {name} among {passed}")


def press(page: Page, name: str, key: str = "Enter") -> None:
    walk_to(page, name)
    page.keyboard.press(key)


def write(page: Page, name: str, text: str) -> None:
    walk_to(page, name)
    page.keyboard.type(text)


def go(page: Page, words: str, heading: str) -> None:
    """By the palette, which gives way to the page that was chosen."""
    page.keyboard.press("Control+k")
    expect(page.locator("#palette-q")).to_be_focused()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=heading, exact=True, level=1)).to_be_visible()
    skip(page)


def skip(page: Page) -> None:
    """Past the navigation."""
    press(page, "^Skip to content$")
    expect(page.locator("main")).to_be_focused()


def focus_is_kept(page: Page) -> bool:
    return page.evaluate(FOCUSED) is not None


def sign_in(page: Page, console: Console) -> None:
    page.goto(console.address + "/")
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(console.password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    skip(page)


def add(page: Page, console: Console, name: str, url: str) -> None:
    press(page, "^Add service$")
    expect(page.get_by_role("heading", name="Add service")).to_be_visible()
    write(page, "^Name", name)
    write(page, "^URL", url)
    press(page, "^Save and connect$")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(page.locator("[id^=service-head-]")).to_have_attribute("data-state", "HEALTHY", timeout=30_000)


def call(page: Page) -> None:
    """Its tool *add*, found by the palette."""
    tool = page.locator("details.tool", has=page.locator("summary code", has_text=re.compile("^add$")))
    press(page, "^add Add")
    expect(tool.locator("form.playground")).to_be_visible()
    write(page, "^a ", "2")
    write(page, "^b ", "40")
    press(page, "^Call$")
    expect(tool.locator(".outcome .answer")).to_contain_text("42", timeout=30_000)
    assert focus_is_kept(page), "the focus is lost after a call"


def acknowledge(page: Page, console: Console) -> None:
    firing = "SELECT 1 FROM lifecycle_episode WHERE state = 'firing'"
    eventually(lambda: console.rows(firing), "an alert", 60)
    go(page, "open alerts", "Alerts")
    press(page, "^Acknowledge alert: lamp")
    expect(page.locator("#alerts")).to_contain_text("cknowledged by admin")
    assert focus_is_kept(page), "the focus is lost after an answer"


def silence(page: Page) -> None:
    go(page, "add silence", "Add silence")
    write(page, "^Services", "lamp")
    press(page, "^Service down$", "Space")
    press(page, "^Duration", "ArrowDown")
    write(page, "^Comment", "moving racks")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Silences", exact=True)).to_be_visible()
    expect(page.locator("main table")).to_contain_text("Services: lamp · Rules: Service down")


def publish(page: Page) -> None:
    go(page, "add status page", "Add status page")
    write(page, "^Title", "Our tools")
    press(page, "^Off", "ArrowUp")
    write(page, "^Services", "weather")
    press(page, "^Show services without a public name", "Space")
    press(page, "^Save$")
    expect(page.get_by_role("heading", name="Our tools", exact=True)).to_be_visible()
    press(page, "^Open page$")
    expect(page).to_have_url(re.compile("/status/our-tools/$"))
    expect(page.locator("main")).to_contain_text("weather")


def test_the_main_job_by_keyboard_alone(
    console: Console, browser_page: BrowserPage, fastmcp_http_server: FastMCPServer
) -> None:
    page = browser_page.page
    browser_page.expect_errors("htmx:sendError")  # a page that is left gets no answer
    sign_in(page, console)
    add(page, console, "weather", fastmcp_http_server.url)
    go(page, "overview", "Overview")
    go(page, "weather", "weather")
    call(page)
    acknowledge(page, console)
    silence(page)
    publish(page)

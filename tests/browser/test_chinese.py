"""Every page in Chinese, with demonstration data: no run of Latin words is left that is not a name."""

from __future__ import annotations

import re
import socket
from collections import Counter
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.browser import BrowserPage
from tests.support.console import Console
from tests.support.latin import latin

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

# What a person reads, and what a screen reader says; code, logs and what a person typed are nobody's words.
SAID = """() => {
  const said = [], named = ["aria-label", "title", "placeholder", "alt", "aria-roledescription"];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) said.push(node.textContent);
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    if (node.matches("script, style, noscript, code, pre, kbd, textarea, #look select, [lang=en]")) return;
    for (const name of named) if (node.hasAttribute(name)) said.push(node.getAttribute(name));
    const inside = node.tagName === "TEMPLATE" ? node.content : node;
    for (const child of inside.childNodes) walk(child);
  };
  walk(document.documentElement);
  return said.map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean);
}"""
FIRST = ("/services/clock/", "/import/", "/add/", "/tools/", "/events/", "/account/", "/settings/audit/")
OF_ONE_KIND = 2
"""Pages of one address but for its numbers; more of them say the same."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    console = Console(tmp_path_factory.mktemp("chinese") / "data", {"DEMO": "1"})
    try:
        console.start(seconds=150)
        for name in ("clock", "notes", "dice"):
            console.wait_for(name, "HEALTHY", seconds=60)
        yield console
    finally:
        console.stop()


@pytest.fixture
def chinese(chromium: Browser, demo: Console) -> Iterator[Page]:
    """A browser of Shanghai, signed in."""
    browser = BrowserPage(chromium)
    browser.context.close()
    browser.context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai")
    page = browser.page = browser.context.new_page()
    page.goto(f"{demo.address}/login/")
    assert not unsaid(page)
    page.fill("input[name=username]", "admin")
    page.fill("input[name=password]", demo.password)
    page.locator("form:has(input[name=password]) button").click()
    page.wait_for_selector(".side")
    yield page
    browser.context.close()


def unsaid(page: Page) -> list[str]:
    here = socket.gethostname()
    return sorted({text for text in page.evaluate(SAID) if latin(text.replace(here, ""))})


def test_no_page_has_a_sentence_in_english(demo: Console, chinese: Page) -> None:
    found: dict[str, list[str]] = {}
    for address in addresses(demo, chinese):
        if words := [text for text in unsaid(chinese) if not any(text in known for known in found.values())]:
            found[address] = words
    assert not found, "\n".join(f"{address}: {text}" for address, words in found.items() for text in words)


def addresses(demo: Console, page: Page) -> Iterator[str]:
    """All that links lead to, each opened, with all that is folded in them unfolded."""
    waiting, kinds = ["/", *FIRST], Counter[str]()
    seen = set(waiting)
    while waiting:
        address = waiting.pop(0)
        kind = re.sub(r"\d+|clock|dice|notes", "N", address.partition("?")[0])
        kinds[kind] += 1
        if kinds[kind] > OF_ONE_KIND or not _opened(demo, page, address):
            continue
        yield address
        links = page.eval_on_selector_all(
            "a[href]:not([download])", "all => all.map(a => a.getAttribute('href'))"
        )
        fresh = [link.partition("#")[0] for link in links if re.match(r"/(?!api/|static/|help/.)", link)]
        waiting += [link for link in dict.fromkeys(fresh) if link not in seen]
        seen.update(fresh)


def _opened(demo: Console, page: Page, address: str) -> bool:
    answer = page.request.head(demo.address + address)
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return False
    page.goto(demo.address + address, wait_until="domcontentloaded")
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    return True


def test_the_language_is_changed_in_the_menu_and_nothing_typed_is_lost(demo: Console, chinese: Page) -> None:
    chinese.goto(f"{demo.address}/add/")
    chinese.fill("input[name=name]", "half-typed")
    chinese.locator(".me > summary").click()
    chinese.get_by_role("button", name="English").click()
    chinese.locator("#messages .toast").wait_for()
    assert chinese.input_value("input[name=name]") == "half-typed"
    chinese.goto(f"{demo.address}/services/")
    assert chinese.locator("html").get_attribute("lang") == "en"
    chinese.locator(".me > summary").click()
    with chinese.expect_navigation():
        chinese.get_by_role("button", name="简体中文").click()
    assert chinese.locator("html").get_attribute("lang") == "zh-hans"


def test_the_zone_of_the_browser_is_offered_and_taken(demo: Console, chinese: Page) -> None:
    chinese.goto(f"{demo.address}/services/clock/")
    assert "UTC" in (chinese.locator(".facts time[title]").first.get_attribute("title") or "")
    chinese.locator(".me > summary").click()
    with chinese.expect_navigation():
        chinese.get_by_role("button", name="Asia/Shanghai").click()
    assert "CST" in (chinese.locator(".facts time[title]").first.get_attribute("title") or "")


def test_what_is_pushed_is_in_the_language_of_the_page(demo: Console, chinese: Page) -> None:
    chinese.goto(f"{demo.address}/services/")
    row = chinese.locator("tr[id^=service-]", has_text="dice")
    row.get_by_text("健康").first.wait_for()
    demo.python(
        "from django.utils import timezone; from lifecycle.operations import commands;"
        "commands.request('stop', 'dice', by='test', now=timezone.now())"
    )
    row.get_by_text("已断开").first.wait_for(timeout=20_000)
    assert not unsaid(chinese)

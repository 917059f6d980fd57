"""axe-core finds nothing on any page that the console has, at any width, in either theme."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from mcpstore_site import paths
from tests.guarantees.figures import LONG
from tests.support.all_pages import AllPages, build
from tests.support.axe import ALL_RULES, OF_COLOUR, OF_PLACE, SHOWN, findings
from tests.support.web import Web

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
WIDTHS = (390, 768, 1024, 1440, 2560) if LONG else (390, 1440)
"""All of them with GUARANTEES_LONG=1; between the two the same rules are rarely broken alone."""
OPENED = """() => document.querySelectorAll("details:not(.menu)").forEach((one) => { one.open = true; })"""
PRIMARY = """() => [...document.querySelectorAll(".primary")]
  .filter((one) => one.checkVisibility() && !one.closest("dialog, .drop"))
  .map((one) => one.textContent.trim())"""
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)
  .map((one) => `${one.tagName} ${one.id} ${one.className}`).slice(-3)"""
SHUT = "() => document.querySelectorAll('.drop').forEach((one) => { one.open = false; })"
DIALOGS = "() => [...document.querySelectorAll('dialog[id]:not(#palette)')].map((one) => one.id)"


@pytest.fixture(autouse=True, scope="module")
def rows_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, which Django would not let us use rows beside."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def all_pages(web: Web, cookie: str) -> AllPages:
    return build(web, cookie)


@pytest.fixture
def page(all_pages: AllPages, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(reduced_motion="reduce")
    name, _, value = all_pages.cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": all_pages.address}])
    yield context.new_page()
    context.close()


def looked_at(page: Page, address: str, path: str) -> Iterator[tuple[str, ...]]:
    """What is wrong with one page at each width, by all rules where it shows what it did not at another."""
    page.goto(address + path)
    page.evaluate(OPENED)
    seen = set[str]()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        shown = page.evaluate(SHOWN)
        rules = [("light", OF_PLACE)] if shown in seen else [("light", ALL_RULES), ("dark", OF_COLOUR)]
        seen.add(shown)
        for theme, chosen in rules:
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
            yield from ((path, f"{width} {theme}", *found) for found in findings(page, chosen))
    yield from ((path, *found) for found in of_the_house(page))
    for dialog in page.evaluate(DIALOGS):
        page.evaluate("(id) => document.getElementById(id).showModal()", dialog)
        yield from ((path, f"#{dialog}", *found) for found in findings(page))
        page.evaluate("(id) => document.getElementById(id).close()", dialog)


def of_the_house(page: Page) -> Iterator[tuple[str, ...]]:
    """One thing to do stands out; nothing is lost on a small phone, nor on a desk enlarged to 200 %."""
    page.evaluate(SHUT)
    buttons: list[str] = page.evaluate(PRIMARY)
    if len(buttons) > 1:
        yield "1440", "one-primary", ".primary", ", ".join(buttons)
    for width in (320, 720):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            yield f"{width}", "no-sideways-scroll", "html", ", ".join(page.evaluate(TOO_WIDE))


def test_axe_finds_nothing_on_any_page(all_pages: AllPages, page: Page) -> None:
    found = defaultdict(list)
    for path in all_pages.paths:
        for where, how, rule, element, why in looked_at(page, all_pages.address, path):
            found[rule, element, why].append(f"{where} {how}")
    lines = [f"{rule}: {element}: {why}: {where}" for (rule, element, why), where in found.items()]
    assert not lines, "\n".join(lines)


def test_a_theme_changes_colours_only() -> None:
    """Else the rules that are not of colours have to be tried in the dark as well."""
    for sheet in (paths.FILES / "static" / "css").rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert "prefers-color-scheme" not in text, sheet.name
        themed = [line for line in text.splitlines() if "[data-theme" in line]
        assert all("{ color-scheme: " in line for line in themed), sheet.name

"""Charts are pictures until somebody does something with them, and what they did first counts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Locator, Page, Route, expect

from registry.models import Service
from tests.browser.test_charts import browser, checked, rows_beside_playwright, view, weather
from tests.support.browser import BrowserPage
from tests.support.console import eventually
from tests.support.web import Web

__all__ = ["browser", "rows_beside_playwright", "weather"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ADDRESS = "/services/weather/"


def figure(page: Page, name: str = "response") -> Locator:
    return page.locator(f"figure[data-chart={name}]")


def shown(page: Page, web: Web, path: str = ADDRESS) -> list[Route]:
    """A page with its pictures, whose script of charts waits in the list that comes back."""
    held: list[Route] = []
    page.route("**/charts.*.js", lambda route: held.append(route))
    page.goto(web.address + path)
    figure(page).scroll_into_view_if_needed()
    expect(figure(page).locator("svg.picture")).to_be_visible()
    return held


def let_go(page: Page, held: list[Route]) -> None:
    eventually(lambda: page.evaluate("1") and held, "a script that was asked for")
    [route] = held
    route.continue_()
    expect(figure(page).locator("canvas")).to_be_visible()
    expect(page.locator("svg.picture")).to_have_count(0)


@pytest.mark.parametrize("path", [ADDRESS, "/"])
def test_a_page_shows_pictures_and_asks_for_no_script(
    browser: BrowserPage, web: Web, weather: Service, path: str
) -> None:
    page = browser.page
    held = shown(page, web, path)
    expect(figure(page).locator("dd")).to_have_text(["40 ms", "40 ms", "40 ms"])
    label = figure(page).locator("svg.picture").get_attribute("aria-label") or ""
    assert label.startswith("Response time: p50 40 ms, between 40 ms and 40 ms; p95 ")
    if path == ADDRESS:
        expect(page.locator("svg.picture:visible")).to_have_count(3)
        expect(page.locator("[data-marks] li")).to_contain_text("Outage · 12 min · Connection closed")
    page.wait_for_load_state("networkidle")
    assert held == []


def test_a_range_that_is_pressed_first_is_shown(browser: BrowserPage, web: Web, weather: Service) -> None:
    page = browser.page
    held = shown(page, web)
    page.locator(".ranges a", has_text="7 d").click()
    let_go(page, held)
    eventually(lambda: view(page) > 6 * 86400 or None, "seven days")
    expect(page.locator(".ranges a[aria-current]")).to_have_text("7 d")
    assert len(browser.navigations) <= 2  # the page, and the address that it wrote


def test_keys_read_the_picture_as_they_read_the_chart(
    browser: BrowserPage, web: Web, weather: Service
) -> None:
    """Tab leads to it; what is typed while the script is on its way is read when it is there."""
    page = browser.page
    held = shown(page, web)
    page.locator("#charts summary", has_text="Export").focus()
    while not page.evaluate("document.activeElement.matches('.plot')"):
        page.keyboard.press("Tab")
    above = page.evaluate("scrollY")
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    let_go(page, held)
    expect(figure(page).locator(".plot")).to_be_focused()
    expect(page.locator("[data-spoken]")).to_have_text(
        re.compile(r"\d\d:\d\d: p50 40 ms, p95 40 ms, p99 40 ms")
    )
    assert (
        page.evaluate("charts.cursor - charts.data.charts.response.x.findIndex((x) => x >= charts.view.from)")
        == 2
    )
    assert page.evaluate("scrollY") == above


@pytest.mark.parametrize("ended", [True, False])
def test_a_selection_that_began_on_the_picture_zooms(
    browser: BrowserPage, web: Web, weather: Service, ended: bool
) -> None:
    page = browser.page
    held = shown(page, web)
    box = figure(page).locator("svg.picture").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 3, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 2 / 3, box["y"] + 60, steps=3)
    page.mouse.up() if ended else None
    let_go(page, held)
    page.mouse.up() if not ended else None
    eventually(lambda: 7 * 3600 < view(page) < 9 * 3600 or None, "a third of the day")
    expect(page.get_by_role("button", name="Zoom out")).to_be_visible()


def test_where_one_points_is_read_as_soon_as_it_can_be(
    browser: BrowserPage, web: Web, weather: Service
) -> None:
    page = browser.page
    held = shown(page, web)
    latest = figure(page).locator("[data-at]").inner_text()
    figure(page).locator(".plot").hover(position={"x": 200, "y": 60})
    let_go(page, held)
    expect(figure(page).locator("[data-at]")).not_to_have_text(latest)
    expect(figure(page).locator(".u-cursor-x")).to_be_visible()


def test_a_press_for_the_whole_screen_is_not_lost(browser: BrowserPage, web: Web, weather: Service) -> None:
    page = browser.page
    held = shown(page, web)
    button = figure(page).get_by_role("button", name="Response time: full screen")
    button.click()
    let_go(page, held)
    expect(button).to_have_attribute("aria-pressed", "true")


def test_a_range_is_a_page_of_its_own_where_no_script_comes(
    browser: BrowserPage, web: Web, weather: Service
) -> None:
    browser.expect_errors("charts|ERR_FAILED")
    page = browser.page
    held = shown(page, web)
    page.locator(".ranges a", has_text="7 d").click()
    eventually(lambda: page.evaluate("1") and held, "a script that was asked for")
    with page.expect_navigation(url="**/?range=7d#charts"):
        held[0].abort()
    expect(page.locator(".ranges a[aria-current]")).to_have_text("7 d")


def test_a_picture_follows_what_happens(browser: BrowserPage, web: Web, weather: Service) -> None:
    now = timezone.now()
    for n in range(2, 40):
        checked(weather, now - timedelta(minutes=n), 40)
    page = browser.page
    held = shown(page, web, f"{ADDRESS}?range=1h")
    eventually(lambda: page.evaluate("live.open"), "an open socket")
    page.evaluate("pictures.asked = 1")  # some time ago
    checked(weather, timezone.now(), 250)
    expect(figure(page).locator("dd").first).to_have_text("250 ms", timeout=10_000)
    expect(figure(page).locator("svg.picture")).to_have_attribute("aria-label", re.compile("p50 250 ms"))
    assert held == []


@pytest.mark.parametrize("path", [f"{ADDRESS}?range=7d", "/"])
def test_pictures_are_there_without_javascript(
    chromium: Browser, cookie: str, web: Web, weather: Service, path: str
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": web.address}])
    page = context.new_page()
    page.goto(web.address + path)
    expect(figure(page).locator("svg.picture")).to_be_visible()
    expect(figure(page).locator("dd").first).to_have_text("40 ms")
    expect(page.locator("#charts noscript p")).to_contain_text("charts cannot be zoomed")
    context.close()

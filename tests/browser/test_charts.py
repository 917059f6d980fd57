"""Charts in Chromium: drawn, narrowed, read by keyboard and as a table, and longer while one looks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.live.feed import feed
from lifecycle.models import CheckResult, FeedItem, FleetRollup, Rollup5m, StateChange
from registry.models import Service
from tests.support.browser import BrowserPage
from tests.support.console import eventually
from tests.support.pages import make_worker
from tests.support.web import MakeService, Web, move

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True, scope="module")
def rows_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, which Django would not let us use rows beside."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def browser(chromium: Browser, cookie: str, web: Web) -> Iterator[BrowserPage]:
    """Whatever a page reports, a breach of its policy among it, fails the test."""
    tab = BrowserPage(chromium)
    name, _, value = cookie.partition("=")
    tab.context.add_cookies([{"name": name, "value": value, "url": web.address}])
    yield tab
    tab.close()
    assert tab.problems() == []


@pytest.fixture
def weather(shown_service: MakeService) -> Service:
    """A day of answers in 40 ms, and an outage of ten minutes six hours ago."""
    service, now = shown_service("weather"), timezone.now()
    packed = packing.pack(summaries.of([(0, 40)] * 10))
    last = int(now.timestamp()) // 300 * 300
    Rollup5m.objects.bulk_create(
        Rollup5m(service=service, at=last - 300 * n, data=packed) for n in range(1, 300)
    )
    FleetRollup.objects.bulk_create(
        FleetRollup(span=300, at=last - 300 * n, data=packed, serving_s=300, services=1) for n in range(300)
    )
    for hours, after in ((48.0, State.HEALTHY), (6.0, State.RECONNECTING), (5.8, State.HEALTHY)):
        moment = now - timedelta(hours=hours)
        StateChange.objects.create(
            service=service, at=moment, after=after, event="lost", reason="Connection closed"
        )
    return service


def opened(browser: BrowserPage, web: Web, path: str) -> Page:
    """A page with its charts drawn, as somebody has it who pointed at them and went on."""
    page = browser.page
    page.goto(web.address + path)
    page.locator("figure[data-chart=response] .plot").hover()
    expect(page.locator("figure[data-chart=response] canvas")).to_be_visible()
    page.mouse.move(0, 0)
    return page


def checked(service: Service, at: datetime, ms: int) -> None:
    """One more check, as the worker writes it: the row, and a word in the feed."""
    with transaction.atomic():
        CheckResult.objects.create(service=service, at=int(at.timestamp() * 1000), level=0, ms=ms)
        feed.note(FeedItem.Kind.SERVICE, service.pk, at)


def view(page: Page) -> float:
    """How many seconds are shown."""
    found: float = page.evaluate("charts.view.to - charts.view.from")
    return found


def drag(page: Page) -> None:
    """From a third of the first chart to two thirds."""
    box = page.locator("figure[data-chart=response] .u-over").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 2 / 3, y, steps=4)
    page.mouse.up()


def test_charts_show_values_and_mark_what_happened(browser: BrowserPage, web: Web, weather: Service) -> None:
    page = opened(browser, web, "/services/weather/")
    response = page.locator("figure[data-chart=response]")
    expect(response.locator("dd").first).to_have_text("40 ms")
    expect(page.locator("figure[data-chart=checks] canvas")).to_be_visible()
    expect(page.locator("figure[data-chart=availability] dd")).to_have_text("100 %")
    expect(page.locator("figure[data-chart=calls]")).to_be_hidden()
    expect(page.locator("[data-marks] li")).to_contain_text("Outage · 12 min · Connection closed")


def test_another_range_is_shown_without_a_new_page(browser: BrowserPage, web: Web, weather: Service) -> None:
    page = opened(browser, web, "/services/weather/")
    page.locator(".ranges a", has_text="7 d").click()
    eventually(lambda: view(page) > 6 * 86400 or None, "seven days")
    expect(page.locator(".ranges a[aria-current]")).to_have_text("7 d")
    assert page.url.endswith("?range=7d#charts")
    page.locator("summary", has_text="From … to").click()
    page.locator("#charts-from").click()
    page.fill("#charts-from", f"{timezone.now() - timedelta(hours=3):%Y-%m-%dT%H:%M}")
    page.fill("#charts-to", f"{timezone.now() - timedelta(hours=2):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Show", exact=True).click()
    eventually(lambda: view(page) == 3600 or None, "an hour")
    page.locator("summary", has_text="From … to").click()
    page.locator("#charts-to").press("Escape")
    expect(page.locator("summary", has_text="From … to")).to_be_focused()
    expect(page.locator("#charts-to")).to_be_hidden()
    assert len(browser.navigations) <= 3  # the page itself, and addresses that it wrote


def test_zoom_by_dragging_and_back_by_double_click_or_button(
    browser: BrowserPage, web: Web, weather: Service
) -> None:
    page = opened(browser, web, "/services/weather/")
    out = page.get_by_role("button", name="Zoom out")
    expect(out).to_be_hidden()
    for by_button in (False, True):
        drag(page)
        eventually(lambda: view(page) < 9 * 3600 or None, "a third of the day")
        expect(out).to_be_visible()
        if by_button:
            out.click()
        else:
            page.locator("figure[data-chart=checks] .u-over").dblclick()
        eventually(lambda: view(page) > 23 * 3600 or None, "the whole day")
        expect(out).to_be_hidden()


def test_what_is_shown_narrower_stands_in_the_address(
    browser: BrowserPage, web: Web, weather: Service
) -> None:
    page = opened(browser, web, "/services/weather/?range=7d")
    drag(page)
    eventually(lambda: view(page) < 60 * 3600 or None, "a third of the week")
    assert re.search(r"\?range=7d&zoom=\d+-\d+$", page.url)
    shown = page.evaluate("charts.view.from")
    page.reload()
    expect(page.get_by_role("button", name="Zoom out")).to_be_visible()
    eventually(lambda: page.evaluate("charts.data !== null") or None, "figures")
    assert (page.evaluate("charts.view.from"), view(page) < 60 * 3600) == (pytest.approx(shown, abs=1), True)
    page.locator("figure[data-chart=checks] .plot").press("-")
    eventually(lambda: view(page) > 6 * 86400 or None, "the whole week")
    assert page.url.endswith("?range=7d")


def test_a_moment_is_shown_on_all_charts_by_mouse_and_by_keys(
    browser: BrowserPage, web: Web, weather: Service
) -> None:
    page = opened(browser, web, "/services/weather/")
    plot, moments = (
        page.locator("figure[data-chart=response] .u-over"),
        page.locator("figure:visible [data-at]"),
    )
    expect(page.locator("figure[data-chart=availability] canvas")).to_be_visible()
    plot.hover(position={"x": 200, "y": 50})
    for step in range(2):
        found = moments.all_inner_texts()
        assert len(found) == 3
        assert len(set(found)) == 1, f"{step}: {found}"
        lines = page.locator("figure:visible .u-cursor-x").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().x)"
        )
        assert max(lines) - min(lines) < 3
        page.mouse.move(0, 0)
        for key in ("Home", "PageDown", "PageDown"):
            page.locator("figure[data-chart=checks] .plot").press(key)


def test_a_chart_fills_the_screen_and_escape_ends_it(
    browser: BrowserPage, web: Web, weather: Service
) -> None:
    page = opened(browser, web, "/services/weather/")
    figure = page.locator("figure[data-chart=response]")
    button = figure.get_by_role("button", name="Response time: full screen")
    for by_key in (False, True):
        if by_key:
            figure.locator(".plot").press("f")
        else:
            button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        eventually(lambda: page.evaluate("charts.drawn[0].u.height > 500") or None, "a high chart")
        page.keyboard.press("Escape")
        expect(button).to_have_attribute("aria-pressed", "false")
        eventually(lambda: page.evaluate("charts.drawn[0].u.height") == 190 or None, "its height")


def test_plus_shows_half_around_what_the_keys_read(browser: BrowserPage, web: Web, weather: Service) -> None:
    page = opened(browser, web, "/services/weather/")
    plot = page.locator("figure[data-chart=response] .plot")
    whole = view(page)
    plot.press("Home")
    plot.press("+")
    eventually(lambda: view(page) < whole * 0.6 or None, "half of the day")
    eventually(lambda: page.evaluate("!charts.busy") or None, "the charts are drawn")
    plot.press("-")
    eventually(lambda: view(page) > whole * 0.9 or None, "the whole day")


def test_arrow_keys_read_the_values(browser: BrowserPage, web: Web, weather: Service) -> None:
    page = opened(browser, web, "/services/weather/")
    plot = page.locator("figure[data-chart=response] .plot")
    plot.focus()
    spoken = page.locator("[data-spoken]")
    plot.press("Home")
    first = spoken.inner_text()
    plot.press("ArrowRight")
    second = spoken.inner_text()
    assert re.search(r"\d\d:\d\d: p50 40 ms, p95 40 ms, p99 40 ms", second)
    assert first != second
    page.evaluate(
        "charts.cursor = charts.data.charts.response.x.findIndex(x => x > charts.data.marks[0].from)"
    )
    plot.press("ArrowRight")
    assert "Outage" in spoken.inner_text()


def test_the_same_numbers_stand_in_a_table(browser: BrowserPage, web: Web, weather: Service) -> None:
    page = opened(browser, web, "/services/weather/")
    page.locator("details.as-table summary").click()
    rows = page.locator("details.as-table tbody tr")
    expect(rows).to_have_count(page.evaluate("charts.data.charts.response.x.length"))
    expect(page.locator("details.as-table thead th").nth(1)).to_have_text("Response time: p50")
    assert "40 ms" in (rows.nth(30).text_content() or "")


def test_a_new_point_arrives_while_one_looks(browser: BrowserPage, web: Web, weather: Service) -> None:
    now = timezone.now()
    for n in range(2, 40):
        checked(weather, now - timedelta(minutes=n), 40)
    page = opened(browser, web, "/services/weather/?range=1h")
    eventually(lambda: page.evaluate("live.open"), "an open socket")
    before = page.evaluate("charts.data.charts.response.x.length")
    page.evaluate("charts.AT_LEAST = 0")
    checked(weather, timezone.now(), 250)
    expect(page.locator("figure[data-chart=response] dd").first).to_have_text("250 ms", timeout=10_000)
    assert page.evaluate("charts.data.charts.response.x.length") >= before
    assert len(browser.navigations) == 1


def test_the_overview_follows_what_happens(browser: BrowserPage, web: Web, weather: Service) -> None:
    make_worker()
    page = opened(browser, web, "/")
    expect(page.locator("#now-title")).to_have_text("The service is serving")
    expect(page.locator("#overview-figures strong").nth(3)).to_have_text("40 ms")
    eventually(lambda: page.evaluate("live.open"), "an open socket")
    move(weather, State.RECONNECTING)
    expect(page.locator("#now-title")).to_have_text("1 of 1 services is down")
    expect(page.locator(".troubles a").first).to_have_text("weather")
    move(weather, State.HEALTHY)
    expect(page.locator("#now-title")).to_have_text("The service is serving")
    assert len(browser.navigations) == 1

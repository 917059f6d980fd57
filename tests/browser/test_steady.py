"""What one reads does not jump: neither while a page is completed, nor while it is kept up to date."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.spans import MINUTES
from lifecycle.models import FleetRollup, Rollup5m, ServiceState
from lifecycle.monitoring.rollups import marks
from registry.models import Service
from tests.support.browser import BrowserPage
from tests.support.pages import make_change, make_worker
from tests.support.web import MakeService, Web, move

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
AT_MOST = 0.01
WATCHED = """window.shifted = [];
new PerformanceObserver((list) => {
  for (const { value, sources } of list.getEntries()) {
    window.shifted.push([value, sources.map(({ node }) => node?.id || node?.className || node?.nodeName)]);
  }
}).observe({ type: "layout-shift", buffered: true });"""
Shift = tuple[float, list[str]]


@pytest.fixture(autouse=True, scope="module")
def rows_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, which Django would not let us use rows beside."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(params=[1440, 390])
def page(chromium: Browser, cookie: str, web: Web, request: pytest.FixtureRequest) -> Iterator[Page]:
    """It notes what moves from its first paint on."""
    tab = BrowserPage(chromium)
    tab.page.set_viewport_size({"width": request.param, "height": 900})
    name, _, value = cookie.partition("=")
    tab.context.add_cookies([{"name": name, "value": value, "url": web.address}])
    tab.page.add_init_script(WATCHED)
    yield tab.page
    tab.close()
    assert tab.problems() == []


@pytest.fixture
def services(shown_service: MakeService) -> list[Service]:
    """Thirty, with a day of answers."""
    make_worker()
    found = [shown_service(f"service-{number:02}") for number in range(30)]
    packed, last = packing.pack(summaries.of([(0, 40)] * 10)), int(timezone.now().timestamp()) // 300 * 300
    Rollup5m.objects.bulk_create(
        Rollup5m(service=found[0], at=last - 300 * n, data=packed) for n in range(1, 300)
    )
    FleetRollup.objects.bulk_create(
        FleetRollup(span=300, at=last - 300 * n, data=packed, serving_s=300, services=1) for n in range(300)
    )
    return found


def assert_steady(page: Page) -> None:
    shifts: list[Shift] = page.evaluate("window.shifted")
    assert sum(value for value, _ in shifts) <= AT_MOST, shifts


@pytest.mark.parametrize("path", ["/", "/services/service-00/"])
def test_a_page_stands_still_while_its_charts_come(
    page: Page, web: Web, services: list[Service], path: str
) -> None:
    """First as pictures, and then in their place what somebody can zoom: for that, nothing moves at all."""
    page.goto(web.address + path, wait_until="networkidle")
    plot = page.locator("figure[data-chart=response] .plot")
    page.locator("#charts").scroll_into_view_if_needed()
    expect(plot.locator("svg.picture")).to_be_visible()
    assert_steady(page)
    plot.scroll_into_view_if_needed()
    page.evaluate("window.shifted = []")
    places = "all => all.map((one) => Object.values(one.getBoundingClientRect().toJSON()))"
    before = page.locator("#charts :is(figure, dd, ol, summary)").evaluate_all(places)
    plot.dispatch_event("pointermove")
    expect(plot.locator("canvas")).to_be_visible()
    expect(page.locator("svg.picture")).to_have_count(0)
    assert page.evaluate("window.shifted") == []
    assert page.locator("#charts :is(figure, dd, ol, summary)").evaluate_all(places) == before


def test_the_list_stands_still_while_its_services_come_and_go(
    page: Page, web: Web, services: list[Service]
) -> None:
    """States that no service is in have no tile, and one that comes moves none of those that are there."""
    page.goto(web.address + "/services/", wait_until="networkidle")
    tiles = page.locator("#state-counts .tile:visible > span")
    expect(tiles).to_have_text(["All", "Healthy"])
    for state in (State.WARNING, State.RECONNECTING, State.UNREACHABLE, State.HEALTHY):
        for service in services[:10]:
            move(service, state)
        expect(page.locator(f"#service-{services[9].pk}")).to_have_attribute("data-state", state.value)
    expect(tiles).to_have_text(["All", "Healthy"])
    assert_steady(page)


def trouble_begins_and_ends(page: Page, services: list[Service], shown: str) -> None:
    """A tenth of the services fails together, and recovers; each time the page has to say so."""
    for state in (State.WARNING, State.RECONNECTING, State.UNREACHABLE, State.HEALTHY):
        before = page.locator(shown).inner_text()
        for service in services[:5]:
            move(service, state)
        expect(page.locator(shown)).not_to_have_text(before, use_inner_text=True)


def test_the_overview_stands_still_while_troubles_begin_and_end(
    page: Page, web: Web, services: list[Service]
) -> None:
    page.goto(web.address + "/", wait_until="networkidle")
    trouble_begins_and_ends(page, services, "#overview-now")
    assert_steady(page)


def test_the_page_of_a_service_stands_still_while_it_fails_and_recovers(
    page: Page, web: Web, services: list[Service]
) -> None:
    service = services[0]
    page.goto(f"{web.address}/services/{service.name}/", wait_until="networkidle")
    for state in (State.WARNING, State.RECONNECTING, State.UNREACHABLE, State.HEALTHY):
        make_change(service, state)
        move(service, state)
        expect(page.locator(f"#service-head-{service.pk}")).to_have_attribute("data-state", state.value)
    assert_steady(page)


def test_a_card_that_has_no_room_says_so_and_shows_all_by_one_click(
    page: Page, web: Web, services: list[Service]
) -> None:
    service = services[0]
    page.goto(f"{web.address}/services/{service.name}/", wait_until="networkidle")
    head = page.locator(f"#service-head-{service.pk}")
    height = head.evaluate("(card) => card.offsetHeight")
    ServiceState.objects.filter(service=service).update(error_kind="refused", error_message="refused " * 60)
    move(service, State.UNREACHABLE)
    more = head.get_by_role("button", name="Show all", exact=True)
    more.click()
    expect(more).to_have_count(0)
    higher = "(card, before) => card.offsetHeight > before && card.scrollHeight === card.clientHeight"
    assert head.evaluate(higher, height)


def test_the_page_of_a_service_that_was_just_added_gets_the_room_that_it_needs(
    page: Page, web: Web, services: list[Service]
) -> None:
    service = services[0]
    move(service, State.INITIALIZING)
    page.goto(f"{web.address}/services/{service.name}/", wait_until="networkidle")
    ServiceState.objects.filter(service=service).update(error_kind="refused", error_message="refused " * 60)
    move(service, State.RECONNECTING)
    head = page.locator(f"#service-head-{service.pk}")
    expect(head).to_have_attribute("data-state", "RECONNECTING")
    assert head.evaluate("(card) => card.scrollHeight === card.clientHeight")
    expect(page.locator("[data-holds-more]")).to_have_count(0)


def test_figures_that_are_still_summed_up_say_so_and_hide_nothing(
    page: Page, web: Web, services: list[Service]
) -> None:
    marks.move(marks.FLEET[MINUTES], int(timezone.now().timestamp()) - 7200)
    with page.expect_response("**/?range=24h"):
        page.goto(web.address + "/")
    said, more = page.locator("#overview-figures > .filling"), page.locator("[data-holds-more]")
    expect(said).to_be_in_viewport(ratio=1)
    expect(more).to_have_count(0)
    marks.move(marks.FLEET[MINUTES], int(timezone.now().timestamp()))
    expect(said).to_have_count(0, timeout=15_000)
    expect(more).to_have_count(0)
    assert_steady(page)
    marks.move(marks.FLEET[MINUTES], int(timezone.now().timestamp()) - 7200)
    page.evaluate("htmx.ajax('GET', '/?range=24h', '#overview-figures')")
    expect(said).to_be_in_viewport(ratio=1)
    expect(more).to_have_count(0)


def test_what_changes_is_said_once_in_ten_seconds(page: Page, web: Web, services: list[Service]) -> None:
    page.goto(web.address + "/", wait_until="networkidle")
    said = page.locator("#announced")
    expect(said).to_be_empty()
    page.evaluate(
        """() => { window.said = [];
        new MutationObserver(([{ target }]) => window.said.push(target.textContent))
          .observe(document.getElementById("announced"), { childList: true }); }"""
    )
    for number, service in enumerate(services[:4], 1):
        move(service, State.UNREACHABLE)
        expect(page.locator("#now-title")).to_contain_text(f"{number} of 30")
    expect(said).to_contain_text("4 of 30 services are down", timeout=20_000)
    assert len(page.evaluate("window.said")) <= 2

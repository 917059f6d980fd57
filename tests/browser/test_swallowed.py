"""Behind a proxy that opens each WebSocket and lets nothing through it, a page asks, and says so."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, WebSocketRoute, expect

from lifecycle.core.machine.states import State
from registry.models import Service
from tests.support.browser import BrowserPage
from tests.support.console import eventually
from tests.support.pages import make_worker
from tests.support.web import MakeService, Web, move

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NOT_LIVE = "Not live: updated every 3 s"
FIRST_WITHIN, SILENCE, A_POLL = 6_000, 15_000, 3_000
MARGIN = 5_000
RETRIED = 60_000


@pytest.fixture(autouse=True, scope="module")
def rows_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, which Django would not let us use rows beside."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


class Middle:
    """Between the page and its socket; `swallows` says whether what either says is lost."""

    def __init__(self) -> None:
        self.swallows = False

    def __call__(self, page: WebSocketRoute) -> None:
        server = page.connect_to_server()
        page.on_message(lambda text: None if self.swallows else server.send(text))
        server.on_message(lambda text: None if self.swallows else page.send(text))


@pytest.fixture
def middle() -> Middle:
    return Middle()


@pytest.fixture
def page(chromium: Browser, cookie: str, web: Web, middle: Middle) -> Iterator[Page]:
    tab = BrowserPage(chromium)
    name, _, value = cookie.partition("=")
    tab.context.add_cookies([{"name": name, "value": value, "url": web.address}])
    tab.page.route_web_socket(re.compile("/live/"), middle)
    yield tab.page
    tab.close()
    assert tab.problems() == []


@pytest.fixture
def service(shown_service: MakeService) -> Service:
    make_worker(seen_ago=-60)  # for as long as a test takes
    return shown_service()


def shows(page: Page, service: Service, state: State, within: float) -> None:
    move(service, state)
    expect(page.locator(f"#service-{service.pk}")).to_have_attribute("data-state", state, timeout=within)


def becomes_live(page: Page, service: Service) -> None:
    """It says so, is told at once, and asks no more."""
    expect(page.locator("#worker-sign")).to_contain_text("Live", timeout=RETRIED)
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/live/poll" in request.url:
            asked.append(request.url)

    page.on("request", note)
    shows(page, service, State.HEALTHY, 2_000)
    page.wait_for_timeout(2 * A_POLL)
    assert asked == []


@pytest.mark.slow
def test_a_socket_that_says_nothing_at_all_is_as_good_as_none(
    page: Page, web: Web, middle: Middle, service: Service
) -> None:
    middle.swallows = True
    page.goto(f"{web.address}/services/")
    expect(page.locator("#worker-sign")).to_have_text(NOT_LIVE, timeout=FIRST_WITHIN + MARGIN)
    expect(page.locator("#worker-sign")).to_have_class(re.compile("is-stale"))
    shows(page, service, State.UNREACHABLE, A_POLL + MARGIN)
    middle.swallows = False
    becomes_live(page, service)


@pytest.mark.slow
def test_so_is_one_that_falls_silent_later(page: Page, web: Web, middle: Middle, service: Service) -> None:
    page.goto(f"{web.address}/services/")
    eventually(lambda: page.evaluate("live.frames"), "a first frame")
    middle.swallows = True
    shows(page, service, State.UNREACHABLE, SILENCE + A_POLL + MARGIN)
    expect(page.locator("#worker-sign")).to_have_text(NOT_LIVE)
    middle.swallows = False
    becomes_live(page, service)

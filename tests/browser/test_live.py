"""A page in Chromium follows the rows: by socket, by asking, and saying so when it cannot."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, WebSocket, expect

from lifecycle.core.machine.states import State
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, ServiceState
from registry.models import Service
from tests.support.browser import BrowserPage
from tests.support.console import eventually
from tests.support.pages import make_worker
from tests.support.web import MakeService, Web, move

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NO_SOCKETS = """
window.WebSocket = class {
  static OPEN = 1;
  readyState = 3;
  constructor() { setTimeout(() => this.onclose?.({}), 1); }
};
"""
SHORT_SOCKETS = NO_SOCKETS.replace("this.onclose?.({})", "{ this.onopen?.({}); this.onclose?.({}); }")
"""As some proxies do it: they open, and end before anything is said."""
WATCH_ROW = """
(id) => {
  window.swappedAt = [];
  new MutationObserver(() => window.swappedAt.push(Date.now()))
    .observe(document.getElementById(id).parentNode, { childList: true });
}
"""


@pytest.fixture(autouse=True, scope="module")
def rows_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, which Django would not let us use rows beside."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def browser(chromium: Browser, cookie: str, web: Web) -> Iterator[BrowserPage]:
    tab = BrowserPage(chromium)
    name, _, value = cookie.partition("=")
    tab.context.add_cookies([{"name": name, "value": value, "url": web.address}])
    yield tab
    tab.close()
    assert tab.problems() == []


def opened(browser: BrowserPage, web: Web, path: str = "/services/") -> Page:
    browser.page.goto(web.address + path)
    # Not wait_for_function: that asks again from within the page, where its policy forbids eval.
    eventually(lambda: browser.page.evaluate("live.open"), "an open socket")
    return browser.page


def row(page: Page, service: Service) -> str | None:
    return page.locator(f"#service-{service.pk}").get_attribute("data-state")


def test_a_row_changes_without_a_navigation(
    browser: BrowserPage, web: Web, shown_service: MakeService
) -> None:
    service = shown_service()
    page = opened(browser, web)
    page.wait_for_timeout(300)
    page.evaluate(WATCH_ROW, f"service-{service.pk}")
    took = []
    for state in [State.RECONNECTING, State.HEALTHY] * 10:
        seen = len(page.evaluate("window.swappedAt"))
        move(service, state)
        committed = time.time() * 1000
        swapped = partial(page.evaluate, "(seen) => window.swappedAt[seen]", seen)
        took.append(eventually(swapped, "a swapped row", pause=0.01) - committed)
        expect(page.locator(f"#service-{service.pk}")).to_have_attribute("data-state", state)
    assert page.locator("#count-HEALTHY").inner_text() == "1"
    assert len(browser.navigations) == 1
    assert max(took) < 1000, took


def test_the_page_confirms_some_frames_at_once_and_the_last_soon(
    browser: BrowserPage, web: Web, shown_service: MakeService
) -> None:
    """A confirmation costs the web process two thirds of what a frame does."""
    service = shown_service()
    received: list[str] = []
    confirmed: list[str] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framereceived", lambda text: received.append(str(text)))
        socket.on("framesent", lambda text: confirmed.extend(re.findall(r'"ack":(\d+)', str(text))))

    browser.page.on("websocket", watch)
    page = opened(browser, web)
    for state in [State.RECONNECTING, State.HEALTHY] * 8:
        move(service, state)
        expect(page.locator(f"#service-{service.pk}")).to_have_attribute("data-state", state)
    assert len(received) >= 16
    assert len(confirmed) <= len(received) / 2
    eventually(
        lambda: page.evaluate("live.frames") == int(confirmed[-1]) == len(received),
        "every frame is confirmed",
        4,
    )


def test_a_new_service_appears_in_the_list(
    browser: BrowserPage, web: Web, shown_service: MakeService
) -> None:
    page = opened(browser, web)
    service = shown_service("newcomer")
    feed.note(FeedItem.Kind.LIST, 0, timezone.now())
    expect(page.locator(f"#service-{service.pk}")).to_be_visible()
    move(service, State.WARNING)
    expect(page.locator(f"#service-{service.pk}")).to_have_attribute("data-state", "WARNING")
    assert len(browser.navigations) == 1


def test_the_next_try_counts_down(browser: BrowserPage, web: Web, shown_service: MakeService) -> None:
    service = shown_service(state=State.RECONNECTING)
    ServiceState.objects.update(next_retry_at=timezone.now() + timedelta(seconds=20))
    page = opened(browser, web)
    first = page.locator(f"#service-{service.pk} time[data-try]").inner_text()
    page.wait_for_timeout(2200)
    second = page.locator(f"#service-{service.pk} time[data-try]").inner_text()
    assert first.startswith("next attempt in ") and first.endswith(" s")
    assert 1 <= int(first.split()[3]) - int(second.split()[3]) <= 4


@pytest.mark.parametrize("sockets", [NO_SOCKETS, SHORT_SOCKETS], ids=["none", "short"])
def test_the_page_asks_where_sockets_are_blocked_and_does_not_call_itself_live(
    browser: BrowserPage, web: Web, shown_service: MakeService, sockets: str
) -> None:
    service = shown_service()
    make_worker()
    browser.page.add_init_script(sockets)
    browser.page.goto(f"{web.address}/services/")
    expect(browser.page.locator("#worker-sign")).to_have_text("Not live: updated every 3 s", timeout=10_000)
    expect(browser.page.locator("#worker-sign")).to_have_class(re.compile("is-stale"))
    move(service, State.UNREACHABLE)
    expect(browser.page.locator(f"#service-{service.pk}")).to_have_attribute(
        "data-state", "UNREACHABLE", timeout=10_000
    )
    assert len(browser.navigations) == 1


@pytest.mark.slow
def test_a_silent_server_makes_the_page_stale_until_it_is_heard_again(
    browser: BrowserPage, web: Web, shown_service: MakeService
) -> None:
    service = shown_service()
    page = opened(browser, web)
    before = page.locator("#worker-sign").inner_text()
    page.evaluate("window.first = live.socket")
    os.kill(web.process.pid, signal.SIGSTOP)
    try:
        expect(page.locator("#worker-sign")).to_contain_text("no connection for", timeout=20_000)
        move(service, State.WARNING)
    finally:
        os.kill(web.process.pid, signal.SIGCONT)
    expect(page.locator("#worker-sign")).to_have_text(before, timeout=10_000)
    expect(page.locator(f"#service-{service.pk}")).to_have_attribute("data-state", "WARNING")
    assert page.evaluate("live.socket === window.first"), "a socket that goes on with its server is kept"


@pytest.mark.slow
def test_after_a_restart_of_the_web_process_the_page_goes_on(
    browser: BrowserPage, web: Web, shown_service: MakeService
) -> None:
    browser.expect_errors("ERR_CONNECTION_REFUSED|WebSocket")
    service = shown_service()
    page = opened(browser, web)
    web.stop()
    move(service, State.UNREACHABLE)
    web.start()
    expect(page.locator(f"#service-{service.pk}")).to_have_attribute(
        "data-state", "UNREACHABLE", timeout=30_000
    )
    assert len(browser.navigations) == 1

"""A press counts, though what is pressed is renewed before it is let go, or before its answer is there."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from lifecycle.core.machine.states import State
from lifecycle.models import Episode
from registry.models import Service
from tests.browser.test_notices import fire
from tests.support.browser import BrowserPage
from tests.support.console import eventually
from tests.support.web import MakeService, Web, move

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LIST, BELL = "#alerts", "#notice-list"
RENEW = {LIST: "htmx.trigger(document.body, 'live:alerts')", BELL: "htmx.trigger('#notice-list', 'notices')"}
MARK = "(selector) => { document.querySelector(selector).seenBefore = true; }"
PRESS_AT_ONCE = """(place) => new MutationObserver((_, watch) => {
  const button = document.querySelector(`${place} [aria-label="Acknowledge alert: beta"]`);
  watch.disconnect();
  setTimeout(() => button.click());
}).observe(document.querySelector(place).parentElement, { childList: true })"""
IS_MARKED = "(selector) => document.querySelector(selector)?.seenBefore === true"


@pytest.fixture
def page(operator_tab: BrowserPage) -> Page:
    return operator_tab.page


def opened(page: Page, web: Web, place: str) -> Locator:
    """The button of *beta* in the list of alerts, or in that below the bell."""
    page.goto(web.address + "/alerts/")
    eventually(lambda: page.evaluate("live.frames"), "a first frame")
    if place == BELL:
        page.get_by_role("button", name="Notifications").click()
    button = page.locator(place).get_by_role("button", name="Acknowledge alert: beta")
    expect(button).to_be_visible()
    return button


def renewed(page: Page, element: str, renew: Callable[[], object]) -> None:
    """Another element stands where *element* stood."""
    page.evaluate(MARK, element)
    renew()
    eventually(lambda: not page.evaluate(IS_MARKED, element), f"a new {element}")


def acknowledged(name: str) -> bool:
    return Episode.objects.get(service__name=name).state == "acknowledged"


@pytest.mark.parametrize("place", [LIST, BELL])
def test_a_renewal_cuts_off_no_act(page: Page, web: Web, shown_service: MakeService, place: str) -> None:
    """On a busy machine an act waits for its turn; the next renewal must not end it meanwhile."""
    fire(shown_service, "alpha", "beta")
    button = opened(page, web, place)
    held: list[Route] = []
    page.route("**/acknowledge/", lambda route: held.append(route))
    button.focus()
    page.keyboard.press("Enter")
    eventually(lambda: page.evaluate("1") and held, "an act that waits")
    renewed(page, place, lambda: page.evaluate(RENEW[place]))
    held[0].continue_()
    eventually(lambda: acknowledged("beta"), "an acknowledged alert")
    expect(button).to_have_count(0)
    assert not acknowledged("alpha")


@pytest.mark.parametrize("place", [LIST, BELL])
@pytest.mark.parametrize("by", ["mouse", "Space", "Enter"])
def test_a_press_outlives_the_renewal_of_what_it_began_on(
    page: Page, web: Web, shown_service: MakeService, place: str, by: str
) -> None:
    fire(shown_service, "alpha", "beta")
    button = opened(page, web, place)
    button.hover()
    button.focus()
    page.mouse.down() if by == "mouse" else page.keyboard.down(by) if by == "Space" else None
    renewed(page, place, lambda: page.evaluate(RENEW[place]))
    page.mouse.up() if by == "mouse" else page.keyboard.up(by) if by == "Space" else page.keyboard.press(by)
    expect(button).to_have_count(0)
    assert acknowledged("beta") and not acknowledged("alpha")


@pytest.mark.parametrize("place", [LIST, BELL])
def test_what_has_just_come_is_pressed_like_what_was_there(
    page: Page, web: Web, shown_service: MakeService, place: str
) -> None:
    """Not as a form that leads to another page, which it is until htmx has looked at it."""
    fire(shown_service, "alpha", "beta")
    button = opened(page, web, place)
    page.evaluate("window.stayed = true")
    page.evaluate(PRESS_AT_ONCE, place)
    page.evaluate(RENEW[place])
    expect(button).to_have_count(0)
    assert acknowledged("beta") and not acknowledged("alpha")
    assert page.evaluate("window.stayed"), "it led to another page"


def test_undo_is_pressed_before_the_script_is_there(page: Page, web: Web, shown_service: MakeService) -> None:
    shown_service("beta")
    page.goto(web.address + "/services/beta/")
    page.locator("main .menu summary", has_text="More").click()
    page.get_by_role("button", name="Remove…").click()
    held: list[Route] = []
    page.route("**/*.js", lambda route: held.append(route))
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Undo").click()
    eventually(lambda: page.evaluate("1") and Service.objects.listed().exists(), "the service is back")
    expect(page.locator("#messages")).to_contain_text("beta restored.")
    assert held, "no script was held back"
    page.unroute_all(behavior="ignoreErrors")


def test_htmx_runs_nothing_and_writes_no_style(page: Page, web: Web) -> None:
    page.goto(web.address + "/alerts/")
    config = page.evaluate("htmx.config")
    assert not config["allowEval"] and not config["allowScriptTags"] and not config["includeIndicatorStyles"]
    assert config["attributesToSettle"] == [] and config["defaultSettleDelay"] == 0
    assert page.locator("style").count() == 0


@pytest.mark.parametrize("by", ["mouse", "Space"])
def test_a_row_that_the_socket_renews_is_picked_once(
    page: Page, web: Web, shown_service: MakeService, by: str
) -> None:
    service = shown_service("beta")
    page.goto(web.address + "/services/")
    eventually(lambda: page.evaluate("live.frames"), "a first frame")
    box = page.get_by_role("checkbox", name="beta")
    box.hover()
    box.focus()
    page.mouse.down() if by == "mouse" else page.keyboard.down(by)
    renewed(page, f"#service-{service.pk}", lambda: move(service, State.WARNING))
    page.mouse.up() if by == "mouse" else page.keyboard.up(by)
    expect(box).to_be_checked()
    page.wait_for_timeout(200)
    expect(box).to_be_checked()


def test_a_press_that_ends_on_another_row_is_none(page: Page, web: Web, shown_service: MakeService) -> None:
    fire(shown_service, "alpha", "beta")
    opened(page, web, LIST).hover()
    page.mouse.down()
    renewed(page, LIST, lambda: page.evaluate(RENEW[LIST]))
    page.get_by_role("button", name="Acknowledge alert: alpha").hover()
    page.mouse.up()
    page.wait_for_timeout(500)
    assert not acknowledged("alpha") and not acknowledged("beta")

"""Alerts picked in their list and acknowledged by one press, in Chromium."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from lifecycle.models import Episode
from registry.models import Service
from tests.browser import test_notices
from tests.browser.test_presses import LIST, RENEW, renewed
from tests.support.axe import findings
from tests.support.browser import BrowserPage
from tests.support.console import eventually
from tests.support.web import MakeService, Web

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(operator_tab: BrowserPage) -> Page:
    return operator_tab.page


def opened(page: Page, web: Web, path: str = "/alerts/") -> None:
    page.goto(web.address + path)
    eventually(lambda: page.evaluate("live.frames"), "a first frame")


def fire(shown_service: MakeService, *names: str) -> None:
    """Each on a host of its own: they have nothing in common."""
    test_notices.fire(shown_service, *names)
    for name in names:
        Service.objects.filter(name=name).update(endpoint=f"http://{name}.example.org/mcp")


def renew(page: Page) -> None:
    renewed(page, LIST, lambda: page.evaluate(RENEW[LIST]))


def taken() -> set[str]:
    return set(Episode.objects.filter(state="acknowledged").values_list("service__name", flat=True))


def test_a_group_is_acknowledged_by_one_press_though_it_is_renewed_meanwhile(
    page: Page, web: Web, shown_service: MakeService
) -> None:
    """First of all: what services use is known to the web process for half a minute."""
    fire(shown_service, "alpha", "beta")
    test_notices.fire(shown_service, "db-1", "db-2", "db-3")
    Service.objects.filter(name__startswith="db-").update(endpoint="http://db.example.org/mcp")
    opened(page, web)
    page.get_by_role("checkbox", name="alpha: Service down").check()
    held: list[Route] = []
    page.route(re.compile("/alerts/act/"), lambda route: held.append(route))
    group = page.get_by_role("button", name="Acknowledge 3 alerts: db-1, db-2, db-3")
    group.focus()
    page.keyboard.press("Enter")
    eventually(lambda: page.evaluate("1") and held, "an act that waits")
    renew(page)
    held[0].continue_()
    expect(page.locator("#messages")).to_contain_text("3 alerts acknowledged.")
    expect(group).to_have_count(0)
    assert taken() == {"db-1", "db-2", "db-3"}
    expect(page.get_by_role("checkbox", name="alpha: Service down")).to_be_checked()


def test_what_is_picked_by_keyboard_outlives_renewals_and_is_acknowledged_by_one_press(
    page: Page, web: Web, shown_service: MakeService
) -> None:
    fire(shown_service, "alpha", "beta", "gamma", "delta")
    opened(page, web)
    bar = page.get_by_role("group", name="Selected alerts")
    expect(bar).to_be_hidden()
    page.get_by_role("checkbox", name="alpha: Service down").focus()
    page.keyboard.press("Space")
    expect(bar.get_by_role("button", name="Acknowledge 1 alert")).to_be_visible()
    page.get_by_role("checkbox", name="beta: Service down").check()
    page.get_by_role("checkbox", name="gamma: Service down").check()
    renew(page)
    expect(page.get_by_role("checkbox", name="gamma: Service down")).to_be_focused()
    assert findings(page) == []
    Episode.objects.filter(service__name="gamma").update(state="resolved", resolved_at=timezone.now())
    renew(page)
    press = bar.get_by_role("button", name="Acknowledge 2 alerts")
    press.focus()
    renew(page)
    expect(press).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("2 alerts acknowledged.")
    assert taken() == {"alpha", "beta"}
    expect(bar).to_be_hidden()
    expect(page.get_by_role("checkbox", name="delta: Service down")).not_to_be_checked()


def test_one_that_another_took_on_meanwhile_is_left_alone_and_said(
    page: Page, web: Web, shown_service: MakeService
) -> None:
    fire(shown_service, "alpha", "beta")
    opened(page, web)
    page.get_by_label("Select all on this page").first.check()

    def meanwhile(route: Route) -> None:
        Episode.objects.filter(service__name="beta").update(state="acknowledged", acknowledged_by="ann")
        route.continue_()

    page.route(re.compile("/alerts/act/"), meanwhile)
    page.get_by_role("button", name="Acknowledge 2 alerts").click()
    expect(page.locator("#messages")).to_contain_text("1 alert acknowledged. 1 was left alone")
    assert Episode.objects.get(service__name="beta").acknowledged_by == "ann"


def test_what_is_picked_on_two_pages_goes_together_and_all_that_fire_can_too(
    page: Page, web: Web, shown_service: MakeService
) -> None:
    fire(shown_service, *(f"s{n:02}" for n in range(54)))
    opened(page, web)
    page.get_by_role("checkbox", name="s50: Service down").check()
    page.get_by_role("navigation", name="Pages of open alerts").get_by_role("link", name="Older").click()
    page.get_by_role("checkbox", name="s02: Service down").check()
    bar = page.get_by_role("group", name="Selected alerts")
    expect(bar).to_contain_text("1 on other pages")
    bar.get_by_role("button", name="Acknowledge 2 alerts").click()
    expect(page.locator("#messages")).to_contain_text("2 alerts acknowledged.")
    assert taken() == {"s50", "s02"}
    page.get_by_label("Select all on this page").first.check()
    bar.get_by_role("checkbox", name="all 52 firing").check()
    bar.get_by_role("button", name="Snooze 52 alerts for 1 h").click()
    expect(page.locator("#messages")).to_contain_text("52 alerts snoozed for 1 h.")
    page.get_by_label("Select all on this page").first.check()
    bar.get_by_role("checkbox", name="all 52 firing").check()
    bar.get_by_role("button", name="Acknowledge 52 alerts").click()
    expect(page.locator("#messages")).to_contain_text("52 alerts acknowledged.")
    assert len(taken()) == 54


def test_the_bell_takes_on_all_that_fire_by_one_press(
    page: Page, web: Web, shown_service: MakeService
) -> None:
    fire(shown_service, *(f"s{n:02}" for n in range(9)))
    opened(page, web, "/services/")
    page.get_by_role("button", name="Notifications").click()
    page.get_by_role("dialog", name="Firing").get_by_role("button", name="Acknowledge 9 alerts").click()
    expect(page.locator("#notice-list")).to_contain_text("9 alerts acknowledged.")
    expect(page.locator("#notice-list")).to_contain_text("No unacknowledged alerts are firing.")
    assert len(taken()) == 9

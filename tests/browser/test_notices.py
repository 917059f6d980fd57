"""The bell in Chromium: it follows the rows, is used by keyboard, and notifies who asked for it."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from lifecycle.live.feed import feed
from lifecycle.models import AlertRule, Episode, FeedItem
from tests.browser.test_live import NO_SOCKETS
from tests.support.browser import BrowserPage
from tests.support.console import eventually
from tests.support.web import MakeService, Web

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOTED = """
window.shown = [];
window.Notification = class {
  static permission = "default";
  static async requestPermission() { return (this.permission = window.answer ?? "granted"); }
  constructor(title, options) { window.shown.push([title, options.tag]); }
};
"""


@pytest.fixture
def browser(operator_tab: BrowserPage) -> BrowserPage:
    return operator_tab


def fire(shown_service: MakeService, *names: str) -> None:
    now = timezone.now()
    rule, _ = AlertRule.objects.get_or_create(name="Service down", defaults={"created_at": now})
    for name in names:
        row = Episode.objects.create(
            rule=rule, service=shown_service(name), state="firing", opened_at=now, fired_at=now
        )
        feed.note(FeedItem.Kind.ALERT, row.pk, now)


def shown(page: Page) -> list[list[str]]:
    found: list[list[str]] = page.evaluate("window.shown")
    return found


@pytest.mark.parametrize("sockets", [True, False])
def test_the_bell_follows_and_its_list_is_used_by_keyboard(
    sockets: bool, browser: BrowserPage, web: Web, shown_service: MakeService
) -> None:
    page = browser.page
    if not sockets:
        page.add_init_script(NO_SOCKETS)
    page.goto(web.address + "/services/")
    bell = page.get_by_role("button", name="Notifications")
    expect(page.locator("#bell-count")).to_be_hidden()
    fire(shown_service, "alpha", "beta")
    expect(page.locator("#bell-count")).to_have_text("2 firing, not acknowledged", timeout=15_000)
    expect(page).to_have_title("(2) Services · MCPStore Console")  # a tab among others says it, too
    bell.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Firing")
    take = dialog.get_by_role("button", name="Acknowledge alert: beta")
    expect(take).to_be_visible()
    take.focus()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Acknowledge alert: beta")).to_have_count(0)
    expect(page.locator("#bell-count")).to_have_text("1 firing, not acknowledged", timeout=15_000)
    assert Episode.objects.get(service__name="beta").state == "acknowledged"
    expect(page).to_have_title("(1) Services · MCPStore Console")
    page.reload()
    expect(page).to_have_title("(1) Services · MCPStore Console")
    Episode.objects.update(state="resolved")
    feed.note(FeedItem.Kind.ALERT, Episode.objects.latest("pk").pk, timezone.now())
    expect(page).to_have_title("Services · MCPStore Console", timeout=15_000)
    page.get_by_role("button", name="Notifications").click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_browser_that_was_asked_notifies_of_what_begins_and_remembers(
    browser: BrowserPage, web: Web, shown_service: MakeService
) -> None:
    page = browser.page
    page.add_init_script(NOTED)
    fire(shown_service, "before")
    page.goto(web.address + "/services/")
    eventually(lambda: page.evaluate("live.open"), "an open socket")
    page.get_by_role("button", name="Notifications").click()
    page.get_by_role("button", name="Notify me in this browser").click()
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    fire(shown_service, "alpha")
    eventually(lambda: shown(page), "a notification")
    assert shown(page) == [["alpha: Service down", f"alert-{Episode.objects.latest('pk').pk}"]]
    fire(shown_service, *(f"s{n}" for n in range(5)))
    eventually(lambda: len(shown(page)) > 1, "another one")
    assert shown(page)[1:] == [["Alerts firing: 5", "alerts"]], "many at once are one"
    assert page.evaluate("localStorage.getItem(notices.KEPT)") == "1"
    page.get_by_role("button", name="Stop").click()
    assert page.evaluate("localStorage.getItem(notices.KEPT)") is None


def test_a_refusal_and_a_page_that_may_not_notify_are_said(browser: BrowserPage, web: Web) -> None:
    page = browser.page
    page.add_init_script(NOTED + "window.answer = 'denied';")
    page.goto(web.address + "/services/")
    page.get_by_role("button", name="Notifications").click()
    page.get_by_role("button", name="Notify me in this browser").click()
    expect(page.locator("#notify")).to_contain_text("blocks notifications from the console")
    page.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false });")
    page.reload()
    page.get_by_role("button", name="Notifications").click()
    expect(page.get_by_text("only for https:// addresses and localhost")).to_be_visible()

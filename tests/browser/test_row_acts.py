"""The menu at the end of each row of the services list, in Chromium: by mouse, by keys, over renewals."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from lifecycle.core.machine.states import State
from lifecycle.models import Command
from registry.models import Dependency, Membership, Role
from tests.browser.test_presses import renewed
from tests.support.axe import findings
from tests.support.browser import BrowserPage
from tests.support.console import eventually
from tests.support.web import MakeService, Web, move

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(operator_tab: BrowserPage) -> Page:
    return operator_tab.page


def opened(page: Page, web: Web) -> None:
    page.goto(web.address + "/services/")
    eventually(lambda: page.evaluate("live.frames"), "a first frame")


def asked() -> list[tuple[str, str]]:
    return list(Command.objects.order_by("pk").values_list("service__name", "kind"))


def test_the_menu_of_a_row_acts_on_its_service_and_gives_the_focus_back(
    page: Page, web: Web, shown_service: MakeService
) -> None:
    shown_service("alpha")
    shown_service("beta")
    opened(page, web)
    assert page.locator(".row-acts").count() == page.locator("#services tbody tr").count() == 2
    page.get_by_role("button", name="Actions for beta").click()
    menu = page.get_by_role("group", name="Actions for beta")
    expect(menu.get_by_role("button")).to_have_text(["Check now", "Reconnect now", "Stop"])
    expect(menu.get_by_role("link", name="Edit")).to_have_attribute("href", "/services/beta/edit/")
    assert findings(page) == []
    menu.get_by_role("button", name="Check now").click()
    expect(page.locator("#messages")).to_contain_text("beta: Requested: check")
    expect(menu).to_be_hidden()
    expect(page.get_by_role("button", name="Actions for beta")).to_be_focused()
    page.get_by_role("button", name="Actions for alpha").click()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("#messages")).to_contain_text("alpha: Requested: stop")
    assert asked() == [("beta", "check"), ("alpha", "stop")]


def test_it_is_used_by_keyboard_alone(page: Page, web: Web, shown_service: MakeService) -> None:
    shown_service("beta")
    opened(page, web)
    page.get_by_role("link", name="beta").focus()
    page.keyboard.press("Tab")
    button = page.get_by_role("button", name="Actions for beta")
    expect(button).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Check now")).to_be_focused()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(page.locator("#row-menu")).to_be_hidden()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Check now")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name="Stop")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Reconnect now")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("beta: Requested: reconnect")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Check now")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#row-menu")).to_be_hidden()
    assert asked() == [("beta", "reconnect")]


@pytest.mark.parametrize("by", ["mouse", "Space"])
def test_a_row_that_the_socket_renews_opens_its_menu_once_and_keeps_it(
    page: Page, web: Web, shown_service: MakeService, by: str
) -> None:
    service = shown_service("beta")
    row = f"#service-{service.pk}"
    opened(page, web)
    button = page.get_by_role("button", name="Actions for beta")
    button.hover()
    button.focus()
    page.mouse.down() if by == "mouse" else page.keyboard.down(by)
    renewed(page, row, lambda: move(service, State.WARNING))
    page.mouse.up() if by == "mouse" else page.keyboard.up(by)
    expect(page.get_by_role("button", name="Check now")).to_be_focused()
    renewed(page, row, lambda: move(service, State.DISCONNECTED))
    start = page.get_by_role("button", name="Start")
    expect(start).to_be_focused()
    expect(page.get_by_role("button", name="Check now")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    button.click()
    start.click()
    expect(page.locator("#messages")).to_contain_text("beta: Requested: start")
    assert asked() == [("beta", "start")]


def test_stop_asks_first_where_others_need_the_service(
    page: Page, web: Web, shown_service: MakeService
) -> None:
    needed, user = shown_service("beta"), shown_service("user")
    Dependency.objects.create(service=user, depends_on=needed)
    opened(page, web)
    page.get_by_role("button", name="Actions for beta").click()
    page.get_by_role("button", name="Check now").click()
    expect(page.locator("#messages")).to_contain_text("beta: Requested: check")
    for press in ("Cancel", "Stop only this one"):
        page.get_by_role("button", name="Actions for beta").click()
        page.get_by_role("button", name="Stop", exact=True).click()
        dialog = page.get_by_role("dialog", name="Stop beta?")
        expect(dialog).to_contain_text("1 running service depends on it: user.")
        assert asked() == [("beta", "check")]
        dialog.get_by_role("button", name=press).click()
        expect(dialog).to_be_hidden()
    expect(page.locator("#messages")).to_contain_text("beta: Requested: stop")
    assert asked() == [("beta", "check"), ("beta", "stop")]


def test_a_viewer_has_no_menus(page: Page, web: Web, shown_service: MakeService) -> None:
    shown_service("beta")
    Membership.objects.update(role=Role.VIEWER)
    opened(page, web)
    expect(page.get_by_role("link", name="beta")).to_be_visible()
    assert page.locator(".row-acts, #row-menu").count() == 0


def test_on_a_phone_each_card_has_one(page: Page, web: Web, shown_service: MakeService) -> None:
    shown_service("beta")
    page.set_viewport_size({"width": 390, "height": 800})
    opened(page, web)
    page.get_by_role("button", name="Actions for beta").click()
    expect(page.get_by_role("button", name="Check now")).to_be_in_viewport()
    box = page.locator("#row-menu").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 390

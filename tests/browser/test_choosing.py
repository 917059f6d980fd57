"""Choosing services over several pages, an edit of them, and a saved view, in Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def test_what_is_chosen_on_two_pages_is_edited_together_and_then_forgotten(
    console: Console, browser_page: BrowserPage
) -> None:
    entries = {f"lamp-{n:02}": {"url": "http://127.0.0.1:9/mcp", "disabled": True} for n in range(60)}
    console.register(**entries)
    page = browser_page.sign_in(console, "/services/?q=lamp&sort=name")
    page.get_by_role("checkbox", name="lamp-03").check()
    page.get_by_role("link", name="Next").click()
    page.get_by_role("checkbox", name="lamp-55").check()
    bar = page.locator(".bulk-bar")
    expect(bar).to_contain_text("2 selected")
    expect(bar).to_contain_text("1 on other pages")
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("checkbox", name="lamp-03")).to_be_checked()
    bar.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog", name="Edit 2 services")
    dialog.get_by_label("Add tags").fill("bright")
    dialog.get_by_role("button", name="Change 2 services").click()
    page.wait_for_url(re.compile(r"/batches/\d+/$"))
    expect(page.locator("[id^=batch-][data-state=ended]")).to_be_visible(timeout=60_000)
    tagged = console.api.get("services", params={"tag": "bright"}).json()["results"]
    assert [one["name"] for one in tagged] == ["lamp-03", "lamp-55"]
    page.goto(page.url.partition("/batches/")[0] + "/services/?q=lamp&sort=name")
    expect(page.get_by_role("checkbox", name="lamp-03")).not_to_be_checked()
    expect(page.locator(".bulk-bar")).to_be_hidden()


def test_a_view_is_saved_beside_the_search_and_leads_back(
    console: Console, browser_page: BrowserPage
) -> None:
    page = browser_page.sign_in(console, "/services/")
    page.get_by_label("Search name, tag, URL or tool").fill("lamp-1")
    expect(page).to_have_url(re.compile("q=lamp-1"))
    page.get_by_role("button", name="Views").click()
    page.get_by_label("View name").fill("Lamps")
    page.get_by_role("button", name="Save view").click()
    menu = page.locator("#view-menu")
    expect(menu).to_contain_text("Lamps saved.")
    page.keyboard.press("Escape")
    page.goto(page.url.partition("?")[0])
    page.get_by_role("button", name="Views").click()
    menu.get_by_role("link", name="Lamps").click()
    expect(page).to_have_url(re.compile("q=lamp-1"))
    expect(page.get_by_label("Search name, tag, URL or tool")).to_have_value("lamp-1")

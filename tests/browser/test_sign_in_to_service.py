"""A person signs in to a service, is not asked again while its token is renewed, and then is."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.doubles.authorization.protected import Double, served
from tests.doubles.authorization.script import Script
from tests.support.browser import BrowserPage
from tests.support.console import Console, eventually
from tests.support.signing_in import hurry

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]
NAME = "closed"
LASTS = 6
"""Seconds that a token lives."""


@pytest.fixture
def double() -> Iterator[Double]:
    with served(Script(lasts=LASTS, challenge_scope="use")) as double:
        yield double


def test_a_service_is_signed_in_to_kept_and_signed_in_to_again(
    console: Console, browser_page: BrowserPage, double: Double
) -> None:
    page = browser_page.page
    hurry(console)
    console.api.patch("monitoring-settings", json={"alert_group_interval": 0})
    browser_page.sign_in(console, "/import/")
    paste(page, double.url)
    row = page.locator("#services tr", has_text=NAME)
    expect(row).to_contain_text("Needs sign-in", timeout=30_000)
    page.goto(f"{console.address}/services/{NAME}/")

    consent(page, console, "Sign in")
    steps = card(page).locator("li.is-past")
    expect(steps).to_have_count(4, timeout=30_000)
    expect(page.locator(".head-state")).to_contain_text("Healthy", timeout=30_000)
    expect(page.get_by_text("echo", exact=True).first).to_be_visible(timeout=30_000)

    told = changes(console)
    renewed = double.issuing.count("refresh")
    eventually(lambda: double.issuing.count("refresh") >= renewed + 2, "renewed twice", 4 * LASTS)
    eventually(lambda: double.tokens[-1] in double.issuing.access, "the new token is used", 10)
    assert (changes(console), double.issuing.count("authorize")) == (told, 1)

    double.issuing.withdraw()
    expect(card(page)).to_contain_text("The consent was withdrawn", timeout=30_000)
    page.goto(f"{console.address}/alerts/")
    alert = page.locator("#alerts tr", has_text="Needs sign-in").filter(has_text=NAME).first
    expect(alert).to_contain_text("Firing", timeout=60_000)

    page.goto(f"{console.address}/services/{NAME}/")
    consent(page, console, "Sign in again")
    expect(page.locator(".head-state")).to_contain_text("Healthy", timeout=30_000)
    assert (double.issuing.count("register"), double.issuing.count("authorize")) == (1, 2)
    page.goto(f"{console.address}/alerts/")
    expect(alert).to_contain_text("Resolved", timeout=45_000)


def paste(page: Page, url: str) -> None:
    page.fill("#id_text", json.dumps({"mcpServers": {NAME: {"url": url}}}))
    expect(page.locator("#preview tbody tr:not(.group)")).to_have_count(1)
    page.get_by_role("button", name="Save selected").click()
    page.get_by_role("link", name="View services").click()
    page.wait_for_url("**/services/")


def card(page: Page) -> Locator:
    return page.locator("[id^=service-signin-]")


def consent(page: Page, console: Console, button: str) -> None:
    """Press it, follow the link once there is one, and be back on the service's page."""
    card(page).get_by_role("button", name=button, exact=True).click()
    card(page).get_by_role("link", name="Continue to 127.0.0.1").click(timeout=30_000)
    page.wait_for_url(f"{console.address}/services/{NAME}/")


def changes(console: Console) -> int:
    return len(console.rows("SELECT id FROM lifecycle_statechange"))

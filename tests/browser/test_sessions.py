"""An admin ends somebody's session: their open page says so within 5 s, and does nothing more."""

from __future__ import annotations

import sqlite3

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console, ConsoleStarter, eventually

pytestmark = [pytest.mark.browser, pytest.mark.alone]
PASSWORD = "an-uncommon-phrase-7"
SAYS = "Signed out"
WITHIN = 5_000


@pytest.fixture(scope="module")
def console(start_console: ConsoleStarter) -> Console:
    return start_console()


def open_page_of(name: str, console: Console, page: Page) -> None:
    """A new person, with the list of services open and its socket connected."""
    made = (
        "from django.contrib.auth.models import User; from registry.models import Membership; "
        f"u = User.objects.create_user({name!r}, password={PASSWORD!r}); "
        "Membership.objects.create(user=u, role='operator')"
    )
    console.python(made)
    page.goto(f"{console.address}/services/")
    page.get_by_label("User").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{console.address}/services/")
    # Not wait_for_function: that asks again from within the page, where its policy forbids eval.
    eventually(lambda: page.evaluate("live.open"), "an open socket")


def of(name: str, console: Console, admin: Page) -> None:
    """The admin's page of this person."""
    admin.goto(f"{console.address}/settings/people/")
    admin.get_by_role("link", name=name, exact=True).click()


def test_an_ended_session_is_told_on_the_open_page(console: Console, browser_page: BrowserPage) -> None:
    admin = browser_page.sign_in(console, "/services/")
    theirs = browser_page.context.browser.new_context().new_page()  # type: ignore[union-attr]
    open_page_of("mia", console, theirs)
    of("mia", console, admin)
    admin.get_by_role("button", name="End all sessions").click()
    expect(theirs.locator("#worker-sign")).to_contain_text(SAYS, timeout=WITHIN)
    theirs.reload()
    assert theirs.url.startswith(f"{console.address}/login/")
    theirs.context.close()


def test_a_deactivated_person_is_told_on_the_open_page(console: Console, browser_page: BrowserPage) -> None:
    admin = browser_page.sign_in(console, "/services/")
    theirs = browser_page.context.browser.new_context().new_page()  # type: ignore[union-attr]
    open_page_of("tom", console, theirs)
    console.manage("people", "deactivate", "tom")
    expect(theirs.locator("#worker-sign")).to_contain_text(SAYS, timeout=WITHIN)
    of("tom", console, admin)
    expect(admin.get_by_text("deactivated").first).to_be_visible()
    theirs.context.close()


def end_all_sessions(console: Console) -> None:
    """As time does."""
    with sqlite3.connect(console.data_dir / "mcpstore.sqlite3", timeout=20) as rows:
        rows.execute("DELETE FROM django_session")


def sign_in_beside(page: Page, console: Console, link: Locator) -> None:
    """In the tab that *link* opens; then back."""
    with page.context.expect_page() as opened:
        link.click()
    other = opened.value
    other.fill("input[name=username]", "admin")
    other.fill("input[name=password]", console.password)
    other.locator("form:has(input[name=password]) button.primary").click()
    expect(other.get_by_role("heading", name="You are signed in")).to_be_visible()
    other.close()
    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_page_outlives_its_session_with_what_was_typed_in_a_form_that_leads_elsewhere(
    console: Console, browser_page: BrowserPage
) -> None:
    browser_page.expect_errors("WebSocket|status of 40")
    page = browser_page.sign_in(console, "/alerts/silences/add/")
    sign, ended = page.locator("#worker-sign"), page.locator("[data-session-ended]")
    eventually(lambda: page.evaluate("live.open"), "an open socket")
    page.get_by_label("Comment", exact=True).fill("moving racks")
    end_all_sessions(console)
    expect(sign).to_contain_text(SAYS, timeout=WITHIN)
    page.get_by_role("button", name="Save").click()
    expect(ended).to_be_visible()
    sign_in_beside(page, console, ended.get_by_role("link"))
    expect(ended).to_have_count(0)
    expect(sign).to_have_text("Live")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"{console.address}/alerts/silences/")

    end_all_sessions(console)
    page.get_by_role("button", name="End now").click()
    expect(ended).to_be_visible()
    sign_in_beside(page, console, sign.get_by_role("link", name="Sign in"))
    expect(ended).to_have_count(0)
    page.get_by_role("button", name="End now").click()
    expect(page.get_by_text("Silence ended.")).to_be_visible()

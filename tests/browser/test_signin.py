"""Signing in, in Chromium: an invited person with a passkey alone; somebody whom a provider knows."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.doubles.openid import CLIENT, SECRET, openid_double
from tests.support.browser import BrowserPage, sign_out
from tests.support.console import Console, ConsoleStarter

pytestmark = pytest.mark.browser
PASSWORD = "an-uncommon-phrase-7"


@pytest.fixture(scope="module")
def console(start_console: ConsoleStarter) -> Console:
    return start_console()


def local(console: Console, path: str = "/") -> str:
    """Browsers keep passkeys for names."""
    return f"http://localhost:{console.port}{path}"


def add_virtual_authenticator(page: Page) -> None:
    """A device that recognises its owner at once."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    kind = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options = {**kind, "isUserVerified": True, "automaticPresenceSimulation": True}
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in(page: Page, console: Console) -> None:
    page.goto(local(console, "/login/"))
    page.get_by_label("User").fill("mia")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_an_invited_person_signs_in_with_a_passkey(console: Console, browser_page: BrowserPage) -> None:
    page = browser_page.page
    add_virtual_authenticator(page)
    link = console.manage("people", "invite", "mia", "--role", "operator").stdout.strip()
    page.goto(local(console, link[link.index("/welcome/") :]))
    page.get_by_label("Password required", exact=True).fill(PASSWORD)
    page.get_by_label("Repeat password").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    sign_in(page, console)
    page.wait_for_url(local(console))

    page.goto(local(console, "/account/"))
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Add a passkey").click()
    expect(page.get_by_role("heading", name="Recovery codes (shown once)")).to_be_visible()
    expect(page.locator(".recovery li")).to_have_count(10)
    page.get_by_role("link", name="I have saved them").click()
    expect(page.get_by_role("row", name="Passkey laptop")).to_be_visible()

    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(local(console))
    page.goto(local(console, "/account/"))
    expect(page.locator("main")).to_contain_text("Signed in as mia")

    sign_out(page)
    sign_in(page, console)
    page.wait_for_url(local(console, "/login/second/"))
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(local(console))

    browser_page.expect_errors("WebSocket connection .* 403|401")  # its session ends while the page is open
    assert console.manage("people", "reset-factors", "mia").stdout.strip() == "reset"
    page.goto(local(console, "/account/"))
    expect(page).to_have_url(local(console, "/login/?next=/account/"))
    sign_in(page, console)
    page.wait_for_url(local(console))


def test_somebody_whom_the_provider_knows_comes_in(
    start_console: ConsoleStarter, browser_page: BrowserPage
) -> None:
    with openid_double() as provider:
        console = start_console(
            MCPSTORE_OIDC_URL=provider.url,
            MCPSTORE_OIDC_CLIENT_ID=CLIENT,
            MCPSTORE_OIDC_CLIENT_SECRET=SECRET,
            MCPSTORE_OIDC_ROLES="ops=operator",
        )
        page = browser_page.page
        page.goto(f"{console.address}/account/")
        page.get_by_role("link", name="Sign in with 127.0.0.1").click()
        page.wait_for_url(f"{console.address}/account/")
        expect(page.locator("main")).to_contain_text("Signed in as ada, role Operator")
        sign_out(page)
        provider.person["groups"] = ["others"]
        browser_page.expect_errors("403")
        page.get_by_role("link", name="Sign in with 127.0.0.1").click()
        expect(page.locator("main")).to_contain_text("None of your groups at the provider has a role here")

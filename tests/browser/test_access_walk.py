"""The way of a person, in Chromium: invited to a scope, a passkey, only theirs; by a provider; ended."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_sessions import SAYS, WITHIN
from tests.browser.test_signin import add_virtual_authenticator, local
from tests.doubles.openid import CLIENT, SECRET, OpenIdDouble, openid_double
from tests.support.browser import BrowserPage, sign_out
from tests.support.console import Console, ConsoleStarter, eventually

pytestmark = [pytest.mark.browser, pytest.mark.alone, pytest.mark.timeout(180)]
PASSWORD = "an-uncommon-phrase-7"
URL = "http://127.0.0.1:9/mcp"


@pytest.fixture
def provider() -> Iterator[OpenIdDouble]:
    with openid_double() as double:
        yield double


@pytest.fixture
def console(start_console: ConsoleStarter, provider: OpenIdDouble) -> Console:
    made = start_console(
        MCPSTORE_OIDC_URL=provider.url,
        MCPSTORE_OIDC_CLIENT_ID=CLIENT,
        MCPSTORE_OIDC_CLIENT_SECRET=SECRET,
        MCPSTORE_OIDC_ROLES="ops=operator",
    )
    made.register(ours={"url": URL, "tags": ["team-a"]}, theirs={"url": URL, "tags": ["team-b"]})
    return made


def somebody(browser_page: BrowserPage) -> Page:
    """Another person's browser."""
    browser = browser_page.context.browser
    assert browser is not None
    return browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce").new_page()


def invited(admin: Page, console: Console, name: str) -> str:
    """The path of the link that the admin is shown."""
    admin.goto(f"{console.address}/settings/people/")
    admin.get_by_role("link", name="Invite").first.click()
    admin.get_by_label("Name").fill(name)
    admin.get_by_label("Operator").check()
    admin.get_by_label("Tags").fill("team-a")
    admin.get_by_role("button", name="Create link").click()
    link = admin.locator("code.secret").inner_text()
    return link[link.index("/welcome/") :]


def sees_only_theirs(page: Page, base: str) -> None:
    page.goto(f"{base}/services/")
    expect(page.get_by_role("link", name="ours", exact=True)).to_be_visible()
    assert "theirs" not in page.content()
    answer = page.request.get(f"{base}/services/theirs/")
    assert answer.status == 404


def limit(admin: Page, console: Console, name: str) -> None:
    admin.goto(f"{console.address}/settings/people/")
    admin.get_by_role("link", name=name, exact=True).click()
    admin.get_by_label("Tags").fill("team-a")
    admin.get_by_role("button", name="Save scope").click()
    expect(admin.get_by_text("tags team-a").first).to_be_visible()


def test_a_person_comes_in_sees_theirs_and_is_sent_away(
    console: Console, provider: OpenIdDouble, browser_page: BrowserPage
) -> None:
    admin, base = browser_page.sign_in(console, "/settings/people/"), local(console, "")
    mia = somebody(browser_page)
    add_virtual_authenticator(mia)
    mia.goto(base + invited(admin, console, "mia"))
    mia.get_by_label("Password required", exact=True).fill(PASSWORD)
    mia.get_by_label("Repeat password").fill(PASSWORD)
    mia.get_by_role("button", name="Set password").click()
    mia.get_by_label("User").fill("mia")
    mia.get_by_label("Password").fill(PASSWORD)
    mia.get_by_role("button", name="Sign in", exact=True).click()
    mia.wait_for_url(local(console))
    mia.goto(f"{base}/account/")
    mia.get_by_role("link", name="Add a passkey").click()
    mia.get_by_label("Name").fill("laptop")
    mia.get_by_role("button", name="Add a passkey").click()
    mia.get_by_role("link", name="I have saved them").click()
    expect(mia.get_by_role("row", name="Passkey laptop")).to_be_visible()
    sign_out(mia)
    mia.get_by_role("button", name="Sign in with a passkey").click()
    mia.wait_for_url(local(console))
    sees_only_theirs(mia, base)

    ada = somebody(browser_page)
    ada.goto(f"{console.address}/services/")
    ada.get_by_role("link", name="Sign in with 127.0.0.1").click()
    ada.wait_for_url(f"{console.address}/services/")
    expect(ada.get_by_role("link", name="theirs", exact=True)).to_be_visible()
    limit(admin, console, "ada")
    sees_only_theirs(ada, console.address)

    for name, page in (("mia", mia), ("ada", ada)):
        # Not wait_for_function: that asks again from within the page, where its policy forbids eval.
        eventually(lambda open_page=page: open_page.evaluate("live.open"), "an open socket")  # type: ignore[misc]
        admin.goto(f"{console.address}/settings/people/")
        admin.get_by_role("link", name=name, exact=True).click()
        admin.get_by_role("button", name="End all sessions").click()
        expect(page.locator("#worker-sign")).to_contain_text(SAYS, timeout=WITHIN)
        page.reload()
        assert "/login/" in page.url
        page.context.close()

"""A form that cannot be saved: each problem stands at its field, and nothing that was typed is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import BrowserPage
from tests.support.console import Console

pytestmark = pytest.mark.browser


def test_a_refused_form_goes_to_its_first_problem_and_marks_each(
    console: Console, browser_page: BrowserPage
) -> None:
    browser_page.expect_errors("status of 422")
    page = browser_page.sign_in(console, "/add/")
    page.fill("#id_name", "weather")
    page.fill("#id_url", "ftp://weather.example.org/")
    page.locator("details.more summary").click()
    page.fill("#id_depends_on", "nobody")
    page.locator("details.more summary").click()
    page.get_by_role("button", name="Save and connect").click()
    url, needs = page.locator("#id_url"), page.locator("#id_depends_on")
    expect(url).to_be_focused()
    expect(url).to_be_in_viewport()
    for field, said in ((url, "http"), (needs, "not a service")):
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator(f"#{field.get_attribute('aria-errormessage')}")).to_contain_text(said)
    expect(needs).to_be_visible()
    page.fill("#id_url", "https://weather.example.org/mcp")
    page.fill("#id_depends_on", "")
    page.get_by_role("button", name="Save and connect").click()
    page.wait_for_url("**/services/weather/")


def sent_from(page: Page) -> list[str]:
    """Grows by the address of each form that the page sends from now on."""
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    return sent


def test_two_presses_of_a_key_send_a_form_once_but_a_refused_or_corrected_one_goes_out_at_once(
    console: Console, browser_page: BrowserPage
) -> None:
    browser_page.expect_errors("status of 422")
    page = browser_page.sign_in(console, "/add/")
    sent = sent_from(page)
    page.fill("#id_name", "eager")
    page.fill("#id_url", "ftp://eager.example.org/")
    for _ in range(2):
        with page.expect_response("**/add/") as answer:
            page.keyboard.press("Enter")
        answer.value.finished()
        expect(page.locator("#id_url")).to_have_attribute("aria-invalid", "true")
        page.evaluate("document.querySelector('#id_url').removeAttribute('aria-invalid')")
    page.fill("#id_url", "https://eager.example.org/mcp")
    for _ in range(3):
        page.keyboard.press("Enter")
    page.wait_for_url("**/services/eager/")
    assert len(sent) == 3


def test_a_key_that_is_held_down_presses_once(console: Console, browser_page: BrowserPage) -> None:
    console.register(held={"url": "http://127.0.0.1:9/mcp"})
    page = browser_page.sign_in(console, "/services/held/")
    page.evaluate("window.clicks = 0; document.addEventListener('click', () => clicks += 1)")
    page.get_by_role("button", name="Reconnect now").first.focus()
    for _ in range(4):
        page.keyboard.down("Enter")
    page.keyboard.up("Enter")
    assert page.evaluate("clicks") == 1


@pytest.mark.parametrize("lost", [("sessionid",), ("sessionid", "csrftoken")])
def test_what_was_typed_outlives_the_session(
    console: Console, browser_page: BrowserPage, lost: tuple[str, ...]
) -> None:
    page, name = browser_page.sign_in(console, "/add/"), f"patient-{len(lost)}"
    page.fill("#id_name", name)
    page.fill("#id_url", "https://patient.example.org/mcp")
    for cookie in lost:
        browser_page.context.clear_cookies(name=cookie)
    browser_page.expect_errors("status of 40|WebSocket")
    page.get_by_role("button", name="Save and connect").click()
    toast = page.locator("#messages .toast").last
    expect(toast).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="sign in in a new tab").click()
    other = opened.value
    other.fill("input[name=username]", "admin")
    other.fill("input[name=password]", console.password)
    other.locator("form:has(input[name=password]) button").click()
    expect(other.get_by_role("heading", name="You are signed in")).to_be_visible()
    other.close()
    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("[data-session-ended]")).to_have_count(0)
    expect(page.locator("#id_url")).to_have_value("https://patient.example.org/mcp")
    page.get_by_role("button", name="Save and connect").click()
    page.wait_for_url(f"**/services/{name}/")

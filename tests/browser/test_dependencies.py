"""Dependencies in Chromium: cycles are refused by name, the picture shows what is down and who waits."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console
from tests.support.mcp_servers import LightServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


def test_a_cycle_is_refused_and_an_outage_is_seen_in_the_picture(
    console: Console, browser_page: BrowserPage
) -> None:
    with LightServer() as maps, LightServer() as weather:
        console.register(weather={"url": weather.url, "dependsOn": ["maps"]}, maps={"url": maps.url})
        for name in ("maps", "weather"):
            console.wait_for(name, "HEALTHY")
        browser_page.expect_errors("status of 422")
        page = browser_page.sign_in(console, "/services/maps/edit/")
        page.get_by_text("Description, tags, dependencies").click()
        page.get_by_label("Depends on").fill("weather")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("main")).to_contain_text("makes a cycle: maps → weather → maps")

        page.goto(f"{console.address}/dependencies/")
        first, second = page.locator(".node").nth(0), page.locator(".node").nth(1)
        expect(first).to_have_text(re.compile(r"maps\s+Healthy"))
        expect(second).to_have_text(re.compile(r"weather\s+Healthy"))
        page.evaluate("window.sameDocument = true")
        second.focus()
        expect(page.locator(".graph path.is-near")).to_have_count(1)

        maps.kill()
        weather.kill()
        console.api.post("services/weather/check")
        expect(first).to_have_attribute("data-state", "RECONNECTING")
        expect(second).to_contain_text("waits for maps")
        expect(page.locator(".relations tbody tr").filter(has_text="waits for maps")).to_have_count(1)
        expect(second).to_be_focused()

        weather.start()
        maps.start()
        for node in (first, second):
            expect(node).to_have_attribute("data-state", "HEALTHY", timeout=15_000)
        expect(second).not_to_contain_text("waits")
        assert page.evaluate("window.sameDocument") is True


def test_a_stop_says_who_needs_it_and_a_start_brings_along_what_it_needs(
    console: Console, browser_page: BrowserPage
) -> None:
    with LightServer() as server:
        console.register(
            web={"url": server.url, "dependsOn": ["api"]},
            api={"url": server.url, "dependsOn": ["database"]},
            database={"url": server.url},
        )
        console.wait_for("web", "HEALTHY")
        browser_page.expect_errors("^console: htmx:")  # going on cuts off what was being asked
        page = browser_page.sign_in(console, "/services/database/")
        page.locator("main .menu > summary").click()
        page.get_by_role("button", name="Stop…", exact=True).click()
        dialog = page.get_by_role("dialog", name="Stop database?")
        expect(dialog).to_contain_text("2 running services depend on it: api, web")
        dialog.get_by_role("button", name="Stop all 3").click()
        page.wait_for_url(re.compile(r"/batches/\d+/$"))
        expect(page.locator("[id^=batch-][data-state=ended]")).to_contain_text("Wave 3 of 3", timeout=20_000)
        assert {console.service(name)["desired"] for name in ("web", "api", "database")} == {"stopped"}

        page.goto(f"{console.address}/services/web/")
        page.get_by_role("button", name="Start…").click()
        dialog = page.get_by_role("dialog", name="Start web?")
        expect(dialog).to_contain_text("It depends on 2 stopped services: api, database")
        dialog.get_by_role("button", name="Start all 3").click()
        page.wait_for_url(re.compile(r"/batches/\d+/$"))
        expect(page.locator("[id^=batch-][data-state=ended]")).to_contain_text("Wave 3 of 3", timeout=20_000)
        assert console.service("web")["state"] == "HEALTHY"

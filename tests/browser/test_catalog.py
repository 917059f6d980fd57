"""Add from a registry in Chromium: search, choose a way, give its values, look, and save."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage, keep_screenshot
from tests.support.console import Console, ConsoleStarter
from tests.support.mcp_servers import FastMCPServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def weather() -> object:
    with FastMCPServer(name="weather") as server:
        yield server


@pytest.fixture(scope="module")
def console(
    start_console: ConsoleStarter, weather: FastMCPServer, tmp_path_factory: pytest.TempPathFactory
) -> Console:
    path = tmp_path_factory.mktemp("registry") / "servers.json"
    url = weather.url.replace(str(weather.port), "{port}")
    server = {
        "name": "org.example/weather",
        "title": "Weather",
        "description": "Forecasts for everywhere",
        "version": "1.2.0",
        "remotes": [{"type": "streamable-http", "url": url, "variables": {"port": {"isRequired": True}}}],
        "packages": [
            {
                "registryType": "npm",
                "identifier": "weather-mcp",
                "version": "1.2.0",
                "transport": {"type": "stdio"},
            }
        ],
    }
    path.write_text(json.dumps([server, {**server, "name": "org.example/other", "description": "Tides"}]))
    return start_console(None, MCPSTORE_REGISTRY=str(path))


def test_a_server_is_found_chosen_looked_at_and_saved(
    console: Console, browser_page: BrowserPage, weather: FastMCPServer
) -> None:
    page = browser_page.sign_in(console, "/add/")
    page.get_by_role("link", name="Add from registry").click()
    page.get_by_label("Search").fill("forecasts")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".catalog > li")).to_have_count(1)
    keep_screenshot(page, "registry")
    page.get_by_role("button", name="Select Weather: streamable-http").click()
    page.fill("input[name='value:weather.port']", str(weather.port))
    page.get_by_role("button", name="Try weather").click()
    expect(page.locator(".trial")).to_contain_text("It speaks MCP", timeout=20_000)
    page.get_by_role("button", name="Save selected").click()
    page.get_by_role("link", name="weather", exact=True).click()
    expect(page.locator(".head .state").first).to_have_text("Healthy", timeout=20_000)
    expect(page.locator("h1")).to_have_text("weather")

"""A person edits mcp.json, a service and the past in a real browser, with a real worker behind it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browser import BrowserPage
from tests.support.console import Console, eventually
from tests.support.mcp_servers import FastMCPServer

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def servers(console: Console) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((console.data_dir / "mcp.json").read_text())["mcpServers"]
    return found


def edit_file(file: Path, **entries: Any) -> None:
    content = json.loads(file.read_text())
    content["mcpServers"] |= entries
    file.write_text(json.dumps(content, indent=2))


def test_a_hand_edit_shows_without_a_reload_and_is_taken_or_thrown_away(
    console: Console, browser_page: BrowserPage, fastmcp_http_server: FastMCPServer
) -> None:
    console.register(drifty={"url": fastmcp_http_server.url, "headers": {"X-Key": "canary-1"}})
    file = console.data_dir / "mcp.json"
    eventually(lambda: "drifty" in servers(console), "the service is exported")
    page = browser_page.sign_in(console, "/services/")
    banner = page.locator("#drift-banner")
    expect(page.locator("#worker-sign")).to_contain_text("Live")
    expect(banner).to_be_hidden()
    before = list(browser_page.navigations)

    edit_file(file, by_hand={"url": fastmcp_http_server.url, "headers": {"X-Key": "canary-2"}})
    began = time.monotonic()
    expect(banner).to_contain_text("mcp.json was edited by hand", timeout=5000)
    assert time.monotonic() - began < 5
    assert browser_page.navigations == before

    banner.get_by_role("link").click()
    expect(page.locator(".diff ins", has_text="by_hand")).to_be_visible()
    assert "canary" not in page.content()
    page.get_by_role("button", name="Import the file…").click()
    expect(page.get_by_role("dialog")).to_contain_text("can undo it")
    page.get_by_role("dialog").get_by_role("button", name="Import the file").click()
    row = page.locator("#services tr", has_text="by_hand")
    expect(row).to_contain_text("Healthy", timeout=20_000)
    expect(banner).to_be_hidden()
    console.wait_for("by_hand", "HEALTHY")
    assert "canary" not in file.read_text()

    written = file.read_text()
    before = list(browser_page.navigations)
    edit_file(file, unwanted={"command": "never-started"})
    expect(banner).to_be_visible(timeout=5000)
    assert browser_page.navigations == before
    banner.get_by_role("link").click()
    page.get_by_role("button", name="Overwrite the file…").click()
    page.get_by_role("dialog").get_by_role("button", name="Overwrite the file").click()
    page.wait_for_url("**/versions/")
    expect(page.get_by_text("overwritten with the console")).to_be_visible()
    assert file.read_text() == written
    assert {one["name"] for one in console.api.get("services").json()["results"]} == {"drifty", "by_hand"}
    assert browser_page.problems() == []


def test_an_edited_file_that_cannot_be_read_says_where_and_mending_it_ends_the_banner(
    console: Console, browser_page: BrowserPage
) -> None:
    console.register(broken={"url": "https://broken.example.org/mcp"})
    file = console.data_dir / "mcp.json"
    eventually(lambda: "broken" in servers(console), "the service is exported")
    page = browser_page.sign_in(console, "/versions/")
    good = file.read_bytes()
    file.write_bytes(good.replace(b'"broken": {', b'"broken": ', 1))
    expect(page.locator("#drift-banner")).to_be_visible(timeout=5000)
    page.locator("#drift-banner a").click()
    expect(page.locator("main .problem")).to_contain_text("line ")
    expect(page.get_by_role("button", name="Import the file…")).to_have_count(0)
    page.goto(f"{console.address}/alerts/")
    expect(page.locator("#drift-banner")).to_be_visible()
    file.write_bytes(good)
    expect(page.locator("#drift-banner")).to_be_hidden(timeout=5000)


def test_a_service_is_edited_in_place_and_two_people_lose_nothing(
    console: Console, browser_page: BrowserPage, fastmcp_http_server: FastMCPServer
) -> None:
    browser_page.expect_errors("409|422")
    console.register(editme={"url": fastmcp_http_server.url, "headers": {"X-Key": "canary-3"}, "x-odd": [1]})
    console.wait_for("editme", "HEALTHY")
    page = browser_page.sign_in(console, "/services/editme/")
    page.locator("#do-edit").click()
    assert "canary" not in page.content()
    expect(page.get_by_label("Headers")).to_have_value("X-Key: ••••••")
    page.get_by_label("URL").fill("ftp://nowhere")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#form-errors")).to_contain_text("URL")
    page.get_by_label("URL").fill(fastmcp_http_server.url)
    page.get_by_text("Description, tags, dependencies").click()
    page.get_by_label("Description").fill("Mine")
    changed = console.api.patch("services/editme", json={"tags": ["theirs"]})
    assert changed.status_code == 200
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#form-errors del", has_text="theirs")).to_be_visible()
    expect(page.get_by_label("Description")).to_have_value("Mine")
    page.get_by_role("link", name="Discard mine and reload").click()
    expect(page.get_by_label("Tags")).to_have_value("theirs")
    page.get_by_text("Description, tags, dependencies").click()
    page.get_by_label("Description").fill("Mine")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"{console.address}/services/editme/")
    expect(page.get_by_text("Mine", exact=True)).to_be_visible()
    eventually(lambda: servers(console)["editme"].get("description") == "Mine", "the change is exported")
    assert servers(console)["editme"]["tags"] == ["theirs"]
    assert servers(console)["editme"]["x-odd"] == [1]
    console.wait_for("editme", "HEALTHY")


def test_a_version_is_compared_and_brought_back(console: Console, browser_page: BrowserPage) -> None:
    console.register(early={"url": "https://early.example.org/mcp"})
    eventually(lambda: "early" in servers(console), "the service is exported")
    page = browser_page.sign_in(console, "/versions/")
    wanted = page.locator("table.versions tbody th").first.inner_text()
    console.register(late={"url": "https://late.example.org/mcp"})
    eventually(lambda: "late" in servers(console), "the service is exported")
    page.reload()
    page.get_by_role("button", name="Compare selected").click()
    expect(page.locator(".diff ins", has_text="late.example")).to_be_visible()
    page.get_by_role("button", name="Roll back to this version…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"Roll back to version {wanted}?")
    dialog.get_by_role("button", name="Roll back").click()
    expect(page.locator("table.versions tbody tr").first).to_contain_text("removed late")
    assert "late" not in servers(console)
    with page.expect_download() as download:
        page.get_by_role("link", name=f"Download {wanted}", exact=True).click()
    assert "late" not in Path(download.value.path()).read_text()


def test_a_removed_service_comes_back_by_undo_and_from_the_page_of_the_removed(
    console: Console, browser_page: BrowserPage, fastmcp_http_server: FastMCPServer
) -> None:
    console.register(gone={"url": fastmcp_http_server.url, "headers": {"X-Key": "canary-4"}})
    console.wait_for("gone", "HEALTHY")
    page = browser_page.sign_in(console, "/services/gone/")
    for undo in ("Undo", "Restore gone"):
        page.locator("main .menu summary", has_text="More").click()
        page.get_by_role("button", name="Remove…").click()
        page.get_by_role("dialog").get_by_role("button", name="Remove").click()
        expect(page.locator("#messages")).to_contain_text("gone removed.")
        eventually(lambda: "gone" not in servers(console), "the removal is exported")
        if undo != "Undo":
            page.get_by_role("link", name="Configuration").click()
            page.get_by_role("link", name="Removed").click()
            expect(page.locator("tr", has_text="gone")).to_contain_text("admin")
        page.get_by_role("button", name=undo).click()
        page.wait_for_url(f"{console.address}/services/gone/")
        expect(page.locator("main")).to_contain_text("gone restored.")
        expect(page.locator(".head-state, [id^=service-head]").first).to_contain_text(
            "Healthy", timeout=20_000
        )
    assert "canary" not in json.dumps(servers(console)["gone"])

"""The main job in Chromium: paste an mcp.json, watch it, lose a server, be told, and be told it is back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser import watching
from tests.support.browser import BrowserPage, keep_screenshot
from tests.support.console import Console, ConsoleStarter, eventually
from tests.support.mcp_servers import EverythingServer, FastMCPServer
from tests.support.receivers import SmtpReceiver, WebhookReceiver
from tests.support.tools import ROOT, search_path

pytestmark = [pytest.mark.browser, pytest.mark.servers, pytest.mark.timeout(240)]
HIDDEN = "tok-4f1d9c27ab"
TOOLS = {"everything": 13, "filesystem": 14, "memory": 9, "time": 2, "notes": 4, "weather": 4}


@pytest.fixture(scope="module")
def console(
    start_console: ConsoleStarter, smtp_receiver: SmtpReceiver, webhook_receiver: WebhookReceiver
) -> Console:
    return start_console(None, EMAIL_URL=smtp_receiver.url, PATH=search_path())


@pytest.fixture
def weather() -> Iterator[FastMCPServer]:
    """The server that will be killed and started again."""
    with FastMCPServer(name="weather") as server:
        yield server


@pytest.fixture
def document(weather: FastMCPServer, tmp_path: Path) -> Iterator[str]:
    """An mcp.json as people have them: comments, a trailing comma, a token in it."""
    with EverythingServer("streamableHttp") as everything:
        servers = {
            "everything": {"type": "http", "url": everything.url},
            "filesystem": {"command": "mcp-server-filesystem", "args": ["."], "cwd": str(tmp_path)},
            "memory": {"command": "mcp-server-memory", "env": {"MEMORY_FILE_PATH": str(tmp_path / "m.json")}},
            "time": {"command": "mcp-server-time", "args": ["--local-timezone", "UTC"]},
            "notes": {"command": "python", "args": ["tests/support/fastmcp_program.py"], "cwd": str(ROOT)},
            "weather": {"url": weather.url, "headers": {"Authorization": f"Bearer {HIDDEN}"}},
        }
        text = json.dumps({"mcpServers": servers}, indent=2)
        yield "// what my editor uses\n" + text.removesuffix("\n  }\n}") + ",\n  },\n}"


def test_the_main_job(
    console: Console,
    browser_page: BrowserPage,
    weather: FastMCPServer,
    document: str,
    smtp_receiver: SmtpReceiver,
    webhook_receiver: WebhookReceiver,
) -> None:
    page = browser_page.sign_in(console, "/services/")
    secret = add_channels(page, console, webhook_receiver)
    paste(page, console, document)
    ids = {row["name"]: row["id"] for row in console.rows("SELECT id, name FROM registry_service")}
    assert set(ids) == set(TOOLS)
    watching.record(page)
    navigations = list(browser_page.navigations)

    for name in TOOLS:
        watching.wait_for_state(page, ids[name], "HEALTHY", 60)
    assert shown_tools(page, ids) == TOOLS

    check_some_times(console)
    killed_at = time.time()
    weather.kill()
    watching.wait_for_state(page, ids["weather"], "RECONNECTING", 45)
    row = page.locator(f"#service-{ids['weather']}")
    expect(row.locator("time[data-try]")).to_be_visible()
    expect(row).to_contain_text("refused")
    keep_screenshot(page, "services")
    await_messages("firing", smtp_receiver, webhook_receiver, secret)

    weather.start()
    watching.wait_for_state(page, ids["weather"], "HEALTHY", 45)
    await_messages("resolved", smtp_receiver, webhook_receiver, secret)

    assert browser_page.navigations == navigations
    assert watching.is_same_document(page)
    check_promptness(page, console, ids, killed_at)
    check_export(console)
    expect(page.locator("#worker-sign")).to_have_class("sign is-live")


def add_channels(page: Page, console: Console, webhook_receiver: WebhookReceiver) -> str:
    """A mail and a webhook for all rules, each tried by its button; the webhook's signing secret."""
    console.api.patch("monitoring-settings", json={"alert_group_interval": 0})
    add_channel(page, console, "email", "Operators", to="ops@example.org")
    add_channel(page, console, "webhook", "Hook", url=webhook_receiver.url)
    secret = page.locator("code.secret").inner_text()
    page.goto(f"{console.address}/alerts/channels/")
    for name in ("Operators", "Hook"):
        page.get_by_role("button", name=f"Send test through {name}").click()
    expect(page.locator("p.toast", has_text="elivered")).to_have_count(2, timeout=15_000)
    assert [body["type"] for body in webhook_receiver.verified(secret)] == ["alert.test"]
    return secret


def add_channel(page: Page, console: Console, kind: str, name: str, **fields: str) -> None:
    page.goto(f"{console.address}/alerts/channels/add/{kind}/")
    for field, value in {"name": name, **fields}.items():
        page.fill(f"[name={field}]", value)
    page.check("[name=all_rules]")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(lambda url: not url.endswith(f"/add/{kind}/"))


def paste(page: Page, console: Console, document: str) -> None:
    """Import through the page: paste, look at the preview, save, go and watch."""
    page.goto(f"{console.address}/import/")
    page.fill("#id_text", document)
    expect(page.locator("#preview tbody tr:not(.group)")).to_have_count(len(TOOLS))
    assert console.rows("SELECT id FROM registry_service") == []
    page.get_by_role("button", name="Save selected").click()
    page.get_by_role("link", name="View services").click()
    page.wait_for_url("**/services/")


def check_some_times(console: Console) -> None:
    """So that the page has checks to draw."""
    for _ in range(4):
        for name in TOOLS:
            assert console.api.post(f"services/{name}/check", params={"wait": "5"}).status_code in (200, 202)


def shown_tools(page: Page, ids: dict[str, int]) -> dict[str, int]:
    column = page.locator("#services thead th").all_inner_texts().index("Tools")
    cells = {name: page.locator(f"#service-{pk} > *").nth(column).inner_text() for name, pk in ids.items()}
    return {name: int(text) for name, text in cells.items()}


def await_messages(
    kind: str, smtp_receiver: SmtpReceiver, webhook_receiver: WebhookReceiver, secret: str
) -> None:
    def hooks() -> list[dict[str, Any]]:
        bodies = webhook_receiver.verified(secret)
        return [body for body in bodies if body["type"] == f"alert.{kind}"]

    def mails() -> list[str]:
        subject = "[ERROR] weather is RECONNECTING (Service down)"  # an end answers its beginning
        subject = subject if kind == "firing" else f"Re: {subject}"
        return [one for one in smtp_receiver.subjects() if one == subject]

    eventually(lambda: hooks() and mails(), f"{kind}: a webhook and a mail", 40)
    assert [body["data"]["service"] for body in hooks()] == ["weather"]
    assert len(mails()) == 1
    assert HIDDEN not in str(smtp_receiver.messages) + str(hooks())


def check_promptness(page: Page, console: Console, ids: dict[str, int], killed_at: float) -> None:
    """Each state showed within a second of its commit; the loss within 45 s of the kill."""
    sql = "SELECT after, at FROM lifecycle_statechange WHERE service_id = ? ORDER BY id"
    committed = [
        (row["after"], datetime.fromisoformat(row["at"]).replace(tzinfo=UTC).timestamp())
        for row in console.rows(sql, ids["weather"])
    ]
    shown = {one["state"]: one["at"] for one in watching.seen(page, ids["weather"])}
    lost_at = next(at for state, at in committed if state == "RECONNECTING")
    back_at = committed[-1][1]
    assert lost_at - killed_at < 45
    assert shown["RECONNECTING"] - lost_at < 1
    assert shown["HEALTHY"] - back_at < 1


def check_export(console: Console) -> None:
    """The exported file runs all services, and the token only by name."""
    text = (console.data_dir / "mcp.json").read_text()
    assert set(json.loads(text)["mcpServers"]) == set(TOOLS)
    assert HIDDEN not in text
    assert HIDDEN not in console.output()

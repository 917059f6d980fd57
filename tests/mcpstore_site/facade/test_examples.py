"""The design's examples, as plain programs beside a real console with a real worker."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.mcp_servers import LightServer, light_entry
from tests.support.ports import free_port
from tests.support.tools import ROOT

EXAMPLES = Path(__file__).parent / "examples"
GONE = {"url": "http://127.0.0.1:9/mcp"}


@pytest.fixture(autouse=True)
def empty(console: Console) -> None:
    for service in console.api.get("services").json()["results"]:
        console.api.delete(f"services/{service['name']}")


def run(console: Console, where: Path, command: list[str], stdin: str = "") -> str:
    """A program that knows the data directory and where the package is, and nothing of Django."""
    environment = {**console.environment, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    assert "DJANGO_SETTINGS_MODULE" not in environment
    done = subprocess.run(
        [sys.executable, *command],
        cwd=where,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def example(console: Console, where: Path, name: str, *arguments: str, config: Any = None) -> list[str]:
    stdin = json.dumps(config) if config else ""
    return run(console, where, [str(EXAMPLES / f"{name}.py"), *arguments], stdin).splitlines()


def test_services_are_managed_from_registration_to_stop(console: Console, tmp_path: Path) -> None:
    with LightServer() as server:
        config = {"mcpServers": {"filesystem": light_entry("facade"), "web_search": {"url": server.url}}}
        lines = example(console, tmp_path, "managing", config=config)
    assert lines == [
        "registered",
        "filesystem: started",
        "web_search: started",
        "filesystem: running (tools: 1)",
        "web_search: running (tools: 1)",
        "tools in all: 2",
        "filesystem__echo: hello",
        "filesystem: healthy, running",
        "web_search: healthy, running",
        "web_search: stopped",
        "filesystem: stopped",
        "['stopped', 'stopped']",
    ]
    assert console.service("filesystem")["state"] == "DISCONNECTED"


def test_dependencies_start_before_what_needs_them(console: Console, tmp_path: Path) -> None:
    config = {name: light_entry("facade") for name in ("web", "api", "auth", "database")}
    (line,) = example(console, tmp_path, "ordering", config={"mcpServers": config})
    assert list(json.loads(line).items()) == [
        ("database", True),
        ("auth", True),
        ("api", True),
        ("web", True),
    ]


def test_figures_are_collected_in_a_thread(console: Console, tmp_path: Path) -> None:
    console.register(steady=light_entry("facade"), gone=GONE)
    console.wait_for("steady", "HEALTHY")
    (line,) = example(console, tmp_path, "performance", "steady", "gone")
    found = json.loads(line)
    assert found["seen"]["steady"]["availability"] == 100
    assert found["seen"]["gone"]["availability"] == 0
    assert found["seen"]["steady"]["total_checks"] > 1
    assert found["own"]["steady"]["status"] == "running"
    assert found["own"]["steady"]["healthy_checks"] >= 1
    assert found["own"]["gone"]["last_error"]


def test_what_fails_is_recovered_or_registered_anew(console: Console, tmp_path: Path) -> None:
    """A command that is not found is tried again a minute later at the soonest: the program is first."""
    program = tmp_path / "back"
    console.register(back={"command": str(program)}, gone=GONE)
    console.wait_for("back", "UNREACHABLE")
    console.wait_for("gone", "RECONNECTING", "UNREACHABLE")
    entry = light_entry("facade")
    program.write_text(f"#!/bin/sh\nexec {shlex.join([entry['command'], *entry['args']])}\n")
    program.chmod(0o700)
    lines = example(console, tmp_path, "recovering", "back", "gone")
    assert lines == [
        "back: error, recovered: True",
        "gone: error, recovered: False",
        "gone: restarted: False",
        "gone: registered anew",
    ]
    assert console.service("gone")["config"] == GONE


def test_changes_troubles_and_figures_are_watched(console: Console, tmp_path: Path) -> None:
    console.register(gone=GONE)
    console.wait_for("gone", "RECONNECTING")
    with LightServer() as server:
        lines = example(console, tmp_path, "watching", "test_service", server.url)
    assert lines[0].startswith("test_service: -> ")
    text = "\n".join(lines)
    assert "test_service: -> HEALTHY (0 failures, 0 attempts)" in text
    assert re.search(r"^gone is RECONNECTING: refused: .", text, re.MULTILINE)
    assert "gone is tried again" in text
    assert lines[-2:] == ["services: 2, healthy: 50.0%", "failures: True, response: True"]


def test_a_panel_is_drawn_and_each_trouble_told_once(console: Console, tmp_path: Path) -> None:
    console.register(steady=light_entry("facade"), down={"command": "/nowhere/at/all"})
    console.wait_for("steady", "HEALTHY")
    console.wait_for("down", "UNREACHABLE")
    assert example(console, tmp_path, "panel") == [
        "services: 2, healthy: 50.0%",
        "down down: error",
        "ok steady: running",
        "letter: down from None to UNREACHABLE: see whether it runs, restart it by hand",
        "down has been so for a while: True",
        "down has been so for a while: True",
    ]


def test_monitoring_is_configured_watched_printed_and_exported(console: Console, tmp_path: Path) -> None:
    console.register(steady=light_entry("facade"), gone=GONE)
    console.wait_for("steady", "HEALTHY")
    console.wait_for("gone", "RECONNECTING")
    lines = example(console, tmp_path, "monitoring", "steady", "gone")
    settings = json.loads(lines[0])
    given = {"check_interval": 15, "connection_timeout": 5, "max_consecutive_failures": 3}
    assert given.items() <= settings.items()
    assert (settings["metrics_retention_days"], settings["enabled"]) == (7, True)
    assert lines[1:4] == [
        "steady: running, 0.00%, 1 tools",
        "gone: error, 0.00%, 0 tools",
        "system: True, True, True",
    ]
    text = "\n".join(lines[4:])
    assert re.search(r"services: 2\n   running: 1\n   tools: 1", text)
    assert re.search(
        r"✅ steady\n   status: running\n   tools: 1\n   error rate: 0.0%\n   response time: 0", text
    )
    assert re.search(r"❌ gone\n   status: error", text)
    assert re.search(r"🔍 steady\n   availability: 100.0%\n   response time: \d", text)
    assert re.search(r"🔍 gone\n   availability: 0.0%", text)
    assert lines[-5] == "looks: True"
    assert lines[-4] == "json: ['alerts', 'export_time', 'services'], ['gone', 'steady']"
    assert re.match(r"csv: metrics_steady_\d{8}_\d{6}\.csv, None$", lines[-3])
    assert lines[-2:] == ["lines: True", "recorded: ['gone', 'steady']"]
    console.api.patch("monitoring-settings", json=dict.fromkeys(settings))


WAITS = """
import time
from mcpstore_site.store import MCPStore, ServiceConnectionError, ToolFailedError, WaitStrategy
store = MCPStore.setup_store()
agent = store.for_agent("writer").add_service({config!r}, wait=WaitStrategy(remote=15, local=25))
print(sorted((row.name, row.state) for row in agent.list_services()))
began = time.monotonic()
print(agent.wait_service("slow", status="healthy", timeout=0.3), time.monotonic() - began < 3)
print(agent.restart_service("works"), agent.wait_service("works", timeout=20))
for tool in ("works__echo", "angry.echo"):
    try:
        print(store.call_tool(tool, {{"message": "hi"}}).text)
    except ToolFailedError as exc:
        print("failed:", exc, exc.result.ok)
try:
    store.call_tool("slow__echo", {{}})
except Exception as exc:
    print(type(exc).__name__)
"""


def test_adding_waits_until_each_is_connected_or_has_failed(console: Console, tmp_path: Path) -> None:
    with LightServer("tool-error") as angry:
        config = {
            "works": light_entry("facade"),
            "angry": {"url": angry.url},
            "slow": {"url": f"http://127.0.0.1:{free_port()}/mcp"},
        }
        lines = run(console, tmp_path, ["-c", WAITS.format(config=config)]).splitlines()
    assert lines == [
        "[('angry', 'HEALTHY'), ('slow', 'RECONNECTING'), ('works', 'HEALTHY')]",
        "False True",
        "True True",
        "hi",
        "failed: angry, echo: hi False",
        "ToolNotFoundError",
    ]
    mine = console.api.get("mcp.json", params={"agent": "writer"}).json()["mcpServers"]
    assert set(mine) == {"works", "angry", "slow"}


def test_the_mcp_json_is_written_before_a_short_program_ends(console: Console, tmp_path: Path) -> None:
    code = f"from mcpstore_site.store import MCPStore; MCPStore().add_service({{'brief': {GONE!r}}})"
    run(console, tmp_path, ["-c", code])
    assert "brief" in json.loads((console.data_dir / "mcp.json").read_text())["mcpServers"]


def test_a_program_opens_no_connection_itself(console: Console, tmp_path: Path) -> None:
    code = """
import sys
from mcpstore_site.store import MCPStore
assert not any(name.startswith(("django.db.models", "registry.models")) for name in sys.modules)
MCPStore().list_tools()
print([name for name in ("fastmcp", "mcp", "httpx2") if name in sys.modules])
"""
    assert run(console, tmp_path, ["-c", code]) == "[]\n"


def test_without_a_database_it_says_what_to_do(console: Console, tmp_path: Path) -> None:
    code = """
from mcpstore_site.store import MCPStore, RegistryError
try:
    MCPStore.setup_store()
except RegistryError as exc:
    print(exc)
"""
    environment = console.environment
    console.environment = {**environment, "MCPSTORE_DATA_DIR": str(tmp_path / "fresh")}
    try:
        said = run(console, tmp_path, ["-c", code])
    finally:
        console.environment = environment
    assert "manage.py up" in said

"""Real servers: FastMCP 4, and the published ones."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.health.verdict import Kind
from registry.core.entries.entry import ServiceConfig
from tests.support.holding import Holder, alive, until
from tests.support.mcp_servers import (
    EverythingServer,
    FastMCPServer,
    fastmcp_entry,
    npm_entry,
    python_entry,
)
from tests.support.tools import ROOT

SLOW_START = 60


def started(entry: dict[str, Any], **env: str) -> ServiceConfig:
    return ServiceConfig(
        transport="stdio",
        command=entry["command"],
        args=tuple(entry["args"]),
        env={**entry.get("env", {}), **env},
    )


@pytest.fixture
def modern() -> Iterator[FastMCPServer]:
    with FastMCPServer() as server:
        yield server


def over_http(server: Any, transport: str = "streamable-http") -> ServiceConfig:
    return ServiceConfig(transport=transport, url=server.url)


async def test_a_server_without_ping_is_alive(holder: Holder, modern: FastMCPServer) -> None:
    connection = await holder.open(over_http(modern))
    assert connection.greeting.protocol_version == "2026-07-28"
    assert [(await connection.probe(3)).fault for _ in range(3)] == [None] * 3
    outcome = await connection.call_tool("add", {"a": 2, "b": 3}, 5)
    assert (outcome.ok, outcome.structured) == (True, {"result": 5})
    failed = await connection.call_tool("fail", {"message": "no"}, 5)
    assert not failed.ok
    assert "no" in failed.error


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_frozen_server_costs_its_limit_and_comes_back(
    holder: Holder, modern: FastMCPServer, mode: str
) -> None:
    connection = await holder.open(over_http(modern), mode=mode)
    assert connection.greeting.mode == mode
    modern.freeze()
    before = time.monotonic()
    fault = (await connection.probe(1)).fault
    assert time.monotonic() - before < 1.5
    assert fault is not None
    assert (fault.kind, fault.lost) == (Kind.TIMEOUT, False)
    modern.thaw()
    assert (await connection.probe(5)).fault is None


@pytest.mark.parametrize(("mode", "survives"), [("auto", True), ("legacy", False)])
async def test_a_restart_between_checks_ends_only_what_had_a_session(
    holder: Holder, modern: FastMCPServer, mode: str, survives: bool
) -> None:
    connection = await holder.open(over_http(modern), mode=mode)
    modern.kill()
    await asyncio.to_thread(modern.start)
    fault = (await connection.probe(5)).fault
    assert (fault is None) is survives
    assert survives or (fault is not None and fault.lost)


async def test_a_killed_server_is_lost_at_the_next_check(holder: Holder, modern: FastMCPServer) -> None:
    connection = await holder.open(over_http(modern))
    assert (await connection.probe(3)).fault is None
    modern.kill()
    fault = (await connection.probe(3)).fault
    assert fault is not None
    assert fault.lost


async def test_a_killed_sse_server_is_told_at_once(holder: Holder) -> None:
    with FastMCPServer("sse") as server:
        connection = await holder.open(over_http(server, "sse"))
        assert (await connection.probe(3)).fault is None
        server.kill()
        assert await until(lambda: bool(holder.lost)) < 1


async def test_fastmcp_over_stdio_dies_with_its_connection(holder: Holder) -> None:
    connection = await holder.open(started(fastmcp_entry()), timeout=SLOW_START)
    assert len((await connection.content(5)).tools) == 4
    await connection.close()
    assert not alive(connection.pid)


async def test_an_opening_that_is_given_up_leaves_no_process(holder: Holder, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    script = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    entry = ServiceConfig(transport="stdio", command="python3", args=("-c", script), env=dict(os.environ))
    opening = asyncio.create_task(holder.open(entry, timeout=30))
    await until(lambda: note.exists() and note.read_text() != "", 10)
    opening.cancel()
    await asyncio.wait({opening})
    await until(lambda: not alive(int(note.read_text())), 5)


PUBLISHED = [
    (npm_entry, ("server-everything",), 13, "echo", {"message": "hi"}, "Echo: hi"),
    (npm_entry, ("server-memory",), 9, "read_graph", {}, "entities"),
    (python_entry, ("mcp-server-time",), 2, "get_current_time", {"timezone": "UTC"}, '"timezone": "UTC"'),
    (python_entry, ("mcp-server-git",), 12, "git_status", {"repo_path": str(ROOT)}, "branch"),
    (python_entry, ("mcp-server-fetch",), 1, "fetch", {"url": "http://127.0.0.1:1/"}, ""),
]


@pytest.mark.servers
@pytest.mark.parametrize(
    ("make", "args", "tools", "tool", "arguments", "says"),
    PUBLISHED,
    ids=lambda v: v[0] if isinstance(v, tuple) else "",
)
async def test_published_servers_over_stdio(
    holder: Holder,
    tmp_path: Path,
    make: Any,
    args: tuple[str, ...],
    tools: int,
    tool: str,
    arguments: dict[str, Any],
    says: str,
) -> None:
    entry = started(make(*args), MEMORY_FILE_PATH=str(tmp_path / "memory.json"))
    connection = await holder.open(entry, timeout=SLOW_START)
    assert (await connection.probe(10)).fault is None
    found = (await connection.content(20)).tools
    assert len(found) == tools
    assert [item.problem for item in found if item.problem] == []
    outcome = await connection.call_tool(tool, arguments, 20)
    assert says in str(outcome.content[0]["text"])


@pytest.mark.servers
async def test_the_filesystem_server_reads_its_directory(holder: Holder, tmp_path: Path) -> None:
    (tmp_path / "hello.txt").write_text("hello")
    connection = await holder.open(started(npm_entry("server-filesystem", str(tmp_path))), timeout=SLOW_START)
    assert len((await connection.content(20)).tools) == 14
    outcome = await connection.call_tool("read_text_file", {"path": str(tmp_path / "hello.txt")}, 20)
    assert outcome.content[0]["text"] == "hello"


@pytest.mark.servers
@pytest.mark.parametrize("transport", ["streamableHttp", "sse"])
async def test_the_reference_server_over_http(holder: Holder, transport: str) -> None:
    with EverythingServer(transport) as server:
        kind = "sse" if transport == "sse" else "streamable-http"
        connection = await holder.open(over_http(server, kind), timeout=20)
        assert (await connection.probe(10)).fault is None
        content = await connection.content(20)
        assert len(content.tools) == 13
        assert {item.kind for item in content.items} == {"resource", "template", "prompt"}
        outcome = await connection.call_tool("echo", {"message": "hi"}, 20)
        assert outcome.content == [{"type": "text", "text": "Echo: hi"}]

"""A held session over HTTP: checked, called, kept and closed."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from datetime import timedelta

import httpx2
import pytest

from lifecycle.core.policy.policy import NORMAL
from lifecycle.core.reconnection import backoff
from lifecycle.engine.session.session import Patience
from lifecycle.engine.session.web.event_stream import EventStreamTransport
from lifecycle.engine.session.web.http import keepalive
from tests.doubles.fault_server import FaultServer
from tests.support.holding import ERAS, Holder, http, refused


@ERAS
async def test_a_session_is_held_checked_listed_and_called(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        greeting = connection.greeting
        assert (greeting.server_name, greeting.server_version, greeting.mode) == ("double", "1.2", "auto")
        assert greeting.protocol_version == ("2025-11-25" if era == "legacy" else "2026-07-28")
        probe = await connection.probe(2)
        assert probe.fault is None
        assert probe.took is not None and probe.took < timedelta(seconds=1)
        assert server.requests[-1] == ("ping" if era == "legacy" else "server/discover")
        assert [tool.name for tool in (await connection.content(2)).tools] == ["echo"]
        outcome = await connection.call_tool("echo", {"message": "hi"}, 2)
        assert (outcome.ok, outcome.content, outcome.error) == (True, [{"type": "text", "text": "hi"}], "")


async def test_the_token_and_headers_are_sent_and_identity_is_asked_for(holder: Holder) -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).lower())
        writer.write(b"HTTP/1.1 403 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
    async with server:
        await refused(holder, url, auth="s3cret", headers={"X-Team": "blue"})
    assert b"authorization: bearer s3cret" in seen[0]
    assert b"x-team: blue" in seen[0]
    assert b"accept-encoding: identity" in seen[0]


async def test_many_clients_share_one_tls_context(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    def another(*_: object, **__: object) -> ssl.SSLContext:
        raise AssertionError("another context was made")

    monkeypatch.setattr(ssl, "create_default_context", another)
    async with FaultServer() as server:
        for number in range(5):
            await holder.open(http(server.url), name=str(number))


async def test_a_tool_call_that_fails_is_an_outcome(holder: Holder) -> None:
    async with FaultServer() as server:
        connection = await holder.open(http(server.url))
        server.mode = "tool-error"
        outcome = await connection.call_tool("echo", {"message": "no such city"}, 2)
        assert (outcome.ok, outcome.error) == (False, "no such city")
        server.mode = "500"
        assert "HTTP 500" in (await connection.call_tool("echo", {}, 2)).error
        server.mode = "hang"
        assert "no answer within 300 ms" in (await connection.call_tool("echo", {}, 0.3)).error
        assert holder.lost == []
        server.mode = "reset"
        assert not (await connection.call_tool("echo", {}, 5)).ok
        assert [fault.lost for fault in holder.lost] == [True]


async def test_bad_tools_lose_only_themselves(holder: Holder) -> None:
    async with FaultServer("bad-tool") as server:
        tools = (await (await holder.open(http(server.url))).content(2)).tools
        assert [(tool.name, bool(tool.problem)) for tool in tools] == [
            ("echo", False),
            ("no-schema", True),
            ("", True),
            ("", True),
            ("<b>bold</b>", False),
        ]
        assert tools[-1].title == "nul\ufffd"
        server.mode = "duplicate-tools"
        tools = (await (await holder.open(http(server.url))).content(2)).tools
        assert [tool.problem for tool in tools] == ["", "another tool has the same name"]


async def test_closing_a_hung_session_is_bounded(holder: Holder) -> None:
    async with FaultServer() as server:
        connection = await holder.open(http(server.url))
        server.mode = "hang"
        started = time.monotonic()
        await connection.close(force=True)
        assert time.monotonic() - started < 1.2
        assert holder.lost == []


async def test_a_connection_is_kept_over_the_time_between_checks_and_not_made_anew_for_each(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lifecycle.engine.session.web.http.KEEPALIVE", 0.1)
    async with FaultServer(era="modern") as server:
        connection = await holder.open(http(server.url))
        before = server.connections
        for _ in range(3):
            await asyncio.sleep(0.3)
            assert (await connection.probe(2)).fault is None
        assert server.connections == before


@pytest.mark.parametrize("interval", [10, 30, 60, 300])
def test_an_idle_connection_outlives_the_longest_wait_until_the_next_check(interval: float) -> None:
    longest = backoff.spread(timedelta(seconds=interval), 0.999)
    assert keepalive(interval) > longest.total_seconds() + NORMAL.ping_timeout.total_seconds()


def test_an_idle_connection_is_not_kept_for_hours() -> None:
    assert keepalive(86_400) == 900


@ERAS
async def test_a_session_that_fastmcp_has_lost_ends_with_the_connection(holder: Holder, era: str) -> None:
    """As after an attempt to connect that was cancelled and went on all the same."""
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        await connection._sdk.whole()
        client = connection._sdk._client
        assert client is not None
        runner = client._session_state.session_task
        client._reset_session_state(full=True)
        await connection.close()
        assert runner is not None and runner.done()


async def test_a_task_that_misses_one_cancellation_gets_another() -> None:
    async def miss_one() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(100)
        await asyncio.sleep(100)

    runner = asyncio.create_task(miss_one())
    await asyncio.sleep(0)
    transport = EventStreamTransport(
        "http://127.0.0.1:9/sse", httpx2.AsyncClient, Patience(discover=1, handshake=1, each=1)
    )
    transport._runner = runner
    await transport.end()
    assert runner.cancelled()


async def test_a_call_on_a_connection_that_was_closed_meanwhile_did_not_run(holder: Holder) -> None:
    async with FaultServer() as server:
        connection = await holder.open(http(server.url))
        await connection.close()
        server.requests.clear()
        outcome = await connection.call_tool("echo", {"text": "x"}, 2)
        assert outcome.fault is not None
        assert (outcome.ok, outcome.error, outcome.fault.turned_away) == (False, "not connected", True)
        assert server.requests == []

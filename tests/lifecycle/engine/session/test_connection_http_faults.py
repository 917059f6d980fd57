"""Faults over HTTP are told for what they are, and only a break costs the session."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import override_settings

from lifecycle.core.health.verdict import Kind
from tests.doubles.fault_server import FaultServer
from tests.support.holding import ERAS, Holder, http, refused
from tests.support.issuing import issue


@pytest.mark.parametrize(
    ("mode", "kind", "says"),
    [
        ("401", Kind.AUTH, "Bearer realm=double"),
        ("403", Kind.AUTH, "HTTP 403"),
        ("404", Kind.HTTP, "HTTP 404"),
        ("429", Kind.HTTP, "HTTP 429"),
        ("500", Kind.HTTP, "HTTP 500"),
        ("503", Kind.HTTP, "HTTP 503"),
        ("redirect", Kind.HTTP, "http://127.0.0.2:9/elsewhere,"),
        ("html", Kind.PROTOCOL, "web page"),
        ("garbage", Kind.PROTOCOL, "not JSON-RPC"),
        ("reset", Kind.CLOSED, "the server reset the connection"),
        ("cut", Kind.CLOSED, "in the middle of its answer"),
        ("big", Kind.OVERSIZE, "16 MiB"),
        ("endless", Kind.OVERSIZE, "16 MiB"),
        ("compressed", Kind.CLOSED, "compressed"),
        ("huge-head", Kind.OVERSIZE, "headers"),
        ("many-headers", Kind.OVERSIZE, "headers"),
        ("some-headers-too-many", Kind.OVERSIZE, "headers"),
        ("error", Kind.PROTOCOL, "-32603: I am alive"),
        ("hang", Kind.TIMEOUT, "no answer"),
    ],
)
async def test_a_fault_at_connect_is_told_for_what_it_is(
    holder: Holder, mode: str, kind: Kind, says: str
) -> None:
    async with FaultServer(mode) as server:
        fault = (await refused(holder, server.url)).fault
    assert fault.kind is kind
    assert says in fault.message


@pytest.mark.parametrize(
    ("mode", "kind", "lost"),
    [
        ("401", Kind.AUTH, False),
        ("503", Kind.HTTP, False),
        ("html", Kind.PROTOCOL, False),
        ("garbage", Kind.PROTOCOL, False),
        ("redirect", Kind.HTTP, False),
        ("endless", Kind.OVERSIZE, False),
        ("reset", Kind.CLOSED, True),
        ("cut", Kind.CLOSED, True),
    ],
)
@ERAS
async def test_a_held_session_outlives_what_is_no_break(
    holder: Holder, era: str, mode: str, kind: Kind, lost: bool
) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        server.mode = mode
        fault = (await connection.probe(3)).fault
        assert fault is not None
        assert (fault.kind, fault.lost) == (kind, lost)
        server.mode = "ok"
        assert ((await connection.probe(3)).fault is None) is not lost


@ERAS
async def test_an_error_answer_is_a_sign_of_life(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        server.mode = "error"
        assert (await connection.probe(2)).fault is None


@ERAS
async def test_a_hung_check_ends_on_time_and_the_session_recovers(holder: Holder, era: str) -> None:
    """Cancelling would run a courtesy of 5 s, and over legacy HTTP block the session for good."""
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        assert (await connection.probe(2)).fault is None
        server.mode = "hang"
        for _ in range(3):
            started = time.monotonic()
            fault = (await connection.probe(0.5)).fault
            assert time.monotonic() - started < 0.7
            assert fault is not None
            assert (fault.kind, fault.lost) == (Kind.TIMEOUT, False)
        server.mode = "ok"
        assert (await connection.probe(2)).fault is None


async def test_retry_after_is_kept(holder: Holder) -> None:
    async with FaultServer("429") as server:
        assert (await refused(holder, server.url)).fault.retry_after == timedelta(seconds=7)


@ERAS
async def test_a_dead_server_is_lost_at_the_next_check(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        await server.stop()
        fault = (await connection.probe(2)).fault
        assert fault is not None
        assert fault.lost
        assert fault.kind in (Kind.REFUSED, Kind.CLOSED)


async def test_a_restarted_server_has_forgotten_a_legacy_session(holder: Holder) -> None:
    async with FaultServer(era="legacy") as server:
        connection = await holder.open(http(server.url))
        server.sessions = False
        fault = (await connection.probe(2)).fault
        assert fault is not None
        assert (fault.kind, fault.lost) == (Kind.CLOSED, True)
        assert "restarted" in fault.message


async def test_refused_unknown_and_untrusted(holder: Holder, tmp_path: Path) -> None:
    async with FaultServer() as server:
        url = server.url
    assert (await refused(holder, url)).fault.kind is Kind.REFUSED
    assert (await refused(holder, "http://nowhere.invalid/mcp", 8)).fault.kind is Kind.DNS
    secure = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=issue().server_context(tmp_path))
    async with secure:
        url = f"https://127.0.0.1:{secure.sockets[0].getsockname()[1]}/mcp"
        fault = (await refused(holder, url)).fault
    assert (fault.kind, "certificate is self-signed" in fault.message) == (Kind.TLS, True)


async def test_addresses_that_must_not_be_reached_are_a_matter_of_policy(holder: Holder) -> None:
    fault = (await refused(holder, "http://169.254.169.254/latest/meta-data")).fault
    assert fault.kind is Kind.POLICY
    with override_settings(EGRESS_STRICT=True, EGRESS_ALLOW=()):
        strict = Holder(holder.run_dir)
        assert (await refused(strict, "http://127.0.0.1:9/mcp")).fault.kind is Kind.POLICY
        await strict.aclose()
    fault = (await refused(holder, "ftp://example.org/mcp")).fault
    assert fault.kind is Kind.POLICY


async def test_sign_in_by_browser_is_refused(holder: Holder) -> None:
    async with FaultServer() as server:
        fault = (await refused(holder, server.url, auth="oauth")).fault
        assert fault.kind is Kind.AUTH
        assert server.requests == []


@pytest.mark.parametrize("mode", ["huge-head", "many-headers", "some-headers-too-many"])
@ERAS
async def test_headers_without_end_cost_a_held_session_its_connection_and_nothing_else(
    holder: Holder, era: str, mode: str
) -> None:
    async with FaultServer(era=era) as server, FaultServer() as other:
        connection, neighbour = await holder.open(http(server.url)), await holder.open(http(other.url))
        assert (await connection.probe(3)).fault is None
        server.mode = mode
        fault = (await connection.probe(3)).fault
        assert fault is not None
        assert (fault.kind, fault.lost) == (Kind.OVERSIZE, True)
        assert (await neighbour.probe(1)).fault is None

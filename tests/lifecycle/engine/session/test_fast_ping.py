"""The sign of life that is sent again: the same request, the same verdict as through the SDK, less work."""

from __future__ import annotations

import json

import httpx2
import pytest

from lifecycle.core.health.verdict import Kind
from lifecycle.engine.session.checks.fast_ping import FIRST_ID, fast_ping_of
from lifecycle.engine.session.connection import Connection
from lifecycle.engine.session.faults.trace import Trace
from tests.doubles.fault_server import FaultServer
from tests.support.holding import Holder, http

ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


async def held(holder: Holder, server: FaultServer) -> Connection:
    """A connection whose next probe is a repetition."""
    connection = await holder.open(http(server.url, headers={"X-Key": "k"}, auth="token"))
    assert (await connection.probe(3)).took is not None
    server.heard.clear()
    server.requests.clear()
    return connection


def repeated(server: FaultServer) -> list[bool]:
    """For each request that was heard, whether it was sent again by us and not by the SDK."""
    return [message.get("id", 0) > FIRST_ID for _, message in server.heard]


@ERAS
async def test_a_repeated_check_is_the_same_request_with_another_id(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url, headers={"X-Key": "k"}, auth="token"))
        for _ in range(3):
            assert (await connection.probe(3)).took is not None
        (first_headers, first), *others = server.heard[-3:]
        assert first["method"] == ("ping" if era == "legacy" else "server/discover")
        assert first_headers["x-key"] == "k"
        assert first_headers["authorization"] == "Bearer token"
        assert ("mcp-session-id" in first_headers) is (era == "legacy")
        assert first_headers["mcp-protocol-version"] == ("2025-11-25" if era == "legacy" else "2026-07-28")
        length = {"content-length"}
        for headers, message in others:
            assert {**message, "id": 0} == {**first, "id": 0}
            assert headers.keys() == first_headers.keys()
            assert {k: v for k, v in headers.items() if k not in length} == {
                k: v for k, v in first_headers.items() if k not in length
            }
        ids = [message["id"] for _, message in server.heard[-3:]]
        assert len(set(ids)) == 3
        assert repeated(server)[-3:] == [False, True, True]


@ERAS
@pytest.mark.parametrize("mode", ["events", "events-held"])
async def test_an_answer_among_events_counts(holder: Holder, era: str, mode: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await held(holder, server)
        server.mode = mode
        for _ in range(3):
            took = (await connection.probe(3)).took
            assert took is not None
            assert took.total_seconds() < 1
        assert repeated(server) == [True] * 3


@ERAS
async def test_an_error_of_the_server_is_a_sign_of_life(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await held(holder, server)
        server.mode = "error"
        assert (await connection.probe(3)).took is not None
        assert repeated(server) == [True]


@ERAS
@pytest.mark.parametrize(
    ("mode", "kind", "asked"),
    [
        ("401", Kind.AUTH, 1),
        ("429", Kind.HTTP, 1),
        ("503", Kind.HTTP, 1),
        ("reset", Kind.CLOSED, 1),
        ("cut", Kind.CLOSED, 1),
        ("big", Kind.OVERSIZE, 1),
        ("hang", Kind.TIMEOUT, 1),
        ("html", Kind.PROTOCOL, 2),
        ("garbage", Kind.PROTOCOL, 2),
        ("redirect", Kind.HTTP, 2),
    ],
)
async def test_a_fault_is_what_it_is_and_what_is_unclear_is_asked_again(
    holder: Holder, era: str, mode: str, kind: Kind, asked: int
) -> None:
    async with FaultServer(era=era) as server:
        connection = await held(holder, server)
        server.mode = mode
        fault = (await connection.probe(1)).fault
        assert fault is not None
        assert fault.kind is kind
        assert repeated(server) == [True, False][:asked]


async def test_a_forgotten_session_is_lost(holder: Holder) -> None:
    async with FaultServer(era="legacy") as server:
        connection = await held(holder, server)
        server.sessions = False
        fault = (await connection.probe(3)).fault
        assert fault is not None
        assert (fault.kind, fault.lost) == (Kind.CLOSED, True)


async def test_what_a_server_asks_for_with_its_refusal_is_kept(holder: Holder) -> None:
    async with FaultServer() as server:
        connection = await held(holder, server)
        server.mode = "503"
        fault = (await connection.probe(3)).fault
        assert fault is not None
        assert fault.retry_after is not None
        assert fault.retry_after.total_seconds() == 30


async def test_an_answer_to_another_request_is_none(holder: Holder) -> None:
    async with FaultServer() as server:
        connection = await held(holder, server)
        server.mode = "wrong-id"
        assert (await connection.probe(0.5)).took is None


async def test_cookies_are_left_to_the_sdk(holder: Holder) -> None:
    async with FaultServer() as server:
        connection = await held(holder, server)
        server.mode = "cookies"
        for _ in range(4):
            assert (await connection.probe(3)).took is not None
        assert repeated(server) == [True, False, False, False]
        assert server.heard[-1][0]["cookie"].startswith("turn=")


def test_an_id_that_looks_like_ours_elsewhere_is_left_alone() -> None:
    message = {"jsonrpc": "2.0", "id": 4, "method": "ping", "params": {"at": FIRST_ID}}
    request = httpx2.Request("POST", "http://127.0.0.1/", json=message)
    trace = Trace(sent=(httpx2.AsyncHTTPTransport(), request))
    assert fast_ping_of("tools/list", trace) is None
    pulse = fast_ping_of("ping", trace)
    assert pulse is not None
    assert json.loads(b"1234567890".join(pulse._parts)) == {**message, "id": 1234567890}

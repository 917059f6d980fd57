"""Streams that stay open beside the requests: what they tell is heard, and one that ends is no storm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest

from lifecycle.core.answers.proof import Phase
from lifecycle.core.health.verdict import Kind
from lifecycle.core.reconnection import backoff
from lifecycle.engine.egress.certificates import Certificates
from lifecycle.engine.session.connection import Connection
from lifecycle.engine.session.faults.trace import TRACE, Trace
from lifecycle.engine.session.web import subscription
from lifecycle.engine.session.web.guarded import GuardedTransport
from lifecycle.engine.session.web.moved import Moves
from lifecycle.engine.session.web.stream_pace import Pace
from tests.doubles.fault_server import FaultServer
from tests.support.holding import Holder, http, until

LISTEN = "subscriptions/listen"


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "REOPENED_AFTER", timedelta(milliseconds=50))


class Ended(httpx2.AsyncByteStream):
    """A stream that ends at once."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""


async def listening(holder: Holder, server: FaultServer) -> Connection:
    connection = await holder.open(http(server.url))
    await until(lambda: server.agreed == 1)
    return connection


async def test_changed_tools_are_heard_where_they_are_told_only_to_listeners(holder: Holder) -> None:
    async with FaultServer("listens", "modern") as server:
        connection = await listening(holder, server)
        assert (await connection.probe(2)).fault is None
        assert holder.changes == 0
        server.tell_tools_changed()
        await until(lambda: holder.changes == 1)
        assert (await connection.content(2)).tools
        assert server.requests.count(LISTEN) == 1


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_nobody_listens_where_nothing_is_promised(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        await connection.content(2)
        assert (await connection.probe(2)).fault is None
        assert LISTEN not in server.requests


@pytest.mark.usefixtures("soon")
async def test_a_stream_that_ends_is_opened_again_and_what_was_missed_is_read_but_not_each_time(
    holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with FaultServer("listens", "modern") as server:
        connection = await listening(holder, server)
        server.end_listening()
        await until(lambda: holder.changes == 1)
        assert server.requests.count(LISTEN) == 2
        await until(lambda: server.agreed == 2)
        server.end_listening()
        await until(lambda: server.agreed == 3)
        subscribed = connection._subscription
        await until(lambda: subscribed is not None and subscribed.open)
        assert holder.changes == 1
        monkeypatch.setattr(subscription, "LONG_GAP", 0.0)
        server.drop()  # as when the server restarts
        await until(lambda: holder.changes == 2)


@pytest.mark.usefixtures("soon")
async def test_a_restart_during_which_nobody_listens_costs_the_session_and_is_told_at_once(
    holder: Holder,
) -> None:
    async with FaultServer("listens", "modern") as server:
        await listening(holder, server)
        await server.stop()  # the SDK ends a session that cannot connect
        await until(lambda: bool(holder.lost), 10)
        assert (holder.lost[0].gone, holder.lost[0].kind) == (True, Kind.CLOSED)


async def test_a_promise_that_is_not_kept_is_not_asked_for_again(holder: Holder) -> None:
    async with FaultServer("listens", "modern") as server:
        server.mode = "listens-not"  # promised, and answered with "method not found"
        connection = await holder.open(http(server.url))
        assert connection._listening is not None
        await asyncio.wait_for(connection._listening, 2)
        assert (await connection.probe(2)).fault is None


async def test_closing_ends_the_stream_and_reports_no_loss(holder: Holder) -> None:
    async with FaultServer("listens", "modern") as server:
        connection = await listening(holder, server)
        await connection.close()
        server.tell_tools_changed()
        assert connection._listening is not None and connection._listening.done()
        assert (holder.lost, holder.changes) == ([], 0)


async def test_a_stream_by_get_that_ends_at_once_is_no_storm(holder: Holder) -> None:
    """It even asks us to come back after 10 ms."""
    async with FaultServer("brief-stream") as server:
        connection = await holder.open(http(server.url))
        await until(lambda: server.verbs["GET"] == 1)
        await asyncio.sleep(0.8)
        assert server.verbs["GET"] == 1
        assert (await connection.probe(2)).fault is None


async def test_a_server_that_ends_listening_as_it_begins_is_not_asked_at_once_again(holder: Holder) -> None:
    async with FaultServer("listens-briefly", "modern") as server:
        await listening(holder, server)
        await asyncio.sleep(0.8)
        assert server.requests.count(LISTEN) == 1


async def test_the_answer_to_a_call_is_resumed_at_once_however_short_other_streams_are() -> None:
    events = {"content-type": "text/event-stream"}
    inner = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=events, stream=Ended()))
    guarded = GuardedTransport(inner, None, Moves(lambda path: None), Certificates(lambda ends: None))
    async with httpx2.AsyncClient(transport=guarded) as client:
        TRACE.set(Trace(phase=Phase.CONNECT))
        await client.get("http://server.test/mcp")
        TRACE.set(Trace(phase=Phase.CALL))
        async with asyncio.timeout(0.5):
            for number in range(3):
                await client.get("http://server.test/mcp", headers={"last-event-id": str(number)})
        assert 1.5 < guarded._pace.wait() < 2.5
        TRACE.set(Trace(phase=Phase.CONNECT))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await client.get("http://server.test/mcp", headers={"last-event-id": "9"})


def test_the_waits_grow_while_streams_are_short_and_fall_back_when_one_lasts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = [0.0]
    monkeypatch.setattr("lifecycle.engine.session.web.stream_pace.time.monotonic", lambda: moment[0])
    pace, waits = Pace(lambda: 0.5), []
    for lasts in (0, 0, 10, 31, 0, *[1] * 9):
        waits.append(pace.wait())
        pace.opened()
        moment[0] += lasts
        pace.ended()
        pace.ended()
    assert waits == [0, 2, 4, 8, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300]

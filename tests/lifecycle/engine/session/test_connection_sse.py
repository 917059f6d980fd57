from __future__ import annotations

import time

import pytest

from lifecycle.core.health.verdict import Kind
from lifecycle.engine.session.connection import Connection, ConnectionFault
from registry.core.entries.entry import ServiceConfig
from tests.doubles.sse_server import SseServer
from tests.support.holding import Holder, until


async def connect(holder: Holder, server: SseServer, limit: float = 4) -> Connection:
    return await holder.open(ServiceConfig(transport="sse", url=server.url), timeout=limit)


async def test_a_session_is_held_checked_listed_and_called(holder: Holder) -> None:
    async with SseServer() as server:
        connection = await connect(holder, server)
        assert (await connection.probe(2)).fault is None
        assert [tool.name for tool in (await connection.content(2)).tools] == ["echo"]
        outcome = await connection.call_tool("echo", {"message": "hi"}, 2)
        assert outcome.content == [{"type": "text", "text": "hi"}]
    assert "server/discover" not in server.requests


async def test_the_end_of_the_stream_is_told_at_once(holder: Holder) -> None:
    async with SseServer() as server:
        await connect(holder, server)
        server.end_streams()
        assert await until(lambda: bool(holder.lost)) < 0.5
        assert holder.lost[0].kind is Kind.CLOSED


@pytest.mark.parametrize(("mode", "kind"), [("401", Kind.AUTH), ("500", Kind.HTTP), ("429", Kind.HTTP)])
async def test_a_refused_message_is_told_at_once_and_costs_no_more_than_its_request(
    holder: Holder, mode: str, kind: Kind
) -> None:
    """The SDK would end its writer without a word, and every later request wait for its limit."""
    async with SseServer() as server:
        connection = await connect(holder, server)
        server.mode = mode
        started = time.monotonic()
        fault = (await connection.probe(5)).fault
        assert fault is not None
        assert (fault.kind, fault.lost) == (kind, False)
        assert time.monotonic() - started < 4
        server.mode = "ok"
        assert (await connection.probe(5)).fault is None
        assert holder.lost == []


async def test_a_message_refused_with_404_says_that_the_session_is_gone(holder: Holder) -> None:
    async with SseServer() as server:
        connection = await connect(holder, server)
        server.mode = "404"
        fault = (await connection.probe(5)).fault
        assert fault is not None
        assert (fault.gone, fault.lost) == (True, True)
        assert len(holder.lost) == 1


async def test_an_error_that_answers_a_ping_is_a_sign_of_life(holder: Holder) -> None:
    async with SseServer() as server:
        connection = await connect(holder, server)
        server.mode = "error"
        assert (await connection.probe(5)).fault is None


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("401", Kind.AUTH),
        ("404", Kind.HTTP),
        ("redirect", Kind.HTTP),
        ("html", Kind.PROTOCOL),
        ("silent", Kind.TIMEOUT),
    ],
)
async def test_a_fault_at_connect_is_told_for_what_it_is(holder: Holder, mode: str, kind: Kind) -> None:
    async with SseServer(mode) as server:
        with pytest.raises(ConnectionFault) as caught:
            await connect(holder, server, 1.5)
    assert caught.value.fault.kind is kind
    assert holder.lost == []


async def test_changed_tools_are_reported(holder: Holder) -> None:
    async with SseServer() as server:
        await connect(holder, server)
        server.notify("notifications/tools/list_changed")
        await until(lambda: holder.changes == 1)


async def test_closing_reports_no_loss(holder: Holder) -> None:
    async with SseServer() as server:
        connection = await connect(holder, server)
        await connection.close()
        assert holder.lost == []

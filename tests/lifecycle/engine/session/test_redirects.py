"""An app mounted under a path redirects to the path with a slash: that is one server, and it is held."""

from __future__ import annotations

import pytest

from lifecycle.core.health.verdict import Kind
from lifecycle.engine.session.connection import ConnectionFault
from registry.core.entries.entry import ServiceConfig
from tests.doubles.fault_server import FaultServer
from tests.doubles.sse_server import SseServer
from tests.support.holding import Holder, http


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_a_server_that_moved_within_its_origin_is_held_and_reached_directly(
    holder: Holder, era: str, status: int
) -> None:
    async with FaultServer(era=era) as server:
        server.moved["/mcp"] = (status, f"{server.url}/")
        connection = await holder.open(http(server.url))
        assert "/mcp/" in connection.notes["moved"]
        for _ in range(4):  # the later ones are the fast pulse
            assert (await connection.probe(2)).fault is None
        assert [tool.name for tool in (await connection.content(2)).tools] == ["echo"]
        assert (await connection.call_tool("echo", {"message": "hi"}, 2)).content[0]["text"] == "hi"
        assert server.paths.count("/mcp") == 1
        assert {message["method"] for _, message in server.heard} >= {"tools/call", "tools/list"}


async def test_a_server_that_moves_while_it_is_held_is_followed(holder: Holder) -> None:
    async with FaultServer(era="modern") as server:
        connection = await holder.open(http(server.url))
        assert (await connection.probe(2)).fault is None
        server.moved["/mcp"] = (307, "/mcp/")
        for _ in range(3):
            assert (await connection.probe(2)).fault is None
        assert server.paths[-1] == "/mcp/"


async def test_an_event_stream_that_moved_within_its_origin_is_held(holder: Holder) -> None:
    async with SseServer() as server:
        server.moved["/sse"] = (307, "/sse/")
        connection = await holder.open(ServiceConfig(transport="sse", url=server.url))
        assert (await connection.probe(2)).fault is None
        assert "/sse/" in connection.notes["moved"]


@pytest.mark.parametrize(
    ("status", "location", "says"),
    [
        (307, "http://127.0.0.2:9/mcp/", "http://127.0.0.2:9/mcp/, another origin"),
        (308, "https://127.0.0.1:{port}/mcp/", "another origin"),
        (307, "/mcp", "without end"),
        (302, "/mcp/", "set that address"),
    ],
)
async def test_another_redirect_is_refused_and_told_with_its_address(
    holder: Holder, status: int, location: str, says: str
) -> None:
    async with FaultServer(era="modern") as server:
        server.moved["/mcp"] = (status, location.format(port=server.port))
        with pytest.raises(ConnectionFault) as caught:
            await holder.open(http(server.url))
        assert server.paths and "/mcp/" not in server.paths
    assert caught.value.fault.kind is Kind.HTTP
    assert says in caught.value.fault.message

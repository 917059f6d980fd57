"""Connecting without the SDK's machinery: the same requests, and whatever is answered, the same outcome."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lifecycle.engine.session.connection import Connection, ConnectionFault
from lifecycle.engine.session.web.direct import Direct
from lifecycle.engine.session.web.streamable import StreamableTransport
from tests.doubles.fault_server import STATUSES, FaultServer
from tests.support.holding import ERAS, Holder, http, until

ODD = ["wrong-id", "listens-briefly", "result-strange"]
PLAIN = [
    *("ok", "slow", "bad-tool", "duplicate-tools", "endless-cursor", "still-cursor", "empty-cursor"),
    *("everything", "no-tools", "events", "events-held", "cookies", "brief-stream", "listens", "no-session"),
]
FAULTS = [
    *("error", "html", "garbage", "reset", "cut", "big", "huge-head", "many-headers"),
    *("some-headers-too-many", "compressed", "events-cut", "hang", *STATUSES),
]
MORE = " in the middle of its answer"
"""Which the SDK does not know."""
Said = tuple[dict[str, str], dict[str, Any]]


async def outcome(holder: Holder, server: FaultServer) -> list[object]:
    """What comes of a connect, as the worker does it."""
    limit = 0.7 if server.mode in ("hang", "wrong-id") else 8
    try:
        entry = http(server.url, headers={"X-Key": "k"})
        connection = await holder.open(entry, timeout=limit, name=server.url)
    except ConnectionFault as exc:
        return [exc.fault]
    found: list[object] = [connection.greeting, connection.promises_tools]
    try:
        found += [await connection.content(limit), connection.notes]
    except ConnectionFault as exc:
        found.append(exc.fault)
    answered = await connection.first_probe(limit)
    await connection.close()
    return [*found, answered is not None]


def by_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on all is left to the SDK."""
    monkeypatch.setattr(StreamableTransport, "direct", lambda self, sdk: None)


async def both(holder: Holder, mode: str, era: str, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Outcome, requests and verbs, first without the SDK's machinery and then with it."""
    found = []
    for change in (lambda _: None, by_the_sdk):
        change(monkeypatch)
        async with FaultServer(mode, era, delay=0.1) as server:
            told = await outcome(holder, server)
            found.append((told, server.heard[:], server.verbs, server.url))
    return found


def told(said: list[Said], url: str) -> list[Said]:
    port = url.rpartition(":")[2].partition("/")[0]
    return [
        ({key: value.replace(port, "PORT") for key, value in headers.items()}, message)
        for headers, message in said
    ]


def in_any_order(said: list[Said]) -> list[str]:
    return sorted(repr((sorted(headers.items()), message)) for headers, message in said)


@ERAS
@pytest.mark.parametrize("mode", PLAIN)
async def test_the_server_hears_the_same_requests_and_the_outcome_is_the_same(
    holder: Holder, mode: str, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ours, heard, verbs, url), (theirs, by_sdk, their_verbs, their_url) = await both(
        holder, mode, era, monkeypatch
    )
    assert ours == theirs
    assert in_any_order(told(heard, url)) == in_any_order(told(by_sdk, their_url))
    assert verbs["DELETE"] == their_verbs["DELETE"]


@ERAS
@pytest.mark.parametrize("mode", [*FAULTS, *ODD])
async def test_a_fault_is_the_same(
    holder: Holder, mode: str, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ours, *_), (theirs, *_) = await both(holder, mode, era, monkeypatch)
    assert ours == theirs


@ERAS
@pytest.mark.parametrize("mode", ["ok", "events", "everything", "error", "garbage", "html", "cut", "503"])
async def test_what_spoils_the_lists_is_told_alike(
    holder: Holder, mode: str, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[object] = []
    for change in (lambda _: None, by_the_sdk):
        change(monkeypatch)
        async with FaultServer("everything", era) as server:
            connection = await holder.open(http(server.url))
            server.mode = mode
            try:
                found.append(await connection.content(8))
            except ConnectionFault as exc:
                found.append(replace(exc.fault, message=exc.fault.message.removesuffix(MORE)))
    assert found[0] == found[1]


def bare(connection: Connection) -> bool:
    return connection._sdk._client is None


@ERAS
@pytest.mark.parametrize("mode", ["ok", "everything", "events", "bad-tool"])
async def test_nothing_of_the_sdk_is_made_for_what_is_plain(
    holder: Holder, mode: str, era: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(Direct, "_by_sdk", lambda *them: asked.append(them))
    async with FaultServer(mode, era) as server:
        connection = await holder.open(http(server.url))
        await connection.content(3)
        assert await connection.first_probe(3) is not None
        await until(lambda: connection._sdk._bare is None)
        assert bare(connection) and not asked
        assert (await connection.probe(3)).took is not None


async def test_a_call_right_after_the_greeting_has_all_of_the_sdk(holder: Holder) -> None:
    """It tells the server when nobody waits any more."""
    async with FaultServer(era="legacy") as server:
        connection = await holder.open(http(server.url))
        assert bare(connection)
        assert (await connection.call_tool("echo", {"message": "x"}, 3)).ok
        assert not bare(connection)
        assert server.requests.count("initialize") == 1
        server.late["tools/call"] = iter([0.5])
        assert (await connection.call_tool("echo", {}, 0.1)).fault is not None
        await until(lambda: "notifications/cancelled" in server.requests)


async def test_a_server_that_pushes_is_heard(holder: Holder) -> None:
    async with FaultServer("listens", "modern") as server:
        connection = await holder.open(http(server.url))
        await until(lambda: server.agreed > 0)
        assert (await connection.content(3)).tools
        await asyncio.sleep(0)
        server.tell_tools_changed()
        await until(lambda: holder.changes > 0)
        assert server.requests.count("subscriptions/listen") == 1
        assert server.requests.count("server/discover") == 1


async def test_what_was_heard_is_told_to_the_sdk_and_not_asked_again(holder: Holder, tmp_path: Path) -> None:
    async with FaultServer("brief-stream", "legacy") as server:
        connection = await holder.open(http(server.url))
        await until(lambda: not bare(connection))
        assert (await connection.content(3)).tools
        for method in ("server/discover", "initialize", "notifications/initialized"):
            assert server.requests.count(method) == 1

"""A session without the SDK: checked as before, and the SDK's made anew for whoever wants more."""

from __future__ import annotations

import asyncio
import re
from types import CoroutineType
from typing import Any

import pytest

from lifecycle.engine.session.connection import Connection
from tests.doubles.fault_server import FaultServer
from tests.support.holding import ERAS, Holder, http, until

SDK = re.compile(r"/(?:fastmcp|mcp|anyio)/")


def rests(connection: Connection) -> bool:
    return connection._sdk._client is None and connection._sdk._bare is None


def tasks_of_the_sdk() -> list[str]:
    """The functions in which they are."""
    coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    codes = [coroutine.cr_code for coroutine in coroutines if isinstance(coroutine, CoroutineType)]
    return [code.co_qualname for code in codes if SDK.search(code.co_filename)]


async def resting(holder: Holder, server: FaultServer) -> Connection:
    """As the worker opens it, until the SDK is gone."""
    connection = await holder.open(http(server.url, headers={"X-Key": "k"}))
    await connection.content(3)
    await connection.first_probe(3)
    await until(lambda: rests(connection))
    server.heard.clear()
    server.requests.clear()
    return connection


def apart(heard: list[tuple[dict[str, str], dict[str, Any]]], method: str) -> list[Any]:
    """The requests of this kind as they came, but for ids and lengths."""
    return [
        ({k: v for k, v in headers.items() if k != "content-length"}, {**message, "id": 0})
        for headers, message in heard
        if message["method"] == method
    ]


@ERAS
async def test_nothing_of_the_sdk_is_left_while_nothing_but_checks_goes_on(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await holder.open(http(server.url))
        await connection._sdk.whole()
        assert tasks_of_the_sdk()
        await connection.close()
        connection = await resting(holder, server)
        await until(lambda: not tasks_of_the_sdk())
        for _ in range(3):
            assert (await connection.probe(3)).took is not None
            assert rests(connection)
        assert "initialize" not in server.requests


@ERAS
@pytest.mark.parametrize("method", ["tools/call", "tools/list"])
async def test_who_wakes_it_asks_as_if_it_had_never_rested(holder: Holder, era: str, method: str) -> None:
    async with FaultServer(era=era) as server:
        fresh = await holder.open(http(server.url, headers={"X-Key": "k"}))
        await fresh.content(3)
        server.heard.clear()
        await fresh.content(3)
        await fresh.call_tool("add", {"a": 1}, 3)
        asked = apart(server.heard, method)
        connection = await resting(holder, server)
        assert (await connection.content(3)).tools
        await connection.call_tool("add", {"a": 1}, 3)
        assert apart(server.heard, method) == asked != []
        assert "initialize" not in server.requests


@ERAS
async def test_it_rests_again_after_it_was_wanted(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await resting(holder, server)
        for _ in range(2):
            assert (await connection.content(3)).tools
            assert not rests(connection)
            assert (await connection.probe(3)).took is not None
            assert rests(connection)


@ERAS
async def test_those_who_want_it_at_once_share_one(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await resting(holder, server)
        found = await asyncio.gather(
            connection.content(3),
            connection.call_tool("add", {}, 3),
            connection.probe(3),
            connection.content(3),
        )
        assert found[0] == found[3]
        assert "initialize" not in server.requests


async def test_a_session_that_the_server_forgot_meanwhile_is_gone(holder: Holder) -> None:
    async with FaultServer(era="legacy") as server:
        connection = await resting(holder, server)
        server.forget()
        fault = (await connection.probe(3)).fault
        assert fault is not None and fault.gone
        outcome = await connection.call_tool("add", {}, 3)
        assert outcome.fault is not None and outcome.fault.gone


async def test_the_server_hears_of_the_end_of_a_session_that_rests(holder: Holder) -> None:
    async with FaultServer(era="legacy") as server:
        connection = await resting(holder, server)
        await connection.close()
        assert server.verbs["DELETE"] == 1


@ERAS
async def test_a_server_that_dies_meanwhile_is_lost_at_the_next_check(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        connection = await resting(holder, server)
    fault = (await connection.probe(3)).fault
    assert fault is not None and fault.lost


@pytest.mark.parametrize(("mode", "era"), [("brief-stream", "legacy"), ("listens", "modern")])
async def test_a_session_over_which_the_server_tells_of_changes_does_not_rest(
    holder: Holder, mode: str, era: str
) -> None:
    async with FaultServer(mode, era) as server:
        connection = await holder.open(http(server.url))
        await connection.content(3)
        await until(lambda: server.agreed > 0 or server.verbs["GET"] > 0)
        await connection.first_probe(3)
        for _ in range(3):
            assert (await connection.probe(3)).took is not None
        connection.rest()
        assert not rests(connection)


async def test_cookies_of_a_server_keep_the_sdk_that_sends_them(holder: Holder) -> None:
    async with FaultServer("cookies") as server:
        connection = await holder.open(http(server.url))
        await connection.content(3)
        for _ in range(3):
            assert (await connection.probe(3)).took is not None
        assert not rests(connection)


async def test_what_was_given_up_is_unwound_by_the_sdk_before_it_rests(holder: Holder) -> None:
    async with FaultServer(era="legacy") as server:
        connection = await resting(holder, server)
        server.late["tools/call"] = iter([0.5])
        assert (await connection.call_tool("add", {}, 0.1)).fault is not None
        assert (await connection.probe(3)).took is not None
        assert not rests(connection)
        await until(lambda: "notifications/cancelled" in server.requests)

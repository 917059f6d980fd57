"""A server that is slow is slow, and not gone: each request has a limit of its own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.core.health.verdict import Kind
from lifecycle.engine.session.connection import ConnectionFault
from registry.core.entries.entry import ServiceConfig
from tests.doubles.fault_server import FaultServer
from tests.doubles.sse_server import SseServer
from tests.support import bench as benches
from tests.support.bench import HASTY, Bench
from tests.support.holding import Holder, http, stdio

PAUSE, LIMIT = 0.3, 0.8
FOREVER = 3600.0
ERAS = pytest.mark.parametrize("era", ["legacy", "modern"])


async def refused(holder: Holder, server: FaultServer, limit: float) -> ConnectionFault:
    with pytest.raises(ConnectionFault) as caught:
        await holder.open(http(server.url), timeout=limit)
    return caught.value


@ERAS
@pytest.mark.parametrize("transport", ["streamable-http", "sse"])
async def test_a_server_slower_in_all_than_any_limit_is_connected_with_all_its_lists(
    holder: Holder, transport: str, era: str
) -> None:
    async with SseServer("everything") if transport == "sse" else FaultServer("everything", era) as server:
        server.pause = PAUSE
        connection = await holder.open(ServiceConfig(transport=transport, url=server.url), timeout=LIMIT)
        content = await connection.content(LIMIT)
    assert [tool.name for tool in content.tools] == ["echo"]
    assert [item.kind for item in content.items] == ["resource", "template", "prompt"]
    assert (content.unread, content.notes) == (frozenset(), ())


@ERAS
async def test_a_server_just_within_the_limit_of_each_answer_is_connected(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        server.pause = LIMIT * 0.6
        connection = await holder.open(http(server.url), timeout=LIMIT)
        assert [tool.name for tool in (await connection.content(LIMIT)).tools] == ["echo"]


@ERAS
async def test_a_list_that_is_late_is_unread_and_costs_no_connection(holder: Holder, era: str) -> None:
    async with FaultServer("everything", era) as server:
        server.late["resources/list"] = itertools.repeat(FOREVER)
        content = await (await holder.open(http(server.url))).content(0.5)
        assert [item.kind for item in content.items] == ["template", "prompt"]
        assert content.unread == {"resource"}
        assert content.notes == ("resources/list was not read: no answer to resources/list within 500 ms",)


async def test_a_list_of_tools_that_is_late_is_named(holder: Holder) -> None:
    async with FaultServer() as server:
        connection = await holder.open(http(server.url))
        server.late["tools/list"] = itertools.repeat(FOREVER)
        with pytest.raises(ConnectionFault) as caught:
            await connection.content(0.3)
    assert caught.value.fault.kind is Kind.TIMEOUT
    assert "tools/list within 300 ms" in caught.value.fault.message


@pytest.mark.parametrize("first", [0.6, 1.4], ids=["within its limit", "past it"])
async def test_a_server_of_the_newer_protocol_alone_may_be_slow_at_first(
    holder: Holder, first: float
) -> None:
    async with FaultServer("no-session", "modern") as server:
        server.late["server/discover"] = iter([first])
        connection = await holder.open(http(server.url), timeout=1)
        assert connection.greeting.protocol_version == "2026-07-28"


async def test_the_reason_is_the_first_failure_and_not_what_was_tried_after_it(holder: Holder) -> None:
    async with FaultServer("no-session", "modern") as server:
        server.late["server/discover"] = itertools.repeat(FOREVER)
        fault = (await refused(holder, server, 0.4)).fault
    assert fault.kind is Kind.TIMEOUT
    assert "server/discover within 400 ms" in fault.message


async def test_a_server_that_ignores_discovery_is_asked_in_the_older_way_from_then_on(holder: Holder) -> None:
    async with FaultServer() as server:
        server.late["server/discover"] = itertools.repeat(FOREVER)
        connection = await holder.open(http(server.url), timeout=0.5)
        assert (connection.greeting.protocol_version, connection.greeting.mode) == ("2025-11-25", "legacy")


async def test_a_refusal_of_our_credentials_is_told_even_after_a_silence(holder: Holder) -> None:
    async with FaultServer("401") as server:
        server.late["server/discover"] = itertools.repeat(FOREVER)
        assert (await refused(holder, server, 0.4)).fault.kind is Kind.AUTH


async def test_an_event_stream_that_does_not_open_is_named(holder: Holder) -> None:
    async with SseServer("mute") as server:
        with pytest.raises(ConnectionFault) as caught:
            await holder.open(ServiceConfig(transport="sse", url=server.url), timeout=0.4)
    assert caught.value.fault.kind is Kind.TIMEOUT
    assert "the event stream within 400 ms" in caught.value.fault.message


@ERAS
async def test_a_program_that_is_slow_with_each_answer_is_connected(holder: Holder, era: str) -> None:
    entry = stdio("everything", era)
    connection = await holder.open(replace(entry, args=(*entry.args, "0.7")), timeout=2)
    assert len((await connection.content(2)).items) == 3


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    slow = timedelta(seconds=PAUSE / 2)
    bench = Bench(tmp_path, replace(HASTY, healthy_threshold=slow, connect_timeout=timedelta(seconds=LIMIT)))
    bench.start()
    yield bench
    bench.close()


@pytest.mark.django_db(transaction=True)
def test_a_slow_server_of_each_kind_ends_as_a_warning(bench: Bench) -> None:
    entries: dict[str, dict[str, Any]] = {}
    for era in ("legacy", "modern"):
        server = bench.server("everything", era)
        server.pause = PAUSE
        program = benches.stdio("everything", era)
        entries |= {
            f"http-{era}": {"url": server.url},
            f"stdio-{era}": program | {"args": [*program["args"], str(PAUSE)]},
        }
    events = SseServer("everything")
    events.pause = PAUSE
    bench.adopt(events)
    bench.add_all(entries | {"sse": {"url": events.url}})
    for name in [*entries, "sse"]:
        bench.until_state(name, "WARNING", 30)
        assert bench.row(name).tools_count == 1
        assert bench.trail(name) == ["INITIALIZING", "HEALTHY", "WARNING"]


@pytest.mark.django_db(transaction=True)
def test_a_program_may_take_as_long_to_start_as_its_entry_says(bench: Bench) -> None:
    bench.policy = replace(HASTY, spawn_timeout=timedelta(seconds=1.2))
    bench.add_all(
        {
            "hasty": benches.stdio("slow-start"),
            "patient": benches.stdio("slow-start") | {"timeout": 20},
        }
    )
    bench.until_state("patient", "HEALTHY", 20)
    bench.until(lambda: "RECONNECTING" in bench.trail("hasty"))
    assert bench.trail("patient") == ["INITIALIZING", "HEALTHY"]


@pytest.mark.django_db(transaction=True)
def test_one_too_slow_to_be_judged_at_once_is_checked_at_once(bench: Bench) -> None:
    hour, limit = timedelta(hours=1), timedelta(seconds=5)
    bench.policy = replace(
        bench.policy, health_check_interval=hour, connect_timeout=limit, ping_timeout=limit
    )
    server = bench.server("everything")
    server.pause = 1.2
    bench.add_all({"slow": {"url": server.url}})
    bench.until_state("slow", "WARNING", 20)

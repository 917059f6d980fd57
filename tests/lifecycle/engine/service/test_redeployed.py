"""A server without sessions that tells nothing is deployed again with other tools: its check sees that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from lifecycle.engine.service.schedule import LISTS_APART
from lifecycle.models import CheckResult, Episode
from tests.doubles.fault_server import FaultServer
from tests.doubles.protocol import ECHO
from tests.support.bench import HASTY, Bench
from tests.support.holding import Holder, http, until
from tests.support.mcp_servers import FastMCPServer
from tests.support.proxy import Proxy

NEW = ECHO | {"name": "new"}
INTERVAL = 3.0
CALM = replace(HASTY, health_check_interval=timedelta(seconds=INTERVAL), ping_timeout=timedelta(seconds=3))
KINDS = pytest.mark.parametrize("era", ["legacy", "modern"])


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, CALM)
    bench.start()
    yield bench
    bench.close()


def seen_quietly(bench: Bench, tools: int) -> None:
    """Within one interval (20 % more by chance), and the 2 s that lie between two readings."""
    bench.until(lambda: bench.row("web").tools_count == tools, limit=INTERVAL * 1.2 + LISTS_APART + 2)
    row = bench.row("web")
    assert (bench.trail("web"), row.reconnect_attempts) == (["INITIALIZING", "HEALTHY"], 0)
    assert not CheckResult.objects.filter(service__name="web").exclude(level=0).exists()
    assert not Episode.objects.exists()


@pytest.mark.django_db(transaction=True)
@KINDS
def test_a_stateless_server_deployed_again_with_another_tool_is_right_within_one_check(
    bench: Bench, era: str
) -> None:
    server = FaultServer(era=era)
    server.stateless = True
    bench.adopt(server)
    bench.add("web", {"url": server.url})
    bench.until_state("web", "HEALTHY")
    server.more_tools = [NEW]
    seen_quietly(bench, 2)
    server.more_tools = []
    seen_quietly(bench, 1)


@pytest.mark.django_db(transaction=True)
def test_fastmcp_deployed_again_with_another_tool_is_right_within_one_check(bench: Bench) -> None:
    with FastMCPServer() as old, FastMCPServer(tools=1) as new, Proxy(old.port) as address:
        bench.add("web", {"url": f"http://127.0.0.1:{address.port}/mcp"})
        bench.until_state("web", "HEALTHY")
        assert bench.row("web").protocol_version == "2026-07-28"
        address.lead_to(new.port)
        seen_quietly(bench, 5)


async def test_fastmcp_without_sessions_is_watched_in_the_older_era_too(holder: Holder) -> None:
    server = FastMCPServer()
    server.environment["FASTMCP_STATELESS_HTTP"] = "true"
    with server:
        connection = await holder.open(http(server.url), mode="legacy")
        tools = (await connection.content(5)).tools
        for _ in range(3):
            assert (await connection.probe(5)).fault is None
        assert connection._prober._watch.looks_at == "tools/list"
        assert (len(tools), holder.changes) == (4, 0)


@KINDS
async def test_the_check_is_still_one_request_and_small(holder: Holder, era: str) -> None:
    async with FaultServer(era=era) as server:
        server.stateless = True
        connection = await holder.open(http(server.url))
        await connection.content(2)
        server.requests.clear()
        for _ in range(4):
            assert (await connection.probe(2)).fault is None
        assert server.requests == ["tools/list"] * 4
        server.more_tools = [NEW]
        assert (await connection.probe(2)).fault is None
        assert (holder.changes, len(server.requests)) == (1, 5)


async def test_what_was_not_read_is_told_again_at_the_next_check(holder: Holder) -> None:
    async with FaultServer(era="modern") as server:
        connection = await holder.open(http(server.url))
        await connection.content(2)
        server.more_tools = [NEW]
        for changes in (1, 2):
            assert (await connection.probe(2)).fault is None
            assert holder.changes == changes
        await connection.content(2)
        for _ in range(3):
            assert (await connection.probe(2)).fault is None
        assert holder.changes == 2


async def test_lists_that_differ_each_time_are_read_ever_more_rarely(holder: Holder) -> None:
    async with FaultServer(era="modern") as server:
        connection = await holder.open(http(server.url))
        await connection.content(2)
        told = []
        for number in range(17):
            server.more_tools = [NEW | {"description": f"it is {number} o'clock"}]
            before = holder.changes
            assert (await connection.probe(2)).fault is None
            if holder.changes > before:
                told.append(number)
                await connection.content(2)
        assert told == [0, 1, 2, 4, 8, 16]


async def test_a_list_that_is_slow_does_not_make_its_server_slow(holder: Holder) -> None:
    async with FaultServer(era="modern") as server:
        connection = await holder.open(http(server.url))
        await connection.content(2)
        server.late["tools/list"] = iter([3.0, 3.0])
        server.requests.clear()
        for _ in range(2):
            took = (await connection.probe(4)).took
            assert took is not None and took.total_seconds() < 2
        assert server.requests == ["tools/list", "server/discover"] * 2
        assert (await connection.probe(4)).took is not None


async def test_a_list_too_large_to_be_read_does_not_make_its_server_ill(holder: Holder) -> None:
    async with FaultServer(era="modern") as server:
        connection = await holder.open(http(server.url))
        await connection.content(2)
        server.requests.clear()
        for mode in ("ok", "huge-list", "huge-list", "503"):
            server.mode = mode
            fault = (await connection.probe(10)).fault
            assert (fault is None) is (mode != "503"), fault
        assert server.requests == ["tools/list", *["tools/list", "server/discover"] * 2, "tools/list"]


class ListsAlone(FaultServer):
    """Whose other requests meet the fault that is `ill`."""

    ill = "ok"

    def fault(self, path: str) -> tuple[str, str]:
        return "ok" if self.requests[-1] == "tools/list" else self.ill, self.era


@KINDS
@pytest.mark.parametrize("ill", ["503", "401", "404", "reset", "garbage", "hang"])
async def test_a_list_that_was_answered_counts_whatever_comes_after_it(
    holder: Holder, era: str, ill: str
) -> None:
    async with ListsAlone(era=era) as server:
        server.stateless = True
        connection = await holder.open(http(server.url))
        await connection.content(2)
        server.pause = 0.4
        assert (await connection.first_probe(4)) is not None
        server.pause, server.ill = 0.0, ill
        server.late["tools/list"] = iter([0.65])  # slower than the rest, and not given up
        server.requests.clear()
        probe = await connection.probe(4)
        assert len(server.requests) > 1
        assert probe.fault is None
        assert probe.took is not None and 0.65 <= probe.took.total_seconds() < 0.8


@KINDS
async def test_a_server_that_takes_its_time_for_everything_is_watched_like_a_quick_one(
    holder: Holder, era: str
) -> None:
    async with FaultServer(era=era) as server:
        server.stateless, server.pause = True, 0.7
        connection = await holder.open(http(server.url))
        await connection.content(5)
        for number in (1, 2, 3):
            server.more_tools = [NEW | {"description": f"version {number}"}]
            assert (await connection.probe(8)).fault is None
            assert (await connection.probe(8)).fault is None
            assert holder.changes >= number, "at the second check at the latest"
            await connection.content(5)
            holder.changes = number


async def test_a_server_whose_answers_take_now_less_and_now_more_is_watched_at_each_check(
    holder: Holder,
) -> None:
    async with FaultServer() as server:
        server.stateless, server.pause = True, 0.6
        connection = await holder.open(http(server.url))
        await connection.content(5)
        await connection.first_probe(5)
        for number in (1, 2):
            server.more_tools = [NEW | {"description": f"version {number}"}]
            server.late["tools/list"] = iter([1.1])  # nearly three times as long as the last plain request
            assert (await connection.probe(8)).fault is None
            assert holder.changes == number
            await connection.content(5)
            assert (await connection.probe(8)).fault is None


async def test_what_is_learnt_when_connecting_spares_the_first_check_of_a_slow_server(holder: Holder) -> None:
    async with FaultServer() as server:
        server.stateless, server.pause = True, 0.7
        connection = await holder.open(http(server.url))
        await connection.content(5)
        await connection.first_probe(5)
        server.more_tools = [NEW]
        assert (await connection.probe(8)).fault is None
        assert holder.changes == 1


async def test_a_list_slower_than_its_slow_server_is_compared_and_does_not_count(holder: Holder) -> None:
    async with FaultServer() as server:
        server.stateless, server.pause = True, 0.7
        connection = await holder.open(http(server.url))
        await connection.content(5)
        await connection.first_probe(5)
        server.more_tools = [NEW]
        server.late["tools/list"] = iter([0.4])
        took = (await connection.probe(8)).took
        assert took is not None and 0.6 < took.total_seconds() < 1
        assert holder.changes == 1


async def test_a_server_too_slow_for_two_requests_in_one_check_is_watched_again_once_it_is_quick(
    holder: Holder,
) -> None:
    async with FaultServer() as server:
        server.stateless, server.pause = True, 0.7
        connection = await holder.open(http(server.url))
        await connection.content(5)
        await connection.first_probe(5)
        server.requests.clear()
        for _ in range(6):
            assert (await connection.probe(2)).fault is None
        assert server.requests == ["ping"] * 6
        server.pause, server.more_tools = 0.0, [NEW]
        for _ in range(2):
            assert (await connection.probe(2)).fault is None
        assert holder.changes == 1


@pytest.mark.parametrize(
    ("mode", "status", "says"),
    [("429", 429, "429"), ("401", 401, "401"), ("error", None, "")],
)
async def test_what_the_list_is_refused_with_proves_what_it_always_does(
    holder: Holder, mode: str, status: int | None, says: str
) -> None:
    async with FaultServer(era="modern") as server:
        connection = await holder.open(http(server.url))
        await connection.content(2)
        for _ in range(2):
            assert (await connection.probe(2)).fault is None
        server.mode = mode
        fault = (await connection.probe(2)).fault
        assert server.requests[-1] == "tools/list"
        assert (fault is None) is (status is None)
        assert says in (fault.message if fault else "")
        assert holder.changes == 0


async def test_a_long_list_is_not_asked_for_but_the_version(holder: Holder) -> None:
    async with FaultServer(era="modern") as server:
        server.more_tools = [NEW | {"description": "x" * 40_000}]
        connection = await holder.open(http(server.url))
        await connection.content(2)
        server.requests.clear()
        for _ in range(3):
            assert (await connection.probe(2)).fault is None
        server.version = "1.3"
        assert (await connection.probe(2)).fault is None
        assert server.requests == ["server/discover"] * 4
        assert holder.changes == 1
        await connection.content(2)
        assert (await connection.probe(2)).fault is None
        assert holder.changes == 1


@pytest.mark.parametrize(
    ("mode", "era", "method"), [("listens", "modern", "server/discover"), ("ok", "legacy", "ping")]
)
async def test_where_changes_are_told_or_a_session_is_held_the_check_stays_as_it_was(
    holder: Holder, mode: str, era: str, method: str
) -> None:
    async with FaultServer(mode, era) as server:
        connection = await holder.open(http(server.url))
        await until(lambda: server.agreed == (mode == "listens"))
        await connection.content(2)
        server.requests.clear()
        assert (await connection.probe(2)).fault is None
        assert server.requests == [method]

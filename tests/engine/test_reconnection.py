"""Who may connect when."""

from __future__ import annotations

import asyncio

import pytest

from lifecycle.engine import reconnection
from lifecycle.engine.reconnection import RANK, Lane, Lanes


async def _waiting(lane: Lane, priority: str, order: list[str]) -> None:
    await lane.enter(RANK[priority])
    order.append(priority)


async def test_the_important_go_first_whoever_came_first() -> None:
    lane, order = Lane(1), list[str]()
    await lane.enter(0)
    tasks = [
        asyncio.create_task(_waiting(lane, name, order)) for name in ("low", "normal", "critical", "high")
    ]
    await asyncio.sleep(0)
    for _ in tasks:
        lane.leave()
        await asyncio.sleep(0.01)
    assert order == ["critical", "high", "normal", "low"]


async def test_no_more_than_the_limit_are_in_at_once_and_a_cancelled_waiter_takes_no_place() -> None:
    lane, order = Lane(2), list[str]()
    tasks = [asyncio.create_task(_waiting(lane, "normal", order)) for _ in range(4)]
    await asyncio.sleep(0.01)
    assert len(order) == 2
    tasks[2].cancel()
    lane.leave()
    await asyncio.sleep(0.01)
    assert len(order) == 3


async def test_a_place_that_was_given_to_a_cancelled_waiter_goes_on_to_the_next() -> None:
    lane, order = Lane(1), list[str]()
    await lane.enter(0)
    first = asyncio.create_task(_waiting(lane, "normal", order))
    await asyncio.sleep(0)
    second = asyncio.create_task(_waiting(lane, "normal", order))
    await asyncio.sleep(0)
    lane.leave()
    first.cancel()
    await asyncio.sleep(0.01)
    assert order == ["normal"]
    assert second.done()


async def test_an_attempt_that_hangs_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnection, "PATIENCE", 0.05)
    lanes, entered = Lanes(connects=1), list[int]()

    async def hang(number: int) -> None:
        async with lanes.place(stdio=False, failing=False, priority="normal"):
            entered.append(number)
            await asyncio.sleep(10)

    tasks = [asyncio.create_task(hang(number)) for number in range(3)]
    await asyncio.sleep(0.3)
    assert entered == [0, 1, 2]
    for task in tasks:
        task.cancel()


async def test_failing_services_wait_in_a_lane_of_their_own() -> None:
    lanes = Lanes(connects=1)
    failing = lanes.place(stdio=False, failing=True, priority="low")
    good = lanes.place(stdio=False, failing=False, priority="low")
    async with failing, asyncio.timeout(0.5), good:
        pass

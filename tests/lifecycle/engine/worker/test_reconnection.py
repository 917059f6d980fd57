"""Who may connect when."""

from __future__ import annotations

import asyncio

import pytest

from lifecycle.core.reconnection.retry_budget import Terms
from lifecycle.engine.worker import reconnection
from lifecycle.engine.worker.reconnection import RANK, Lane, Lanes, Purse


async def _waiting(lane: Lane, priority: str, order: list[str]) -> None:
    await lane.enter(RANK[priority])
    order.append(priority)


async def test_the_important_go_first_whoever_came_first() -> None:
    lane, order = Lane("a", 1), list[str]()
    inside = [await lane.enter(0)]
    tasks = [
        asyncio.create_task(_waiting(lane, name, order)) for name in ("low", "normal", "critical", "high")
    ]
    await asyncio.sleep(0)
    for number in range(len(tasks)):
        lane.leave(inside[0] if number == 0 else {"critical": 3, "high": 4, "normal": 2}[order[-1]])
        await asyncio.sleep(0.01)
    assert order == ["critical", "high", "normal", "low"]


async def test_no_more_than_the_limit_are_in_at_once_and_a_cancelled_waiter_takes_no_place() -> None:
    lane, order = Lane("a", 2), list[str]()
    tasks = [asyncio.create_task(_waiting(lane, "normal", order)) for _ in range(4)]
    await asyncio.sleep(0.01)
    assert len(order) == 2
    tasks[2].cancel()
    lane.leave(0)
    lane.leave(0)
    await asyncio.sleep(0.01)
    assert len(order) == 3


async def test_a_place_that_was_given_to_a_cancelled_waiter_goes_on_to_the_next() -> None:
    lane, order = Lane("a", 1), list[str]()
    inside = await lane.enter(0)
    first = asyncio.create_task(_waiting(lane, "normal", order))
    await asyncio.sleep(0)
    second = asyncio.create_task(_waiting(lane, "normal", order))
    await asyncio.sleep(0)
    lane.leave(inside)
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


async def _enter(lane: Lane, service: int, order: list[int], *, free: bool = False) -> None:
    await lane.enter(RANK["normal"], service, free=free)
    order.append(service)


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnection, "USUAL", Terms(capacity=2, per_second=10))


@pytest.mark.usefixtures("small_budget")
async def test_retries_draw_on_a_budget_that_fills_again_with_time() -> None:
    purse, order = Purse(), list[int]()
    purse.slow_down(False)
    lane = Lane("a", 10, purse)
    tasks = [asyncio.create_task(_enter(lane, number, order)) for number in range(1, 5)]
    await asyncio.sleep(0.02)
    assert order == [1, 2]
    assert lane.picture()["waiting"] == [3, 4]
    assert purse.picture()["left"] == 0
    async with asyncio.timeout(2):
        await asyncio.gather(*tasks)
    assert order == [1, 2, 3, 4]


@pytest.mark.usefixtures("small_budget")
async def test_a_retry_that_succeeds_gives_back_what_it_took() -> None:
    lanes = Lanes()
    lanes.purse.slow_down(False)
    assert lanes.purse.take() and lanes.purse.take() and not lanes.purse.take()
    lanes.succeeded(failing=True, free=False)
    assert lanes.purse.take()
    lanes.succeeded(failing=False, free=False)
    lanes.succeeded(failing=True, free=True)
    assert not lanes.purse.take()


@pytest.mark.usefixtures("small_budget")
async def test_what_a_person_asks_for_waits_for_no_budget_and_goes_first() -> None:
    purse, order = Purse(), list[int]()
    purse.slow_down(False)
    lane = Lane("a", 10, purse)
    while purse.take():
        pass
    tasks = [asyncio.create_task(_enter(lane, number, order)) for number in (1, 2)]
    tasks.append(asyncio.create_task(_enter(lane, 3, order, free=True)))
    await asyncio.sleep(0.01)
    assert order == [3]
    lane.hurry(2)
    await asyncio.sleep(0.01)
    assert order == [3, 2]
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert lane.picture()["waiting_count"] == 0


async def test_the_picture_says_who_is_inside_and_who_waits() -> None:
    lanes = Lanes(connects=1)
    async with lanes.place(stdio=False, failing=False, priority="normal", service=7):
        waiting = asyncio.create_task(_hold(lanes, 8))
        await asyncio.sleep(0.01)
        first = lanes.picture()["lanes"][0]
        assert first == {
            "name": "connect",
            "limit": 1,
            "inside": [7],
            "waiting": [8],
            "waiting_count": 1,
        }
    await waiting
    assert lanes.picture()["lanes"][0]["inside"] == []


async def _hold(lanes: Lanes, service: int) -> None:
    async with lanes.place(stdio=False, failing=False, priority="normal", service=service):
        pass

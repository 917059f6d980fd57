"""What the worker notices of its own troubles."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from lifecycle.engine.recording.writer import Writer
from lifecycle.engine.worker import lag
from lifecycle.engine.worker.lag import LagWatch


@pytest.fixture
def writer() -> Iterator[Writer]:
    writer = Writer()
    yield writer
    writer.close()


@pytest.fixture
async def watch(writer: Writer) -> AsyncIterator[LagWatch]:
    watch, stop = LagWatch(writer), asyncio.Event()
    task = asyncio.create_task(watch.run(stop))
    await asyncio.sleep(0)
    yield watch
    stop.set()
    await task


async def test_a_job_of_the_database_that_takes_long_is_seen_during_and_after_it(
    watch: LagWatch, writer: Writer
) -> None:
    mark = watch.mark()
    await writer.do(time.sleep, 0.3)
    assert 0.2 < watch.since(mark).database_late < 1.5
    assert watch.since(watch.mark()).database_late == 0


async def test_many_short_delays_add_up_although_none_of_them_is_long(watch: LagWatch) -> None:
    mark = watch.mark()
    until = time.monotonic() + 0.6
    while time.monotonic() < until:
        time.sleep(0.06)
        await asyncio.sleep(0)
    seen = watch.since(mark)
    assert seen.late > seen.lasted / 3
    assert round(seen.paused, 3) == 0


async def test_those_that_were_asked_later_and_answered_are_counted(watch: LagWatch) -> None:
    earlier, mark, later = watch.mark(), watch.mark(), watch.mark()
    for answered in (earlier, later, later):
        watch.answered(answered)
    assert watch.since(mark, excused=4).overtaken == 2
    assert (watch.since(later).overtaken, watch.since(earlier).overtaken) == (0, 2)


async def test_a_stall_that_has_only_just_ended_is_seen_at_once(watch: LagWatch) -> None:
    mark = watch.mark()
    time.sleep(0.4)
    assert watch.since(mark).late > 0.3
    assert watch.since(watch.mark()).late < 0.1


async def test_a_pause_is_told_before_any_task_that_became_due_in_it_goes_on(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lag, "PAUSE", 0.3)
    order: list[str] = []
    watch, stop = LagWatch(writer), asyncio.Event()
    watch.on_pause = lambda: order.append("pause")
    task = asyncio.create_task(watch.run(stop))
    sleepers = [asyncio.create_task(asyncio.sleep(0.05 * n)) for n in range(1, 4)]
    for sleeper in sleepers:
        sleeper.add_done_callback(lambda _: order.append("task"))
    await asyncio.sleep(0)
    time.sleep(0.5)
    await asyncio.gather(*sleepers)
    assert order == ["pause", "task", "task", "task"]
    assert watch.paused_within(5)
    stop.set()
    await task


async def test_sleep_of_the_machine_and_a_moved_clock_are_told_apart(
    watch: LagWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, real, wall = watch.mark(), lag.slept, time.time
    monkeypatch.setattr(time, "time", lambda: wall() + 100)
    seen = watch.since(mark)
    assert (round(seen.clock_moved), round(seen.paused)) == (100, 0)
    monkeypatch.setattr(lag, "slept", lambda: real() + 100)
    seen = watch.since(mark)
    assert (round(seen.clock_moved), round(seen.paused)) == (0, 100)

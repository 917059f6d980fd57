"""Changes that come many at once wait a moment for each other; one alone waits for nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from lifecycle.core.machine import moves
from lifecycle.engine.recording.company import MANY, MOMENT, Company
from lifecycle.engine.recording.held import Held
from lifecycle.engine.recording.record import Recorder

NOW = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)


class Noting:
    """Stands for the writer's thread: when each write was asked for."""

    def __init__(self) -> None:
        self.at: list[float] = []

    async def write_each(self, work: Any, item: Any) -> bool:
        self.at.append(asyncio.get_running_loop().time())
        return True


async def turns(company: Company, count: int) -> list[float]:
    """When each of so many that come at once goes on, in seconds from now."""
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def one() -> float:
        await company.joined()
        return loop.time() - began

    return await asyncio.gather(*(one() for _ in range(count)))


async def test_a_few_go_on_at_once() -> None:
    assert max(await turns(Company(), MANY - 1)) < MOMENT / 2


async def test_of_many_the_rest_goes_on_together() -> None:
    company = Company()
    found = await turns(company, 5 * MANY)
    assert max(found[: MANY - 1]) < MOMENT / 2
    rest = found[MANY - 1 :]
    assert min(rest) > MOMENT / 2
    assert max(rest) - min(rest) < MOMENT / 2
    assert max(await turns(company, 1)) < 2 * MOMENT


async def test_who_is_given_up_holds_up_nobody() -> None:
    company = Company()
    waiting = [asyncio.create_task(company.joined()) for _ in range(2 * MANY)]
    await asyncio.sleep(0)
    waiting[-1].cancel()
    await asyncio.wait(waiting)
    assert [task.cancelled() for task in waiting].count(True) == 1


async def test_the_changes_of_a_rush_are_written_in_company() -> None:
    writer, (snap, _) = Noting(), moves.register(True, NOW)
    recorder = Recorder(writer, "w", lambda told: None)  # type: ignore[arg-type]
    every = [Held(number, f"s{number}", snap, 1) for number in range(3 * MANY)]
    await asyncio.gather(*(recorder.change(held, snap, None, NOW) for held in every))
    assert sum(at - writer.at[0] > MOMENT / 2 for at in writer.at) == 2 * MANY + 1

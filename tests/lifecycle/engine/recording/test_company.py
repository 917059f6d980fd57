"""Changes that come many at once wait a moment for each other; one alone waits for nothing."""

from __future__ import annotations

import asyncio

from lifecycle.engine.recording.company import MANY, MOMENT, Company


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

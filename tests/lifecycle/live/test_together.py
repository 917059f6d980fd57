"""Questions that come while others are answered wait for the next turn, and share it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from lifecycle.live.hub.together import Together


class Office:
    """Answers in capitals, when the test opens the door; notes what was asked in each turn."""

    def __init__(self) -> None:
        self.turns: list[list[str]] = []
        self.open = asyncio.Event()
        self.begun = asyncio.Event()

    async def work(self, asked: Sequence[str]) -> dict[str, str]:
        self.turns.append(list(asked))
        self.begun.set()
        await self.open.wait()
        if "bad" in asked:
            raise LookupError("bad")
        return {one: one.upper() for one in asked}


async def test_all_that_ask_at_once_are_answered_in_one_turn_each_question_once() -> None:
    office = Office()
    office.open.set()
    together = Together(office.work, 10)
    assert list(await asyncio.gather(*map(together.ask, "aba"))) == ["A", "B", "A"]
    assert office.turns == [["a", "b"]]


async def test_who_asks_during_a_turn_is_answered_by_the_next() -> None:
    """An answer that was read before the question would be too old."""
    office = Office()
    together = Together(office.work, 10)
    first = asyncio.create_task(together.ask("a"))
    await office.begun.wait()
    second, third = asyncio.create_task(together.ask("a")), asyncio.create_task(together.ask("b"))
    await asyncio.sleep(0)
    office.open.set()
    assert list(await asyncio.gather(first, second, third)) == ["A", "A", "B"]
    assert office.turns == [["a"], ["a", "b"]]


async def test_a_turn_takes_no_more_than_its_number() -> None:
    office = Office()
    office.open.set()
    together = Together(office.work, 2)
    await asyncio.gather(*map(together.ask, "abcde"))
    assert office.turns == [["a", "b"], ["c", "d"], ["e"]]


async def test_a_fault_is_raised_where_was_asked_and_the_next_turn_goes_on() -> None:
    office = Office()
    office.open.set()
    together = Together(office.work, 1)
    bad, good = await asyncio.gather(together.ask("bad"), together.ask("good"), return_exceptions=True)
    assert isinstance(bad, LookupError)
    assert good == "GOOD"
    with pytest.raises(LookupError):
        await together.ask("bad")


async def test_one_that_gives_up_takes_no_answer_from_another() -> None:
    office = Office()
    together = Together(office.work, 10)
    leaving, staying = asyncio.create_task(together.ask("a")), asyncio.create_task(together.ask("a"))
    await office.begun.wait()
    leaving.cancel()
    await asyncio.sleep(0)
    office.open.set()
    assert await staying == "A"

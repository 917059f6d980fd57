"""Batching: questions of many at the same time are answered in one go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from itertools import islice
from typing import Generic, TypeVar

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")


class Together(Generic[Question, Answer]):
    """Whoever asks while *work* is busy waits for its next turn, which answers all of them.

    The same question is answered once, and one turn takes at most so many, so that others get theirs between.
    """

    def __init__(
        self, work: Callable[[Sequence[Question]], Awaitable[Mapping[Question, Answer]]], at_most: int
    ) -> None:
        self._work, self._at_most = work, at_most
        self._waiting: dict[Question, asyncio.Future[Answer]] = {}
        self._turns: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> Answer:
        """The answer, found after this call; what *work* raises is raised here."""
        answer = self._waiting.get(question)
        if answer is None:
            answer = self._waiting[question] = asyncio.get_running_loop().create_future()
        if self._turns is None:
            self._turns = asyncio.create_task(self._take_turns(), name="asked together")
        return await asyncio.shield(answer)  # others may wait for it when this one gives up

    async def _take_turns(self) -> None:
        try:
            while self._waiting:
                await self._turn()
        finally:
            self._turns = None

    async def _turn(self) -> None:
        turn = list(islice(self._waiting, self._at_most))
        asked = {question: self._waiting.pop(question) for question in turn}
        try:
            found = await self._work(turn)
            answers = [(answer, found[question]) for question, answer in asked.items()]
        except Exception as exc:  # whatever it is, it belongs to those who asked
            for answer in asked.values():
                answer.set_exception(exc)
                answer.exception()  # heard, also when nobody waits any more
            return
        for answer, value in answers:
            answer.set_result(value)

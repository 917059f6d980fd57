"""Connection lanes: a few at once, the important first, and those that fail in a lane of their own.

Retries also draw on a budget that all services share; what a person asked for does not.
"""

from __future__ import annotations

import asyncio
import heapq
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from lifecycle.core.reconnection import retry_budget
from lifecycle.core.reconnection.retry_budget import SLOWED, USUAL, Budget

CONNECTS = 20
FAILED_CONNECTS = 8
FAILED_STARTS = 1
PATIENCE = 2.0
SPAWN_PATIENCE = 5.0
SHOWN = 200
FIRST = -1
RANK = {"critical": 0, "high": 1, "normal": 2, "low": 3}


class Purse:
    """The worker's retry budget, on the steady clock."""

    def __init__(self) -> None:
        self._budget = Budget(at=time.monotonic())

    def take(self) -> bool:
        """Whether there was a token; it is gone then."""
        taken = retry_budget.take(self._budget, time.monotonic())
        self._budget = taken or self._budget
        return taken is not None

    def give_back(self) -> None:
        """A retry succeeded."""
        self._budget = retry_budget.give_back(self._budget, time.monotonic())

    def wait(self) -> float:
        """The seconds until there is a token."""
        return retry_budget.wait(self._budget, time.monotonic())

    def slow_down(self, slowed: bool) -> None:
        """Fewer retries while most services fail at once, the usual number otherwise."""
        terms = SLOWED if slowed else USUAL
        if terms != self._budget.terms:
            self._budget = retry_budget.on_terms(self._budget, terms, time.monotonic())

    def picture(self) -> dict[str, Any]:
        """As the pages show it."""
        terms = self._budget.terms
        return {
            "left": int(retry_budget.left(self._budget, time.monotonic())),
            "capacity": int(terms.capacity),
            "per_second": terms.per_second,
            "slowed": terms == SLOWED,
        }


@dataclass(frozen=True, order=True)
class Turn:
    """One who waits: by rank, then in order of arrival."""

    rank: int
    number: int
    service: int = field(compare=False)
    free: bool = field(compare=False)
    admitted: asyncio.Future[None] = field(compare=False)


class Lane:
    """A limit on how many go at once, and the budget on which it draws."""

    def __init__(self, name: str, limit: int, purse: Purse | None = None) -> None:
        self.name, self._limit, self._purse = name, limit, purse
        self._order = count()
        self._queue: list[Turn] = []
        self._inside: dict[int, int] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def enter(self, rank: int, service: int = 0, *, free: bool = False) -> int:
        """Wait for a place and return its number; a waiter who is cancelled gives the place on.

        *free* costs nothing of the budget and goes before all others.
        """
        admitted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        turn = Turn(FIRST if free else rank, next(self._order), service, free, admitted)
        heapq.heappush(self._queue, turn)
        self._admit()
        try:
            await turn.admitted
        except asyncio.CancelledError:
            self.leave(turn.number)
            raise
        return turn.number

    def leave(self, number: int) -> None:
        """Give the place to the first in the queue; who has none any more gives none."""
        if self._inside.pop(number, None) is not None:
            self._admit()

    def hurry(self, service: int) -> None:
        """A person waits for *service* now: it goes before the others."""
        for place, turn in enumerate(self._queue):
            if turn.service == service and not turn.free:
                self._queue[place] = replace(turn, rank=FIRST, free=True)
        heapq.heapify(self._queue)
        self._admit()

    def _admit(self) -> None:
        """Let in who may; where the budget is used up, look again when there is some."""
        while self._queue and len(self._inside) < self._limit:
            turn = self._queue[0]
            if not turn.admitted.done():
                if not (turn.free or self._purse is None or self._purse.take()):
                    self._look_again(self._purse.wait())
                    return
                self._inside[turn.number] = turn.service
                turn.admitted.set_result(None)
            heapq.heappop(self._queue)

    def _look_again(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(max(seconds, 0.01), self._look)

    def _look(self) -> None:
        self._timer = None
        self._admit()

    def picture(self) -> dict[str, Any]:
        """As the pages show it: who is inside, and who waits, the first of them first."""
        waiting = [turn.service for turn in sorted(self._queue) if not turn.admitted.done()]
        return {
            "name": self.name,
            "limit": self._limit,
            "inside": list(self._inside.values()),
            "waiting": waiting[:SHOWN],
            "waiting_count": len(waiting),
        }


class Lanes:
    """The lanes of one worker: network and child processes, each for good and for failing services.

    A place is given back after some seconds even if the attempt goes on: an attempt that hangs uses no CPU,
    and must not keep others out.
    """

    def __init__(self, *, connects: int = CONNECTS, starts: int | None = None) -> None:
        self.purse = Purse()
        self._network = (Lane("connect", connects), Lane("reconnect", FAILED_CONNECTS, self.purse))
        self._children = (
            Lane("spawn", starts or os.cpu_count() or 1),
            Lane("respawn", FAILED_STARTS, self.purse),
        )

    @asynccontextmanager
    async def place(
        self, *, stdio: bool, failing: bool, priority: str, service: int = 0, free: bool = False
    ) -> AsyncIterator[None]:
        """Hold a place while connecting."""
        lane = (self._children if stdio else self._network)[failing]
        number = await lane.enter(RANK[priority], service, free=free)
        patience = SPAWN_PATIENCE if stdio else PATIENCE
        timer = asyncio.get_running_loop().call_later(patience, lane.leave, number)
        try:
            yield
        finally:
            timer.cancel()
            lane.leave(number)

    def hurry(self, service: int) -> None:
        """A person asked for *service*, which may be waiting for a place."""
        for lane in (*self._network, *self._children):
            lane.hurry(service)

    def succeeded(self, *, failing: bool, free: bool) -> None:
        """An attempt connected; a retry among them gives back what it took."""
        if failing and not free:
            self.purse.give_back()

    def picture(self) -> dict[str, Any]:
        """As the pages show it."""
        lanes = [lane.picture() for lane in (*self._network, *self._children)]
        return {"lanes": lanes, "budget": self.purse.picture()}

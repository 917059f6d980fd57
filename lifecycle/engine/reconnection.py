"""Who may connect now: a few at once, the important first, and those that fail in a lane of their own."""

from __future__ import annotations

import asyncio
import heapq
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

CONNECTS = 20
FAILED_CONNECTS = 8
FAILED_STARTS = 1
PATIENCE = 2.0
SPAWN_PATIENCE = 5.0
RANK = {"critical": 0, "high": 1, "normal": 2, "low": 3}


class Lane:
    """A limit on how many go at once; who waits is let in by rank, then in order of arrival."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._order = count()
        self._queue: list[tuple[int, int, asyncio.Future[None]]] = []

    async def enter(self, rank: int) -> None:
        """Wait for a place; a waiter who is cancelled gives the place on."""
        if self._free > 0:
            self._free -= 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queue, (rank, next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place to the first in the queue."""
        while self._queue:
            _, _, turn = heapq.heappop(self._queue)
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Lanes:
    """The lanes of one worker: network and child processes, each for good and for failing services.

    A place is given back after some seconds even if the attempt goes on: an attempt that hangs uses no CPU,
    and must not keep others out.
    """

    def __init__(self, *, connects: int = CONNECTS, starts: int | None = None) -> None:
        self._network = (Lane(connects), Lane(FAILED_CONNECTS))
        self._children = (Lane(starts or os.cpu_count() or 1), Lane(FAILED_STARTS))

    @asynccontextmanager
    async def place(self, *, stdio: bool, failing: bool, priority: str) -> AsyncIterator[None]:
        """Hold a place while connecting."""
        lane = (self._children if stdio else self._network)[failing]
        await lane.enter(RANK[priority])
        left = False

        def leave() -> None:
            nonlocal left
            if not left:
                left = True
                lane.leave()

        timer = asyncio.get_running_loop().call_later(SPAWN_PATIENCE if stdio else PATIENCE, leave)
        try:
            yield
        finally:
            timer.cancel()
            leave()

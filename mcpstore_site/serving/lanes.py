"""A few threads that stay, and those who wait for one of them in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from django.db import connection

Done = TypeVar("Done")


class CrowdedError(Exception):
    """More ask than can be answered in time; `after` is when to ask again, in seconds."""

    def __init__(self, after: int) -> None:
        self.after = after
        super().__init__(f"too many requests at once; ask again in {after} s")


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """`threads` work, at most `waiting` wait, and none of them longer than `patience` seconds."""

    threads: int
    waiting: int
    patience: float
    after: int = 5


class Lane:
    """One queue with its threads. Each thread keeps its database connection."""

    def __init__(self, name: str, bounds: Bounds) -> None:
        self.bounds, self.waiting = bounds, 0
        self._free = asyncio.Semaphore(bounds.threads)
        self._threads = ThreadPoolExecutor(bounds.threads, f"{name}-request", _stay)

    async def do(self, work: Callable[[], Done]) -> Done:
        """Have *work* done; CrowdedError if its turn does not come in time. To cancel leaves the queue."""
        await self._turn()
        # Given back when the thread is free, which is later where nobody waits for the answer any more.
        done = self._threads.submit(work)
        loop = asyncio.get_running_loop()
        done.add_done_callback(lambda _: loop.call_soon_threadsafe(self._free.release))
        return await asyncio.wrap_future(done)

    async def _turn(self) -> None:
        if self.waiting >= self.bounds.waiting:
            raise CrowdedError(self.bounds.after)
        self.waiting += 1
        try:
            async with asyncio.timeout(self.bounds.patience):
                await self._free.acquire()
        except TimeoutError:
            raise CrowdedError(self.bounds.after) from None
        finally:
            self.waiting -= 1


def _stay() -> None:
    if hasattr(connection, "stays"):
        connection.stays = True

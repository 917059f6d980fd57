"""Keeps a worker's leases: renews them, takes its share, gives back what is too much, and notices a loss."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import ParamSpec, TypeVar

import structlog
from django.db import Error

from lifecycle.core.timing.shares import HOUSE, turn
from lifecycle.engine.leases import leases
from lifecycle.engine.leases.fence import LeaseFence
from lifecycle.engine.leases.leases import View
from lifecycle.engine.recording.connection import Line
from lifecycle.engine.recording.writer import Writer

log = structlog.get_logger("lifecycle.leases")
ROUND_EVERY = 2.0
ANSWER_WITHIN = 4.0
BEFORE_THE_END = 1.5
"""Seconds before others may take our leases by which we have stopped acting on them."""
WRITER_STUCK_AFTER = 10.0
P = ParamSpec("P")
T = TypeVar("T")
Part = Callable[[Collection[int]], Awaitable[None]]


class LeaseManager:
    """One per worker on PostgreSQL, with a connection of its own, so that no queue delays a renewal.

    *part* lets go of shards in good order, *abandon* at once and without a word to the database.
    """

    def __init__(
        self,
        fence: LeaseFence,
        writer: Writer,
        *,
        part: Part,
        abandon: Callable[[Collection[int]], None],
        taken: Callable[[Mapping[int, int]], None],
    ) -> None:
        self._fence, self._writer = fence, writer
        self._part, self._abandon, self._taken = part, abandon, taken
        self._line = Line("leases")
        self._confirmed = float("-inf")
        self._alone = True
        self._parting: asyncio.Task[None] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Rounds until *stop*; what is held then is given back by `leave`."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self.round()
                doubting = asyncio.create_task(self._fence.doubted.wait())
                await asyncio.wait(
                    {stopping, doubting}, timeout=ROUND_EVERY, return_when=asyncio.FIRST_COMPLETED
                )
                doubting.cancel()
        finally:
            stopping.cancel()

    async def round(self) -> None:
        """Renew, see how things stand, and act on it. A database that fails ends our claims in time."""
        self._fence.doubted.clear()
        began, settled = time.monotonic(), self._parting is None or self._parting.done()
        if self._writer.stuck() > WRITER_STUCK_AFTER:
            log.warning("the database does not answer the writer; its connection is cut")
            self._writer.cut()
        try:
            view = await self._ask(leases.renew, self._fence.worker)
            self._confirmed, self._alone = began, len(view.live) < 2
            self._compare(view, settled)
            await self._act(view, settled)
        except (Error, TimeoutError) as exc:
            log.warning("leases not renewed", error=str(exc))
            self._give_up_in_time()

    async def _act(self, view: View, settled: bool) -> None:
        step = turn(self._fence.worker, view.live, view.holders)
        if step.take:
            taken = await self._ask(leases.take, self._fence.worker, step.take)
            if taken:
                log.info("leases taken", shards=len(set(taken) - {HOUSE}), house=HOUSE in taken)
                self._fence.hold(taken)
                self._taken(taken)
        if step.give and settled:
            self._parting = asyncio.create_task(self._give(step.give))

    def _compare(self, view: View, settled: bool) -> None:
        lost = {shard for shard, epoch in self._fence.epochs.items() if view.mine.get(shard) != epoch}
        # What is ours by the rows but unknown here was taken in a round whose answer never came.
        unknown = {shard: epoch for shard, epoch in view.mine.items() if shard not in self._fence.epochs}
        if lost:
            self._lose(lost, "another worker took them")
        if unknown and settled:
            self._fence.hold(unknown)
            self._taken(unknown)

    def _give_up_in_time(self) -> None:
        """Others may soon act on our leases. One who knows of no others has nobody to make way for."""
        late = time.monotonic() - self._confirmed > leases.TTL - BEFORE_THE_END
        if late and not self._alone and self._fence.epochs:
            self._lose(set(self._fence.epochs), "they could not be renewed")

    def _lose(self, shards: Collection[int], why: str) -> None:
        log.warning("leases lost", shards=len(set(shards) - {HOUSE}), house=HOUSE in shards, why=why)
        self._fence.drop(shards)
        self._abandon(shards)

    async def _give(self, shards: Collection[int]) -> None:
        """Stop acting on them in good order, and only then let others have them."""
        self._fence.leave(shards)
        with suppress(Error, TimeoutError):
            await self._part(shards)
            await self._ask(leases.give, self._fence.worker, list(shards))
            log.info("leases given back", shards=len(shards))
        self._fence.drop(shards)

    async def leave(self) -> None:
        """Give everything back, so that others need not wait for the end of our time."""
        if self._parting is not None:
            self._parting.cancel()
        self._fence.drop(range(HOUSE + 1))
        with suppress(Error, TimeoutError):
            await self._ask(leases.give, self._fence.worker, list(range(HOUSE + 1)))
        await self._line.close()

    async def _ask(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._line.ask(ANSWER_WITHIN, work, *args, **kwargs)

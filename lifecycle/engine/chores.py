"""What a worker does beside the services, each at its own interval."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from django.db import Error

from lifecycle import batch_waves
from lifecycle.engine import logbook, massfailure, sampling, upkeep
from lifecycle.engine.policies import Policies
from lifecycle.engine.roster import Roster
from lifecycle.engine.shop import Shop
from registry import drifting, removal
from registry.purging import Purging

log = structlog.get_logger("lifecycle.worker")
SIGN_OF_LIFE_EVERY = 5.0
TICK_EVERY = 1.0
FILE_EVERY = 2.0
POLICIES_EVERY = 0.5
BATCHES_EVERY = 0.5
RELATIONS_EVERY = 0.5
PRUNE_EVERY = 60.0
FORGET_ROUNDS = 20
ARCHIVE_EVERY = 24 * 3600.0
LOGS_EVERY = 1.0
CONNECTING_EVERY = 1.0
MASS_EVERY = 2.0
SAMPLE_EVERY = 10.0
Work = Callable[[], Awaitable[object]]


class Chores:
    """One per worker; `all` are the tasks to be, the other methods can be called at any time."""

    def __init__(
        self,
        name: str,
        shop: Shop,
        roster: Roster,
        policies: Policies,
        tick: Callable[[datetime], int],
        stop: asyncio.Event,
    ) -> None:
        self._name, self._shop, self._roster, self._policies = name, shop, roster, policies
        self._do_tick, self._stop = tick, stop
        self._pruning, self._purging = upkeep.Pruning(), Purging()
        self._shown: dict[str, Any] = {}
        self._sampler = sampling.Sampler()
        self._file = drifting.Watch()

    def all(self) -> list[Coroutine[Any, Any, Any]]:
        """Each goes on until the stop."""
        return [
            self._shop.lag.run(self._stop),
            self._shop.recorder.run(self._stop),
            self._every(SIGN_OF_LIFE_EVERY, self._sign),
            self._every(POLICIES_EVERY, self.look_at_policies),
            self._every(LOGS_EVERY, self.keep_logs),
            self._every(CONNECTING_EVERY, self._show_connecting),
            self._every(MASS_EVERY, self._look_at_all),
            self._every(SAMPLE_EVERY, self.sample),
            self._every(PRUNE_EVERY, self._prune),
            self._every(ARCHIVE_EVERY, self._if_house(self._archive)),
            self._every(TICK_EVERY, self._if_house(self._tick)),
            self._every(FILE_EVERY, self._if_house(self._look_at_file)),
            self._every(BATCHES_EVERY, self._if_house(self._advance_batches)),
            self._every(RELATIONS_EVERY, self._shop.relations.look),
        ]

    def _if_house(self, work: Work) -> Work:
        """*work* that only one worker may do, for that one."""

        async def do() -> None:
            if self._shop.fence.house:
                await work()

        return do

    async def _every(self, seconds: float, work: Work) -> None:
        """Do *work* now and again until the stop; a database that fails is tried again the next time."""
        while not self._stop.is_set():
            try:
                await work()
            except Error as exc:
                log.warning("database trouble", error=str(exc))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), seconds)

    async def look_at_policies(self) -> None:
        """Take up changed policies; the owners that they concern plan anew."""
        rows = await self._shop.writer.do(self._policies.look)
        if rows is None:
            return
        before = self._roster.policies()
        self._policies.take(rows)
        for owner, policy in before.items():
            if owner.policy != policy:
                owner.replan()

    async def keep_logs(self) -> None:
        """Write what the children of stdio services wrote since the last time."""
        if batch := self._shop.logbook.gather():
            await self._shop.writer.write(logbook.write, batch, self._shop.clock(), self._shop.fence)
            self._shop.logbook.written()

    async def _sign(self) -> None:
        late = self._shop.lateness.p99(asyncio.get_running_loop().time())
        await self._shop.writer.do(upkeep.seen, self._name, len(self._roster), late, self._shop.clock())

    async def _show_connecting(self) -> None:
        picture = self._shop.lanes.picture()
        if picture != self._shown:
            await self._shop.writer.do(upkeep.connecting, self._name, picture)
            self._shown = picture

    async def _look_at_all(self) -> None:
        """Whether most services fail at once: one worker writes it down, all of them slow down."""
        writer, clock, fence = self._shop.writer, self._shop.clock, self._shop.fence
        if fence.house:
            interval = self._policies.usual().health_check_interval
            await writer.do(fence.as_house, massfailure.look, self._name, interval, clock())
        self._shop.lanes.purse.slow_down(await writer.do(massfailure.is_under_way))

    async def sample(self) -> None:
        if children := self._shop.logbook.children():
            rows = await self._sampler.sample(children)
            await self._shop.writer.write(sampling.write, rows, self._shop.clock(), self._shop.fence)

    async def _prune(self) -> None:
        await self._shop.writer.do(self._pruning.step, self._roster.ids(), self._shop.clock())
        forget, fence = removal.forget, self._shop.fence
        for _ in range(FORGET_ROUNDS):
            if self._stop.is_set() or not fence.house:
                return
            if not await self._shop.writer.do(fence.as_house, forget, self._shop.clock()):
                break
        if fence.house and not self._stop.is_set():
            await self._shop.writer.do(fence.as_house, self._purging.step, self._shop.clock())

    async def _archive(self) -> None:
        for name in await self._shop.writer.do(upkeep.archive, self._shop.clock()):
            log.warning("archived: it gave up and was at rest for a week", service=name)

    async def _tick(self) -> None:
        await self._shop.writer.do(self._shop.fence.as_house, self._do_tick, self._shop.clock())

    async def _look_at_file(self) -> None:
        await self._shop.writer.do(upkeep.look_at_file, self._file, self._shop.clock())

    async def _advance_batches(self) -> None:
        await self._shop.writer.do(self._shop.fence.as_house, batch_waves.advance, self._shop.clock())

"""The figures of the past, in the background: summed up by hour and day, and forgotten in their time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TypeVar

from lifecycle.engine.context import EngineContext
from lifecycle.monitoring.rollups import backfill, fleet, roll_up
from lifecycle.monitoring.rollups.prune import Pruning
from lifecycle.monitoring.settings import in_force
from lifecycle.monitoring.usage import pruning
from lifecycle.operations.retention import Emptying

T = TypeVar("T")
BREATH = 0.02
"""Seconds between two steps, so that what others want to write need not wait for many."""


class History:
    """One per worker; only the house does any of it."""

    def __init__(self, context: EngineContext, stop: asyncio.Event) -> None:
        self._context, self._stop = context, stop
        self._pruning, self._emptying = Pruning(), Emptying()

    async def roll_up(self) -> None:
        """All that is due: first what an upgrade left, then hours and days, then the fleet."""
        for step in (backfill.step, roll_up.step, fleet.step):
            await self._all_of(step)

    async def renew_fleet(self) -> None:
        """The fleet's 5 minutes under way."""
        await self._do(fleet.renew)

    async def prune(self) -> None:
        """One round; the clock is believed."""
        kept_days = in_force.get().kept_days()
        await self._all_of(partial(self._pruning.step, kept_days))
        await self._do(partial(pruning.step, kept_days))
        await self._all_of(self._emptying.step)

    async def _do(self, work: Callable[[datetime], T]) -> T | None:
        """None if another worker is the house by now."""
        return await self._context.writer.do(self._context.fence.as_house, work, self._context.clock())

    async def _all_of(self, step: Callable[[datetime], bool]) -> None:
        """Until nothing is left, or the worker stops."""
        while not self._stop.is_set() and await self._do(step):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), BREATH)

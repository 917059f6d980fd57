"""Pace of the hub's rounds: at once while that is cheap, less often the more it costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

SHARE = 0.2
"""What the rounds may take of one core, with all that follows from them."""

REST_AT_MOST = 0.25
"""Seconds; a round that costs more than its share for so long takes more."""

NOT_WORTH_IT = 0.001

Sleep = Callable[[float], Awaitable[object]]


class Pace:
    """Rests after each round until the round is but a SHARE of the time since it began.

    What a round costs is measured, not guessed: the processor time of the event loop's thread, which frames,
    writes and the browsers' confirmations all use, and that of the thread which reads and renders.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.thread_time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._clock, self._spent, self._sleep = clock, spent, sleep
        self._elsewhere = 0.0
        self.begin()

    def begin(self) -> None:
        """A round begins."""
        self._began, self._spent_before = self._clock(), self._spent()
        self._elsewhere = 0.0

    def add(self, seconds: float) -> None:
        """The round has also used so much of another thread."""
        self._elsewhere += seconds

    async def rest(self) -> None:
        """Return when the next round may begin; confirmations that come meanwhile make it later."""
        while (left := self._left()) > NOT_WORTH_IT:
            await self._sleep(left)

    def _left(self) -> float:
        cost = self._spent() - self._spent_before + self._elsewhere
        return min(cost / SHARE, REST_AT_MOST) - (self._clock() - self._began)

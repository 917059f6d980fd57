"""Whether we ourselves were too slow: then a check that failed proves nothing about the service."""

from __future__ import annotations

import asyncio
import time

from lifecycle.engine.writer import Writer

BEAT = 0.25
TOO_LATE = 1.0


class LagWatch:
    """Feels the event loop's pulse and looks at the writer's queue, four times a second."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._beat = time.monotonic()
        self._lagged = float("-inf")

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until *stop*."""
        while not stop.is_set():
            await asyncio.sleep(BEAT)
            self._feel()

    def lagged_since(self, moment: float) -> bool:
        """Whether we were more than a second late at any time after *moment* (of `time.monotonic`)."""
        self._feel()
        return self._lagged >= moment

    def _feel(self) -> None:
        now = time.monotonic()
        if now - self._beat - BEAT > TOO_LATE or self._writer.lag() > TOO_LATE:
            self._lagged = now
        self._beat = now

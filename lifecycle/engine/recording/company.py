"""Where many services change at once, their changes wait a moment for each other and are written together."""

from __future__ import annotations

import asyncio
from collections import deque

MANY, WITHIN = 10, 0.25
MOMENT = 0.2


class Company:
    """Belongs to one event loop. A change that comes alone waits for nothing."""

    def __init__(self) -> None:
        self._lately: deque[float] = deque(maxlen=MANY)
        self._setting_off: asyncio.Future[None] | None = None

    async def joined(self) -> None:
        """Go on at once, or together with those that come within the next 0.2 s."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._lately.append(now)
        if len(self._lately) < MANY or now - self._lately[0] > WITHIN:
            return
        if self._setting_off is None:
            self._setting_off = loop.create_future()
            loop.call_later(MOMENT, self._set_off)
        await asyncio.wait({self._setting_off})

    def _set_off(self) -> None:
        waiting, self._setting_off = self._setting_off, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)

"""What wakes an owner: anybody may ring, one listens."""

from __future__ import annotations

import asyncio


class WakeUp:
    """An event with one listener; asyncio's own has a queue of them, which takes 800 bytes while empty."""

    __slots__ = ("_listener", "_rung")

    def __init__(self) -> None:
        self._rung = False
        self._listener: asyncio.Future[None] | None = None

    def ring(self) -> None:
        """Wake the listener, or let the next one pass."""
        self._rung = True
        if self._listener is not None and not self._listener.done():
            self._listener.set_result(None)

    def hush(self) -> None:
        """What was rung so far is being seen to."""
        self._rung = False

    async def heard(self, until: float | None) -> None:
        """Wait for a ring since the last `hush`, or *until* that moment of the event loop's clock."""
        if self._rung:
            return
        loop = asyncio.get_running_loop()
        listener = self._listener = loop.create_future()
        timer = None if until is None else loop.call_at(until, self.ring)
        try:
            await listener
        finally:
            self._listener = None
            if timer is not None:
                timer.cancel()

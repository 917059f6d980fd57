"""When a channel may send again: a provider's pace, and the wait that it asks for, hold for all messages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

from lifecycle.core.alerting import pace
from lifecycle.core.alerting.pace import ASKED_AT_MOST, Pace


class Pauses:
    """Of one worker, in memory: after a restart at most one message goes out too early, and has to wait."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._sent: dict[int, list[float]] = defaultdict(list)
        self._until: dict[int, float] = {}

    def holds(self, channel: int) -> bool:
        """Whether the channel has to wait."""
        return self._monotonic() < self._until.get(channel, 0.0)

    def left(self) -> dict[int, float]:
        """How many seconds each channel that has to wait still does."""
        now = self._monotonic()
        return {channel: until - now for channel, until in self._until.items() if until > now}

    def note(self, channel: int, paces: Sequence[Pace], asked: timedelta | None) -> None:
        """A message was tried just now."""
        now, most = self._monotonic(), pace.longest(paces)
        sent = self._sent[channel] = [*self._sent[channel], now][-most:] if most else []
        free = pace.free_at(sent, paces, now)
        wait = min(asked, ASKED_AT_MOST).total_seconds() if asked else 0.0
        self._until[channel] = max(free, now + wait)

"""Backoff for event streams: one that never lasts is opened again ever more rarely."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from lifecycle.core.reconnection import backoff


class Pace:
    """Of one stream, from one opening to the next; the first comes at once."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance
        self._since: float | None = None
        self._early: int | None = None

    @property
    def again(self) -> bool:
        """Whether it was open before."""
        return self._early is not None

    def wait(self) -> float:
        """The seconds until it may be opened."""
        if self._early is None:
            return 0.0
        return backoff.reopening(self._early, self._chance()).total_seconds()

    def opened(self) -> None:
        self._since = time.monotonic()

    def ended(self) -> None:
        """It ended, or could not be opened; to be told once or more."""
        if self._since is None:
            return
        lasted, self._since = time.monotonic() - self._since, None
        self._early = 0 if lasted >= backoff.LASTING.total_seconds() else (self._early or 0) + 1

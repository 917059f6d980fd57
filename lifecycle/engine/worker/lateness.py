"""How late checks begin (p99): the figure that says whether one worker has too much to do."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

KEPT = 20_000
WINDOW = 60.0


class Lateness:
    """For each of the last checks, when it began and how many seconds after it was due."""

    def __init__(self) -> None:
        self._checks: deque[tuple[float, float]] = deque(maxlen=KEPT)

    def add(self, now: float, due: float) -> None:
        """A check that was *due* begins *now*; both on the event loop's clock."""
        self._checks.append((now, max(0.0, now - due)))

    def __iter__(self) -> Iterator[float]:
        return (late for _, late in self._checks)

    def clear(self) -> None:
        """Forget all."""
        self._checks.clear()

    def p99(self, now: float) -> float:
        """The seconds within which 99 of 100 checks of the last minute began; 0 without any."""
        recent = sorted(late for at, late in self._checks if at > now - WINDOW)
        return recent[min(len(recent) - 1, len(recent) * 99 // 100)] if recent else 0.0

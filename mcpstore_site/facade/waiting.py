"""How long to wait for services, and for what."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lifecycle.core.health.verdict import Status
from lifecycle.core.machine.states import State
from lifecycle.live.feed.wake_up import Waker
from registry.errors import InvalidConfigError

LONGEST_LOOK = 1.0


@dataclass(frozen=True, kw_only=True)
class WaitStrategy:
    """Seconds to wait for a first connection: a command has to start first, an address is there already."""

    remote: float = 5.0
    local: float = 20.0

    def seconds(self, transports: Iterable[str]) -> float:
        """Long enough for each of these transports."""
        return max((self.local if kind == "stdio" else self.remote for kind in transports), default=0.0)


Wait = float | str | WaitStrategy | None


def seconds(wait: Wait, transports: Iterable[str]) -> float:
    """What *wait* comes to for services of these transports."""
    if wait is None:
        return 0.0
    if wait == "auto":
        wait = WaitStrategy()
    if isinstance(wait, WaitStrategy):
        return wait.seconds(transports)
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait < math.inf:
        raise InvalidConfigError("wait", "is not a time", 'Give seconds, "auto" or a WaitStrategy')
    return float(wait)


def until(done: Callable[[], bool], limit: float) -> bool:
    """Whether *done* became true within *limit* seconds; it is asked whenever the database changed."""
    waker, end = Waker(), time.monotonic() + limit
    try:
        while not done():
            left = end - time.monotonic()
            if left <= 0:
                return False
            waker.pause(min(left, LONGEST_LOOK))
        return True
    finally:
        waker.close()


def words(wanted: str | Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The states and the statuses that *wanted* names, in either case."""
    given = [wanted] if isinstance(wanted, str) else list(wanted)
    states, statuses = set[str](), set[str]()
    for word in given:
        if str(word).upper() in State.__members__:
            states.add(str(word).upper())
        elif str(word).lower() in list(Status):
            statuses.add(str(word).lower())
        else:
            known = ", ".join([*(state.lower() for state in State), *Status])
            raise InvalidConfigError("status", f"{str(word)[:40]!r} is not known", f"Give one of {known}")
    return frozenset(states), frozenset(statuses)

"""How many messages a receiver takes in a time. Pure: the clock comes in as *now*."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Pace:
    """At most *count* messages within *seconds*."""

    count: int
    seconds: float


def free_at(sent: Sequence[float], paces: Iterable[Pace], now: float) -> float:
    """When the next message may go, after those *sent* at these times, the oldest first."""
    times = [sent[-pace.count] + pace.seconds for pace in paces if len(sent) >= pace.count]
    return max([now, *times])


def longest(paces: Iterable[Pace]) -> int:
    """How many times must be remembered."""
    return max((pace.count for pace in paces), default=0)

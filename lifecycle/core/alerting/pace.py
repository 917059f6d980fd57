"""How many messages a receiver takes in a time, and when one that failed is sent again (4.4). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from lifecycle.core.reconnection.backoff import spread

FIRST = timedelta(seconds=5)
LONGEST = timedelta(hours=1)
ASKED_AT_MOST = timedelta(hours=12)


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


def wait_before_next(attempts: int, chance: float, asked: timedelta | None = None) -> timedelta:
    """After *attempts* failed ones: 5 s doubling to an hour, ±20 %; at least what the receiver asked for."""
    plain = spread(min(FIRST * float(2 ** min(max(attempts - 1, 0), 20)), LONGEST), chance)
    return plain if asked is None else max(plain, min(asked, ASKED_AT_MOST))

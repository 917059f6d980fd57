"""Service hours: when a service is expected to serve. Pure; times are seconds since 1970.

A second is within them when the clock on the wall, in their time zone, shows an hour of theirs. So where the
clock is set back they hold twice, and what it skips in spring is missing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

DAY = 86_400
MINUTES = 24 * 60
THURSDAY = 3  # 1970-01-01


@dataclass(frozen=True, slots=True)
class Interval:
    """From *start* up to *end*, which may be infinite."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class ServiceHours:
    """The same hours on each of some *weekdays* (Monday is 0), in minutes after midnight.

    Where *end* is not after *begin* they go on into the next day.
    """

    weekdays: frozenset[int]
    begin: int
    end: int
    zone: tzinfo

    def open(self, start: float, end: float) -> list[Interval]:
        """When it should serve between the two; the intervals are apart and ascend."""
        found: list[Interval] = []
        for first, last, offset in _segments(self.zone, start, end):
            for begin, finish in self._by_the_wall(first + offset, last + offset):
                begins, ends = max(begin - offset, first), min(finish - offset, last)
                if begins >= ends:
                    continue
                if found and found[-1].end >= begins:
                    begins, ends = found[-1].start, max(found.pop().end, ends)
                found.append(Interval(begins, ends))
        return found

    def closed(self, start: float, end: float) -> list[Interval]:
        """All the other time between the two."""
        found, at = [], start
        for one in self.open(start, end):
            if at < one.start:
                found.append(Interval(at, one.start))
            at = one.end
        return [*found, Interval(at, end)] if at < end else found

    def _by_the_wall(self, first: float, last: float) -> Iterator[tuple[int, int]]:
        """Whole, as the clock on the wall counts; those about the two ends reach beyond them."""
        later = DAY if self.end <= self.begin else 0
        for day in range(math.floor(first / DAY) - 1, math.floor(last / DAY) + 1):
            if (day + THURSDAY) % 7 in self.weekdays:
                yield day * DAY + self.begin * 60, day * DAY + self.end * 60 + later


def _segments(zone: tzinfo, start: float, end: float) -> Iterator[tuple[float, float, float]]:
    """The time in pieces in which the clock on the wall goes on evenly, and how far it is ahead of UTC."""
    while start < end:
        offset = _offset(zone, start)
        last = min(start + DAY, end)
        if _offset(zone, last) != offset:
            last = min(_change(zone, start, last, offset), end)
        yield start, last, offset
        start = last


def _change(zone: tzinfo, before: float, after: float, offset: float) -> float:
    """The second at which the offset becomes another one."""
    low, high = math.floor(before), math.ceil(after)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _offset(zone, middle) == offset else (low, middle)
    return high


def _offset(zone: tzinfo, at: float) -> float:
    ahead = datetime.fromtimestamp(math.floor(at), zone).utcoffset()
    return (ahead or timedelta(0)).total_seconds()

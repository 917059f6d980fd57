"""What the checks of one span of time amount to. Pure; values, which are added and never changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.core.monitoring import sketch as sketches
from lifecycle.core.monitoring.sketch import Sketch

NUMBER = {level: number for number, level in enumerate(LEVELS)}
AVAILABLE = tuple(NUMBER[level] for level in (Level.HEALTHY, Level.WARNING, Level.SLOW))
UNSURE = NUMBER[Level.UNKNOWN]
NO_LEVELS = (0,) * len(LEVELS)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by level, in the order of LEVELS, and the times of those checks that were answered, in ms.

    `min_ms` and `max_ms` are None where none was. The sketch is not to be changed.
    """

    levels: tuple[int, ...]
    sum_ms: int
    min_ms: int | None
    max_ms: int | None
    sketch: Sketch

    @property
    def total(self) -> int:
        """All checks that were made."""
        return sum(self.levels)

    @property
    def unsure(self) -> int:
        """Those that proved nothing, by a fault of our own."""
        return self.levels[UNSURE]

    @property
    def checks(self) -> int:
        """Those that proved something."""
        return self.total - self.unsure

    @property
    def available(self) -> int:
        """Those that found the service at work: healthy, warning or slow."""
        return sum(self.levels[number] for number in AVAILABLE)

    @property
    def availability(self) -> float | None:
        """The share of checks that found it at work, from 0 to 1."""
        return self.available / self.checks if self.checks else None

    @property
    def answered(self) -> int:
        """Those whose time is known."""
        return sum(self.sketch.values())

    @property
    def mean_ms(self) -> float | None:
        return self.sum_ms / self.answered if self.answered else None

    def p(self, q: float) -> float | None:
        """The time in ms within which the share *q* of answers came (nearest rank), within 2.2 %."""
        return self.percentiles((q,))[0]

    def percentiles(self, qs: Sequence[float]) -> list[float | None]:
        """As `p`, for several shares in ascending order at once."""
        if self.min_ms is None or self.max_ms is None:
            return [None] * len(qs)
        least, most = self.min_ms, self.max_ms
        found = sketches.quantiles(self.sketch, qs)
        return [None if ms is None else min(max(ms, least), most) for ms in found]


EMPTY = Summary(NO_LEVELS, 0, None, None, {})


def add(summary: Summary, level: int, ms: int | None) -> Summary:
    """One more check; *level* is an index into LEVELS, *ms* the time of its answer if it had one."""
    levels = (*summary.levels[:level], summary.levels[level] + 1, *summary.levels[level + 1 :])
    if ms is None:
        return Summary(levels, summary.sum_ms, summary.min_ms, summary.max_ms, summary.sketch)
    sketch = dict(summary.sketch)
    sketches.add(sketch, ms)
    least = ms if summary.min_ms is None else min(summary.min_ms, ms)
    most = ms if summary.max_ms is None else max(summary.max_ms, ms)
    return Summary(levels, summary.sum_ms + ms, least, most, sketch)


def of(checks: Iterable[tuple[int, int | None]]) -> Summary:
    """All of *checks*: level and time of each."""
    found = list(checks)
    levels, sketch = list(NO_LEVELS), Sketch()
    for level, ms in found:
        levels[level] += 1
        if ms is not None:
            sketches.add(sketch, ms)
    times = [ms for _, ms in found if ms is not None]
    return Summary(tuple(levels), sum(times), min(times, default=None), max(times, default=None), sketch)


def merge(summaries: Iterable[Summary]) -> Summary:
    """All of them together; in any order, and in any groups, the same."""
    found = list(summaries)
    if len(found) == 1:
        return found[0]
    return Summary(
        tuple(map(sum, zip(NO_LEVELS, *(one.levels for one in found), strict=True))),
        sum(one.sum_ms for one in found),
        min((one.min_ms for one in found if one.min_ms is not None), default=None),
        max((one.max_ms for one in found if one.max_ms is not None), default=None),
        sketches.merge(*(one.sketch for one in found)),
    )

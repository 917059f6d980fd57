"""Days that services may have had: every check of each, and what they amount to. The same for the same seed.

A past of years is put together from a few dozen of them, as each service has had one of them each day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.sketch import Sketch
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.core.monitoring.summary import NO_LEVELS, Summary

EVERY = 30
"""Seconds between two checks."""
HEALTHY, WARNING, SLOW, UNHEALTHY = (
    LEVELS.index(level) for level in (Level.HEALTHY, Level.WARNING, Level.SLOW, Level.UNHEALTHY)
)
FAILED = (UNHEALTHY, None)
LEVEL_FROM_MS = ((2000, SLOW), (1000, WARNING), (0, HEALTHY))
SPREAD, DIFFERENT = 0.35, 400
Check = tuple[int, int, int | None]
"""Milliseconds after midnight, level, milliseconds of the answer if there was one."""
Outage = tuple[int, int]
"""From which second of the day up to which."""


@dataclass(frozen=True)
class Shape:
    """One day; `outage` is when nothing answered."""

    checks: Sequence[Check]
    outage: Outage | None = None

    @cached_property
    def spans(self) -> dict[int, dict[int, Summary]]:
        """By length of span, and by its first second of the day: made from each other as the console does."""
        found: dict[int, list[tuple[int, int | None]]] = {}
        for at, level, ms in self.checks:
            found.setdefault(at // 1000 // MINUTES * MINUTES, []).append((level, ms))
        minutes = {at: summaries.of(each) for at, each in found.items()}
        hours = _joined(minutes, HOUR)
        return {MINUTES: minutes, HOUR: hours, DAY: _joined(hours, DAY)}

    @property
    def down_s(self) -> int:
        return self.outage[1] - self.outage[0] if self.outage else 0

    def down_in(self, start: int, end: int) -> int:
        """Seconds of the outage within these of the day."""
        return max(0, min(self.outage[1], end) - max(self.outage[0], start)) if self.outage else 0


def _joined(finer: dict[int, Summary], span: int) -> dict[int, Summary]:
    parts: dict[int, list[Summary]] = {}
    for at, summary in finer.items():
        parts.setdefault(at // span * span, []).append(summary)
    # By the product's own merging of what is packed, which the summaries of the finer spans are stored as.
    return {at: packing.merge(packing.pack(one) for one in each) for at, each in parts.items()}


def make(random: Random, typical_ms: float, outage: Outage | None = None) -> Shape:
    """A day of checks, each about *typical_ms*; log-normal, as times of answers mostly are."""
    # Chance is dear: a few hundred times are made, and chosen from.
    times = [max(1, round(typical_ms * random.lognormvariate(0, SPREAD))) for _ in range(DIFFERENT)]
    answers = [(next(level for least, level in LEVEL_FROM_MS if ms >= least), ms) for ms in times]
    first, last = outage or (DAY, DAY)
    checks: list[Check] = []
    for n, answer in enumerate(random.choices(answers, k=DAY // EVERY)):
        at = n * EVERY
        checks.append((at * 1000 + n * 7919 % 1000, *(FAILED if first <= at < last else answer)))
    return Shape(checks, outage)


def together(counted: Iterable[tuple[Summary, int]]) -> Summary:
    """All services: each summary with how many services it is of. As merging each so often, but soon done."""
    levels, sketch, total = list(NO_LEVELS), Sketch(), 0
    found = list(counted)
    for summary, times in found:
        total += summary.sum_ms * times
        for number, count in enumerate(summary.levels):
            levels[number] += count * times
        for bucket, count in summary.sketch.items():
            sketch[bucket] = sketch.get(bucket, 0) + count * times
    ends = [(one.min_ms, one.max_ms) for one, _ in found if one.min_ms is not None and one.max_ms is not None]
    least, most = min((a for a, _ in ends), default=None), max((b for _, b in ends), default=None)
    return Summary(tuple(levels), total, least, most, sketch)

"""Tool calls summed up: how many, how they ended, and how long they took."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from lifecycle.core.monitoring import sketch
from lifecycle.core.monitoring.sketch import DecodeError, Sketch

_HEAD = struct.Struct("<IIIIdd")
KEPT = timedelta(days=14)
"""Single calls; their sums stay as long as those of checks."""
OK, REFUSED = "ok", "refused"


@dataclass(frozen=True, slots=True)
class CallSummary:
    """`calls` reached the service or were meant to, `failed` of them went wrong; `refused` stand apart."""

    calls: int = 0
    failed: int = 0
    slow: int = 0
    refused: int = 0
    sum_ms: float = 0.0
    max_ms: float = 0.0
    times: Sketch = field(default_factory=dict)

    @property
    def error_rate(self) -> float:
        """The share that went wrong; 0 where there was no call."""
        return self.failed / self.calls if self.calls else 0.0

    @property
    def timed(self) -> int:
        """How many of them have a duration."""
        return sum(self.times.values())

    @property
    def mean_ms(self) -> float | None:
        return self.sum_ms / self.timed if self.times else None

    def p(self, q: float) -> float | None:
        """The quantile of the durations, in ms."""
        return sketch.quantile(self.times, q)


EMPTY = CallSummary()


def one(outcome: str, ms: float | None, slow: bool = False) -> CallSummary:
    """A single call; *ms* is None where it took no time that could be measured."""
    if outcome == REFUSED:
        return CallSummary(refused=1)
    took, times = ms or 0.0, Sketch()
    if ms is not None:
        sketch.add(times, ms)
    return CallSummary(
        calls=1,
        failed=int(outcome != OK),
        slow=int(slow),
        sum_ms=took,
        max_ms=took,
        times=times,
    )


def merge(many: Iterable[CallSummary]) -> CallSummary:
    """All together."""
    found = list(many)
    return CallSummary(
        calls=sum(each.calls for each in found),
        failed=sum(each.failed for each in found),
        slow=sum(each.slow for each in found),
        refused=sum(each.refused for each in found),
        sum_ms=sum(each.sum_ms for each in found),
        max_ms=max((each.max_ms for each in found), default=0.0),
        times=sketch.merge(*(each.times for each in found)),
    )


def pack(summary: CallSummary) -> bytes:
    """32 bytes and the sketch."""
    counts = (summary.calls, summary.failed, summary.slow, summary.refused)
    return _HEAD.pack(*counts, summary.sum_ms, summary.max_ms) + sketch.encode(summary.times)


def unpack(data: bytes) -> CallSummary:
    """What `pack` made; DecodeError for anything else."""
    if len(data) < _HEAD.size:
        raise DecodeError(f"{len(data)} bytes are no summary of calls")
    calls, failed, slow, refused, sum_ms, max_ms = _HEAD.unpack_from(data)
    times = sketch.decode(bytes(data[_HEAD.size :]))
    return CallSummary(calls, failed, slow, refused, sum_ms, max_ms, times)

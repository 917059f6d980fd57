"""What a chart draws: moments, and beside them columns of numbers with None where nothing was seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.core.monitoring.summary import Summary
from lifecycle.core.monitoring.uptime import percent
from lifecycle.monitoring.calls.queries import CallPoint
from lifecycle.monitoring.hosts.queries import ProcessPoint
from lifecycle.monitoring.rollups.queries import Point
from lifecycle.monitoring.uptime.history import Past

Number = float | int | None
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
GOOD = (Level.HEALTHY, Level.WARNING, Level.SLOW)


class Spanned(Protocol):
    """A point of whatever kind: what was seen in [at, at + seconds), in seconds since 1970."""

    @property
    def at(self) -> int: ...

    @property
    def seconds(self) -> int: ...


class Measured(Spanned, Protocol):
    """One of checks, of a service or of all together."""

    @property
    def summary(self) -> Summary: ...


P = TypeVar("P", bound=Spanned)


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """Points of one size without a hole between them: `x` are their starts in seconds since 1970."""

    seconds: int
    x: list[int]
    columns: dict[str, list[Number]]


def chart(
    points: Sequence[P],
    columns: Mapping[str, Callable[[P], Number]],
    start: float,
    end: float,
    missing: Mapping[str, Number] | None = None,
) -> Chart:
    """*points* of one size in their order, from the first in the window to its end.

    Between them stands what *missing* says of a column, or None.
    """
    if not points:
        return Chart(seconds=0, x=[], columns={key: [] for key in columns})
    step = points[0].seconds
    by_time = {point.at: point for point in points}
    first = min(-int(-start // step) * step, points[0].at)
    x = list(range(first, max(-int(-end // step) * step, points[-1].at + step), step))
    found = [by_time.get(at) for at in x]
    empty = missing or {}
    drawn = {key: [empty.get(key) if p is None else of(p) for p in found] for key, of in columns.items()}
    return Chart(seconds=step, x=x, columns=drawn)


def response(points: Sequence[Measured], start: float, end: float) -> Chart:
    """Percentiles of the answers' times, in ms."""
    found = {point.at: point.summary.percentiles(list(QUANTILES.values())) for point in points}

    def column(n: int) -> Callable[[Measured], Number]:
        return lambda point: _short(found[point.at][n])

    return chart(points, {key: column(n) for n, key in enumerate(QUANTILES)}, start, end)


def checks(points: Sequence[Point], start: float, end: float) -> Chart:
    """How many checks had which outcome; all that found it not at work are "failed"."""
    index = {level: LEVELS.index(level) for level in (*GOOD, Level.UNKNOWN)}

    def column(level: Level) -> Callable[[Point], Number]:
        return lambda point: point.summary.levels[index[level]]

    known: dict[str, Callable[[Point], Number]] = {level.value: column(level) for level in GOOD}
    known["failed"] = lambda point: point.summary.checks - point.summary.available
    return chart(points, {**known, "unknown": column(Level.UNKNOWN)}, start, end)


def availability(like: Chart, past: Past, start: float, now: float) -> Chart:
    """Uptime in percent over each point of another chart; None where nothing is known, or nothing counts."""
    edges = [max(float(at), start) for at in like.x if at < now]
    if not edges:
        return Chart(seconds=like.seconds, x=[], columns={"serving": []})
    last = min(edges[-1] + like.seconds, now)
    ratios = [account.ratio for account in past.accounts([*edges, last])] if last > edges[-1] else []
    serving: list[Number] = [percent(ratio, 3) for ratio in ratios]
    return Chart(seconds=like.seconds, x=like.x[: len(serving)], columns={"serving": serving})


def calls(points: Sequence[CallPoint], start: float, end: float) -> Chart:
    """How many calls, and the share that failed in percent."""
    columns: dict[str, Callable[[CallPoint], Number]] = {
        "calls": lambda point: point.summary.calls,
        "error_rate": lambda point: _rate(point),
    }
    return chart(points, columns, start, end, {"calls": 0})


def _rate(point: CallPoint) -> Number:
    return round(point.summary.error_rate * 100, 2) if point.summary.calls else None


def process(points: Sequence[ProcessPoint], start: float, end: float) -> Chart:
    """CPU of a program and all that it started, in percent of one core, and memory in bytes."""
    columns: dict[str, Callable[[ProcessPoint], Number]] = {
        "cpu": lambda point: _short(point.cpu),
        "memory": lambda point: None if point.memory is None else int(point.memory),
    }
    return chart(points, columns, start, end)


def _short(value: float | None) -> Number:
    return None if value is None else round(value, 1)

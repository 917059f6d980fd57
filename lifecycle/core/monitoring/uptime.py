"""Uptime from the intervals of states (requirements 3.2). Pure; times are seconds since 1970.

Of every second one thing is true: the service served, it was down, nobody knows, or it does not count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter

from lifecycle.core.machine.states import SERVING, Event, State
from lifecycle.core.monitoring.service_hours import Interval as Interval
from lifecycle.core.monitoring.service_hours import ServiceHours


class Standing(StrEnum):
    SERVING = "serving"
    DOWN = "down"
    EXCLUDED = "excluded"
    UNKNOWN = "unknown"


Change = tuple[float, Standing]
Span = tuple[float, float, Standing]
_STATE, _GAP, _OUT, _EDGE = range(4)
_PLACE = {standing: n for n, standing in enumerate(Standing)}


@dataclass(frozen=True, slots=True)
class Account:
    """What became of a stretch of time, in seconds; the four together are its length."""

    serving: float = 0.0
    down: float = 0.0
    excluded: float = 0.0
    unknown: float = 0.0

    def __add__(self, other: Account) -> Account:
        return Account(
            self.serving + other.serving,
            self.down + other.down,
            self.excluded + other.excluded,
            self.unknown + other.unknown,
        )

    def times(self, number: int) -> Account:
        """That of so many services that fared alike."""
        return Account(
            self.serving * number, self.down * number, self.excluded * number, self.unknown * number
        )

    @property
    def ratio(self) -> float | None:
        """Uptime: serving, of the time that is known and counts; None where there is none."""
        known = self.serving + self.down
        return self.serving / known if known else None

    @property
    def coverage(self) -> float | None:
        """How much of the time that counts is known; None where none counts."""
        counting = self.serving + self.down + self.unknown
        return (self.serving + self.down) / counting if counting else None


NOTHING = Account()


def standing_of(state: str, event: str) -> Standing:
    """What a state means for uptime, and the *event* by which it was entered.

    DISCONNECTED is no outage where a person stopped it, and one where the console gave up.
    """
    if state in SERVING:
        return Standing.SERVING
    if state in (State.RECONNECTING, State.UNREACHABLE):
        return Standing.DOWN
    if state == State.INITIALIZING:
        return Standing.UNKNOWN
    return Standing.DOWN if event == Event.GIVE_UP else Standing.EXCLUDED


def total(accounts: Iterable[Account]) -> Account:
    """All of them together."""
    return sum(accounts, NOTHING)


def spans(changes: Sequence[Change], start: float, end: float) -> Iterator[Span]:
    """Who stood how from when to when. *changes* are in the order in which they were recorded.

    Where the clock was set back, what was recorded last about a moment counts. Before the first: unknown.
    """
    turns: list[Change] = []
    earliest = math.inf
    for at, standing in reversed(changes):
        if at < earliest:
            turns.append((at, standing))
            earliest = at
    before, standing = -math.inf, Standing.UNKNOWN
    for at, after in [*reversed(turns), (math.inf, Standing.UNKNOWN)]:
        first, last = max(before, start), min(at, end)
        if first < last:
            yield first, last, standing
        before, standing = at, after


def account(
    changes: Sequence[Change],
    gaps: Sequence[Interval],
    excluded: Sequence[Interval],
    start: float,
    end: float,
    hours: ServiceHours | None = None,
) -> Account:
    """The time from *start* to *end*. *gaps* are when nobody looked, or checks proved nothing.

    Excluded goes before unknown, and that before any state. All intervals may overlap.
    """
    return accounts(changes, gaps, excluded, (start, end), hours)[0] if start < end else NOTHING


def accounts(
    changes: Sequence[Change],
    gaps: Sequence[Interval],
    excluded: Sequence[Interval],
    edges: Sequence[float],
    hours: ServiceHours | None = None,
) -> list[Account]:
    """As `account`, from each of *edges* to the next; they ascend."""
    start, end = edges[0], edges[-1]
    out = [*excluded, *(hours.closed(start, end) if hours else ())]
    steps: list[tuple[float, int, Standing | int]] = [(edge, _EDGE, 0) for edge in edges[1:]]
    steps += [(first, _STATE, standing) for first, _, standing in spans(changes, start, end)]
    steps += _ends(gaps, _GAP, start, end)
    steps += _ends(out, _OUT, start, end)
    return list(_sums(sorted(steps, key=itemgetter(0, 1)), start))


def _ends(
    intervals: Iterable[Interval], kind: int, start: float, end: float
) -> Iterator[tuple[float, int, int]]:
    for interval in intervals:
        first, last = max(interval.start, start), min(interval.end, end)
        if first < last:
            yield first, kind, 1
            yield last, kind, -1


def _sums(steps: Iterable[tuple[float, int, Standing | int]], at: float) -> Iterator[Account]:
    """Walk along; what stands is known at each step, and an edge ends an account."""
    standing, depth = Standing.UNKNOWN, [0] * _EDGE
    sums = [0.0] * len(_PLACE)
    for when, kind, value in steps:
        if when > at:
            sums[_PLACE[_true(standing, depth)]] += when - at
            at = when
        if kind == _EDGE:
            yield Account(*sums)
            sums = [0.0] * len(_PLACE)
        elif isinstance(value, Standing):
            standing = value
        else:
            depth[kind] += value


def _true(standing: Standing, depth: Sequence[int]) -> Standing:
    if depth[_OUT]:
        return Standing.EXCLUDED
    return Standing.UNKNOWN if depth[_GAP] and standing is not Standing.EXCLUDED else standing


def percent(ratio: float | None, digits: int = 2) -> float | None:
    """Percent, cut off after so many digits and never rounded up: 99.999 is 99.99, only all is 100."""
    if ratio is None:
        return None
    scale: int = 10**digits
    cut = math.floor(ratio * 100 * scale + 1e-6)  # a float of exactly 99.95 lies a hair below it
    return (min(cut, 100 * scale - 1) if ratio < 1 else cut) / scale

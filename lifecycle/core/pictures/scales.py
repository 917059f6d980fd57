"""What the axes of a chart show: the same limits and steps that its script chooses. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from lifecycle.core.pictures.paths import HEIGHT, Column, Scale

ROOM = 1.08
"""So much higher than the highest value is the top."""
NOTHING = {"B": 1048576.0, "%": 1.0}
APART_DOWN, APART_ACROSS = 30, 64
"""Pixels at least between two lines, and between two times."""
STEPS = (1.0, 2.0, 2.5, 5.0)
MINUTE, HOUR, DAY = 60, 3600, 86400
TIME_STEPS = (
    *(MINUTE * n for n in (1, 5, 10, 15, 30)),
    *(HOUR * n for n in (1, 2, 3, 4, 6, 8, 12)),
    *(DAY * n for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 30, 60, 90, 120, 180, 365)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """A time below a chart: the share of the width before it, its clock, and what of that has to be said."""

    share: float
    here: datetime
    timed: bool
    dated: bool


def of(columns: Iterable[Column], unit: str, floor: bool = False) -> Scale:
    """From nothing to a little above the highest. *floor*: from just below the lowest percentage to 100."""
    known = [value for column in columns for value in column if value is not None]
    if floor:
        return Scale(low=max(min([99, *(math.floor(value) for value in known)]), 0), high=100)
    most = max(known, default=0)
    return Scale(low=0, high=most * ROOM if most else NOTHING.get(unit, 10.0))


def lines(scale: Scale) -> list[float]:
    """The round values at which a line goes across."""
    spread = scale.high - scale.low
    least = spread * APART_DOWN / HEIGHT
    size = math.floor(math.log10(least)) if least > 0 else 0
    sizes = (step * 10.0**power for power in (size, size + 1) for step in STEPS)
    step = next(step for step in sizes if step >= least * (1 - 1e-9))
    first, last = math.ceil(scale.low / step - 1e-9), math.floor(scale.high / step + 1e-9)
    return [float(f"{n * step:.12g}") for n in range(first, last + 1)]


def time_step(seconds: float, width: int) -> int:
    """Between two times below a chart of that width in pixels."""
    least = seconds * APART_ACROSS / width
    return next((step for step in TIME_STEPS if step >= least), TIME_STEPS[-1])


def ticks(start: float, end: float, step: int, zone: tzinfo) -> list[Tick]:
    """Times that are round on the clock of *zone*; after a change of clocks they still are."""
    found: list[Tick] = []
    for here in _round(start, end, step, zone):
        dated = not found or found[-1].here.date() != here.date() or step >= DAY
        share = (here.timestamp() - start) / (end - start)
        found.append(Tick(share=share, here=here, timed=step < DAY, dated=dated))
    return found


def _round(start: float, end: float, step: int, zone: tzinfo) -> list[datetime]:
    first = datetime.fromtimestamp(start, UTC).astimezone(zone).replace(tzinfo=None)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0)
    unit = min(step, DAY)
    on = midnight + timedelta(seconds=math.ceil((first - midnight).total_seconds() / unit) * unit)
    found: dict[float, datetime] = {}
    while (here := on.replace(tzinfo=zone).astimezone(UTC)).timestamp() <= end:
        if here.timestamp() >= start:
            found[here.timestamp()] = here.astimezone(zone)
        on += timedelta(seconds=step)
    return list(found.values())


def words_apart(words: Sequence[tuple[float, str]], width: int) -> list[tuple[float, str]]:
    """Those words at shares of the width that have room beside the one before, and where they start."""
    free, found = 0.0, []
    for share, word in words:
        wide = sum(6 if letter.isascii() else 11 for letter in word)
        at = min(max(share, 0) * width, width - wide)
        if at >= free:
            found.append((at / width, word))
            free = at + wide + 10
    return found

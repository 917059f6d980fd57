"""Whether answers take unusually long for this time of day. Pure; times in ms, moments in seconds since 1970.

What is usual: the medians of 5 minutes of the last 14 days, of the same slot of the local day and its two
neighbours. Unusual is a median of 15 minutes above max(median + 4 MAD, 1.5 × median) of those, for 15 minutes
(each of its 5 minutes is above it too). The median absolute deviation of a daily rhythm is not thrown off by
the outliers that a standard deviation is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from statistics import median

from lifecycle.core.monitoring import sketch

SLOT, SLOTS, DAYS = 300, 288, 14
LEARNING_DAYS = 7
"""With fewer days than a week the rhythm of weekends is not known; then it learns and judges nothing."""
LEAST_VALUES = 9
TIMES_MAD, TIMES_MEDIAN = 4, 1.5
HELD = 3
"""So many 5 minutes in a row make the 15."""
_WIDTH = 3 * DAYS
_LARGEST = 254
EMPTY = bytes((SLOTS + 2) * DAYS)
"""A profile that has learnt nothing: for each slot a byte per day, the last slot before the first and the
first behind the last, so that neighbours are always side by side. A byte is the bucket of the sketch plus
one; 0 is no data."""


class Verdict(StrEnum):
    LEARNING = "learning"
    USUAL = "usual"
    ABOVE = "above"
    SLOW = "slow"
    NO_DATA = "no-data"


@dataclass(frozen=True, slots=True)
class Usual:
    """What is usual at a time of day, and above which *margin* it is not."""

    median: float
    mad: float

    @property
    def margin(self) -> float:
        return max(self.median + TIMES_MAD * self.mad, TIMES_MEDIAN * self.median)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`since` is when the first of the 5 minutes above the margin began; None while none is."""

    verdict: Verdict
    since: int | None = None
    median: float | None = None
    usual: Usual | None = None


def slot_of(at: float, zone: tzinfo) -> int:
    """The slot of the local day, from 0 to 287. In the hour that is lived twice slots come twice."""
    local = datetime.fromtimestamp(at, zone)
    return (local.hour * 3600 + local.minute * 60 + local.second) // SLOT


def place(slot: int) -> tuple[int, int]:
    """Where in a profile what is usual for a slot begins, and how many bytes that are."""
    return slot * DAYS, _WIDTH


def usual(part: bytes) -> Usual | None:
    """What is usual, from the bytes of a slot and its neighbours; None where too few are known."""
    values = [sketch.value(byte - 1) for byte in part if byte]
    if len(values) < LEAST_VALUES:
        return None
    middle = median(values)
    return Usual(middle, median(abs(value - middle) for value in values))


def learn(profile: bytes, day: int, medians: Mapping[int, float]) -> bytes:
    """The profile with the medians of one day by slot, in place of what it knew of 14 days before.

    *day* is any count of days without a hole.
    """
    data, column = bytearray(profile), day % DAYS
    for slot in range(SLOTS):
        ms = medians.get(slot)
        data[(slot + 1) * DAYS + column] = 0 if ms is None else min(max(sketch.index(ms), 0), _LARGEST) + 1
    data[column] = data[SLOTS * DAYS + column]
    data[(SLOTS + 1) * DAYS + column] = data[DAYS + column]
    return bytes(data)


def days_learnt(profile: bytes) -> int:
    """Of how many of the 14 days at least an hour is known."""
    return sum(sum(map(bool, profile[DAYS + column :: DAYS][:SLOTS])) >= 12 for column in range(DAYS))


def judge(part: bytes, days: int, end: int, slots: Sequence[float | None], window: float | None) -> Judgement:
    """*slots* are the medians of the last 5 minutes each, the newest last, *window* that of the last three.

    *end* is where the last of them ends. A slot without a median neither begins nor ends anything.
    """
    known = usual(part)
    if window is None:
        return Judgement(Verdict.NO_DATA, usual=known)
    if days < LEARNING_DAYS or known is None:
        return Judgement(Verdict.LEARNING, median=window, usual=known)
    above = _streak(slots, known.margin)
    if not above:
        return Judgement(Verdict.USUAL, median=window, usual=known)
    held = above >= HELD and window > known.margin
    verdict = Verdict.SLOW if held else Verdict.ABOVE
    return Judgement(verdict, end - above * SLOT, window, known)


def _streak(slots: Sequence[float | None], margin: float) -> int:
    """How many of the last slots were above the margin without one below."""
    length = count = 0
    for ms in reversed(slots):
        count += 1
        if ms is None:
            continue
        if ms <= margin:
            break
        length = count
    return length

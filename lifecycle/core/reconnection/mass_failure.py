"""When most services fail at once, it is one event and not hundreds (requirements 2.3). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LEAST = 5
"""Among fewer services "most" says nothing."""
ENDS_AT = 0.25


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """How many services should run; how many of them fail now; how many of those still answered lately."""

    total: int
    failing: int
    fallen: int


def window(interval: timedelta) -> timedelta:
    """How far back a good answer may lie, so that the failure came within one interval.

    The first to notice was checked just before, the last one interval (and its spread) later, and before that
    each had answered up to an interval ago.
    """
    return interval * 2.5


def step(under_way: bool, fleet: Fleet) -> bool:
    """Whether there is a mass failure now: it begins when more than half fell, and ends at a quarter."""
    if under_way:
        return fleet.failing > fleet.total * ENDS_AT
    return fleet.total >= LEAST and fleet.fallen * 2 > fleet.total

"""How much of what a rule sent was noise, and how long its `for` would have to be to spare it. Pure.

The proposal: of the alerts that were over by themselves within two minutes, those are taken that nobody
acknowledged. The `for` proposed is the shortest step of a fixed ladder that is longer than 80 % of these
problems lasted. None is proposed for fewer than three of them, nor where the rule waits as long already.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

BRIEF = timedelta(minutes=2)
ENOUGH = 3
SHARE = 0.8
LADDER = tuple(timedelta(seconds=seconds) for seconds in (15, 30, 45, 60, 90, 120, 180, 240, 300))


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """One alert that fired: how long the problem lasted, None while it does, and how long after firing."""

    lasted: timedelta | None
    after: timedelta | None
    by_itself: bool = False
    acknowledged: bool = False

    @property
    def brief(self) -> bool:
        """Over by itself so soon that nobody could do anything."""
        return self.by_itself and self.after is not None and self.after <= BRIEF


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Of one rule. With the `proposed` hold `spared` of the alerts would not have been sent."""

    sent: int
    acknowledged: int
    brief: int
    proposed: timedelta | None = None
    spared: int = 0


def of(alerts: Sequence[Past], hold: timedelta | None) -> Noise:
    """*hold* is how long the rule waits now; None where its condition knows no such time."""
    brief = [one for one in alerts if one.brief]
    noise = [one.lasted for one in brief if not one.acknowledged and one.lasted is not None]
    proposed = _proposed(noise, hold) if hold is not None else None
    return Noise(
        sent=len(alerts),
        acknowledged=sum(one.acknowledged for one in alerts),
        brief=len(brief),
        proposed=proposed,
        spared=sum(lasted < proposed for lasted in noise) if proposed else 0,
    )


def _proposed(lasted: Sequence[timedelta], hold: timedelta) -> timedelta | None:
    if len(lasted) < ENOUGH:
        return None
    longest = sorted(lasted)[math.ceil(SHARE * len(lasted)) - 1]
    found = next((step for step in LADDER if step > longest), None)
    return found if found is not None and found > hold else None

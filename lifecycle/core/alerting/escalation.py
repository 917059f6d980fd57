"""Who is told next while nobody has taken an alert on (requirements 4.5). Pure: the clock comes in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

STEPS_AT_MOST = 5
REPEATED_AT_MOST = 10
LATEST = timedelta(hours=24)
"""A turn that could not be taken within this time is not taken any more: its alert is history."""
COMING_UP = timedelta(seconds=60)
"""How long a worker that has just started looks at the services before it wakes anybody."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """These channels are told *wait* after what came before, and *repeat* times again, as far apart."""

    wait: timedelta
    channels: tuple[int, ...]
    repeat: int = 0

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Step:
        """As a rule's row has it: `{"wait": SECONDS, "channels": [IDS], "repeat": TIMES}`."""
        return cls(
            wait=timedelta(seconds=raw.get("wait", 0)),
            channels=tuple(raw.get("channels", ())),
            repeat=raw.get("repeat", 0),
        )


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One time that a step is told; *number* counts from 1 over all steps and repetitions."""

    number: int
    wait: timedelta
    channels: tuple[int, ...]


def turns(steps: Sequence[Step]) -> list[Turn]:
    """All of them in their order, whether anybody can be told or not."""
    each = [step for step in steps for _time in range(step.repeat + 1)]
    return [
        Turn(number=number, wait=step.wait, channels=step.channels) for number, step in enumerate(each, 1)
    ]


def following(steps: Sequence[Step], done: int, working: Collection[int]) -> Turn | None:
    """The first turn after *done* of which a channel works: the others are skipped, and so is their wait."""
    left = turns(steps)[done:]
    return next((turn for turn in left if not set(working).isdisjoint(turn.channels)), None)


def plan(steps: Sequence[Step], working: Collection[int], told: datetime) -> list[tuple[datetime, Turn]]:
    """When each turn comes if nobody takes the alert on, whose beginning was *told* then."""
    found: list[tuple[datetime, Turn]] = []
    at, turn = told, following(steps, 0, working)
    while turn is not None:
        at += turn.wait
        found.append((at, turn))
        turn = following(steps, turn.number, working)
    return found


def too_late(due: datetime, now: datetime) -> bool:
    """Whether a turn is past, as that of an episode of two months ago."""
    return now - due > LATEST


def still_looking(due: datetime, started: datetime | None, now: datetime) -> bool:
    """Whether it came up while no worker was there, and the one that *started* may yet find it over."""
    return started is not None and due < started <= now < started + COMING_UP

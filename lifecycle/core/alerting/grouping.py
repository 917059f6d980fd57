"""When a channel's messages leave, and which leave together (requirements 4.3). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

URGENT = "CRITICAL"
ALONE = frozenset({"pagerduty", "opsgenie"})
"""Kinds of channels that keep an incident for each episode: a group would leave incidents open."""


@dataclass(frozen=True, kw_only=True)
class Pacing:
    """How long a message waits for others, and the least time between two of a channel; 0: each by itself."""

    wait: timedelta = timedelta(seconds=10)
    interval: timedelta = timedelta(seconds=60)

    def groups(self, kind: str) -> bool:
        """Whether messages to a channel of this *kind* are joined."""
        return bool(self.interval) and kind not in ALONE

    def due(self, kind: str, level: str, now: datetime) -> datetime:
        """When a message that comes up now may leave."""
        return now if level == URGENT or not self.groups(kind) else now + self.wait


def may_leave(
    now: datetime, urgent: bool, quiet_until: datetime | None, urgent_quiet_until: datetime | None
) -> bool:
    """Whether the channel's pause is over; a critical message pauses only after another critical one."""
    until = urgent_quiet_until if urgent else quiet_until
    return until is None or now >= until

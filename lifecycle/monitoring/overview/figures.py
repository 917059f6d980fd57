"""How the fleet has fared over a window: availability, response, tool calls; one place for page and REST."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.health.verdict import Level
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring import uptime
from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.summary import NUMBER, Summary
from lifecycle.core.monitoring.uptime import Account
from lifecycle.monitoring.calls import queries as calls
from lifecycle.monitoring.calls.queries import CallPoint
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.rollups import queries as rollups
from lifecycle.monitoring.rollups.queries import FleetPoint

POINTS = {"1h": 12, "24h": 24, "7d": 42, "30d": 30}
"""So few that they are read fast, from rows that are as long as a point."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Of all services together; `points` and `called` are the same over time."""

    points: Sequence[FleetPoint]
    summary: Summary
    account: Account
    calls: CallSummary
    called: Sequence[CallPoint]


def of(window: Window, now: datetime) -> Figures:
    """Few queries, whatever the number of services and the length of the window."""
    wanted = POINTS.get(window.name, 48)
    points = rollups.fleet_series(window.start, window.end, wanted)
    called = calls.calls_series(None, window.start, window.end, wanted, now)
    return Figures(
        points=points,
        summary=summaries.merge(point.summary for point in points),
        account=uptime.total(account_of(point) for point in points),
        calls=calls.call_totals(None, window.start, window.end, now),
        called=called,
    )


def account_of(point: FleetPoint) -> Account:
    """The service-seconds of one point."""
    return Account(point.serving_s, point.down_s, point.excluded_s, point.unknown_s)


def healthy_share(summary: Summary) -> float | None:
    """Checks that were healthy, of those that proved something, in percent."""
    return summary.levels[NUMBER[Level.HEALTHY]] / summary.checks * 100 if summary.checks else None

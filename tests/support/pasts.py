"""Services with a past, as recording would have left it, and what an oracle makes of it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring.uptime import Account, Interval, account, standing_of
from lifecycle.models import MonitoringGap, ServiceState, StateChange, WorkerSeen
from registry.models import Service

NOW = datetime(2026, 11, 4, 12, 0, 0, 250_000, tzinfo=UTC)  # soon after Berlin's 25 hours of October 25
EVENTS = {
    State.HEALTHY: "connected",
    State.WARNING: "slow",
    State.RECONNECTING: "lost",
    State.UNREACHABLE: "exhausted",
    State.INITIALIZING: "start",
    State.DISCONNECTING: "stop",
    State.DISCONNECTED: "closed",
}


def make_service(name: str = "weather", created: datetime = NOW - timedelta(days=200)) -> Service:
    return Service.objects.create(
        name=name, transport="sse", endpoint="http://x/sse", created_at=created, updated_at=created
    )


def move(service: Service, after: State, at: datetime, event: str = "", reason: str = "why") -> StateChange:
    """As recording does: the line, and the row."""
    event = event or EVENTS[after]
    values = {
        "state": after,
        "state_entered_at": at,
        "disconnect_reason": "gave up" if event == "give-up" else "",
    }
    ServiceState.objects.update_or_create(service=service, defaults=values)
    return StateChange.objects.create(service=service, after=after, event=event, reason=reason, at=at)


def alive(at: datetime = NOW) -> None:
    """A worker that was seen just now."""
    WorkerSeen.objects.update_or_create(
        name="w", defaults={"pid": 1, "host": "h", "started_at": at, "seen_at": at, "stopped_at": None}
    )


def random_past(service: Service, seed: int, days: int = 100, changes: int = 300) -> None:
    """Many transitions, the clock set back now and then, and gaps, of this service and of all."""
    dice = random.Random(seed)
    at = NOW - timedelta(days=days)
    for _ in range(changes):
        back = dice.random() < 0.05
        at += timedelta(seconds=round(dice.expovariate(1) * days * 86_400 / changes, 3)) * (-1 if back else 1)
        if at < NOW:
            after = dice.choice([*State, State.HEALTHY, State.HEALTHY])
            move(service, after, at, "give-up" if after is State.DISCONNECTED and dice.random() < 0.5 else "")
    for _ in range(10):
        began = NOW - timedelta(seconds=round(dice.random() * days * 86_400, 3))
        ended = min(NOW, began + timedelta(seconds=round(dice.expovariate(1 / 20_000), 3)))
        whose, cause = (service, "network") if dice.random() < 0.5 else (None, "worker")
        MonitoringGap.objects.create(service=whose, began_at=began, ended_at=ended, cause=cause)


def plainly(service: Service, start: datetime, end: datetime) -> Account:
    """From all rows there are, without any short cut."""
    changes = StateChange.objects.filter(service=service).order_by("id")
    gaps = MonitoringGap.objects.exclude(service__isnull=False) | MonitoringGap.objects.filter(
        service=service
    )
    return account(
        [(row.at.timestamp(), standing_of(row.after, row.event)) for row in changes],
        [Interval(row.began_at.timestamp(), (row.ended_at or NOW).timestamp()) for row in gaps],
        [],
        start.timestamp(),
        end.timestamp(),
    )

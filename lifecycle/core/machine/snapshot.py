"""The snapshot: what the machine knows of one service; and a change: one legal move of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from lifecycle.core.health.verdict import Fault, Level
from lifecycle.core.machine.states import SERVING, Event, State, target


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All that the machine knows of one service. Field for field what the row `ServiceState` stores."""

    state: State
    state_entered_at: datetime
    not_serving_since: datetime | None = None
    healthy_since: datetime | None = None
    consecutive_failures: int = 0
    consecutive_successes: int = 0
    last_ping_at: datetime | None = None
    last_success_at: datetime | None = None
    last_failure_at: datetime | None = None
    response_time: timedelta | None = None
    last_level: Level | None = None
    unsure: str = ""
    fault: Fault | None = None
    reconnect_attempts: int = 0
    long_cycles: int = 0
    restarts: int = 0
    restarts_since: datetime | None = None
    next_retry_at: datetime | None = None
    disconnect_reason: str = ""
    held_by: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One transition; `before` is None at registration. `asked`: a person wanted it, nothing failed."""

    before: State | None
    after: State
    event: str
    reason: str
    fault: Fault | None = None
    asked: bool = False


Step = tuple[Snapshot, Change | None]


def enter(
    snap: Snapshot, event: Event, now: datetime, reason: str, *, asked: bool = False, **fields: Any
) -> tuple[Snapshot, Change]:
    """Make one legal move and set what every move sets; *fields* are what this one adds."""
    after = target(snap.state, event)
    idle = after in (State.DISCONNECTING, State.DISCONNECTED)
    since = (
        None if after in SERVING or (idle and event is not Event.GIVE_UP) else snap.not_serving_since or now
    )
    moved = replace(
        snap,
        state=after,
        state_entered_at=now,
        not_serving_since=since,
        healthy_since=now if after is State.HEALTHY else None,
        next_retry_at=None,
        held_by=(),
    )
    fault = fields.get("fault", moved.fault)
    change = Change(
        before=snap.state, after=after, event=event.value, reason=reason, fault=fault, asked=asked
    )
    return replace(moved, **fields), change

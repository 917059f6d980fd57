"""How patient the console is with a service: thresholds, times, profiles (requirements 2.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any


def _s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


PRIORITY_FACTOR: Mapping[str, float] = {"critical": 0.5, "high": 0.7, "normal": 1.0, "low": 1.5}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All numbers that the machine asks for; every one of them can be overridden per service."""

    health_check_interval: timedelta = _s(30)
    failure_recheck_interval: timedelta = _s(5)
    ping_timeout: timedelta = _s(10)
    healthy_threshold: timedelta = _s(1)
    warning_threshold: timedelta = _s(3)
    slow_threshold: timedelta = _s(10)
    warning_failure_threshold: int = 3
    reconnecting_failure_threshold: int = 5
    max_reconnect_attempts: int = 10
    quick_max_delay: timedelta = _s(30)
    base_delay: timedelta = _s(60)
    max_delay: timedelta = _s(600)
    attempts_cleared_after: timedelta = _s(600)
    give_up_after: timedelta | None = None
    tools_update_interval: timedelta = _s(7200)
    connect_timeout: timedelta = _s(8)
    spawn_timeout: timedelta = _s(60)
    call_timeout: timedelta = _s(30)
    priority_factor: float = 1.0
    adaptive: bool = False
    adaptive_multiplier: float = 2.0
    history_size: int = 10


NORMAL = Policy()
PROFILES: Mapping[str, Policy] = {
    "critical": replace(
        NORMAL,
        warning_failure_threshold=1,
        reconnecting_failure_threshold=2,
        max_reconnect_attempts=20,
        health_check_interval=_s(10),
        ping_timeout=_s(3),
        slow_threshold=_s(3),
    ),
    "normal": NORMAL,
    "background": replace(
        NORMAL,
        warning_failure_threshold=5,
        reconnecting_failure_threshold=10,
        max_reconnect_attempts=5,
        health_check_interval=_s(60),
    ),
}


def policy_for(profile: str, priority: str, overrides: Mapping[str, Any] | None = None) -> Policy:
    """The profile's numbers, the priority's factor, then the service's own overrides."""
    base = replace(PROFILES[profile], priority_factor=PRIORITY_FACTOR[priority])
    return replace(base, **overrides) if overrides else base

"""How patient the console is with a service: thresholds, times, profiles (requirements 2.5).

Each field says in its metadata what it is: `label`, `unit`, `min`, `max` (in that unit) and `group`, so that
a form, the REST API and a check of overrides need no second list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

PRIORITY_FACTOR: Mapping[str, float] = {"critical": 0.5, "high": 0.7, "normal": 1.0, "low": 1.5}
DAY = 86_400


def _s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _field(default: Any, label: str, unit: str, least: float, most: float, group: str) -> Any:
    about = {"label": label, "unit": unit, "min": least, "max": most, "group": group}
    return field(default=default, metadata=about)


def _time(seconds: float | None, label: str, least: float, most: float, group: str) -> Any:
    return _field(None if seconds is None else _s(seconds), label, "s", least, most, group)


def _count(number: int, label: str, least: int, most: int, group: str) -> Any:
    return _field(number, label, "", least, most, group)


def _switch(on: bool, label: str, group: str) -> Any:
    return _field(on, label, "", 0, 1, group)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All numbers that the machine asks for; every one of them can be overridden per service."""

    health_check_interval: timedelta = _time(30, "Time between checks", 1, DAY, "checks")
    failure_recheck_interval: timedelta = _time(5, "Time to the next check after a failure", 1, DAY, "checks")
    ping_timeout: timedelta = _time(10, "Longest wait for the answer to a check", 0.1, 300, "checks")
    healthy_threshold: timedelta = _time(1, "An answer is healthy within", 0.001, 300, "checks")
    warning_threshold: timedelta = _time(3, "An answer is a warning within", 0.001, 300, "checks")
    slow_threshold: timedelta = _time(10, "An answer is slow within", 0.001, 300, "checks")
    warning_failure_threshold: int = _count(3, "Failed checks in a row until WARNING", 1, 1000, "checks")
    reconnecting_failure_threshold: int = _count(
        5, "Failed checks in a row until RECONNECTING", 1, 1000, "checks"
    )
    adaptive: bool = _switch(False, "Adapt the longest wait to the last answers", "checks")
    adaptive_multiplier: float = _field(2.0, "Adapted wait: times the average", "×", 1.1, 100, "checks")
    history_size: int = _count(10, "Adapted wait: answers averaged", 1, 1000, "checks")
    max_reconnect_attempts: int = _count(10, "Quick attempts before UNREACHABLE", 1, 1000, "reconnection")
    quick_max_delay: timedelta = _time(30, "Longest wait between quick attempts", 1, 3600, "reconnection")
    base_delay: timedelta = _time(60, "First wait in UNREACHABLE", 1, DAY, "reconnection")
    max_delay: timedelta = _time(600, "Longest wait in UNREACHABLE", 1, DAY, "reconnection")
    attempts_cleared_after: timedelta = _time(
        600, "Time HEALTHY until attempts are forgotten", 0, DAY, "reconnection"
    )
    give_up_after: timedelta | None = _time(
        None, "Time not serving until it is given up", 60, 365 * DAY, "reconnection"
    )
    priority_factor: float = _field(1.0, "Factor of all waits", "×", 0.1, 10, "reconnection")
    restart_on_exit: bool = _switch(True, "Restart a program that ended by itself", "recovery")
    restart_on_error: bool = _switch(True, "Reconnect after checks that failed", "recovery")
    max_restarts: int = _count(3, "Restarts within the window", 0, 1000, "recovery")
    restart_window: timedelta = _time(600, "Window in which restarts are counted", 1, DAY, "recovery")
    restart_delay: timedelta = _time(5, "Wait before a restart", 0, 3600, "recovery")
    connect_timeout: timedelta = _time(8, "Longest wait for a connection", 0.1, 300, "limits")
    spawn_timeout: timedelta = _time(60, "Longest wait for a program to start", 0.1, 3600, "limits")
    call_timeout: timedelta = _time(30, "Longest wait for the answer of a tool", 0.1, 3600, "limits")
    tools_update_interval: timedelta = _time(
        7200, "Time between readings of the lists", 10, 30 * DAY, "limits"
    )


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

"""The policy: intervals, thresholds and limits of a service, and the three profiles (requirements 2.5).

Each field says in its metadata what it is: `label`, `unit`, `min`, `max` (in that unit), `group`, and
`wrong`, what happens when it is set badly; so a form, the REST API and a check of overrides need no
second list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

PRIORITY_FACTOR: Mapping[str, float] = {"critical": 0.5, "high": 0.7, "normal": 1.0, "low": 1.5}
DAY = 86_400
LONGEST_BY_CALLS = 60.0

GROUPS = ("checks", "failures", "reconnection", "restarts", "timeouts", "tools")
CHECKS, FAILURES, RECONNECTION, RESTARTS, TIMEOUTS, TOOLS = GROUPS


def _s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def _field(default: Any, label: str, unit: str, least: float, most: float, group: str, wrong: str) -> Any:
    about = {"label": label, "unit": unit, "min": least, "max": most, "group": group, "wrong": wrong}
    return field(default=default, metadata=about)


def _time(seconds: float | None, label: str, least: float, most: float, group: str, wrong: str) -> Any:
    return _field(None if seconds is None else _s(seconds), label, "s", least, most, group, wrong)


def _count(number: int, label: str, least: int, most: int, group: str, wrong: str) -> Any:
    return _field(number, label, "", least, most, group, wrong)


def _switch(on: bool, label: str, group: str, wrong: str) -> Any:
    return _field(on, label, "", 0, 1, group, wrong)


@dataclass(frozen=True, kw_only=True)
class Policy:
    """All settings that the machine asks for; every one of them can be overridden per service."""

    # fmt: off
    health_check_interval: timedelta = _time(
        30, "Check interval", 1, DAY, CHECKS,
        "Too short: load on the server. Too long: failures are noticed late.",
    )
    ping_timeout: timedelta = _time(
        10, "Timeout", 0.1, 300, CHECKS,
        "Too short: a slow answer counts as a failed check. Too long: a hanging server is noticed late.",
    )
    healthy_threshold: timedelta = _time(
        1, "Healthy up to", 0.001, 300, CHECKS,
        "Too low: a normal response time counts as a warning.",
    )
    warning_threshold: timedelta = _time(
        3, "Warning up to", 0.001, 300, CHECKS,
        "Too low: services count as slow although nobody notices.",
    )
    slow_threshold: timedelta = _time(
        10, "Slow up to", 0.001, 300, CHECKS,
        "A response time above it is a failed check. Keep it at or below the timeout.",
    )
    adaptive: bool = _switch(
        False, "Adaptive timeout", CHECKS,
        "Follows the average response time, from half to three times the timeout. A server that slows down "
        "gradually is noticed late.",
    )
    adaptive_multiplier: float = _field(
        2.0, "Adaptive timeout multiplier", "×", 1.1, 100, CHECKS,
        "Times the average response time. Too low: normal variation counts as a failed check.",
    )
    history_size: int = _count(
        10, "Adaptive timeout sample size", 1, 1000, CHECKS,
        "Checks in the average. Too few: one slow answer moves the timeout.",
    )
    warning_failure_threshold: int = _count(
        3, "Warning threshold", 1, 1000, FAILURES,
        "Failed checks in a row until WARNING. Too low: each hiccup is a warning.",
    )
    reconnecting_failure_threshold: int = _count(
        5, "Failure threshold", 1, 1000, FAILURES,
        "Failed checks in a row until RECONNECTING. Too low: a working connection is cut. Too high: "
        "an outage is noticed late.",
    )
    failure_recheck_interval: timedelta = _time(
        5, "Recheck interval", 1, DAY, FAILURES,
        "Time to the next check after a failed one. Too long: an outage is noticed late.",
    )
    max_reconnect_attempts: int = _count(
        10, "Max reconnect attempts", 1, 1000, RECONNECTION,
        "Quick attempts until UNREACHABLE. Too few: a short restart of the server ends there.",
    )
    quick_max_delay: timedelta = _time(
        30, "Max backoff", 1, 3600, RECONNECTION,
        "Quick attempts wait 1, 2, 4 s and so on, up to this. Too short: a starting server is flooded.",
    )
    base_delay: timedelta = _time(
        60, "Backoff when unreachable", 1, DAY, RECONNECTION,
        "First delay in UNREACHABLE; it doubles each time. Too short: useless attempts.",
    )
    max_delay: timedelta = _time(
        600, "Max backoff when unreachable", 1, DAY, RECONNECTION,
        "Longest delay in UNREACHABLE. Too long: a server that is back is noticed late.",
    )
    attempts_cleared_after: timedelta = _time(
        600, "Reset attempts after", 0, DAY, RECONNECTION,
        "Time HEALTHY until the attempts are counted from 0. Too short: a flapping service never backs off.",
    )
    give_up_after: timedelta | None = _time(
        None, "Give up after", 60, 365 * DAY, RECONNECTION,
        "Time not serving until DISCONNECTED. After that, only a person can reconnect it.",
    )
    priority_factor: float = _field(1.0, "Backoff factor", "×", 0.1, 10, RECONNECTION, "")
    restart_on_exit: bool = _switch(
        True, "Restart on exit", RESTARTS,
        "Off: a program that ends stays DISCONNECTED until a person starts it.",
    )
    restart_on_error: bool = _switch(
        True, "Reconnect on error", RESTARTS,
        "Off: a service that reaches the failure threshold stays DISCONNECTED until a person starts it.",
    )
    max_restarts: int = _count(
        3, "Restart limit", 0, 1000, RESTARTS,
        "Restarts within the window. Too high: a program that crashes immediately restarts again and again.",
    )
    restart_window: timedelta = _time(
        600, "Restart window", 1, DAY, RESTARTS,
        "Too short: the restart limit is never reached.",
    )
    restart_delay: timedelta = _time(
        5, "Restart delay", 0, 3600, RESTARTS,
        "Too short: the program finds its port or files still in use.",
    )
    connect_timeout: timedelta = _time(
        8, "Connect timeout", 0.1, 300, TIMEOUTS,
        "For each answer while connecting. Too short: a slow server never connects.",
    )
    spawn_timeout: timedelta = _time(
        60, "Start timeout", 0.1, 3600, TIMEOUTS,
        "For a program to start and answer. Too short: a first start that downloads packages fails.",
    )
    call_timeout: timedelta = _time(
        30, "Tool call timeout", 0.1, 3600, TIMEOUTS,
        "Too short: long tool calls fail although the server would finish them.",
    )
    tools_update_interval: timedelta = _time(
        7200, "Tools refresh interval", 10, 30 * DAY, TOOLS,
        "Too long: a changed tool is noticed late, unless the server reports it. Too short: server load.",
    )
    # fmt: on


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
    """The profile's settings, the priority's factor, then the service's own overrides."""
    base = replace(PROFILES[profile], priority_factor=PRIORITY_FACTOR[priority])
    return replace(base, **overrides) if overrides else base


def start_limit(
    policy: Policy, *, program: bool, start_timeout: float | None, timeout: float | None
) -> float:
    """The seconds that each answer may take while connecting, the first with the start of a program in it.

    What the entry says can only make it longer; its limit for calls does so up to a minute, since a server
    that is given up late takes the place of another.
    """
    usual = (policy.spawn_timeout if program else policy.connect_timeout).total_seconds()
    return max(usual, start_timeout or 0.0, min(timeout or 0.0, LONGEST_BY_CALLS))

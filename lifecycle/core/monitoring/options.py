"""The options of monitoring: what each is called, what it may be, and what it does (requirements 3.10).

Those with a `policy` are settings of the profile `normal`; the others are kept in one row of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lifecycle.core.policy.policy import NORMAL
from lifecycle.core.timing.durations import number
from registry.errors import InvalidConfigError

Value = float | int | bool | str
GROUPS = ("checks", "recording", "retention", "thresholds", "alerts", "output")
CHECKS, RECORDING, RETENTION, THRESHOLDS, ALERTS, OUTPUT = GROUPS
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
FORMATS = ("json", "csv")


@dataclass(frozen=True, kw_only=True)
class Option:
    """One option. `least` and `most` are in its unit; `choices` are the texts that it may be instead.

    `effect` is one sentence: what it changes, or what happens when it is set badly.
    """

    name: str
    label: str
    group: str
    default: Value
    effect: str
    unit: str = ""
    least: float = 0
    most: float = 1
    choices: tuple[str, ...] = ()
    policy: str = ""

    @property
    def kind(self) -> type:
        """bool, int, float or str."""
        return type(self.default)

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        if self.kind is bool:
            return "true or false"
        return " or ".join(self.choices) if self.choices else f"{number(self.least)} to {number(self.most)}"


def _of_policy(name: str, policy: str, label: str, least: float, most: float, effect: str) -> Option:
    value = getattr(NORMAL, policy)
    default = value if isinstance(value, int) else value.total_seconds()
    unit = "" if isinstance(value, int) else "s"
    return Option(
        name=name, policy=policy, label=label, group=CHECKS, default=default, effect=effect, unit=unit,
        least=least, most=most,
    )  # fmt: skip


def _switch(name: str, label: str, group: str, effect: str) -> Option:
    return Option(name=name, label=label, group=group, default=True, effect=effect)


def _count(name: str, label: str, group: str, default: int, unit: str, most: int, effect: str) -> Option:
    return Option(
        name=name, label=label, group=group, default=default, effect=effect, unit=unit, least=1, most=most
    )


def _choice(name: str, label: str, default: str, choices: tuple[str, ...], effect: str) -> Option:
    return Option(name=name, label=label, group=OUTPUT, default=default, effect=effect, choices=choices)


# fmt: off
_ALL = (
    _of_policy(
        "check_interval", "health_check_interval", "Check interval", 1, 86_400,
        "Too short: load on the servers. Too long: failures are noticed late.",
    ),
    _of_policy(
        "health_check_timeout", "ping_timeout", "Check timeout", 0.1, 300,
        "Too short: a slow answer counts as a failed check. Too long: a hanging server is noticed late.",
    ),
    _of_policy(
        "health_check_retries", "warning_failure_threshold", "Check retries", 1, 1000,
        "Failed checks in a row until WARNING.",
    ),
    _of_policy(
        "max_consecutive_failures", "reconnecting_failure_threshold", "Max consecutive failures", 1, 1000,
        "Failed checks in a row until RECONNECTING.",
    ),
    _of_policy(
        "connection_timeout", "connect_timeout", "Connection timeout", 0.1, 300,
        "For each answer while connecting. Too short: a slow server never connects.",
    ),
    _of_policy(
        "response_time_threshold", "healthy_threshold", "Response time threshold", 0.001, 300,
        "An answer that takes longer counts as a warning.",
    ),
    _of_policy(
        "call_timeout", "call_timeout", "Tool call timeout", 0.1, 3600,
        "Too short: long tool calls fail although the server would finish them.",
    ),
    _switch(
        "enabled", "Record measurements", RECORDING,
        "Off: services are still checked and repaired, but no check result, usage or tool call is recorded.",
    ),
    _switch(
        "performance_monitoring", "Record CPU, memory, disk and network", RECORDING,
        "Off: hosts and service processes are no longer sampled for charts.",
    ),
    _count(
        "metrics_buffer_size", "Buffer size", RECORDING, 1000, "", 100_000,
        "Check results are written every second, or as soon as this many are waiting.",
    ),
    _count(
        "checks_retention_hours", "Single checks", RETENTION, 48, "h", 720,
        "How long individual checks are kept.",
    ),
    _count(
        "five_minutes_retention_days", "5-minute figures", RETENTION, 14, "d", 366,
        "How long 5-minute figures are kept; older charts use hourly figures.",
    ),
    _count(
        "hours_retention_days", "Hourly figures", RETENTION, 90, "d", 1830,
        "How long hourly figures are kept; older charts use daily figures.",
    ),
    _count(
        "metrics_retention_days", "Daily figures", RETENTION, 730, "d", 3660,
        "How long any metrics are kept; finer ones are never kept longer.",
    ),
    Option(
        name="cpu_threshold", label="CPU threshold", group=THRESHOLDS, default=80.0, unit="%", least=1,
        most=100, effect="Hosts that use more are marked as busy.",
    ),
    Option(
        name="memory_threshold", label="Memory threshold", group=THRESHOLDS, default=85.0, unit="%", least=1,
        most=100, effect="Hosts that use more are marked as low on memory.",
    ),
    Option(
        name="disk_threshold", label="Disk threshold", group=THRESHOLDS, default=90.0, unit="%", least=1,
        most=100, effect="Hosts whose data disk is fuller than this are marked.",
    ),
    Option(
        name="error_rate_threshold", label="Error rate threshold", group=THRESHOLDS, default=0.1, least=0,
        most=1,
        effect="Services are marked if a larger share of their checks or tool calls failed in the last hour; "
        "0.1 is 10 %.",
    ),
    Option(
        name="slow_call_threshold", label="Slow call threshold", group=THRESHOLDS, default=5.0, unit="s",
        least=0.001, most=3600, effect="Tool calls that take longer count as slow. Applies to future calls.",
    ),
    _switch(
        "alerts_enabled", "Send alerts", ALERTS,
        "Off: alerts are still raised and shown, but no messages are sent.",
    ),
    Option(
        name="alert_cooldown", label="Alert cooldown", group=ALERTS, default=300, unit="s", least=0,
        most=86_400, effect="Applies to new rules, and to rules that still have the previous value.",
    ),
    Option(
        name="alert_group_wait", label="Group wait", group=ALERTS, default=10, unit="s", least=0, most=600,
        effect="Alerts that fire within this time are sent as one message; critical ones at once.",
    ),
    Option(
        name="alert_group_interval", label="Group interval", group=ALERTS, default=60, unit="s", least=0,
        most=3600, effect="Minimum time between two messages to a channel; 0 sends each alert separately.",
    ),
    Option(
        name="alert_noise_report", label="Weekly noise report", group=ALERTS, default=False,
        effect="Every Monday at 8:00, all enabled email channels get a report of what each rule sent in the "
        "last week, and how much of it was noise.",
    ),
    Option(
        name="registry_daily", label="Look up servers daily", group=OUTPUT, default=False,
        effect="Checks once a day whether servers added from the registry were deprecated or deleted there.",
    ),
    _choice(
        "log_level", "Log level", "INFO", LEVELS,
        "Lowest level that the web process and the worker log.",
    ),
    _choice(
        "export_format", "Export format", "json", FORMATS,
        "Default format of exports from pages, the terminal and Python.",
    ),
    _count(
        "prometheus_services", "Services in /metrics", OUTPUT, 2000, "", 20_000,
        "With more services than this, /metrics contains only totals, to keep scrapes small.",
    ),
)
# fmt: on
OPTIONS: Mapping[str, Option] = {option.name: option for option in _ALL}
OF_POLICY: Mapping[str, str] = {option.policy: option.name for option in _ALL if option.policy}
"""The name here, by the name in the policy."""


def checked(changes: Mapping[str, Any]) -> dict[str, Value]:
    """*changes*, each of a known option and in its range; InvalidConfigError says which is not.

    None is the option's default.
    """
    return {name: _value(name, value) for name, value in changes.items()}


def _value(name: str, value: Any) -> Value:
    option = OPTIONS.get(name)
    if option is None:
        raise InvalidConfigError(
            name[:80], "is not an option of monitoring", f"Use one of {', '.join(OPTIONS)}"
        )
    if value is None:
        return option.default
    remedy = f"Write {option.allowed}"
    if option.kind is bool or option.kind is str:
        if not isinstance(value, option.kind) or (option.choices and value not in option.choices):
            raise InvalidConfigError(name, f"{str(value)[:40]!r} is not known", remedy)
        found: Value = value
        return found
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidConfigError(name, "must be a number", remedy)
    if option.kind is int and value != int(value):
        raise InvalidConfigError(name, "must be a whole number", remedy)
    if not option.least <= value <= option.most:
        raise InvalidConfigError(name, f"{number(value)} is out of range", remedy)
    return int(value) if option.kind is int else float(value)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The options that no policy holds, as they are in force. Times are in the unit of their name."""

    enabled: bool
    performance_monitoring: bool
    metrics_buffer_size: int
    checks_retention_hours: int
    five_minutes_retention_days: int
    hours_retention_days: int
    metrics_retention_days: int
    cpu_threshold: float
    memory_threshold: float
    disk_threshold: float
    error_rate_threshold: float
    slow_call_threshold: float
    alerts_enabled: bool
    alert_cooldown: int
    alert_group_wait: int
    alert_noise_report: bool
    alert_group_interval: int
    registry_daily: bool
    log_level: str
    export_format: str
    prometheus_services: int

    def kept_days(self) -> dict[int, float]:
        """For how many days roll-ups are kept, by span in seconds; 0 is single checks."""
        longest = self.metrics_retention_days
        own = {0: self.checks_retention_hours / 24, 300: self.five_minutes_retention_days}
        own |= {3600: self.hours_retention_days, 86_400: longest}
        return {span: min(days, longest) for span, days in own.items()}


OWN: Mapping[str, Option] = {option.name: option for option in _ALL if not option.policy}


def read(changes: Mapping[str, Any]) -> Options:
    """The options with *changes*; one that is no longer known is left out."""
    known = {name: changes.get(name, option.default) for name, option in OWN.items()}
    return Options(**known)


DEFAULTS = read({})

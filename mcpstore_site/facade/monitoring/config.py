"""`MonitoringConfig`: the options of monitoring as a program gives them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.errors import InvalidConfigError

GROUPS: Mapping[str, tuple[str, ...]] = {
    "service_monitoring": ("status_check_interval", "connection_timeout", "max_consecutive_failures"),
    "performance_monitoring": (
        "response_time_threshold",
        "cpu_threshold",
        "memory_threshold",
        "disk_threshold",
    ),
    "tool_monitoring": ("call_timeout", "error_rate_threshold", "slow_call_threshold"),
    "data_collection": ("metrics_buffer_size", "log_level", "export_format"),
}
ALSO = {"status_check_interval": "check_interval"}


@dataclass(frozen=True, kw_only=True)
class MonitoringConfig:
    """What is given here is set when the store is set up; what is not stays as it is.

    Times are seconds, thresholds of use percent. `options` takes any other option of the page Settings →
    Monitoring by its name.
    """

    enabled: bool | None = None
    check_interval: float | None = None
    health_check_timeout: float | None = None
    health_check_retries: int | None = None
    performance_monitoring: bool | Mapping[str, Any] | None = None
    metrics_retention_days: int | None = None
    alerts_enabled: bool | None = None
    alert_cooldown: int | None = None
    service_monitoring: Mapping[str, Any] = field(default_factory=dict)
    tool_monitoring: Mapping[str, Any] = field(default_factory=dict)
    data_collection: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    def changes(self) -> dict[str, Any]:
        """The options by name. InvalidConfigError where one is not known, or is given two values."""
        found: dict[str, Any] = {}
        for place, name, value in self._given():
            if found.setdefault(name, value) != value:
                raise InvalidConfigError(place, f"{name} is also {found[name]!r}", "Give it once")
        return found

    def _given(self) -> Iterator[tuple[str, str, Any]]:
        """Each option with the place where it stands."""
        plain = (
            "enabled",
            "check_interval",
            "health_check_timeout",
            "health_check_retries",
            "metrics_retention_days",
            "alerts_enabled",
            "alert_cooldown",
        )
        for name in plain:
            if (value := getattr(self, name)) is not None:
                yield name, name, value
        switch = self.performance_monitoring
        if switch is not None and not isinstance(switch, Mapping):
            yield "performance_monitoring", "performance_monitoring", switch
        for group in GROUPS:
            yield from self._of(group)
        for name, value in self.options.items():
            yield f"options.{name}", name, value

    def _of(self, group: str) -> Iterator[tuple[str, str, Any]]:
        values = getattr(self, group)
        for name, value in values.items() if isinstance(values, Mapping) else ():
            if name not in GROUPS[group]:
                known = ", ".join(GROUPS[group])
                raise InvalidConfigError(f"{group}.{name}"[:120], "is not known here", f"Use one of {known}")
            yield f"{group}.{name}", ALSO.get(name, str(name)), value

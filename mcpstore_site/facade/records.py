"""What the facade gives back: plain values, read as `row.name` or as `row["name"]`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any


class ByKey:
    """A dataclass that can be read like a dict, too."""

    def __getitem__(self, key: str) -> Any:
        if key not in self.keys():
            raise KeyError(key)
        return getattr(self, key)

    def get(self, key: str, default: Any = None) -> Any:
        return self[key] if key in self.keys() else default

    def keys(self) -> list[str]:
        return [item.name for item in fields(self)]  # type: ignore[arg-type]

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())


@dataclass(frozen=True, kw_only=True)
class StateMetadata(ByKey):
    """All that is known of a service's state. Response times are milliseconds."""

    service_name: str
    agent_id: str
    consecutive_failures: int
    consecutive_successes: int
    last_ping_time: datetime | None
    last_success_time: datetime | None
    last_failure_time: datetime | None
    last_health_check: datetime | None
    response_time: float | None
    last_response_time: float | None
    error_message: str | None
    error_kind: str | None
    reconnect_attempts: int
    next_retry_time: datetime | None
    state_entered_time: datetime
    not_serving_since: datetime | None
    disconnect_reason: str | None
    config_revision_applied: int | None
    service_config: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ServiceRecord(ByKey):
    """One service: `state` is one of the seven states, `status` the coarse word, `health` the last check."""

    name: str
    transport: str
    endpoint: str
    description: str
    tags: list[str]
    state: str
    health: str
    status: str
    desired: str
    since: datetime
    response_time_ms: float | None
    tools_count: int
    error: str | None
    state_metadata: StateMetadata


@dataclass(frozen=True, kw_only=True)
class ToolRecord(ByKey):
    """One tool, as the service last listed it. `name` is what `call_tool` takes, `original_name` its own."""

    name: str
    original_name: str
    service_name: str
    title: str
    description: str
    input_schema: dict[str, Any] = field(repr=False)
    output_schema: dict[str, Any] | None = field(repr=False)
    annotations: dict[str, Any] = field(repr=False)
    problem: str


@dataclass(frozen=True, kw_only=True)
class ServiceInfo(ServiceRecord):
    """A service with its tools and its entry. `config` may be given to `add_service` again."""

    config: dict[str, Any] = field(repr=False)
    tools: list[ToolRecord] = field(repr=False)
    profile: str
    priority: str
    server_name: str | None
    server_version: str | None
    protocol_version: str | None
    uptime: float
    active_connections: int


@dataclass(frozen=True, kw_only=True)
class ServiceMetrics(ByKey):
    """Figures of one service over a window. Times are seconds; `availability` and `coverage` are percentages.

    `availability` is the share of the time in which it served, `coverage` how much of that time is known.
    `uptime` is for how long it has been serving now, `time_to_recover` the mean length of its outages.
    """

    service_name: str
    duration: float
    status: str
    uptime: float
    tools_count: int
    active_connections: int
    total_checks: int
    healthy_checks: int
    availability: float | None
    avg_response_time: float | None
    min_response_time: float | None
    max_response_time: float | None
    p50_response_time: float | None
    p95_response_time: float | None
    p99_response_time: float | None
    coverage: float | None
    outages: int
    reconnections: int
    restarts: int
    time_to_recover: float | None
    last_check_time: datetime | None
    total_calls: int
    failed_calls: int
    error_rate: float
    consecutive_failures: int
    reconnect_attempts: int
    last_activity: datetime | None
    last_error: str | None

    @property
    def total_requests(self) -> int:
        """As the design names `total_calls`."""
        return self.total_calls

    @property
    def failed_requests(self) -> int:
        """As the design names `failed_calls`."""
        return self.failed_calls


@dataclass(frozen=True, kw_only=True)
class CheckRecord(ByKey):
    """How a check went; `checked` is false where none was made in time, or the service is stopped."""

    healthy: bool
    checked: bool
    status: str
    state: str
    health: str
    response_time_ms: float | None
    error: str | None


@dataclass(frozen=True, kw_only=True)
class ContractChangeRecord(ByKey):
    """One change of what a service offers; `kind` is breaking, compatible or text, or empty for an act."""

    id: int
    at: datetime
    kind: str
    about: str
    name: str
    action: str
    lines: list[str]
    by: str
    waits: bool


@dataclass(frozen=True, kw_only=True)
class WaitingToolRecord(ByKey):
    """A tool of a pinned service that is not as it was approved; `definition` is what is offered now."""

    name: str
    action: str
    kind: str
    lines: list[str]
    hash: str
    since: datetime
    refused_by: str
    definition: dict[str, Any] | None = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class CallResult(ByKey):
    """A tool's answer: content blocks, and structured content where it gave some."""

    ok: bool
    content: list[dict[str, Any]]
    structured: Any
    duration_ms: float
    error: str | None

    @property
    def is_error(self) -> bool:
        return not self.ok

    @property
    def text(self) -> str:
        """The text blocks of the answer, joined by line breaks."""
        return "\n".join(str(block.get("text", "")) for block in self.content if block.get("type") == "text")

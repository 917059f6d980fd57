"""REST answers about services, their events and checks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema


class Fault(Schema):
    kind: str
    message: str
    cause: str = Field("", description="what exactly it was, where that is known; else empty")


class ServiceShort(Schema):
    name: str
    transport: str
    state: str = Field(description="one of the seven states, in capitals")
    health: str
    status: str
    since: datetime
    response_time_ms: float | None
    tools_count: int
    tools_to_approve: int = Field(description="tools of a pinned service that wait for a decision")
    consecutive_failures: int
    reconnect_attempts: int
    next_retry_at: datetime | None
    error: Fault | None
    desired: str


class ServicePage(Schema):
    count: int
    results: list[ServiceShort]


class OwnPolicy(Schema):
    own: dict[str, float | int | bool] = Field(description="overrides of this service")
    values: dict[str, float | int | bool] = Field(description="the settings in force; durations in seconds")


class UptimeWindow(Schema):
    percent: float | None = Field(description="cut off, never rounded up; null where nothing is known")
    coverage: float | None = Field(
        description="percent of the time that counts which is known; null where none counts"
    )
    down_seconds: float


class ServiceFull(ServiceShort):
    config: dict[str, Any] = Field(description="the entry as it was given, every secret masked")
    endpoint: str
    description: str
    tags: list[str]
    profile: str
    priority: str
    timeout: float | None
    policy: OwnPolicy
    depends_on: list[str]
    needed_by: list[str]
    uptime: dict[str, UptimeWindow] = Field(
        description="over 24h, 7d, 30d, 90d; but for the first these are local days, today among them"
    )
    waits_for: list[str] = Field(description="dependencies that hold back its attempts to connect")
    output: str = Field(description="what its program printed last, while an error is shown; else empty")
    revision: int
    created_at: datetime
    updated_at: datetime
    consecutive_successes: int | None
    last_ping_at: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    not_serving_since: datetime | None
    healthy_since: datetime | None
    disconnect_reason: str | None
    long_cycles: int | None
    restarts: int | None = Field(description="of its program, within the window of its policy")
    restarts_since: datetime | None
    unsure: str | None = Field(description="why the last check was inconclusive; empty if it was not")
    revision_applied: int | None
    tools_refreshed_at: datetime | None
    protocol_version: str | None
    server_name: str | None
    server_version: str | None
    certificate_until: datetime | None = Field(description="when the certificate of an https service ends")
    notes: list[str] = Field(description="warnings about a service that works, as of the last refresh")
    worker: str | None


class Event(Schema):
    id: int
    service: str
    before: str | None = Field(alias="from", description="null at registration")
    after: str = Field(alias="to")
    event: str
    reason: str
    error: Fault | None
    at: datetime
    worker: str


class EventList(Schema):
    results: list[Event] = Field(description="newest last")


class Check(Schema):
    at: datetime
    level: str
    ms: int | None


class CheckList(Schema):
    results: list[Check] = Field(description="newest last")

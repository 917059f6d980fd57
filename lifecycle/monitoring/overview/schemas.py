"""REST answers about all services together."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema


class Worker(Schema):
    name: str
    host: str
    live: bool
    started_at: datetime
    seen_at: datetime
    services: int | None = Field(description="null to whoever sees some services only")


class Quantiles(Schema):
    """Times of the window's answers in ms; null where nothing answered."""

    mean_ms: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class FleetUptime(Schema):
    availability: float | None = Field(
        description="of all services together over the window, in percent; cut off, never rounded up"
    )
    coverage: float | None = Field(description="of the time that counts, how much is known, in percent")
    serving_s: float = Field(description="seconds of one service, added over all")
    down_s: float
    excluded_s: float
    unknown_s: float


class FleetCalls(Schema):
    total_calls: int
    failed_calls: int
    slow_calls: int
    error_rate: float = Field(description="from 0 to 1")


class Troubled(Schema):
    service: str
    availability: float | None = Field(description="over the window, in percent")
    down_s: float


class Overview(Schema):
    total: int
    states: dict[str, int] = Field(
        description="by state; NEEDS_SIGN_IN counts those that are up and lack a sign-in, and UNREACHABLE "
        "does not"
    )
    health_rate: float | None = Field(
        description="HEALTHY among those that should run; null where none should"
    )
    need_attention: int = Field(description="down, with a warning, or in need of a sign-in")
    average_response_ms: float | None
    failing: int = Field(description="services with at least one failed check in a row")
    reconnections: int = Field(description="reconnect attempts of services that are down now")
    open_episodes: int
    workers: list[Worker]
    window: str = Field(description="what the fields below are about: 1h, 24h, 7d or 30d")
    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    response: Quantiles
    checks: int
    failed_checks: int
    inconclusive_checks: int
    uptime: FleetUptime
    calls: FleetCalls
    transitions: int
    transitions_into: dict[str, int] = Field(description="by the state that was entered")
    connect_success_rate: float | None = Field(
        description="of services that began to connect, how many did, from 0 to 1; retries do not count"
    )
    errors_by_kind: dict[str, int] = Field(
        description="transitions to a worse state, by the kind of the fault"
    )
    worst: list[Troubled] = Field(description="at most ten, the lowest uptime first")

"""REST answers about how a service fared over a window."""

from __future__ import annotations

from datetime import datetime

from ninja import Field, Schema


class MetricPoint(Schema):
    at: datetime = Field(description="its start; it covers `seconds` of the answer")
    checks: int = Field(description="that proved something")
    levels: dict[str, int] = Field(description="checks by outcome; unknown ones proved nothing")
    mean_ms: float | None
    min_ms: int | None
    max_ms: int | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    availability: float | None = Field(
        description="uptime in percent, cut off and never rounded up; null where nothing is known"
    )


class CallsPoint(Schema):
    at: datetime
    calls: int
    failed: int
    slow: int
    p50_ms: float | None
    p95_ms: float | None


class ProcessPoint(Schema):
    at: datetime
    cpu_percent: float | None = Field(description="of one core")
    memory_bytes: float | None


class Totals(Schema):
    """Of the whole window; null where nothing was seen."""

    checks: int
    inconclusive: int
    healthy_checks: int = Field(description="healthy, warning or slow")
    avg_ms: float | None
    min_ms: int | None
    max_ms: int | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    availability: float | None = Field(description="uptime in percent, from the times of its states")
    coverage: float | None = Field(description="of the time that counts, how much is known, in percent")
    serving_s: float
    down_s: float
    excluded_s: float
    unknown_s: float
    outages: int
    mean_recovery_s: float | None = Field(description="how long an outage lasted that is over, on average")
    reconnections: int = Field(description="times that it served again after an outage")
    restarts: int
    total_calls: int
    failed_calls: int
    slow_calls: int
    refused_calls: int = Field(description="by the console; the service never heard of them")
    error_rate: float = Field(description="share of tool calls that failed, from 0 to 1")
    call_p50_ms: float | None
    call_p95_ms: float | None


class MarkAnswer(Schema):
    kind: str = Field(description="outage, stopped, unwatched, maintenance, restart or revision")
    start: datetime = Field(alias="from")
    end: datetime | None = Field(alias="to", description="null for a moment, and for what still lasts")
    reason: str


class Metrics(Schema):
    service: str
    status: str
    state: str
    tools_count: int
    active_connections: int
    consecutive_failures: int
    last_activity: datetime | None
    last_error: str | None
    start: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    seconds: int = Field(description="covered by each point; 0 where there is none")
    totals: Totals
    points: list[MetricPoint] = Field(description="oldest first, at most 720; none without checks")
    calls_seconds: int
    calls: list[CallsPoint]
    process_seconds: int
    process: list[ProcessPoint] = Field(description="of its program and all that it started; stdio alone")
    marks: list[MarkAnswer]

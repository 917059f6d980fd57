"""What the REST API answers, as its OpenAPI document describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema


class Fault(Schema):
    kind: str
    message: str


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
    own: dict[str, float | int | bool] = Field(description="what is set for this service alone")
    values: dict[str, float | int | bool] = Field(description="what counts; times in seconds")


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
    waits_for: list[str] = Field(description="dependencies that hold back its attempts to connect")
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
    unsure: str | None = Field(
        description="the console's own fault that spoilt the last check; empty where it proved something"
    )
    revision_applied: int | None
    tools_refreshed_at: datetime | None
    protocol_version: str | None
    server_name: str | None
    server_version: str | None
    worker: str | None


class Tool(Schema):
    name: str
    title: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None
    annotations: dict[str, Any]
    problem: str = Field(description="why this tool could not be read; empty for a good one")
    hash: str = Field(description="of the definition shown here")
    contract: str = Field(
        description="followed: not pinned; approved; waiting or refused: the server offers another one now"
    )


class ChangeLine(Schema):
    kind: str = Field(description="breaking, compatible or text; empty for a remark")
    text: str


class ContractAnswer(Schema):
    pinned: bool
    pinned_at: datetime | None
    pinned_by: str
    changed_at: datetime | None
    waiting: int = Field(description="changes that wait for somebody to decide")
    refused: int = Field(description="changes that somebody looked at and refused")
    hash: str = Field(description="of all that waits, as approve-all asks for it")


class ToolList(Schema):
    refreshed_at: datetime | None
    contract: ContractAnswer
    count: int = Field(description="of all that match; without `page` at most 1,000 of them are given")
    results: list[Tool]


class WaitingToolAnswer(Schema):
    name: str
    action: str = Field(description="added, changed, or removed")
    kind: str = Field(description="breaking, compatible or text")
    lines: list[ChangeLine]
    hash: str = Field(description="of what is offered, as approve asks for it; empty for a removed tool")
    since: datetime
    refused_at: datetime | None
    refused_by: str
    definition: dict[str, Any] | None = Field(description="as the server offers it now")


class WaitingToolPage(Schema):
    hash: str = Field(description="of all that waits, as approve-all asks for it")
    count: int
    results: list[WaitingToolAnswer]


class Decided(Schema):
    tools: list[str] = Field(description="what this decided on")
    contract: ContractAnswer


class Asked(Schema):
    command_id: int
    stopped_dependencies: list[str] | None = Field(None, description="of a start: what it needs, stopped")
    running_dependents: list[str] | None = Field(None, description="of a stop: what needs it and should run")
    state: str | None = Field(None, description="with ?wait= only: queued, taken, done or failed")
    outcome: dict[str, Any] | None = None
    error: str | None = None


class CommandAnswer(Schema):
    id: int
    service: str
    kind: str
    state: str
    outcome: dict[str, Any] | None
    error: str
    requested_by: str
    created_at: datetime
    taken_at: datetime | None
    finished_at: datetime | None


class CallAnswer(Schema):
    ok: bool
    content: list[dict[str, Any]]
    structured: Any = None
    duration_ms: float
    error: str | None = None


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


class Worker(Schema):
    name: str
    host: str
    live: bool
    started_at: datetime
    seen_at: datetime
    services: int


class Overview(Schema):
    total: int
    states: dict[str, int]
    health_rate: float | None = Field(
        description="HEALTHY among those that should run; null where none should"
    )
    average_response_ms: float | None
    failing: int = Field(description="services with at least one failed check in a row")
    reconnections: int = Field(description="attempts that are being made for services now down")
    open_episodes: int
    workers: list[Worker]

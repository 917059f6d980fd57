"""REST answers about commands and tool calls."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Field, Schema


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

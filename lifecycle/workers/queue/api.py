"""REST for the queue of connections."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from lifecycle.models import WorkerSeen
from lifecycle.services.schemas import Fault
from lifecycle.workers.queue import queries
from registry.access.callers import VIEWER

router = Router()


class QueuedOne(Schema):
    service: str
    state: str
    lane: str = Field(description="connect, reconnect, spawn or respawn: first or again, network or program")
    now: str = Field(
        description="connecting, waiting (in its lane), due, planned, or held-back by a dependency"
    )
    position: int = Field(description="position in its lane, from 1; 0 if not waiting")
    next_retry_at: datetime | None
    since: datetime
    reconnect_attempts: int
    error: Fault | None
    waits_for: list[str]


class Lane(Schema):
    name: str
    limit: int = Field(description="limit on simultaneous connects")
    inside: int
    waiting: int


class RetryBudget(Schema):
    left: int
    capacity: int
    per_second: float
    slowed: bool = Field(description="during a mass failure")


class QueueWorker(Schema):
    name: str
    lanes: list[Lane]
    budget: RetryBudget | None


class QueueAnswer(Schema):
    count: int
    results: list[QueuedOne] = Field(description="the next first")
    workers: list[QueueWorker]


@router.get("queue", auth=VIEWER, response=QueueAnswer, summary="Get the reconnection queue")
def queue(
    request: HttpRequest,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Services that are not connected and should be, and what each waits for. Past the end it is empty."""
    found = queries.queue(timezone.now(), page, page_size)
    return {
        "count": found.count,
        "results": [_one(queued) for queued in found.rows] if found.page == page else [],
        "workers": [_worker(worker) for worker in found.workers],
    }


def _one(queued: queries.Queued) -> dict[str, Any]:
    row = queued.row
    return {
        "service": row.service.name,
        "state": row.state,
        "lane": queued.lane,
        "now": queued.now.value,
        "position": queued.position,
        "next_retry_at": row.next_retry_at,
        "since": row.state_entered_at,
        "reconnect_attempts": row.reconnect_attempts,
        "error": {"kind": row.error_kind, "message": row.error_message} if row.error_kind else None,
        "waits_for": row.held_by.split(),
    }


def _worker(worker: WorkerSeen) -> dict[str, Any]:
    lanes = [
        {key: lane[key] for key in ("name", "limit")}
        | {"inside": len(lane["inside"]), "waiting": lane["waiting_count"]}
        for lane in queries.lanes(worker)
    ]
    return {"name": worker.name, "lanes": lanes, "budget": worker.connecting.get("budget")}

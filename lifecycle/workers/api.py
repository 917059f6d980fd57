"""REST for the workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from lifecycle.workers import queries
from registry.access.callers import VIEWER_OF_ALL

router = Router()


class WorkerAnswer(Schema):
    name: str
    host: str
    pid: int
    live: bool = Field(description="seen within 20 s and not stopped")
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    services: int = Field(description="held when it was last seen")
    shards: int = Field(description="of the 64 between which the services are divided")
    house: bool = Field(
        description="whether it also runs timed alert rules, deliveries and the export of mcp.json"
    )
    late_ms: int = Field(description="99 of 100 checks of its last minute began at most this late")


class WorkerList(Schema):
    results: list[WorkerAnswer]
    unheld_leases: int = Field(
        description="leases without a running worker; their services are not monitored"
    )


@router.get("workers", auth=VIEWER_OF_ALL, response=WorkerList, summary="List workers")
def worker_list(request: HttpRequest) -> dict[str, Any]:
    """Those at work first, then those that went within the last day."""
    return {
        "results": [_one(one) for one in queries.worker_statuses(timezone.now())],
        "unheld_leases": queries.unheld(),
    }


def _one(one: queries.WorkerStatus) -> dict[str, Any]:
    columns = ("name", "host", "pid", "started_at", "seen_at", "stopped_at", "services", "late_ms")
    row = {name: getattr(one.seen, name) for name in columns}
    return row | {"live": one.live, "shards": one.shards, "house": one.house}

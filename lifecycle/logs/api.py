"""REST for what stdio services write, and what their processes use."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from lifecycle.logs import presenter
from registry.access.callers import VIEWER
from registry.services import register
from registry.services.api import Name

router = Router()
After = Annotated[int, Query(ge=0, le=2**63 - 1, description="only entries after this id")]


class Process(Schema):
    pid: int
    host: str
    started_at: datetime
    ended_at: datetime | None
    ending: str = Field(description="how it ended; empty while it runs")
    sampled_at: datetime | None
    processes: int = Field(description="in the tree")
    cpu_percent: float | None = Field(description="of one core, over the last ten seconds or so")
    memory_bytes: int | None = Field(description="resident, summed over the tree")


class LogPiece(Schema):
    id: int
    at: datetime
    kind: str = Field(description="output, or note for a line of the console's own")
    text: str = Field(description="whole lines, secrets masked")


class LogList(Schema):
    process: Process | None = Field(description="null for a service without a process of its own")
    results: list[LogPiece] = Field(description="newest last; the last 64 KiB are kept")


@router.get("services/{name}/logs", auth=VIEWER, response=LogList, summary="Get a service's logs")
def service_logs(request: HttpRequest, name: Name, after: After = 0) -> dict[str, Any]:
    """Its stderr, and lines on its stdout that were no messages. Follow it by the id of the last piece."""
    service = register.get(name)
    return {
        "process": presenter.process_of(service),
        "results": presenter.pieces_of(service, after),
    }

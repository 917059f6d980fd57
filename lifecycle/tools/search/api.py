"""REST for the tools of all services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from lifecycle.core.machine.states import State
from lifecycle.tools import tokens
from lifecycle.tools.search import queries
from lifecycle.tools.search.filters import Filters
from registry.access.callers import VIEWER

router = Router()
NO_NUL = r"^[^\x00]*$"


class ToolsQuery(Schema):
    q: str = Field("", max_length=200, pattern=NO_NUL, description="words of a name, title or description")
    service: str = Field("", max_length=64, pattern=NO_NUL)
    hint: str = Field("", pattern="^(read-only|destructive|unmarked)?$", description="what the server claims")
    news: str = Field("", pattern="^(changed|waiting)?$", description="changed in 7 days, or to be approved")
    state: str = Field("", pattern=f"^({'|'.join(State.__members__)})?$", description="of the service")
    agent: str = Field("", max_length=64, pattern=NO_NUL, description="only services of this agent")
    order: str = Field("", pattern="^(tokens)?$", description="tokens: the costliest first")
    page: int = Field(1, ge=1, le=1_000_000)


class FoundTool(Schema):
    service: str
    name: str
    title: str
    description: str
    annotations: dict[str, Any]
    tokens: int | None = Field(description="estimated cost of its definition in a model's context")
    changed_at: datetime | None = Field(description="within the last 7 days")


class FoundTools(Schema):
    count: int
    tokens: int = Field(description="of all that match, not of this page alone")
    results: list[FoundTool]


@router.get("tools", auth=VIEWER, response=FoundTools, summary="Search the tools of all services")
def tools(request: HttpRequest, query: Query[ToolsQuery]) -> dict[str, Any]:
    """From the cache, 50 a page, the nearest name first."""
    now, filters = timezone.now(), Filters(**query.dict())
    page = queries.page(filters, now)
    rows = page.rows if page.number == filters.page else []
    changed = queries.lately_changed(rows, now)
    return {
        "count": page.count,
        "tokens": tokens.sum_of(queries.tools(filters, now)),
        "results": [
            {key: getattr(row, key) for key in ("name", "title", "description", "annotations", "tokens")}
            | {"service": row.service.name, "changed_at": changed.get((row.service_id, row.name))}
            for row in rows
        ],
    }

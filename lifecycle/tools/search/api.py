"""REST for the tools, resources, templates and prompts of all services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from lifecycle.core.machine.states import State
from lifecycle.tools import tokens
from lifecycle.tools.search import queries
from lifecycle.tools.search.filters import KINDS, Filters
from registry.access.callers import VIEWER
from registry.models import ContentItem, Tool
from registry.rest.problems import ProblemError

router = Router()
NO_NUL = r"^[^\x00]*$"
OF_TOOLS = ("hint", "news", "order")


class ToolsQuery(Schema):
    q: str = Field("", max_length=200, pattern=NO_NUL, description="words of a name, title or description")
    kind: str = Field("tool", pattern=f"^({'|'.join(KINDS)})$", description="one kind in an answer")
    service: str = Field("", max_length=64, pattern=NO_NUL)
    hint: str = Field("", pattern="^(read-only|destructive|unmarked)?$", description="what the server claims")
    news: str = Field("", pattern="^(changed|waiting)?$", description="changed in 7 days, or to be approved")
    state: str = Field("", pattern=f"^({'|'.join(State.__members__)})?$", description="of the service")
    agent: str = Field("", max_length=64, pattern=NO_NUL, description="only services of this agent")
    order: str = Field("", pattern="^(tokens)?$", description="tokens: the costliest first")
    page: int = Field(1, ge=1, le=1_000_000)


class FoundTool(Schema):
    """What is known of tools alone is empty for the other kinds, and so is `uri` for tools and prompts."""

    kind: str
    service: str
    name: str
    title: str
    description: str
    uri: str = Field(description="of a resource; of a template its uriTemplate")
    annotations: dict[str, Any]
    tokens: int | None = Field(description="estimated cost of its definition in a model's context")
    changed_at: datetime | None = Field(description="within the last 7 days")


class FoundTools(Schema):
    count: int
    tokens: int = Field(description="of all that match, not of this page alone")
    results: list[FoundTool]


@router.get("tools", auth=VIEWER, response=FoundTools, summary="Search what all services offer")
def tools(request: HttpRequest, query: Query[ToolsQuery]) -> dict[str, Any]:
    """From the cache, 50 a page, the nearest name first; tools, or the other kind that is asked for."""
    now, filters = timezone.now(), Filters(**query.dict())
    of_tools = filters.kind == "tool"
    for name in () if of_tools else OF_TOOLS:
        if getattr(filters, name):
            raise ProblemError(422, "Only tools have this: leave it out, or kind.", where=f"query.{name}")
    page = queries.page(filters, now)
    rows = page.rows if page.number == filters.page else []
    return {
        "count": page.count,
        "tokens": tokens.sum_of(queries.tools(filters, now)) if of_tools else 0,
        "results": _tools(rows, now) if of_tools else [_content(row) for row in rows],
    }


def _tools(rows: Sequence[Tool], now: datetime) -> list[dict[str, Any]]:
    changed = queries.lately_changed(rows, now)
    return [
        {key: getattr(row, key) for key in ("name", "title", "description", "annotations", "tokens")}
        | {"kind": "tool", "uri": "", "service": row.service.name}
        | {"changed_at": changed.get((row.service_id, row.name))}
        for row in rows
    ]


def _content(row: ContentItem) -> dict[str, Any]:
    """A server may have put anything anywhere: what is no text is none."""
    data = row.data if isinstance(row.data, dict) else {}
    said = {key: value for key, value in data.items() if isinstance(value, str)}
    return {
        "kind": row.kind,
        "service": row.service.name,
        "name": row.name,
        "title": said.get("title", ""),
        "description": said.get("description", ""),
        "uri": said.get("uri") or said.get("uriTemplate", ""),
        "annotations": data.get("annotations") if isinstance(data.get("annotations"), dict) else {},
        "tokens": None,
        "changed_at": None,
    }

"""REST for the history of tool calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from lifecycle.models import ToolCall
from lifecycle.monitoring.calls import presenter, queries
from registry.access.callers import VIEWER, caller
from registry.access.roles import at_least
from registry.models import Role
from registry.rest.problems import ProblemError
from registry.services import register
from registry.services.api import Name

router = Router()
NO_NUL = r"^[^\x00]*$"


class CallQuery(Schema):
    tool: str = Field("", max_length=500, pattern=NO_NUL)
    outcome: str = Field("", max_length=20, description="ok, tool_error, failed, timeout or refused")
    before: int = Field(0, ge=0, le=2**63 - 1, description="calls older than the one of this id")
    limit: int = Field(50, ge=1, le=200)


class ToolCallAnswer(Schema):
    id: int
    tool: str
    at: datetime = Field(description="when it ended")
    duration_ms: float | None
    slow: bool = Field(description="took longer than the slow call threshold")
    answer_bytes: int
    outcome: str = Field(
        description="ok; tool_error: the tool said that it failed; failed; timeout; refused: by the console"
    )
    by: str
    origin: str = Field(description="page, rest, python or terminal; empty where that is not known")
    command_id: int | None
    arguments: str | None = Field(
        description="JSON without secrets, cut at 2,000 characters; null for a viewer"
    )
    error: str | None = Field(description="null for a viewer")


class CallList(Schema):
    results: list[ToolCallAnswer]
    older: int | None = Field(description="`before` of the next page; null at the end")


@router.get("services/{name}/calls", auth=VIEWER, response=CallList, summary="List a service's tool calls")
def call_list(request: HttpRequest, name: Name, query: Query[CallQuery]) -> dict[str, Any]:
    """The newest first, for 14 days. Who may not call tools sees no arguments and no errors."""
    service = register.get(name)
    if query.outcome and query.outcome not in ToolCall.Outcome.values:
        known = ", ".join(ToolCall.Outcome.values)
        raise ProblemError(
            422, f"There is no outcome {query.outcome!r}; there are {known}.", where="query.outcome"
        )
    rows = queries.history(
        service, tool=query.tool, outcome=query.outcome, before=query.before, limit=query.limit + 1
    )
    opened = at_least(caller(request).role, Role.OPERATOR)
    shown = rows[: query.limit]
    older = shown[-1].pk if len(rows) > query.limit else None
    return {"results": [_one(row, opened) for row in shown], "older": older}


SAME = ("tool", "duration_ms", "slow", "answer_bytes", "outcome", "by", "origin", "command_id")


def _one(row: ToolCall, opened: bool) -> dict[str, Any]:
    details = presenter.details(row) if opened else None
    return {key: getattr(row, key) for key in SAME} | {
        "id": row.pk,
        "at": datetime.fromtimestamp(row.at / 1000, UTC),
        "arguments": details and details.arguments,
        "error": details and details.error,
    }

"""REST for the tools of a service: listed, pinned, and decided on where they wait for approval."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from lifecycle.services import queries as service_queries
from lifecycle.tools import presenter, schemas, tokens
from lifecycle.tools.contracts import operations as contract_operations
from lifecycle.tools.contracts.api import lines_of
from lifecycle.tools.contracts.operations import ContractStatus, Waits
from registry.access.callers import OPERATOR, VIEWER, caller
from registry.models import Tool, WaitingTool
from registry.rest.bodies import described, json_object
from registry.rest.problems import ProblemError
from registry.services import register
from registry.services.api import Name

router = Router()
TOOLS_AT_MOST = 1000
NO_NUL = r"^[^\x00]*$"
HASH = described(hash={"type": "string", "description": "as it was given with what you looked at"})


class ToolQuery(Schema):
    q: str = Field(
        "",
        max_length=200,
        pattern=NO_NUL,
        description="part of a name, or words of name, title or description",
    )
    page: int | None = Field(None, ge=1, le=1_000_000)
    page_size: int = Field(50, ge=1, le=200)


@router.get("services/{name}/tools", auth=VIEWER, response=schemas.ToolList, summary="List a service's tools")
def tool_list(request: HttpRequest, name: Name, query: Query[ToolQuery]) -> dict[str, Any]:
    """From the cache, as the service last said; of a pinned service, as they were approved."""
    service = register.get(name)
    row, contract_status = service_queries.state_row(service), contract_operations.contract_status(service)
    tools, count, _ = presenter.matching(service, query.q.strip())
    size = query.page_size if query.page else TOOLS_AT_MOST
    start = ((query.page or 1) - 1) * size
    waiting = {waits.name: waits for waits in contract_status.rows}
    return {
        "refreshed_at": row and row.tools_refreshed_at,
        "contract": contract_of(contract_status),
        "count": count,
        "tokens": tokens.sum_of(service.tools.all()),
        "results": [_tool(tool, contract_status, waiting) for tool in tools[start : start + size]],
    }


TOOL = ("tokens", "name", "title", "description", "input_schema", "output_schema", "annotations", "problem")


def _tool(tool: Tool, contract_status: ContractStatus, waiting: dict[str, Waits]) -> dict[str, Any]:
    row = waiting.get(tool.name)
    status = "approved" if contract_status.pinned else "followed"
    if row is not None:
        status = "waiting" if row.refused_at is None else "refused"
    return {key: getattr(tool, key) for key in TOOL} | {"hash": tool.digest, "contract": status}


def contract_of(contract_status: ContractStatus) -> dict[str, Any]:
    """How the contract stands, as REST gives it."""
    contract = contract_status.contract
    return {
        "pinned": contract_status.pinned,
        "pinned_at": contract and contract.pinned_at,
        "pinned_by": contract.pinned_by if contract else "",
        "changed_at": contract and contract.changed_at,
        "waiting": contract_status.undecided,
        "refused": len(contract_status.rows) - contract_status.undecided,
        "hash": contract_status.hash,
    }


class WaitingQuery(Schema):
    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(50, ge=1, le=200)


@router.get(
    "services/{name}/waiting-tools",
    auth=VIEWER,
    response=schemas.WaitingToolPage,
    summary="List tools waiting for approval",
)
def waiting_tools(request: HttpRequest, name: Name, query: Query[WaitingQuery]) -> dict[str, Any]:
    """Of a pinned service, what differs from what was approved; calls to a new or changed one are refused."""
    service = register.get(name)
    contract_status, start = contract_operations.contract_status(service), (query.page - 1) * query.page_size
    rows = service.waiting_tools.order_by("id")[start : start + query.page_size]
    found = [waiting(row) for row in rows]
    return {"hash": contract_status.hash, "count": len(contract_status.rows), "results": found}


def waiting(row: WaitingTool) -> dict[str, Any]:
    """One tool that waits, as REST gives it."""
    same = ("name", "action", "since", "refused_at", "refused_by", "definition")
    own = {"kind": row.grade, "lines": lines_of(row.lines), "hash": row.digest}
    return {key: getattr(row, key) for key in same} | own


@router.post(
    "services/{name}/pin",
    auth=OPERATOR,
    response=schemas.ContractAnswer,
    summary="Pin a service's tools",
)
def tools_pin(request: HttpRequest, name: Name) -> dict[str, Any]:
    """From then on a tool that changes, or is new, waits for approval, and calls to it are refused."""
    contract_operations.pin(name, by=caller(request).name, now=timezone.now())
    return _now(name)


@router.delete(
    "services/{name}/pin",
    auth=OPERATOR,
    response=schemas.ContractAnswer,
    summary="Unpin a service's tools",
)
def tools_unpin(request: HttpRequest, name: Name) -> dict[str, Any]:
    """What waits is taken as the server offers it now, and every change from then on."""
    contract_operations.unpin(name, by=caller(request).name, now=timezone.now())
    return _now(name)


def _now(name: str) -> dict[str, Any]:
    return contract_of(contract_operations.contract_status(register.get(name)))


def _seen(request: HttpRequest) -> str:
    """The hash in the body: a decision is about what somebody looked at."""
    seen = json_object(request).get("hash")
    if not isinstance(seen, str):
        raise ProblemError(
            422, "Give `hash` as GET waiting-tools gave it with what you looked at.", where="body.hash"
        )
    return seen


@router.post(
    "services/{name}/tools/approve-all",
    auth=OPERATOR,
    response=schemas.Decided,
    openapi_extra=HASH,
    summary="Approve all waiting tools",
)
def tools_approve_all(request: HttpRequest, name: Name) -> dict[str, Any]:
    """409 where something else waits than what the hash is of; nothing is approved then."""
    seen, who = _seen(request), caller(request)
    names = contract_operations.approve_all(name, seen=seen, by=who.name, now=timezone.now())
    return {"tools": names, "contract": _now(name)}


@router.post(
    "services/{name}/tools/{path:tool}/approve",
    auth=OPERATOR,
    response=schemas.Decided,
    openapi_extra=HASH,
    summary="Approve a waiting tool",
)
def tool_approve(request: HttpRequest, name: Name, tool: str) -> dict[str, Any]:
    """409 where it changed again since it was looked at, or does not wait."""
    seen, who = _seen(request), caller(request)
    contract_operations.approve(name, _named(name, tool), seen=seen, by=who.name, now=timezone.now())
    return {"tools": [tool], "contract": _now(name)}


@router.post(
    "services/{name}/tools/{path:tool}/refuse",
    auth=OPERATOR,
    response=schemas.Decided,
    openapi_extra=HASH,
    summary="Refuse a waiting tool",
)
def tool_refuse(request: HttpRequest, name: Name, tool: str) -> dict[str, Any]:
    """Until the server changes it again it is no longer counted as waiting."""
    seen, who = _seen(request), caller(request)
    contract_operations.refuse(name, _named(name, tool), seen=seen, by=who.name, now=timezone.now())
    return {"tools": [tool], "contract": _now(name)}


def _named(name: str, tool: str) -> str:
    if "\0" in tool:
        raise ProblemError(404, f"{name} has no tool {tool[:80]!r}.", code="tool_not_found")
    return tool

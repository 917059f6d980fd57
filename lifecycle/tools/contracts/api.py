"""REST for how what a service offers has changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Field, Path, Query, Router, Schema

from lifecycle.tools import schemas
from registry.access.callers import VIEWER
from registry.contracts import history
from registry.core.contract import definition_text
from registry.core.diff import documents
from registry.models import ContractChange
from registry.services import register
from registry.services.api import Name

router = Router()
BIGGEST = 2**63 - 1


class ChangeQuery(Schema):
    after: int | None = Field(
        None, ge=0, le=BIGGEST, description="only changes after this id, oldest of them first"
    )
    before: int | None = Field(None, ge=0, le=BIGGEST, description="only changes before this id")
    kind: Literal["", "breaking", "compatible", "text"] = ""
    limit: int = Field(100, ge=1, le=500)


class ChangeShort(Schema):
    id: int
    at: datetime
    kind: str = Field(description="breaking, compatible or text; empty for what a person did")
    about: str = Field(description="tool, resource, template, prompt, or contract for all of it")
    name: str
    action: str
    lines: list[schemas.ChangeLine]
    by: str
    waits: bool = Field(description="it while the tools were pinned, and waited for approval")


class ChangeFull(ChangeShort):
    old: dict[str, Any] | None
    new: dict[str, Any] | None
    diff: list[str] = Field(description="by line; an empty text stands for lines left out")


class ChangeList(Schema):
    results: list[ChangeShort] = Field(description="newest last")


def lines_of(lines: list[dict[str, str]]) -> list[dict[str, str]]:
    """Stored sentences as REST gives them."""
    return [{"kind": line.get("grade", ""), "text": line.get("text", "")} for line in lines]


def short(row: ContractChange) -> dict[str, Any]:
    """One change without its definitions."""
    same = {key: getattr(row, key) for key in ("id", "at", "name", "action", "by", "waits")}
    return same | {"kind": row.grade, "about": row.kind, "lines": lines_of(row.lines)}


@router.get(
    "services/{name}/contract-changes",
    auth=VIEWER,
    response=ChangeList,
    summary="List contract changes of a service",
)
def contract_changes(request: HttpRequest, name: Name, query: Query[ChangeQuery]) -> dict[str, Any]:
    """The latest, newest last; or those after an id, or before one."""
    rows = history.of(register.get(name), query.kind)
    if query.before is not None:
        rows = rows.filter(id__lt=query.before)
    if query.after is None:
        found = list(rows[: query.limit])[::-1]
    else:
        found = list(rows.filter(id__gt=query.after).order_by("id")[: query.limit])
    return {"results": [short(row) for row in found]}


ChangeId = Annotated[int, Path(ge=0, le=BIGGEST)]


@router.get(
    "services/{name}/contract-changes/{int:change_id}",
    auth=VIEWER,
    response=ChangeFull,
    summary="Get a contract change with both definitions",
)
def contract_change(request: HttpRequest, name: Name, change_id: ChangeId) -> dict[str, Any]:
    return full(history.one(register.get(name), change_id))


def full(row: ContractChange) -> dict[str, Any]:
    """One change with both definitions and the lines that differ."""
    compared = documents.compared(definition_text.as_text(row.old), definition_text.as_text(row.new))
    return short(row) | {"old": row.old, "new": row.new, "diff": documents.marked(compared)}

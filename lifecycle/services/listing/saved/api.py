"""REST for saved views of the services list."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Path, Router, Schema, Status

from lifecycle.models import SavedView
from lifecycle.services.listing.saved import operations, queries
from registry.access.callers import VIEWER, caller
from registry.rest.bodies import described, json_object
from registry.rest.problems import ProblemError

router = Router()
ViewId = Annotated[int, Path(ge=1, lt=1 << 63)]
FIELDS = {
    "name": {"type": "string", "maxLength": operations.LONGEST_NAME},
    "query": {
        "type": "string",
        "description": "as for `GET services`: q, state, tag, transport, agent, sort",
    },
    "shared": {"type": "boolean", "description": "with all who see all services; for an admin"},
    "default": {"type": "boolean", "description": "what the list opens with, for its owner"},
}


class ViewAnswer(Schema):
    id: int
    name: str
    query: str = Field(description="of the list's address")
    owner: str
    shared: bool
    default: bool = Field(description="of its owner")
    created_at: datetime
    updated_at: datetime


class ViewList(Schema):
    count: int
    results: list[ViewAnswer]


def _given(request: HttpRequest) -> dict[str, Any]:
    body = json_object(request)
    if unknown := sorted(set(body) - set(FIELDS)):
        raise ProblemError(422, f"Give some of {', '.join(FIELDS)}.", where=f"body.{unknown[0][:80]}")
    for key in ("shared", "default"):
        if not isinstance(body.get(key, False), bool):
            raise ProblemError(422, "This is true or false.", where=f"body.{key}")
    return body


@router.get("views", auth=VIEWER, response=ViewList, summary="List saved views")
def view_list(request: HttpRequest) -> dict[str, Any]:
    """Those of the caller, then those that are shared."""
    found = queries.of(caller(request).name)
    return {"count": len(found), "results": found}


@router.post(
    "views",
    auth=VIEWER,
    response={201: ViewAnswer},
    openapi_extra=described(**FIELDS),
    summary="Save a view",
)
def view_save(request: HttpRequest) -> Status[SavedView]:
    """One's own view of the same name is overwritten."""
    body, who = _given(request), caller(request)
    view = operations.save(
        body.get("name", ""),
        body.get("query", ""),
        by=who.name,
        role=who.role,
        now=timezone.now(),
        shared=body.get("shared", False),
        default=body.get("default", False),
    )
    return Status(201, view)


@router.patch(
    "views/{view_id}",
    auth=VIEWER,
    response=ViewAnswer,
    openapi_extra=described(**FIELDS),
    summary="Change a saved view",
)
def view_change(request: HttpRequest, view_id: ViewId) -> SavedView:
    """One's own; an admin any that is shared."""
    who = caller(request)
    return operations.change(view_id, _given(request), by=who.name, role=who.role, now=timezone.now())


@router.delete("views/{view_id}", auth=VIEWER, response={204: None}, summary="Remove a saved view")
def view_remove(request: HttpRequest, view_id: ViewId) -> Status[None]:
    who = caller(request)
    operations.remove(view_id, by=who.name, role=who.role, now=timezone.now())
    return Status(204, None)

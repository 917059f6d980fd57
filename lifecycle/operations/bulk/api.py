"""REST for bulk actions: one order for many services, and how far it has come."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Path, Query, Router, Schema, Status

from lifecycle.models import Batch, Command
from lifecycle.operations.bulk import again, editing, edits, operations, progress
from lifecycle.operations.bulk.operations import ACTIONS, FILTERS
from lifecycle.services import api as service_api
from lifecycle.services import schemas as service_schemas
from registry.access.callers import OPERATOR, VIEWER, caller
from registry.rest.bodies import described, json_object
from registry.rest.problems import ProblemError
from registry.services import api as registry_api

router = Router()
Id = Annotated[int, Path(ge=0, le=2**63 - 1)]
KNOWN = ("action", "names", "filter", "force", "edit")


class Begun(Schema):
    batch_id: int


class BatchAnswer(Schema):
    id: int
    action: str
    force: bool
    state: str = Field(description="running, or ended")
    total: int
    done: int
    failed: int
    cancelled: int
    running: int = Field(description="started, not yet finished")
    waiting: int = Field(description="not yet started")
    wave: int
    waves: int = Field(description="how many steps the order of dependencies needs")
    requested_by: str
    cancelled_by: str
    created_at: datetime
    finished_at: datetime | None


class BatchList(Schema):
    results: list[BatchAnswer]


class Member(Schema):
    command_id: int
    service: str
    state: str
    wave: int
    error: str
    finished_at: datetime | None


class MemberPage(Schema):
    count: int
    results: list[Member]


def _batch(batch: Batch) -> dict[str, Any]:
    counted = progress.progress(batch)
    own = ("action", "force", "total", "wave", "waves", "requested_by", "cancelled_by", "created_at")
    return {key: getattr(batch, key) for key in own} | {
        "id": batch.pk,
        "state": "running" if batch.finished_at is None else "ended",
        "done": counted.done,
        "failed": counted.failed,
        "cancelled": counted.cancelled,
        "running": counted.running,
        "waiting": counted.planned,
        "finished_at": batch.finished_at,
    }


@router.post(
    "services/bulk",
    auth=OPERATOR,
    response={202: Begun},
    openapi_extra=described(
        action={"enum": [*(action.value for action in ACTIONS), Command.Kind.EDIT.value]},
        names={"type": "array", "items": {"type": "string"}},
        filter={"type": "object", "properties": {key: {"type": "string"} for key in FILTERS}},
        force={"type": "boolean", "description": "stop only: kill the process trees at once"},
        edit={
            "type": "object",
            "description": "edit only: what shall become of all of them",
            "properties": {
                **{key: {"type": "array", "items": {"type": "string"}} for key in edits.LISTS},
                **{key: {"enum": [*known]} for key, known in edits.CHOICES.items()},
                **{key: {"type": "string"} for key in edits.AGENTS},
            },
        },
    ),
    summary="Start a bulk action",
)
def batch_begin(request: HttpRequest) -> Status[dict[str, Any]]:
    """`names`, or a `filter` as for the list of services. Answers at once; follow `batches/{id}`."""
    body, who = json_object(request), caller(request)
    names, filters = body.get("names"), body.get("filter")
    if unknown := sorted(set(body) - set(KNOWN)):
        raise ProblemError(422, f"Give some of {', '.join(KNOWN)}.", where=f"body.{unknown[0][:80]}")
    if names is not None and not (isinstance(names, list) and all(isinstance(one, str) for one in names)):
        raise ProblemError(422, "The names must be a list of texts.", where="body.names")
    if filters is not None and not isinstance(filters, dict):
        raise ProblemError(422, "The filter must be an object.", where="body.filter")
    if body.get("action") == Command.Kind.EDIT:
        given = body.get("edit")
        if not isinstance(given, dict):
            raise ProblemError(422, "The edit must be an object.", where="body.edit")
        edit = edits.read(given)
        batch = editing.begin(
            edit, names=names, filters=filters, by=who.name, role=who.role, now=timezone.now()
        )
        return Status(202, {"batch_id": batch.pk})
    batch = operations.begin(
        str(body.get("action", "")),
        names=names,
        filters=filters,
        force=body.get("force") is True,
        by=who.name,
        role=who.role,
        now=timezone.now(),
    )
    return Status(202, {"batch_id": batch.pk})


# A service may be called "bulk"; its address is this one, too.
@router.get("services/bulk", auth=VIEWER, response=service_schemas.ServiceFull, include_in_schema=False)
def bulk_one(request: HttpRequest) -> dict[str, Any]:
    return service_api.service_one(request, "bulk")


@router.patch(
    "services/bulk",
    auth=OPERATOR,
    response=registry_api.Outcome,
    exclude_none=True,
    include_in_schema=False,
)
def bulk_change(request: HttpRequest) -> dict[str, Any]:
    return registry_api.service_change(request, "bulk")


@router.delete("services/bulk", auth=OPERATOR, response={204: None}, include_in_schema=False)
def bulk_remove(request: HttpRequest) -> Status[None]:
    return registry_api.service_remove(request, "bulk")


@router.get("batches", auth=VIEWER, response=BatchList, summary="List bulk actions")
def batch_list(request: HttpRequest, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> dict[str, Any]:
    """Newest first."""
    return {"results": [_batch(batch) for batch in Batch.objects.order_by("-id")[:limit]]}


@router.get("batches/{int:batch_id}", auth=VIEWER, response=BatchAnswer, summary="Get a bulk action")
def batch_one(request: HttpRequest, batch_id: Id) -> dict[str, Any]:
    return _batch(progress.get(batch_id))


@router.get(
    "batches/{int:batch_id}/members",
    auth=VIEWER,
    response=MemberPage,
    summary="List the services of a bulk action",
)
def batch_members(
    request: HttpRequest,
    batch_id: Id,
    state: str = "",
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """In the order in which they are let go; *state* is planned, queued, taken, done, failed or cancelled."""
    found = progress.get(batch_id).members.order_by("wave", "pk").select_related("service")
    if state:
        if state not in Command.State.values:
            raise ProblemError(
                422, f"There are the states {', '.join(Command.State.values)}.", where="query.state"
            )
        found = found.filter(state=state)
    rows = found[(page - 1) * page_size : page * page_size]
    return {"count": found.count(), "results": [_member(row) for row in rows]}


def _member(row: Command) -> dict[str, Any]:
    known = {key: getattr(row, key) for key in ("state", "wave", "error", "finished_at")}
    return known | {"command_id": row.pk, "service": row.service.name}


@router.post(
    "batches/{int:batch_id}/cancel", auth=OPERATOR, response=BatchAnswer, summary="Cancel a bulk action"
)
def batch_cancel(request: HttpRequest, batch_id: Id) -> dict[str, Any]:
    return _batch(operations.cancel(batch_id, by=caller(request).name, now=timezone.now()))


@router.post(
    "batches/{int:batch_id}/retry",
    auth=OPERATOR,
    response={202: Begun},
    summary="Retry the failed services of a bulk action",
)
def batch_retry(request: HttpRequest, batch_id: Id) -> Status[dict[str, Any]]:
    who = caller(request)
    batch = again.retry(batch_id, by=who.name, role=who.role, now=timezone.now())
    return Status(202, {"batch_id": batch.pk})


@router.post(
    "batches/{int:batch_id}/undo",
    auth=OPERATOR,
    response={202: Begun},
    summary="Undo a bulk removal or edit",
)
def batch_undo(request: HttpRequest, batch_id: Id) -> Status[dict[str, Any]]:
    """A new bulk action. For an admin, or the operator who asked; 409 when there is nothing to undo."""
    who = caller(request)
    batch = again.undo(batch_id, by=who.name, role=who.role, now=timezone.now())
    return Status(202, {"batch_id": batch.pk})

"""REST for what was removed or archived, and bringing it back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema

from registry.access.callers import ADMIN, OPERATOR, caller
from registry.models import Service
from registry.removed import operations
from registry.services.api import Outcome

router = Router()


class Removed(Schema):
    id: int
    name: str
    transport: str
    endpoint: str
    removed_at: datetime | None
    removed_by: str
    kept_until: datetime | None
    archived_at: datetime | None


class RemovedList(Schema):
    count: int
    results: list[Removed]


def described(service: Service) -> dict[str, Any]:
    """One of them, as REST gives it."""
    until = service.removed_at + operations.KEPT if service.removed_at else None
    return {key: getattr(service, key) for key in Removed.model_fields if key != "kept_until"} | {
        "kept_until": until
    }


@router.get("removed-services", auth=ADMIN, response=RemovedList, summary="List removed services")
def removed_services(
    request: HttpRequest,
    archived: Annotated[bool, Query(description="those that the worker archived instead")] = False,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """The latest first; what was removed is kept for 7 days, what was archived until somebody restores it."""
    rows = operations.archived() if archived else operations.removed(timezone.now())
    shown = rows[(page - 1) * page_size : page * page_size]
    return {"count": rows.order_by().count(), "results": [described(service) for service in shown]}


@router.post(
    "services/{name}/restore",
    auth=OPERATOR,
    response=Outcome,
    exclude_none=True,
    summary="Restore a service",
)
def service_restore(
    request: HttpRequest,
    name: Annotated[str, Path(description="The service's name")],
    id: Annotated[
        int | None, Query(ge=1, le=2**63 - 1, description="its number, if several have that name")
    ] = None,
) -> dict[str, Any]:
    """The archived one, or the one removed last. An operator restores what they removed themselves.

    409 while another service has the name, or while what it depends on is missing.
    """
    who = caller(request)
    operations.restore(name, by=who.name, role=who.role, now=timezone.now(), number=id)
    return {"name": name, "outcome": "created"}

"""REST for maintenance windows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Router, Schema, Status

from lifecycle.alerts.windows import operations
from lifecycle.models import MaintenanceWindow
from registry.access.callers import OPERATOR_OF_ALL, VIEWER_OF_ALL, caller
from registry.errors import InvalidConfigError
from registry.rest.problems import ProblemError

router = Router()
PLANNED = 10


class WindowChange(Schema):
    name: str | None = Field(None, max_length=100)
    services: list[str] | None = Field(None, description="names; of each list one must match, empty is any")
    tags: list[str] | None = None
    start: str | None = Field(None, max_length=19, description="local time of zone: 2026-11-29T22:00")
    minutes: int | None = Field(None, ge=1, le=44_640)
    rule: str | None = Field(None, max_length=300, description="of RFC 5545, FREQ=WEEKLY; empty is once")
    zone: str | None = Field(None, max_length=64)
    enabled: bool | None = None


class PeriodAnswer(Schema):
    began_at: datetime
    ended_at: datetime


class WindowAnswer(Schema):
    id: int
    name: str
    services: list[str]
    tags: list[str]
    start: str
    minutes: int
    rule: str
    zone: str
    enabled: bool
    created_by: str
    periods: list[PeriodAnswer] = Field(description="under way, and planned within the next week")


class WindowList(Schema):
    count: int
    results: list[WindowAnswer]


def _answer(row: MaintenanceWindow) -> dict[str, Any]:
    names = ("name", "services", "tags", "minutes", "rule", "zone", "enabled", "created_by")
    periods = row.periods.filter(ended_at__gt=timezone.now()).order_by("began_at")[:PLANNED]
    start = f"{row.start.astimezone(UTC):%Y-%m-%dT%H:%M}"
    return {name: getattr(row, name) for name in names} | {
        "id": row.pk,
        "start": start,
        "periods": list(periods),
    }


def _values(body: WindowChange) -> dict[str, Any]:
    given = {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None}
    if "start" in given:
        try:
            given["start"] = datetime.fromisoformat(given["start"]).replace(tzinfo=UTC)
        except ValueError:
            raise InvalidConfigError("start", "is no local time", "Write 2026-11-29T22:00") from None
    return given


def _get(number: int) -> MaintenanceWindow:
    row = MaintenanceWindow.objects.filter(pk=number).first()
    if row is None:
        raise ProblemError(404, f"There is no maintenance window {number}.")
    return row


@router.get(
    "maintenance-windows", auth=VIEWER_OF_ALL, response=WindowList, summary="List maintenance windows"
)
def windows(request: HttpRequest) -> dict[str, Any]:
    rows = list(MaintenanceWindow.objects.order_by("name"))
    return {"count": len(rows), "results": [_answer(row) for row in rows]}


@router.post(
    "maintenance-windows",
    auth=OPERATOR_OF_ALL,
    response={201: WindowAnswer},
    summary="Add a maintenance window",
)
def window_add(request: HttpRequest, body: WindowChange) -> Status[dict[str, Any]]:
    """Alerts are not told and the time does not count for uptime; checks go on."""
    values = _values(body)
    for name in ("name", "start", "zone"):
        if name not in values:
            raise ProblemError(422, f"Give {name}.", where=name)
    made = operations.save(None, values, by=caller(request).name, now=timezone.now())
    return Status(201, _answer(made))


@router.get(
    "maintenance-windows/{window_id}",
    auth=VIEWER_OF_ALL,
    response=WindowAnswer,
    summary="Get a maintenance window",
)
def window(request: HttpRequest, window_id: int) -> dict[str, Any]:
    return _answer(_get(window_id))


@router.patch(
    "maintenance-windows/{window_id}",
    auth=OPERATOR_OF_ALL,
    response=WindowAnswer,
    summary="Change a maintenance window",
)
def window_change(request: HttpRequest, window_id: int, body: WindowChange) -> dict[str, Any]:
    row, now = _get(window_id), timezone.now()
    return _answer(operations.save(row, _values(body), by=caller(request).name, now=now))


@router.delete(
    "maintenance-windows/{window_id}",
    auth=OPERATOR_OF_ALL,
    response={204: None},
    summary="Delete a maintenance window",
)
def window_delete(request: HttpRequest, window_id: int) -> HttpResponse:
    """With all that is planned of it."""
    operations.remove(_get(window_id), by=caller(request).name, now=timezone.now())
    return HttpResponse(status=204)

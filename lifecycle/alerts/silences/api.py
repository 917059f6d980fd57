"""REST for silences."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Router, Schema, Status

from lifecycle.alerts.silences import operations
from lifecycle.models import Silence
from registry.access.callers import OPERATOR_OF_ALL, VIEWER_OF_ALL, caller
from registry.errors import InvalidConfigError
from registry.rest.problems import ProblemError

router = Router()


class SilenceChange(Schema):
    services: list[str] | None = Field(None, description="names; of each list one must match, empty is any")
    tags: list[str] | None = None
    rules: list[int] | None = Field(None, description="ids of alert-rules")
    starts_at: datetime | None = Field(None, description="now where it is not given")
    ends_at: datetime | None = None
    minutes: int | None = Field(None, ge=1, le=527_040, description="instead of ends_at")
    comment: str | None = Field(None, max_length=500)


class SilenceAnswer(Schema):
    id: int
    services: list[str]
    tags: list[str]
    rules: list[int]
    starts_at: datetime
    ends_at: datetime
    comment: str
    created_by: str
    created_at: datetime
    ended_by: str = Field(description="who ended it early; empty where nobody did")


class SilenceList(Schema):
    count: int
    results: list[SilenceAnswer]


def _values(body: SilenceChange, begin: datetime | None) -> dict[str, Any]:
    given = body.dict(exclude_unset=True)
    minutes = given.pop("minutes", None)
    for name in ("starts_at", "ends_at"):
        if given.get(name) is None:
            given.pop(name, None)
        elif timezone.is_naive(given[name]):
            raise InvalidConfigError(name, "has no time zone", "Write one, such as 2026-11-29T12:00:00Z")
    begin = given.get("starts_at", begin)
    if minutes is not None and begin is not None:
        given["ends_at"] = begin + timedelta(minutes=minutes)
    return {name: value for name, value in given.items() if value is not None}


@router.get("silences", auth=VIEWER_OF_ALL, response=SilenceList, summary="List silences")
def silences(request: HttpRequest, over: bool = False) -> dict[str, Any]:
    """Those under way and to come; with `over` those of the past too, the latest first."""
    rows = Silence.objects.all() if over else Silence.objects.filter(ends_at__gt=timezone.now())
    found = list(rows.order_by("-starts_at")[:500])
    return {"count": rows.count(), "results": found}


@router.post("silences", auth=OPERATOR_OF_ALL, response={201: SilenceAnswer}, summary="Add a silence")
def silence_add(request: HttpRequest, body: SilenceChange) -> Status[Silence]:
    """Alerts of its services, tags and rules are not told meanwhile; checks go on."""
    now = timezone.now()
    values = {"starts_at": now} | _values(body, now)
    if "ends_at" not in values:
        raise ProblemError(422, "Give ends_at, or minutes.", where="ends_at")
    return Status(201, operations.add(values, by=caller(request).name, now=now))


def _get(number: int) -> Silence:
    row = Silence.objects.filter(pk=number).first()
    if row is None:
        raise ProblemError(404, f"There is no silence {number}.")
    return row


@router.get("silences/{silence_id}", auth=VIEWER_OF_ALL, response=SilenceAnswer, summary="Get a silence")
def silence(request: HttpRequest, silence_id: int) -> Silence:
    return _get(silence_id)


@router.patch(
    "silences/{silence_id}", auth=OPERATOR_OF_ALL, response=SilenceAnswer, summary="Change a silence"
)
def silence_change(request: HttpRequest, silence_id: int, body: SilenceChange) -> Silence:
    row = _get(silence_id)
    values = _values(body, row.starts_at)
    return operations.change(row, values, by=caller(request).name, now=timezone.now())


@router.delete("silences/{silence_id}", auth=OPERATOR_OF_ALL, response={204: None}, summary="End a silence")
def silence_end(request: HttpRequest, silence_id: int) -> HttpResponse:
    """Over now; it stays in the list of those that are over."""
    if not operations.end(_get(silence_id), by=caller(request).name, now=timezone.now()):
        raise ProblemError(409, "This silence is over already.")
    return HttpResponse(status=204)

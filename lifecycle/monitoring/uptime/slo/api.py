"""REST for targets: what services should reach, and how much of each budget is left."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Path, Router, Schema, Status

from lifecycle.core.monitoring.uptime import percent
from lifecycle.models import Slo
from lifecycle.monitoring.uptime.slo import change, presenter, queries
from lifecycle.monitoring.uptime.slo.forms import LONGEST_MS, TargetForm
from registry.access.callers import OPERATOR_OF_ALL, VIEWER, caller
from registry.rest.bodies import described, json_object
from registry.rest.problems import ProblemError

router = Router()
TargetId = Annotated[int, Path(ge=1, lt=1 << 63)]
FIELDS = {
    "service": {"type": ["string", "null"], "description": "this or a tag"},
    "tag": {"type": ["string", "null"], "description": "all services that have it"},
    "kind": {"enum": ["availability", "response"]},
    "percent": {"type": "number", "minimum": 50, "maximum": 99.999},
    "under_ms": {"type": ["integer", "null"], "minimum": 1, "maximum": LONGEST_MS},
    "days": {"enum": [7, 30]},
}
TYPES: dict[str, type | tuple[type, ...]] = {"service": str, "tag": str, "kind": str}


class BudgetAnswer(Schema):
    """As it was counted last."""

    counted_at: datetime
    members: int = Field(description="services that it is counted from")
    total_s: float = Field(description="of the whole period")
    left_s: float = Field(description="below 0 where it is used up")
    achieved: float | None = Field(description="in percent, cut off; null where nothing is known")
    burn_rates: dict[str, float | None] = Field(description="by window in seconds; 1 uses it up exactly")
    gone_at: datetime | None = Field(description="at the rate of the last hour")
    pages: str = Field(description="the windows that would page, such as 3600/300; empty for none")


class TargetAnswer(Schema):
    id: int
    service: str | None
    tag: str | None
    kind: str = Field(description="availability or response")
    percent: float
    under_ms: int | None = Field(description="of a response target: what counts as quick")
    days: int
    created_by: str
    created_at: datetime
    budget: BudgetAnswer | None = Field(description="null until it is counted, within a minute")
    words: str


class TargetList(Schema):
    count: int
    results: list[TargetAnswer]


def picture(slo: Slo) -> dict[str, Any]:
    """One target as REST gives it."""
    same = ("id", "kind", "under_ms", "days", "created_by", "created_at")
    return {key: getattr(slo, key) for key in same} | {
        "service": slo.service.name if slo.service else None,
        "tag": slo.tag or None,
        "percent": float(slo.percent),
        "budget": _budget(slo),
        "words": presenter.line_of(slo, timezone.now()).words,
    }


def _budget(slo: Slo) -> dict[str, Any] | None:
    row = presenter.counted(slo)
    if row is None:
        return None
    same = ("members", "total_s", "left_s", "gone_at", "pages")
    return {key: getattr(row, key) for key in same} | {
        "counted_at": row.evaluated_at,
        "achieved": percent(row.share, 3),
        "burn_rates": row.burns,
    }


def _one(target_id: int) -> Slo:
    slo = queries.targets().filter(pk=target_id).first()
    if slo is None:
        raise ProblemError(404, f"There is no target {target_id}.")
    return slo


def _given(request: HttpRequest, before: dict[str, Any]) -> dict[str, Any]:
    """*before* with what is given, of the right types; a service replaces a tag, and a tag a service."""
    body = json_object(request)
    if unknown := sorted(set(body) - set(FIELDS)):
        raise ProblemError(422, f"Only {', '.join(FIELDS)} are known here.", where=f"body.{unknown[0][:80]}")
    for key, value in body.items():
        kind = TYPES.get(key, (int, float))
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            said = "This must be a text." if kind is str else "This must be a number."
            raise ProblemError(422, said, where=f"body.{key}")
    named = [key for key in ("service", "tag") if body.get(key)]
    if len(named) == 2:
        raise ProblemError(422, "Give a service or a tag, not both.", where="body.tag")
    return before | (dict.fromkeys(("service", "tag")) if named else {}) | body


def _values(given: dict[str, Any], target: Slo | None) -> dict[str, Any]:
    """The columns, checked as the page's form checks them."""
    about = "tag" if given.get("tag") else "service"
    typed = {key: given.get(key) for key in ("kind", "percent", "under_ms", "days")}
    form = TargetForm({"about": about, "name": given.get(about), **typed}, target=target)
    if form.is_valid():
        return form.values()
    [(field, errors), *_rest] = form.errors.items()
    raise ProblemError(422, str(errors[0]), where=f"body.{about if field == 'name' else field}")


@router.get("targets", auth=VIEWER, response=TargetList, summary="List targets")
def targets(request: HttpRequest) -> dict[str, Any]:
    """Those with the least left of their budget first."""
    found = [picture(slo) for slo in queries.targets()]
    return {"count": len(found), "results": found}


@router.get("targets/{target_id}", auth=VIEWER, response=TargetAnswer, summary="Get a target")
def target_one(request: HttpRequest, target_id: TargetId) -> dict[str, Any]:
    return picture(_one(target_id))


@router.post(
    "targets",
    auth=OPERATOR_OF_ALL,
    response={201: TargetAnswer},
    openapi_extra=described(**FIELDS),
    summary="Add a target",
)
def target_add(request: HttpRequest) -> Status[dict[str, Any]]:
    """Without more than a service or a tag: 99.9 % available over 30 days."""
    usual = {"kind": "availability", "percent": 99.9, "days": 30}
    values = _values(_given(request, usual), None)
    slo = change.save(None, values, by=caller(request).name, now=timezone.now())
    return Status(201, picture(slo))


@router.patch(
    "targets/{target_id}",
    auth=OPERATOR_OF_ALL,
    response=TargetAnswer,
    openapi_extra=described(**FIELDS),
    summary="Change a target",
)
def target_change(request: HttpRequest, target_id: TargetId) -> dict[str, Any]:
    """Only what is given changes. Another service, tag, kind or time is counted anew."""
    slo = _one(target_id)
    before = {key: value for key, value in picture(slo).items() if key in FIELDS}
    values = _values(_given(request, before), slo)
    change.save(slo, values, by=caller(request).name, now=timezone.now())
    return picture(_one(target_id))


@router.delete("targets/{target_id}", auth=OPERATOR_OF_ALL, response={204: None}, summary="Remove a target")
def target_remove(request: HttpRequest, target_id: TargetId) -> Status[None]:
    """With all that was counted for it; the services stay as they are."""
    change.remove(_one(target_id), by=caller(request).name, now=timezone.now())
    return Status(204, None)

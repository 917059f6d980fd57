"""REST for the options of monitoring."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from lifecycle.core.monitoring.options import OPTIONS, Option
from lifecycle.monitoring.settings import change, queries
from registry.access.callers import ADMIN, VIEWER, caller
from registry.rest.bodies import described, json_object

router = Router()
Plain = float | int | bool | str


class OptionAnswer(Schema):
    name: str
    label: str
    group: str
    unit: str = Field(description="s, h, d, % or nothing")
    default: Plain
    allowed: str = Field(description="the range, or the texts that it may be")
    effect: str
    policy: str = Field(description="the setting of the profile `normal` that it is, if it is one")


class MonitoringAnswer(Schema):
    values: dict[str, Plain]
    changed: dict[str, Plain] = Field(description="only what differs from the defaults")
    fields: list[OptionAnswer]


def _answer() -> dict[str, Any]:
    lines = queries.lines()
    return {
        "values": {line.option.name: line.value for line in lines},
        "changed": {line.option.name: line.value for line in lines if line.changed},
        "fields": list(OPTIONS.values()),
    }


def _schema(option: Option) -> dict[str, Any]:
    kind = {bool: "boolean", int: "integer", str: "string"}.get(option.kind, "number")
    return {"type": [kind, "null"], "description": f"{option.label}: {option.allowed}. {option.effect}"}


@router.get(
    "monitoring-settings", auth=VIEWER, response=MonitoringAnswer, summary="Get the options of monitoring"
)
def monitoring_settings(request: HttpRequest) -> dict[str, Any]:
    return _answer()


@router.patch(
    "monitoring-settings",
    auth=ADMIN,
    response=MonitoringAnswer,
    openapi_extra=described(**{name: _schema(option) for name, option in OPTIONS.items()}),
    summary="Change the options of monitoring",
)
def monitoring_settings_change(request: HttpRequest) -> dict[str, Any]:
    """Only what is given changes; null resets to the default. Applied within five seconds."""
    who = caller(request)
    change.change(json_object(request), by=who.name, role=who.role, now=timezone.now())
    return _answer()

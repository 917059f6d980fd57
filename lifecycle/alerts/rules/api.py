"""REST for alert rules: what the form of a rule takes, by the same checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema, Status

from lifecycle.alerts.rules import lint, operations, step_forms
from lifecycle.alerts.rules import steps as rule_steps
from lifecycle.alerts.rules.forms import RuleForm, initial_of, usual
from lifecycle.core.alerting.escalation import STEPS_AT_MOST
from lifecycle.models import AlertRule, Channel
from registry.access.callers import OPERATOR_OF_ALL, VIEWER, caller
from registry.errors import InvalidConfigError
from registry.rest.problems import ProblemError

router = Router()
NAMES = {"lasting": "for_seconds", "cooldown": "cooldown_seconds", "values": "scope.values"}
NAMES |= {
    "window": "window_seconds",
    "reminder": "reminder_seconds",
    "keep_firing": "keep_firing_seconds",
    "scope": "scope.kind",
}
"""Fields of the form that are called otherwise here."""
OWN = {
    "host": {"host_metric": "metric", "percent": "threshold"},
    "certificate-expires": {"days": "threshold"},
    "access-expires": {"days": "threshold"},
}
"""The same of one condition alone."""


class RuleStep(Schema):
    """Who else is told while nobody acknowledges."""

    wait_seconds: int = Field(300, description="after the message before")
    channels: list[str] = Field(description="names")
    repeat: int = Field(0, description="how many times again, after the same wait each")


class RuleWarning(Schema):
    code: str = Field(description="such as matches-nothing, shadowed, no-channel")
    text: str


class RuleAnswer(Schema):
    id: int
    name: str
    enabled: bool
    level: str
    condition: str
    states: list[str]
    seconds: int = Field(description="of not-serving-for: how long")
    for_seconds: int = Field(
        description="of state-entered and needs-sign-in: how long it must last before it fires"
    )
    breaking_only: bool
    metric: str = Field(
        description="of metric: error_rate, response_time, availability, consecutive_failures, "
        "call_error_rate, call_time; of stdio services process_cpu (percent of one core), "
        "process_memory (MB); of host: cpu, memory, disk"
    )
    threshold: float = Field(
        description="what the metric is compared with; of host in percent, of what expires in days"
    )
    window_seconds: int
    scope: dict[str, Any]
    cooldown_seconds: int
    keep_firing_seconds: int = Field(description="how long it must be over before it is resolved")
    reminder_seconds: int = Field(description="how often it is sent again until acknowledged; 0: never")
    message: str
    response: str = Field(description="what the console does itself: restart, reconnect, stop, or empty")
    notify_recovery: bool
    channels: list[str]
    steps: list[RuleStep] = Field(description="the escalation")
    warnings: list[RuleWarning] = Field(description="what is odd about it; nothing of it is refused")


class RuleList(Schema):
    count: int
    results: list[RuleAnswer]


class ScopeChange(Schema):
    kind: str = Field("all", description="all, services, tags, agents or profiles")
    values: list[str] = []


class RuleChange(Schema):
    name: str | None = None
    enabled: bool | None = None
    level: str | None = None
    condition: str | None = None
    states: list[str] | None = None
    seconds: int | None = None
    for_seconds: int | None = None
    breaking_only: bool | None = None
    metric: str | None = None
    threshold: float | None = None
    window_seconds: int | None = None
    scope: ScopeChange | None = None
    cooldown_seconds: int | None = None
    keep_firing_seconds: int | None = None
    reminder_seconds: int | None = None
    message: str | None = None
    response: str | None = None
    notify_recovery: bool | None = None
    channels: list[str] | None = Field(None, description="names")
    steps: list[RuleStep] | None = Field(None, description="the escalation; all of it is replaced")


def _answers(rows: Sequence[AlertRule]) -> list[dict[str, Any]]:
    notes = lint.of(rows, timezone.now())
    return [_fields(row) | {"warnings": [vars(note) for note in notes.get(row.pk, [])]} for row in rows]


def _answer(row: AlertRule) -> dict[str, Any]:
    return _answers([row])[0]


def _fields(row: AlertRule) -> dict[str, Any]:
    names = set(RuleAnswer.model_fields) - {"channels", "steps", "warnings"}
    return {name: getattr(row, name) for name in names} | {
        "channels": [channel.name for channel in row.channels.all()],
        "steps": _steps(row),
    }


def _steps(row: AlertRule) -> list[dict[str, Any]]:
    found = rule_steps.of(row)
    names = {number: channel.name for number, channel in rule_steps.named(found).items()}
    return [
        {
            "wait_seconds": int(step.wait.total_seconds()),
            "channels": [names[number] for number in step.channels if number in names],
            "repeat": step.repeat,
        }
        for step in found
    ]


def _typed(body: RuleChange, condition: str) -> dict[str, Any]:
    """What was given, as the form names it for this condition."""
    given = {name: value for name, value in body.dict(exclude_unset=True).items() if value is not None}
    for form, rest in OWN.get(condition, {}).items():
        if rest in given:
            given[form] = given.pop(rest)
    if (scope := given.pop("scope", None)) is not None:
        given |= {"scope": scope.get("kind", "all"), "values": ", ".join(scope.get("values", []))}
    for form, rest in NAMES.items():
        if rest in given:
            given[form] = given.pop(rest)
    if (names := given.pop("channels", None)) is not None:
        given["channels"] = _numbers(names, "channels")
    given.pop("steps", None)
    return given


def _numbers(names: list[str], where: str) -> list[int]:
    found = dict(Channel.objects.filter(name__in=names).values_list("name", "pk"))
    if unknown := [name for name in names if name not in found]:
        raise InvalidConfigError(where, f"there is no channel {unknown[0][:80]!r}", "Use names")
    return list(found.values())


def _typed_steps(steps: list[RuleStep]) -> list[dict[str, Any]]:
    if len(steps) > STEPS_AT_MOST:
        raise InvalidConfigError("steps", f"has more than {STEPS_AT_MOST} steps", "Join some")
    found = []
    for number, step in enumerate(steps):
        if not step.channels:
            raise InvalidConfigError(f"steps[{number}].channels", "is empty", "Name a channel")
        channels = _numbers(step.channels, f"steps[{number}].channels")
        found.append({"wait": step.wait_seconds, "repeat": step.repeat, "channels": channels})
    return found


def _save(row: AlertRule | None, body: RuleChange, by: str) -> AlertRule:
    first = {name: field.initial for name, field in RuleForm.base_fields.items()} | usual()
    steps = (row.steps if row else []) if body.steps is None else _typed_steps(body.steps)
    condition = body.condition or (row.condition if row else "")
    values = (initial_of(row) if row else first) | _typed(body, condition) | step_forms.typed(steps)
    form = RuleForm({name: value for name, value in values.items() if value is not None}, about=row)
    if not form.is_valid():
        name, errors = next(iter(form.errors.items()))
        own = NAMES | OWN.get(condition, {})
        where = "steps" if name == NON_FIELD_ERRORS else own.get(name, name)
        raise ProblemError(422, str(errors[0]), where=where)
    return operations.save(form, by=by, now=timezone.now())


def _get(number: int) -> AlertRule:
    row = AlertRule.objects.filter(pk=number).first()
    if row is None:
        raise ProblemError(404, f"There is no rule {number}.")
    return row


@router.get("alert-rules", auth=VIEWER, response=RuleList, summary="List alert rules")
def rules(request: HttpRequest) -> dict[str, Any]:
    rows = list(AlertRule.objects.prefetch_related("channels").order_by("name"))
    return {"count": len(rows), "results": _answers(rows)}


@router.post("alert-rules", auth=OPERATOR_OF_ALL, response={201: RuleAnswer}, summary="Add an alert rule")
def rule_add(request: HttpRequest, body: RuleChange) -> Status[dict[str, Any]]:
    """What is not given is as in the form of a new rule."""
    return Status(201, _answer(_save(None, body, caller(request).name)))


@router.get("alert-rules/{rule_id}", auth=VIEWER, response=RuleAnswer, summary="Get an alert rule")
def rule(request: HttpRequest, rule_id: int) -> dict[str, Any]:
    return _answer(_get(rule_id))


@router.patch(
    "alert-rules/{rule_id}", auth=OPERATOR_OF_ALL, response=RuleAnswer, summary="Change an alert rule"
)
def rule_change(request: HttpRequest, rule_id: int, body: RuleChange) -> dict[str, Any]:
    """Only what is given changes; it applies to open alerts at once."""
    return _answer(_save(_get(rule_id), body, caller(request).name))


@router.delete(
    "alert-rules/{rule_id}", auth=OPERATOR_OF_ALL, response={204: None}, summary="Delete an alert rule"
)
def rule_delete(request: HttpRequest, rule_id: int) -> Status[None]:
    """Its alerts end and go with it; messages that wait are still sent."""
    operations.delete(_get(rule_id), by=caller(request).name, now=timezone.now())
    return Status(204, None)

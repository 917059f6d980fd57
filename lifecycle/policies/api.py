"""REST for the policies. A service's own settings are part of `services/{name}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from lifecycle.core.policy import tuning
from lifecycle.core.policy.policy import PROFILES
from lifecycle.core.policy.tuning import SETTINGS, Setting
from lifecycle.policies import operations
from registry.access.callers import ADMIN, VIEWER, caller
from registry.rest.bodies import described, json_object

router = Router()
Plain = float | int | bool


class PolicyAnswer(Schema):
    name: str
    values: dict[str, Plain] = Field(description="durations in seconds; give_up_after 0: never")
    changed: dict[str, Plain] = Field(description="only what differs from the defaults")


class SettingAnswer(Schema):
    name: str
    label: str
    unit: str
    allowed: str = Field(description="the range")
    group: str
    wrong: str = Field(description="what happens when it is set badly")


class PolicyList(Schema):
    results: list[PolicyAnswer]
    fields: list[SettingAnswer]


def _policy(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "values": tuning.plain(operations.profile(name)),
        "changed": operations.changes_of(name),
    }


def _schema(setting: Setting) -> dict[str, Any]:
    kind = {bool: "boolean", int: "integer"}.get(setting.kind, "number")
    return {"type": [kind, "null"], "description": f"{setting.label}: {setting.allowed}. {setting.wrong}"}


@router.get("policies", auth=VIEWER, response=PolicyList, summary="List policy profiles")
def policy_list(request: HttpRequest) -> dict[str, Any]:
    return {"results": [_policy(name) for name in PROFILES], "fields": list(SETTINGS.values())}


@router.get("policies/{profile}", auth=VIEWER, response=PolicyAnswer, summary="Get a profile")
def policy_one(request: HttpRequest, profile: str) -> dict[str, Any]:
    return _policy(profile)


@router.patch(
    "policies/{profile}",
    auth=ADMIN,
    response=PolicyAnswer,
    openapi_extra=described(**{name: _schema(setting) for name, setting in SETTINGS.items()}),
    summary="Change a profile",
)
def policy_change(request: HttpRequest, profile: str) -> dict[str, Any]:
    """Only what is given changes; null resets to the default. Workers apply it within a second."""
    who = caller(request)
    operations.change_profile(profile, json_object(request), by=who.name, role=who.role, now=timezone.now())
    return _policy(profile)


@router.delete(
    "policies/{profile}", auth=ADMIN, response=PolicyAnswer, summary="Reset a profile to its defaults"
)
def policy_reset(request: HttpRequest, profile: str) -> dict[str, Any]:
    who = caller(request)
    operations.reset_profile(profile, by=who.name, role=who.role, now=timezone.now())
    return _policy(profile)

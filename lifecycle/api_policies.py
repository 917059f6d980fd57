"""REST for the policies: how patient the console is. A service's own is part of `services/{name}`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Router, Schema

from lifecycle import policies
from lifecycle.core import tuning
from lifecycle.core.policy import PROFILES
from lifecycle.core.tuning import KNOBS, Knob
from registry.access.callers import ADMIN, VIEWER, caller
from registry.bodies import described, json_object

router = Router()
Plain = float | int | bool


class PolicyAnswer(Schema):
    name: str
    values: dict[str, Plain] = Field(description="times in seconds; 0 of give_up_after is never")
    changed: dict[str, Plain] = Field(description="what differs from the shipped profile")


class KnobAnswer(Schema):
    name: str
    label: str
    unit: str
    allowed: str
    group: str


class PolicyList(Schema):
    results: list[PolicyAnswer]
    fields: list[KnobAnswer]


def _policy(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "values": tuning.plain(policies.profile(name)),
        "changed": policies.changes_of(name),
    }


def _schema(knob: Knob) -> dict[str, Any]:
    kind = {bool: "boolean", int: "integer"}.get(knob.kind, "number")
    return {"type": [kind, "null"], "description": f"{knob.label}: {knob.allowed}"}


@router.get("policies", auth=VIEWER, response=PolicyList, summary="The profiles and their numbers")
def policy_list(request: HttpRequest) -> dict[str, Any]:
    return {"results": [_policy(name) for name in PROFILES], "fields": list(KNOBS.values())}


@router.get("policies/{profile}", auth=VIEWER, response=PolicyAnswer, summary="One profile")
def policy_one(request: HttpRequest, profile: str) -> dict[str, Any]:
    return _policy(profile)


@router.patch(
    "policies/{profile}",
    auth=ADMIN,
    response=PolicyAnswer,
    openapi_extra=described(**{name: _schema(knob) for name, knob in KNOBS.items()}),
    summary="Change a profile",
)
def policy_change(request: HttpRequest, profile: str) -> dict[str, Any]:
    """Only what is given changes; null is back to the shipped number. Workers take it up within a second."""
    who = caller(request)
    policies.change_profile(profile, json_object(request), by=who.name, role=who.role, now=timezone.now())
    return _policy(profile)


@router.delete(
    "policies/{profile}", auth=ADMIN, response=PolicyAnswer, summary="Reset a profile to what is shipped"
)
def policy_reset(request: HttpRequest, profile: str) -> dict[str, Any]:
    who = caller(request)
    policies.reset_profile(profile, by=who.name, role=who.role, now=timezone.now())
    return _policy(profile)

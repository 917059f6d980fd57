"""REST for the configuration: what should run. `lifecycle.services.api` adds to its router."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Path, Query, Router, Schema, Status

from registry.access.callers import OPERATOR, caller
from registry.core.documents import dialects
from registry.errors import InvalidConfigError
from registry.models import Desired, Priority, Profile
from registry.rest.bodies import ANY_JSON, described, json_object
from registry.rest.problems import error
from registry.services import change, group_commit, register

router = Router()


class ErrorBody(Schema):
    code: str
    message: str
    where: str | None = None


class ErrorAnswer(Schema):
    error: ErrorBody


class Outcome(Schema):
    name: str
    outcome: str
    error: ErrorBody | None = None


class Outcomes(Schema):
    results: list[Outcome]


class Refused(Outcomes):
    error: ErrorBody


def described_error(exc: InvalidConfigError) -> dict[str, str]:
    """What is wrong with one entry."""
    return error(exc.code, f"{exc.what}. {exc.remedy}", exc.where)


def _outcome(result: register.Result) -> dict[str, Any]:
    plain = {"name": result.name, "outcome": result.outcome}
    return plain | ({"error": described_error(result.error)} if result.error else {})


def answered(results: Sequence[register.Result]) -> Status[dict[str, Any]]:
    """What became of each entry; 422 when every one is invalid."""
    outcomes = [_outcome(result) for result in results]
    if outcomes and all(found["outcome"] == "invalid" for found in outcomes):
        return Status(422, {"error": outcomes[0]["error"], "results": outcomes})
    return Status(200, {"results": outcomes})


@router.post(
    "services",
    auth=OPERATOR,
    response={200: Outcomes, 422: Refused},
    exclude_none=True,
    openapi_extra=ANY_JSON,
    summary="Add or change services",
)
def service_add(
    request: HttpRequest,
    client: Annotated[str, Query(description="client of the document, if it is not recognised")] = "",
) -> Status[dict[str, Any]]:
    """Any configuration format as the body. Good entries are saved, bad ones reported one by one.

    With a scope: services that are in it alone, with its tags alone.
    """
    who = caller(request)
    document = dialects.find(request.body, client=client)
    results = group_commit.register(document, by=who.name, role=who.role, now=timezone.now())
    return answered(results)


Name = Annotated[str, Path(description="The service's name")]


@router.patch(
    "services/{name}",
    auth=OPERATOR,
    response=Outcome,
    exclude_none=True,
    openapi_extra=described(
        config={"type": "object", "description": "a whole new entry"},
        desired={"enum": Desired.values},
        profile={"enum": Profile.values},
        priority={"enum": Priority.values},
        tags={"type": "array", "items": {"type": "string"}},
        description={"type": "string"},
        depends_on={"type": "array", "items": {"type": "string"}, "description": "names of services"},
        timeout={"type": "number", "description": "seconds for one call"},
        policy={
            "type": ["object", "null"],
            "description": "overrides by name, durations in seconds; null removes one, or all",
        },
    ),
    summary="Change a service",
)
def service_change(request: HttpRequest, name: Name) -> dict[str, Any]:
    """Only what is given changes; null takes a property back to its default."""
    who = caller(request)
    register.get(name)
    outcome = change.change(name, json_object(request), by=who.name, role=who.role, now=timezone.now())
    return {"name": name, "outcome": outcome}


@router.delete("services/{name}", auth=OPERATOR, response={204: None}, summary="Remove a service")
def service_remove(
    request: HttpRequest,
    name: Name,
    force: Annotated[
        bool, Query(description="also if others depend on it; removes these dependencies")
    ] = False,
) -> Status[None]:
    """The worker stops what still runs of it. 409 while other services depend on it."""
    register.remove(name, by=caller(request).name, now=timezone.now(), force=force)
    return Status(204, None)

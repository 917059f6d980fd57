"""REST for what does run: services, their events and checks.

The router is that of `registry.services.api`: the methods of one path must be on one router.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Schema
from pydantic import AwareDatetime

from lifecycle.core.health.verdict import LEVELS
from lifecycle.core.machine.states import State
from lifecycle.models import CheckResult, StateChange
from lifecycle.monitoring.events import narrowing
from lifecycle.monitoring.events.filters import NARROWING, Filters
from lifecycle.monitoring.uptime import presenter as uptime_presenter
from lifecycle.policies import operations as policy_operations
from lifecycle.services import queries, schemas
from lifecycle.services.counts import KEYS
from registry.access.callers import VIEWER
from registry.agents import operations as agent_operations
from registry.dependencies import links
from registry.models import Service
from registry.rest.answers import json_answer
from registry.rest.problems import ProblemError
from registry.secrets import vault
from registry.services import register
from registry.services.api import Name, router

NO_NUL = r"^[^\x00]*$"
BIGGEST = 2**63 - 1
ABOUT_STATES = (
    "one or several, separated by commas, in either case. UNREACHABLE is without those that only need a "
    "sign-in: NEEDS_SIGN_IN finds them"
)


class ListQuery(Schema):
    q: str = Field(
        "", max_length=200, pattern=NO_NUL, description="part of a name, an endpoint or a tool's name"
    )
    state: str = Field("", max_length=200, description=ABOUT_STATES)
    tag: str = Field("", max_length=200, pattern=NO_NUL)
    transport: str = Field("", max_length=20, pattern=NO_NUL)
    approval: Literal["", "waiting"] = Field("", description="waiting: those with tools to approve")
    agent: str = Field("", max_length=64, pattern=NO_NUL)
    needs: Literal["", "sign-in"] = Field("", description="sign-in: only those that are up and lack a token")
    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(50, ge=1, le=200)


class EventQuery(Schema):
    after: int | None = Field(
        None, ge=0, le=BIGGEST, description="only events after this id, oldest of them first"
    )
    limit: int = Field(100, ge=1, le=1000)


class FleetEventQuery(EventQuery):
    service: str = Field("", max_length=64, pattern=NO_NUL, description="its name, whole")
    tag: str = Field("", max_length=200, pattern=NO_NUL, description="only of services that have this tag")
    state: Literal["", *State] = Field("", description="only those into this state")  # type: ignore[valid-type]
    who: str = Field("", max_length=100, pattern=NO_NUL, description="only those that this worker wrote")
    since: AwareDatetime | None = Field(None, description="only from this moment on")
    until: AwareDatetime | None = Field(None, description="only before this moment")


def _states(given: str) -> list[str]:
    wanted = [part.strip().upper() for part in given.split(",") if part.strip()]
    unknown = [part for part in wanted if part not in KEYS]
    if unknown:
        known = ", ".join(KEYS)
        raise ProblemError(
            422, f"There is no state {unknown[0][:40]!r}; there are {known}.", where="query.state"
        )
    return list(dict.fromkeys(wanted))


@router.get("services", auth=VIEWER, response=schemas.ServicePage, summary="List services")
def service_list(request: HttpRequest, query: Query[ListQuery]) -> HttpResponse:
    """By name. A page past the end is empty, and so is the list of an agent that there is not."""
    found = queries.service_page(
        query.q,
        ",".join(_states(query.state)),
        query.tag,
        query.transport,
        query.page,
        query.page_size,
        approval=query.approval,
        needs=query.needs,
        among=agent_operations.among(query.agent),
        brief=True,
    )
    past = (query.page - 1) * query.page_size >= found.count
    return json_answer({"count": found.count, "results": [] if past else [_short(row) for row in found.rows]})


def _short(service: Service) -> dict[str, Any]:
    return queries.describe(service) | {"tools_to_approve": getattr(service, "undecided", 0)}


def full(name: str) -> dict[str, Any]:
    """One service with its masked configuration and all of its metadata."""
    service = register.get(name)
    needs, needed_by = links.both_sides(service)
    own = {
        "config": vault.masked_entry(service),
        "timeout": service.timeout,
        "policy": policy_operations.described(service),
        "tools_to_approve": service.waiting_tools.filter(refused_at=None).count(),
        "depends_on": needs,
        "needed_by": needed_by,
        "uptime": uptime_presenter.plain(service, timezone.now()),
    }
    return queries.describe(service, full=True) | own


@router.get("services/{name}", auth=VIEWER, response=schemas.ServiceFull, summary="Get a service")
def service_one(request: HttpRequest, name: Name) -> dict[str, Any]:
    return full(name)


def _event(change: StateChange) -> dict[str, Any]:
    fault = {"kind": change.error_kind, "message": change.error_message} if change.error_kind else None
    return {
        "id": change.pk,
        "service": change.service.name,
        "from": change.before or None,
        "to": change.after,
        "event": change.event,
        "reason": change.reason,
        "error": fault,
        "at": change.at,
        "worker": change.worker,
    }


def _events(
    service: Service | None, query: EventQuery, among: QuerySet[StateChange] | None = None
) -> dict[str, Any]:
    # To `queries.events` an id of 0 means "the latest"; a follower that begins at 0 wants the oldest.
    after = 0 if query.after is None else query.after or -1
    found = queries.events(service, after=after, limit=query.limit, settled=True, among=among)
    return {"results": [_event(change) for change in found]}


@router.get(
    "services/{name}/events",
    auth=VIEWER,
    response=schemas.EventList,
    by_alias=True,
    summary="List a service's events",
)
def service_events(request: HttpRequest, name: Name, query: Query[EventQuery]) -> dict[str, Any]:
    """The latest, newest last; or those after an id."""
    return _events(register.get(name), query)


@router.get(
    "events", auth=VIEWER, response=schemas.EventList, by_alias=True, summary="List events of all services"
)
def events(request: HttpRequest, query: Query[FleetEventQuery]) -> dict[str, Any]:
    """The latest transitions that match, newest last; or those after an id, to follow."""
    chosen = Filters(**{key: getattr(query, key) for key in NARROWING if key != "kind"})
    return _events(None, query, narrowing.transitions(chosen) if chosen.narrowed else None)


@router.get(
    "services/{name}/checks", auth=VIEWER, response=schemas.CheckList, summary="List a service's checks"
)
def checks(
    request: HttpRequest, name: Name, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> dict[str, Any]:
    """The latest raw results, newest last."""
    rows = CheckResult.objects.filter(service=register.get(name)).order_by("-at")[:limit]
    return {"results": [_check(row) for row in rows][::-1]}


def _check(row: CheckResult) -> dict[str, Any]:
    at = datetime.fromtimestamp(row.at / 1000, UTC)
    return {"at": at, "level": LEVELS[row.level].value, "ms": row.ms}

"""REST for what does run: services, their tools, events and checks, and the fleet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.db.models import Avg, Count, Q, Sum
from django.http import HttpRequest
from django.utils import timezone
from ninja import Field, Query, Schema

from lifecycle import chrome, policies, reading, schemas
from lifecycle.core.health import LEVELS
from lifecycle.core.states import State
from lifecycle.models import CheckResult, Episode, ServiceState, StateChange, WorkerSeen
from registry import agents, dependencies, registration, secrets
from registry.access.callers import VIEWER
from registry.api import Name, router
from registry.models import Desired, Service
from registry.problems import ProblemError

NO_NUL = r"^[^\x00]*$"
BIGGEST = 2**63 - 1


class ListQuery(Schema):
    q: str = Field(
        "", max_length=200, pattern=NO_NUL, description="part of a name, an endpoint or a tool's name"
    )
    state: str = Field("", max_length=200, description="one or several, separated by commas, in either case")
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


def _states(given: str) -> list[State]:
    wanted = [part.strip().upper() for part in given.split(",") if part.strip()]
    unknown = [part for part in wanted if part not in State.__members__]
    if unknown:
        known = ", ".join(State)
        raise ProblemError(
            422, f"There is no state {unknown[0][:40]!r}; there are {known}.", where="query.state"
        )
    return [State(part) for part in dict.fromkeys(wanted)]


@router.get("services", auth=VIEWER, response=schemas.ServicePage, summary="List services")
def service_list(request: HttpRequest, query: Query[ListQuery]) -> dict[str, Any]:
    """By name. A page past the end is empty, and so is the list of an agent that there is not."""
    found = reading.service_page(
        query.q,
        ",".join(_states(query.state)),
        query.tag,
        query.transport,
        query.page,
        query.page_size,
        approval=query.approval,
        needs=query.needs,
        among=agents.among(query.agent),
    )
    past = (query.page - 1) * query.page_size >= found.count
    return {"count": found.count, "results": [] if past else [_short(row) for row in found.rows]}


def _short(service: Service) -> dict[str, Any]:
    return reading.describe(service) | {"tools_to_approve": getattr(service, "undecided", 0)}


def full(name: str) -> dict[str, Any]:
    """One service with its masked configuration and all of its metadata."""
    service = registration.get(name)
    needs, needed_by = dependencies.both_sides(service)
    own = {
        "config": secrets.masked_entry(service),
        "timeout": service.timeout,
        "policy": policies.described(service),
        "tools_to_approve": service.waiting_tools.filter(refused_at=None).count(),
        "depends_on": needs,
        "needed_by": needed_by,
    }
    return reading.describe(service, full=True) | own


@router.get("services/{name}", auth=VIEWER, response=schemas.ServiceFull, summary="One service")
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


def _events(service: Service | None, query: EventQuery) -> dict[str, Any]:
    # To `reading.events` an id of 0 means "the latest"; a follower that begins at 0 wants the oldest.
    after = 0 if query.after is None else query.after or -1
    found = reading.events(service, after=after, limit=query.limit, settled=True)
    return {"results": [_event(change) for change in found]}


@router.get(
    "services/{name}/events",
    auth=VIEWER,
    response=schemas.EventList,
    by_alias=True,
    summary="A service's transitions",
)
def service_events(request: HttpRequest, name: Name, query: Query[EventQuery]) -> dict[str, Any]:
    """The latest, newest last; or those after an id."""
    return _events(registration.get(name), query)


@router.get("events", auth=VIEWER, response=schemas.EventList, by_alias=True, summary="All transitions")
def events(request: HttpRequest, query: Query[EventQuery]) -> dict[str, Any]:
    """The latest, newest last; or those after an id, to follow."""
    return _events(None, query)


@router.get("services/{name}/checks", auth=VIEWER, response=schemas.CheckList, summary="A service's checks")
def checks(
    request: HttpRequest, name: Name, limit: Annotated[int, Query(ge=1, le=1000)] = 200
) -> dict[str, Any]:
    """The latest raw results, newest last."""
    rows = CheckResult.objects.filter(service=registration.get(name)).order_by("-at")[:limit]
    return {"results": [_check(row) for row in rows][::-1]}


def _check(row: CheckResult) -> dict[str, Any]:
    at = datetime.fromtimestamp(row.at / 1000, UTC)
    return {"at": at, "level": LEVELS[row.level].value, "ms": row.ms}


@router.get("overview", auth=VIEWER, response=schemas.Overview, summary="The fleet")
def overview(request: HttpRequest) -> dict[str, Any]:
    states = reading.counts_by_state()
    wanted = Service.objects.listed().filter(desired=Desired.RUNNING).count()
    listed = ServiceState.objects.filter(service__removed_at=None, service__archived_at=None)
    figures = listed.aggregate(
        average_response_ms=Avg("response_ms", filter=Q(state__in=[State.HEALTHY, State.WARNING])),
        failing=Count("service_id", filter=Q(consecutive_failures__gt=0)),
        reconnections=Sum("reconnect_attempts", filter=Q(state__in=[State.RECONNECTING, State.UNREACHABLE])),
    )
    return figures | {
        "total": sum(states.values()),
        "states": states,
        "health_rate": states[State.HEALTHY] / wanted if wanted else None,
        "reconnections": figures["reconnections"] or 0,
        "open_episodes": _open_episodes(),
        "workers": _workers(timezone.now()),
    }


def _open_episodes() -> int:
    return Episode.objects.filter(state__in=[Episode.State.FIRING, Episode.State.ACKNOWLEDGED]).count()


def _workers(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "name": seen.name,
            "host": seen.host,
            "live": seen.stopped_at is None and now - seen.seen_at <= chrome.SILENT_AFTER,
            "started_at": seen.started_at,
            "seen_at": seen.seen_at,
            "services": seen.services,
        }
        for seen in WorkerSeen.objects.order_by("-seen_at")[:50]
    ]

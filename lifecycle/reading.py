"""What the pages and the REST API read: few queries, whatever the number of services."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import (
    Case,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Lower

from lifecycle import approvals, workers
from lifecycle.core.health import Kind, Level, health_of, status_of
from lifecycle.core.states import TIMED, State
from lifecycle.counting import counts
from lifecycle.counting import counts_by_state as counts_by_state
from lifecycle.counting import state_of as state_of
from lifecycle.counting import state_row as state_row
from lifecycle.heartbeat import CHECKS
from lifecycle.live import transactions
from lifecycle.models import CheckResult, ServiceState, StateChange
from registry.models import Desired, Service, Tool, WaitingTool

PAGE_SIZE = 50
SIGN_IN = "sign-in"
COMPOUND_LIMIT = 400  # SQLite joins at most 500 selects
URGENCY = (
    State.UNREACHABLE,
    State.RECONNECTING,
    State.WARNING,
    State.INITIALIZING,
    State.DISCONNECTING,
    State.HEALTHY,
    State.DISCONNECTED,
)


@dataclass(frozen=True, kw_only=True)
class ServicePage:
    """One page of services with their states; `counts_by_state` is of all services, whatever the filter."""

    count: int
    rows: list[Service]
    counts_by_state: dict[str, int]


def _in_state(state: str) -> Q:
    untaken = {State.INITIALIZING: Desired.RUNNING, State.DISCONNECTED: Desired.STOPPED}.get(State(state))
    match = Q(state_row__state=state)
    return match | Q(state_row=None, desired=untaken) if untaken else match


def _in_states(states: Iterable[str]) -> Q:
    return reduce(or_, (_in_state(state) for state in states))


def _matching(q: str, tag: str, transport: str, approval: str = "", needs: str = "") -> Q:
    match = Q()
    if needs:
        lacking = Q(state_row__error_kind=Kind.AUTH, state_row__state__in=TIMED)
        match &= lacking if needs == SIGN_IN else Q(pk__in=())
    if q:
        tools = Tool.objects.filter(name__icontains=q).values("service")
        match &= Q(name__icontains=q) | Q(endpoint__icontains=q) | Q(id__in=tools)
    if tag:
        match &= Q(tags__icontains=json.dumps(tag)) | Q(tags__icontains=json.dumps(tag, ensure_ascii=False))
    if transport:
        match &= Q(transport=transport)
    if approval:
        waiting = WaitingTool.objects.filter(refused_at=None).values("service")
        match &= Q(id__in=waiting if approval == "waiting" else [])
    return match


def matching(
    q: str = "",
    state: str = "",
    tag: str = "",
    transport: str = "",
    approval: str = "",
    needs: str = "",
    *,
    among: Q | None = None,
) -> QuerySet[Service]:
    """All listed services that match every filter, as `service_page` shows them in pages."""
    states = [part for part in state.split(",") if part in list(State)]
    services = Service.objects.listed().filter(
        _matching(q.strip(), tag, transport, approval, needs) & (among or Q())
    )
    if state:
        services = services.filter(_in_states(states)) if states else services.none()
    return services


def service_page(
    q: str = "",
    state: str = "",
    tag: str = "",
    transport: str = "",
    page: int = 1,
    page_size: int = PAGE_SIZE,
    *,
    approval: str = "",
    needs: str = "",
    failing_first: bool = False,
    among: Q | None = None,
) -> ServicePage:
    """One page of the services that match every filter, by name; a page past the end is the last one.

    *state* may be several, separated by commas; one that is not known matches nothing. *approval* leaves
    those of which a tool waits for somebody to decide, *needs* those that need a "sign-in". *among* narrows
    the list further.
    """
    match = _matching(q.strip(), tag, transport, approval, needs) & (among or Q())
    everything, matching = counts(match)
    states = [part for part in state.split(",") if part in matching]
    count = sum(matching[part] for part in states) if state else sum(matching.values())
    services = Service.objects.listed().filter(match)
    if state:
        services = services.filter(_in_states(states)) if states else services.none()
    first = (clamp(page, count, page_size) - 1) * page_size
    ordered = approvals.with_undecided(_ordered(services, failing_first))
    rows = list(ordered.select_related("state_row")[first : first + page_size])
    return ServicePage(count=count, rows=rows, counts_by_state=everything)


def clamp(page: int, count: int, page_size: int = PAGE_SIZE) -> int:
    """The nearest page that there is."""
    return max(1, min(page, -(-count // page_size)))


def _ordered(services: QuerySet[Service], failing_first: bool) -> QuerySet[Service]:
    if not failing_first:
        return services.order_by(Lower("name"), "id")
    urgency = Case(
        *[When(state_row__state=state, then=Value(rank)) for rank, state in enumerate(URGENCY)],
        default=Value(len(URGENCY)),
        output_field=IntegerField(),
    )
    return services.order_by(urgency, Lower("name"), "id")


def services_by_id(ids: Iterable[int]) -> list[Service]:
    """The listed ones among *ids*, with their states."""
    services = Service.objects.listed().filter(id__in=list(ids))
    return list(approvals.with_undecided(services).select_related("state_row"))


def listed_among(ids: Collection[int]) -> set[int]:
    """Which of *ids* are listed services."""
    return set(Service.objects.listed().filter(pk__in=ids).values_list("pk", flat=True))


def last_levels(ids: Sequence[int]) -> dict[int, list[int]]:
    """Each service's last checks, oldest first: one index look-up each, all in one statement."""
    found: dict[int, list[int]] = {key: [] for key in ids}
    for part in batched(ids, COMPOUND_LIMIT):
        for service_id, _at, level in sorted(_checks(part)):
            found[service_id].append(level)
    return found


def _checks(ids: Sequence[int]) -> list[tuple[int, int, int]]:
    # A window function would read two days of checks to show half an hour of them.
    one = (
        f"SELECT * FROM (SELECT service_id, at, level FROM {CheckResult._meta.db_table} "  # noqa: S608
        f"WHERE service_id = %s ORDER BY at DESC LIMIT {CHECKS}) c"
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([one] * len(ids)), list(ids))
        found: list[tuple[int, int, int]] = cursor.fetchall()
    return found


def batched(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Parts of at most *size*."""
    return (items[start : start + size] for start in range(0, len(items), size))


def events(
    service: Service | None = None, *, after: int = 0, before: int = 0, limit: int = 50, settled: bool = False
) -> list[StateChange]:
    """Transitions, newest last: those after an id, or the latest ones before an id.

    *settled* leaves out those that an older one may yet follow, so that none is missed from the last id on.
    """
    changes = StateChange.objects.select_related("service")
    if service is not None:
        changes = changes.filter(service=service)
    if after and connection.vendor == "postgresql":
        ids = transactions.changes_after(after, service.pk if service else None, limit)
        found = changes.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]
    if after:
        return list(changes.filter(id__gt=after).order_by("id")[:limit])
    if settled and connection.vendor == "postgresql":
        changes = changes.filter(RawSQL(f"lifecycle_statechange.xid < {transactions.HORIZON}", []))  # noqa: S611
    if before:
        changes = changes.filter(id__lt=before)
    return list(changes.order_by("-id")[:limit])[::-1]


def describe(service: Service, full: bool = False) -> dict[str, Any]:
    """A service as REST gives it (requirements, section 6); *full* adds every field of its metadata."""
    row, state = state_row(service), state_of(service)
    level = Level(row.last_level) if row and row.last_level else None
    short = {
        "name": service.name,
        "transport": service.transport,
        "state": state.value,
        "health": health_of(state, level).value,
        "status": status_of(state, ever_started=bool(row and row.revision_applied)).value,
        "since": row.state_entered_at if row else service.created_at,
        "response_time_ms": row.response_ms if row else None,
        "tools_count": row.tools_count if row else 0,
        "consecutive_failures": row.consecutive_failures if row else 0,
        "reconnect_attempts": row.reconnect_attempts if row else 0,
        "next_retry_at": row.next_retry_at if row else None,
        "error": _error(row),
        "desired": service.desired,
    }
    return short | _metadata(service, row) if full else short


def _error(row: ServiceState | None) -> Mapping[str, str] | None:
    if row is None or not row.error_kind:
        return None
    return {"kind": row.error_kind, "message": row.error_message}


METADATA = (
    "consecutive_successes",
    "last_ping_at",
    "last_success_at",
    "last_failure_at",
    "not_serving_since",
    "healthy_since",
    "disconnect_reason",
    "long_cycles",
    "restarts",
    "restarts_since",
    "unsure",
    "revision_applied",
    "tools_refreshed_at",
    "protocol_version",
    "server_name",
    "server_version",
    "worker",
)


def _metadata(service: Service, row: ServiceState | None) -> dict[str, Any]:
    own = ("endpoint", "description", "tags", "profile", "priority", "revision", "created_at", "updated_at")
    known = {key: getattr(service, key) for key in own} | {key: getattr(row, key, None) for key in METADATA}
    known["worker"] = workers.holder_of(service.pk) or known["worker"]
    return known | {"waits_for": row.held_by.split() if row else []}

"""What the pages and the REST API read: few queries, whatever the number of services."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import (
    BooleanField,
    Exists,
    OuterRef,
    Q,
    QuerySet,
)
from django.db.models.expressions import RawSQL

from lifecycle.core.health.verdict import Kind, Level, health_of, status_of
from lifecycle.core.machine.states import TIMED, State
from lifecycle.live.feed import transactions
from lifecycle.models import ServiceState, Slo, StateChange
from lifecycle.pages.paging import PAGE_SIZE, clamp
from lifecycle.policies.operations import with_layers
from lifecycle.services.counts import KEYS, NEEDS_SIGN_IN, counts, locked
from lifecycle.services.counts import counts_by_state as counts_by_state
from lifecycle.services.counts import state_of as state_of
from lifecycle.services.counts import state_row as state_row
from lifecycle.services.listing.order import order_of
from lifecycle.tools.contracts import operations as contract_operations
from lifecycle.workers import queries as worker_queries
from registry.models import Dependency, Desired, Service, Tool, WaitingTool

SIGN_IN = "sign-in"


@dataclass(frozen=True, kw_only=True)
class ServicePage:
    """One page of services; `counts_by_state` is of all services, or empty if it was not asked for."""

    count: int
    rows: list[Service]
    counts_by_state: dict[str, int]


def for_its_page(services: QuerySet[Service]) -> QuerySet[Service]:
    """With what spares its page queries: the policy, and whether there is anything to ask for at all."""
    sides = Q(service=OuterRef("pk")) | Q(depends_on=OuterRef("pk"))
    return with_layers(services.select_related("sign_in", "sign_in_flow")).annotate(
        has_relations=Exists(Dependency.objects.filter(sides)), has_targets=Exists(Slo.objects.all())
    )


def _in_state(state: str) -> Q:
    if state == NEEDS_SIGN_IN:
        return locked("state_row__")
    if state == State.UNREACHABLE:
        return Q(state_row__state=state) & ~locked("state_row__")
    untaken = {State.INITIALIZING: Desired.RUNNING, State.DISCONNECTED: Desired.STOPPED}.get(State(state))
    match = Q(state_row__state=state)
    return match | Q(state_row=None, desired=untaken) if untaken else match


def _in_states(states: Iterable[str]) -> Q:
    return reduce(or_, (_in_state(state) for state in states))


def in_tags(q: str) -> Q:
    """That a tag has these letters: SQLite keeps those beyond ASCII escaped, PostgreSQL as they are."""
    escaped, plain = json.dumps(q)[1:-1], json.dumps(q, ensure_ascii=False)[1:-1]
    match = Q(tags__icontains=escaped)
    return match if escaped == plain else match | Q(tags__icontains=plain)


def _matching(q: str, tag: str, transport: str, approval: str = "", needs: str = "") -> Q:
    match = Q()
    if needs:
        lacking = Q(state_row__error_kind=Kind.AUTH, state_row__state__in=TIMED)
        match &= lacking if needs == SIGN_IN else Q(pk__in=())
    if q:
        tools = Tool.objects.filter(name__icontains=q).values("service")
        own = Q(name__icontains=q) | Q(endpoint__icontains=q) | Q(description__icontains=q)
        match &= own | in_tags(q) | Q(id__in=tools)
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
    states = [part for part in state.split(",") if part in KEYS]
    services = Service.objects.listed().filter(
        _matching(q.strip(), tag, transport, approval, needs) & (among or Q())
    )
    if state:
        services = services.filter(_in_states(states)) if states else services.none()
    return services


_OF_SERVICE = [
    "entry",
    "description",
    "approved_hash",
    "updated_at",
    "archived_at",
    "removed_at",
    "removed_by",
]
_OF_STATE = [
    "error_output",
    "notes",
    "last_ping_at",
    "last_success_at",
    "last_failure_at",
    "healthy_since",
    "restarts_since",
    "protocol_version",
    "connect_mode",
    "server_name",
    "server_version",
    "certificate_until",
    "worker",
]
LISTED = ("state_row", "figures", "slowness", "error_rate")
UNLISTED = (*_OF_SERVICE, *(f"state_row__{name}" for name in _OF_STATE))
"""What no list shows; reading it for each row costs more than it may seem."""
_BRIEF_STATE = (
    "state",
    "last_level",
    "revision_applied",
    "state_entered_at",
    "response_ms",
    "tools_count",
    "consecutive_failures",
    "reconnect_attempts",
    "next_retry_at",
    "error_kind",
    "error_cause",
    "error_message",
)
BRIEF = ("name", "transport", "desired", "created_at", *(f"state_row__{name}" for name in _BRIEF_STATE))
"""What `describe` tells of each in a list: REST reads no more."""


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
    sort: str = "name",
    among: Q | None = None,
    brief: bool = False,
) -> ServicePage:
    """One page of the services that match every filter, in one of `SORTS`; past the end is the last page.

    *state* may be several, separated by commas; one that is not known matches nothing. *approval* leaves
    those of which a tool waits for somebody to decide, *needs* those that need a "sign-in". *among* narrows
    the list further. A *brief* one has what `describe` tells, and not how many are in each state.
    """
    match = _matching(q.strip(), tag, transport, approval, needs) & (among or Q())
    states = [part for part in state.split(",") if part in KEYS]
    services = Service.objects.listed().filter(match)
    if state:
        services = services.filter(_in_states(states)) if states else services.none()
    everything: dict[str, int] = {}
    if brief:
        count = services.count()
    else:
        everything, matching = counts(match)
        count = sum(matching[part] for part in (states if state else matching))
    first = (clamp(page, count, page_size) - 1) * page_size
    ordered = contract_operations.with_undecided(services.order_by(*order_of(sort)))
    shown = (
        ordered.select_related("state_row").only(*BRIEF)
        if brief
        else ordered.select_related(*LISTED).defer(*UNLISTED)
    )
    rows = list(shown[first : first + page_size])
    return ServicePage(count=count, rows=rows, counts_by_state=everything)


def services_by_id(ids: Iterable[int]) -> list[Service]:
    """The listed ones among *ids*, with their states."""
    services = Service.objects.listed().filter(id__in=list(ids))
    return list(contract_operations.with_undecided(services).select_related(*LISTED))


def listed_among(ids: Collection[int]) -> set[int]:
    """Which of *ids* are listed services."""
    return set(Service.objects.listed().filter(pk__in=ids).values_list("pk", flat=True))


def events(
    service: Service | None = None,
    *,
    after: int = 0,
    before: int = 0,
    limit: int = 50,
    settled: bool = False,
    among: QuerySet[StateChange] | None = None,
) -> list[StateChange]:
    """Transitions, newest last: those after an id, or the latest ones before an id.

    *settled* leaves out those that an older one may yet follow, so that none is missed from the last id on.
    *among* are those to choose from.
    """
    changes = (StateChange.objects.all() if among is None else among).select_related("service")
    if service is not None:
        changes = changes.filter(service=service)
    if after and among is not None and connection.vendor == "postgresql":
        return list(_in_their_order(changes, after)[:limit])
    if after and connection.vendor == "postgresql":
        ids = transactions.changes_after(after, service.pk if service else None, limit)
        found = changes.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]
    if after:
        return list(changes.filter(id__gt=after).order_by("id")[:limit])
    if settled and connection.vendor == "postgresql":
        settled_by_now = f"lifecycle_statechange.xid < {transactions.HORIZON}"
        changes = changes.filter(RawSQL(settled_by_now, [], BooleanField()))  # noqa: S611
    if before:
        changes = changes.filter(id__lt=before)
    return list(changes.order_by("-id")[:limit])[::-1]


def _in_their_order(changes: QuerySet[StateChange], after: int) -> QuerySet[StateChange]:
    """On PostgreSQL: those that follow the one with id *after*, as `transactions.changes_after` has it."""
    follows = RawSQL(transactions.FOLLOWS, [after, after], BooleanField())  # noqa: S611
    by_transaction = RawSQL("lifecycle_statechange.xid", [])
    return changes.filter(follows).order_by(by_transaction, "id")


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
    return {"kind": row.error_kind, "cause": row.error_cause, "message": row.error_message}


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
    "certificate_until",
    "worker",
)


def _metadata(service: Service, row: ServiceState | None) -> dict[str, Any]:
    own = ("endpoint", "description", "tags", "profile", "priority", "revision", "created_at", "updated_at")
    known = {key: getattr(service, key) for key in own} | {key: getattr(row, key, None) for key in METADATA}
    known["worker"] = worker_queries.holder_of(service.pk) or known["worker"]
    return known | {
        "waits_for": row.held_by.split() if row else [],
        "output": row.error_output if row else "",
        "notes": row.notes.splitlines() if row else [],
    }

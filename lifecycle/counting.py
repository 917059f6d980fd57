"""How many services are in each state: cheap enough to be pushed with every change."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Value

from lifecycle.core.states import State
from lifecycle.models import ServiceState
from registry.models import Desired, Service


def state_row(service: Service) -> ServiceState | None:
    """The service's state, or None before the worker has taken it up."""
    try:
        return service.state_row
    except ServiceState.DoesNotExist:
        return None


def state_of(service: Service) -> State:
    """The state people see; one that the worker has not taken up yet is about to connect, or at rest."""
    row = state_row(service)
    if row is not None:
        return State(row.state)
    return State.INITIALIZING if service.desired == Desired.RUNNING else State.DISCONNECTED


def counts(match: Q) -> tuple[dict[str, int], dict[str, int]]:
    """Services by state: all of them, and those that match; one query."""
    if not match:
        everything = counts_by_state()
        return everything, everything
    return _counts_one_by_one(match)


def _counts_one_by_one(match: Q) -> tuple[dict[str, int], dict[str, int]]:
    everything, matching = dict.fromkeys(State, 0), dict.fromkeys(State, 0)
    groups = (
        Service.objects.listed()
        .order_by()
        .values_list("state_row__state", "desired")
        .annotate(n=Count("id"), hits=Count("id", filter=match) if match else Count("id"))
    )
    for stored, desired, n, hits in groups:
        at_rest = State.INITIALIZING if desired == Desired.RUNNING else State.DISCONNECTED
        state = State(stored) if stored else at_rest
        everything[state] += n
        matching[state] += hits
    return {str(k): v for k, v in everything.items()}, {str(k): v for k, v in matching.items()}


def counts_by_state() -> dict[str, int]:
    """All services by state, from indexes alone: states stored, less those of services no longer listed.

    Only while a service waits for the worker to take it up does the sum not tell, and each is looked at.
    """
    facts: dict[str, Counter[str]] = {"stored": Counter(), "unlisted": Counter(), "listed": Counter()}
    for kind, key, n in _tallies():
        facts[kind][key] += n
    states = facts["stored"] - facts["unlisted"]
    if states.total() != facts["listed"].total():
        return _counts_one_by_one(Q())[0]
    return {state.value: states[state.value] for state in State}


def _tallies() -> QuerySet[Any, tuple[str, str, int]]:
    gone = Service.objects.filter(Q(removed_at__isnull=False) | Q(archived_at__isnull=False)).values("id")
    return _tally(ServiceState.objects.all(), "stored", "state").union(
        _tally(ServiceState.objects.filter(service__in=gone), "unlisted", "state"),
        _tally(Service.objects.listed(), "listed", "desired"),
        all=True,
    )


def _tally(rows: Any, kind: str, key: str) -> QuerySet[Any, tuple[str, str, int]]:
    named = rows.order_by().annotate(kind=Value(kind), key=F(key))
    tally: QuerySet[Any, tuple[str, str, int]] = named.values_list("kind", "key").annotate(n=Count("pk"))
    return tally

"""How many services are in each state: cheap enough to be pushed with every change."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

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
    facts = _facts(match)
    everything = _everything(facts)
    return everything, _by_state(facts["matching"]) if match else everything


def counts_by_state() -> dict[str, int]:
    """All services by state."""
    return _everything(_facts(Q()))


def _facts(match: Q) -> dict[str, Counter[str]]:
    facts: dict[str, Counter[str]] = {
        kind: Counter() for kind in ("stored", "unlisted", "listed", "matching")
    }
    for kind, key, n in _tallies(match):
        facts[kind][key] += n
    return facts


def _everything(facts: dict[str, Counter[str]]) -> dict[str, int]:
    """From indexes alone: states stored, less those of services no longer listed.

    Only while a service waits for the worker to take it up does the sum not tell, and each is looked at.
    """
    states = facts["stored"] - facts["unlisted"]
    if states.total() != facts["listed"].total():
        states = Counter({state: n for _, state, n in _one_by_one(Q())})
    return _by_state(states)


def _by_state(found: Counter[str]) -> dict[str, int]:
    return {state.value: found[state.value] for state in State}


def _tallies(match: Q) -> QuerySet[Any, tuple[str, str, int]]:
    gone = Service.objects.filter(Q(removed_at__isnull=False) | Q(archived_at__isnull=False)).values("id")
    return _tally(ServiceState.objects.all(), "stored", F("state")).union(
        _tally(ServiceState.objects.filter(service__in=gone), "unlisted", F("state")),
        _tally(Service.objects.listed(), "listed", F("desired")),
        *([_one_by_one(match)] if match else []),
        all=True,
    )


def _one_by_one(match: Q) -> QuerySet[Any, tuple[str, str, int]]:
    """Those that match, each looked at for its state, or for that which people see before it has one."""
    at_rest = Case(
        When(desired=Desired.RUNNING, then=Value(State.INITIALIZING.value)),
        default=Value(State.DISCONNECTED.value),
    )
    return _tally(Service.objects.listed().filter(match), "matching", Coalesce("state_row__state", at_rest))


def _tally(rows: Any, kind: str, key: Any) -> QuerySet[Any, tuple[str, str, int]]:
    named = rows.order_by().annotate(kind=Value(kind), key=key)
    tally: QuerySet[Any, tuple[str, str, int]] = named.values_list("kind", "key").annotate(n=Count("pk"))
    return tally

"""How many services are in each state: cheap enough to be pushed with every change.

One that answers and lets nobody in is UNREACHABLE to the machine. People count it apart: it is not down.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.states import State
from lifecycle.models import ServiceState
from lifecycle.pages.reading import kept
from registry.models import Desired, Service

NEEDS_SIGN_IN = "NEEDS_SIGN_IN"
KEYS = (*(state.value for state in State), NEEDS_SIGN_IN)
"""What services are counted by."""


def locked(to_state: str = "") -> Q:
    """Those that only lack a sign-in, of rows from which *to_state* leads to their state."""
    return Q(**{f"{to_state}state": State.UNREACHABLE.value, f"{to_state}error_kind": Kind.AUTH.value})


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
    """Services by `KEYS`: all of them, and those that match; one query."""
    facts = _facts(match)
    everything = _everything(facts)
    return everything, _by_state(facts["matching"]) if match else everything


def counts_by_state() -> dict[str, int]:
    """All services by `KEYS`."""
    return _everything(_facts(Q()))


def with_wanted() -> tuple[dict[str, int], int]:
    """All services by `KEYS`, and how many of them should run; one query."""
    facts = _facts(Q())
    return _everything(facts), facts["listed"][Desired.RUNNING]


def _facts(match: Q) -> dict[str, Counter[str]]:
    facts: dict[str, Counter[str]] = {
        kind: Counter() for kind in ("stored", "unlisted", "locked", "listed", "matching")
    }
    for kind, key, n in list(_tallies(match)) if match else kept.rows("counts", lambda: _tallies(Q())):
        facts[kind][key] += n
    return facts


def _everything(facts: dict[str, Counter[str]]) -> dict[str, int]:
    """From indexes alone: states stored, less those of services no longer listed.

    Only while a service waits for the worker to take it up does the sum not tell, and each is looked at.
    """
    states = facts["stored"] - facts["unlisted"]
    states += Counter({NEEDS_SIGN_IN: facts["locked"].total()})
    states -= facts["locked"]
    if states.total() != facts["listed"].total():
        states = Counter({state: n for _, state, n in _one_by_one(Q())})
    return _by_state(states)


def _by_state(found: Counter[str]) -> dict[str, int]:
    return {key: found[key] for key in KEYS}


def _tallies(match: Q) -> QuerySet[Any, tuple[str, str, int]]:
    gone = Service.objects.filter(Q(removed_at__isnull=False) | Q(archived_at__isnull=False)).values("id")
    return _tally(ServiceState.objects.all(), "stored", F("state")).union(
        _tally(ServiceState.objects.filter(service__in=gone), "unlisted", F("state")),
        _tally(ServiceState.objects.filter(locked()).exclude(service__in=gone), "locked", F("state")),
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
    key = Case(
        When(locked("state_row__"), then=Value(NEEDS_SIGN_IN)),
        default=Coalesce("state_row__state", at_rest),
    )
    return _tally(Service.objects.listed().filter(match), "matching", key)


def _tally(rows: Any, kind: str, key: Any) -> QuerySet[Any, tuple[str, str, int]]:
    named = rows.order_by().annotate(kind=Value(kind), key=key)
    tally: QuerySet[Any, tuple[str, str, int]] = named.values_list("kind", "key").annotate(n=Count("pk"))
    return tally

"""What the outages of a plan left behind: transitions, states, and alerts that are open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from operator import itemgetter

from django.db import transaction

from lifecycle.alerts.episodes import evaluate
from lifecycle.core.health.verdict import Kind, Level
from lifecycle.core.machine.states import Event, State
from lifecycle.models import ServiceState, StateChange, WorkerSeen
from mcpstore_site.benchmarks.past.plan import Plan
from mcpstore_site.benchmarks.support.filling import Row, insert
from registry.models import Service

COLUMNS = ("service_id", "before", "after", "event", "reason", "error_kind", "error_message", "at")
WHY = "no answer within 10 s"
WATCHED = timedelta(hours=6)
"""So long from now on a worker seems to be there."""
ALERTS_AT_MOST = 100


def write(plan: Plan, ids: list[int]) -> None:
    """All of it, for services *ids*; they have states already."""
    Service.objects.update(created_at=moment(plan.first))
    changes = sorted(_changes(plan, ids), key=itemgetter(-1))
    last = {n: (began, ended) for n, began, ended in plan.outages()}
    with transaction.atomic():
        insert(StateChange, COLUMNS, iter(changes))
        for n, (began, ended) in last.items():
            _state(ids[n], began, ended, plan.now)
    WorkerSeen.objects.update(seen_at=moment(plan.now) + WATCHED)
    for second in range(ALERTS_AT_MOST):
        if not evaluate.tick(moment(plan.now) + timedelta(seconds=10 * second)) and second:
            break


def moment(at: int) -> datetime:
    """Seconds since 1970 as a moment."""
    return datetime.fromtimestamp(at, UTC)


def _changes(plan: Plan, ids: list[int]) -> Iterator[Row]:
    for key in ids:
        yield _change(key, plan.first, State.INITIALIZING, State.HEALTHY, Event.CONNECTED, "connected")
    for n, began, ended in plan.outages():
        key = ids[n]
        yield _change(key, began, State.HEALTHY, State.RECONNECTING, Event.LOST, WHY)
        if ended <= plan.now:
            yield _change(key, ended, State.RECONNECTING, State.HEALTHY, Event.CONNECTED, "connected again")


def _change(key: int, at: int, before: State, after: State, event: Event, why: str) -> Row:
    kind, message = (Kind.TIMEOUT.value, WHY) if after is State.RECONNECTING else ("", "")
    return key, before.value, after.value, event.value, why, kind, message, moment(at)


def _state(key: int, began: int, ended: int, now: int) -> None:
    """As the last outage left it."""
    row = ServiceState.objects.filter(pk=key)
    if ended <= now:
        row.update(state_entered_at=moment(ended), healthy_since=moment(ended))
        return
    row.update(
        state=State.RECONNECTING,
        state_entered_at=moment(began),
        not_serving_since=moment(began),
        healthy_since=None,
        consecutive_failures=max((now - began) // 30, 3),
        last_success_at=moment(began),
        last_failure_at=moment(now),
        last_level=Level.UNHEALTHY,
        response_ms=None,
        error_kind=Kind.TIMEOUT,
        error_message=WHY,
        reconnect_attempts=4,
        next_retry_at=moment(now + 60),
    )

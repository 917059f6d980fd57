"""Times that no state vouches for, as rows: no worker looked, checks proved nothing, nobody wanted it.

A worker that starts notes the time since the last sign of life of any; one that stood still (its machine
slept, or its database was away) notes that time when it goes on. Where several workers share the services, a
gap is only when none of them lived: services of one that died are taken over by the others within about 15
seconds, which are not noted. While nobody looks, readers find the gap from the last sign of life themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Max, Q, QuerySet

from lifecycle.core.machine.moves import GAVE_UP
from lifecycle.core.machine.states import State
from lifecycle.core.reconnection.restarts import NOT_RESTARTED
from lifecycle.models import MonitoringGap, ServiceState, WorkerSeen
from lifecycle.pages.queries import SILENT_AFTER
from registry.models import Desired

Cause = MonitoringGap.Cause
AT_REST = Q(service__desired=Desired.STOPPED) | Q(service__archived_at__isnull=False)
GONE = Q(service__removed_at__isnull=False)


@dataclass(frozen=True, slots=True)
class Doubt:
    """From *now* on checks of a service prove nothing, for the fault of our own `unsure`; empty: they do."""

    service_id: int
    unsure: str
    now: datetime


def worker_started(name: str, now: datetime, is_gone: Callable[[str], bool]) -> None:
    """Note since when no worker looked, before *name* gives a sign of life. *is_gone* knows places."""
    last = WorkerSeen.objects.aggregate(last=Max("seen_at"))["last"]
    if last is not None and last < now and not _others(name, now, is_gone):
        MonitoringGap.objects.create(began_at=last, ended_at=now, cause=Cause.WORKER)


def _others(name: str, now: datetime, is_gone: Callable[[str], bool] = lambda place: False) -> bool:
    """Whether another worker lives. SQLite has room for one: who starts there is alone."""
    if connection.vendor != "postgresql":
        return False
    alive = WorkerSeen.objects.filter(stopped_at=None, seen_at__gte=now - SILENT_AFTER).exclude(name=name)
    return any(not is_gone(place) for place in alive.values_list("place", flat=True))


class Signs:
    """Notices that the worker stood still. *elapsed* are seconds that nobody can set, sleep included."""

    def __init__(self, name: str, elapsed: Callable[[], float]) -> None:
        self._name, self._elapsed = name, elapsed
        self._before = elapsed()

    def look(self, now: datetime) -> None:
        """Call it every few seconds; a long time since the call before becomes a gap."""
        passed = self._elapsed() - self._before
        if passed > SILENT_AFTER.total_seconds() and not _others(self._name, now):
            began = now - timedelta(seconds=passed)
            MonitoringGap.objects.create(began_at=began, ended_at=now, cause=Cause.ASLEEP)
        self._before += passed


def follow(doubts: Iterable[Doubt]) -> None:
    """Open and close the spans of services whose checks begin, or cease, to prove nothing."""
    begun, over = [], dict[datetime, list[int]]()
    for doubt in doubts:
        if doubt.unsure:
            begun.append(
                MonitoringGap(service_id=doubt.service_id, began_at=doubt.now, cause=doubt.unsure[:12])
            )
        else:
            over.setdefault(doubt.now, []).append(doubt.service_id)
    if begun:
        MonitoringGap.objects.bulk_create(begun)
    for now, ids in over.items():
        _open(ids).exclude(cause=Cause.RESTING).update(ended_at=now)


def _open(ids: Iterable[int]) -> QuerySet[MonitoringGap]:
    return MonitoringGap.objects.filter(service__in=list(ids), ended_at=None)


def rest(now: datetime) -> None:
    """Follow services at rest: what nobody wants to serve is no outage, though the console had given up."""
    given_up = Q(state=State.DISCONNECTED, disconnect_reason__in=(GAVE_UP, NOT_RESTARTED))
    noted = MonitoringGap.objects.filter(cause=Cause.RESTING, ended_at=None)
    awake = noted.exclude(AT_REST | GONE)
    if woken := list(awake.values_list("pk", flat=True)):
        MonitoringGap.objects.filter(pk__in=woken).update(ended_at=now)
    rows = (
        ServiceState.objects.filter(given_up)
        .filter(AT_REST | GONE)
        .exclude(service__in=noted.values("service"))
    )
    fields = ("service__removed_at", "service__archived_at", "service__updated_at")
    MonitoringGap.objects.bulk_create(
        MonitoringGap(service_id=key, began_at=removed or archived or updated, cause=Cause.RESTING)
        for key, removed, archived, updated in rows.values_list("pk", *fields)
    )

"""The workers: who is at work, since when, what each holds, and how punctual it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from lifecycle.core.timing.shares import HOUSE, SHARDS, shard_of
from lifecycle.engine.leases import leases
from lifecycle.models import Lease, WorkerSeen
from lifecycle.pages.queries import SILENT_AFTER

GONE_SHOWN = timedelta(days=1)
AT_MOST = 50


@dataclass(frozen=True, kw_only=True)
class WorkerStatus:
    """One worker's row and its leases; on SQLite one worker holds everything while it runs."""

    seen: WorkerSeen
    live: bool
    shards: int
    house: bool


def worker_statuses(now: datetime) -> list[WorkerStatus]:
    """Those at work first, then those that went within the last day, the latest first."""
    recent = WorkerSeen.objects.filter(Q(stopped_at=None) | Q(stopped_at__gt=now - GONE_SHOWN))
    rows = list(recent.filter(seen_at__gt=now - GONE_SHOWN).order_by("-seen_at")[:AT_MOST])
    held = Counter(Lease.objects.exclude(shard=HOUSE).values_list("worker", flat=True))
    house = set(Lease.objects.filter(shard=HOUSE).values_list("worker", flat=True))
    found = []
    for row in rows:
        live = row.stopped_at is None and now - row.seen_at <= SILENT_AFTER
        alone = live and not is_shared()
        shards = SHARDS if alone else held[row.name]
        found.append(WorkerStatus(seen=row, live=live, shards=shards, house=alone or row.name in house))
    return sorted(found, key=lambda one: (not one.live, -one.seen.started_at.timestamp()))


def any_at_work(now: datetime) -> bool:
    """Whether a worker gave a sign of life a moment ago."""
    return WorkerSeen.objects.filter(stopped_at=None, seen_at__gt=now - SILENT_AFTER).exists()


def is_shared() -> bool:
    """Whether this database has room for several workers."""
    return connection.vendor == "postgresql"


def unheld() -> int:
    """How many leases are held by no living worker."""
    return leases.unheld() if is_shared() else 0


def holder_of(service_id: int) -> str:
    """The worker that has the service now; empty where no lease tells."""
    if not is_shared():
        return ""
    return Lease.objects.filter(shard=shard_of(service_id)).values_list("worker", flat=True).first() or ""

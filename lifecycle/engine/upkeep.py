"""What the worker does beside the services: its sign of life, and forgetting what is old."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from lifecycle.core.states import State
from lifecycle.live import feed
from lifecycle.models import CheckResult, FeedItem, ServiceState, WorkerSeen
from registry import mcpjson, removal
from registry.drifting import Watch
from registry.models import Desired

logger = logging.getLogger(__name__)
CHECKS_KEPT = timedelta(hours=48)
WORKERS_KEPT = timedelta(days=7)
ARCHIVED_AFTER = timedelta(hours=168)
SERVICES_AT_ONCE = 40
ROWS_AT_ONCE = 1000


def started(name: str, host: str, pid: int, now: datetime, where: str = "") -> None:
    """Introduce this worker, and forget those that have long been gone."""
    with transaction.atomic():
        WorkerSeen.objects.filter(seen_at__lt=now - WORKERS_KEPT).delete()
        values = {"pid": pid, "host": host, "started_at": now, "seen_at": now, "stopped_at": None}
        values |= {"place": where, "services": 0, "late_ms": 0, "connecting": {}}
        WorkerSeen.objects.update_or_create(name=name, defaults=values)
        feed.note(FeedItem.Kind.WORKER, 0, now)


def seen(name: str, services: int, late: float, now: datetime) -> None:
    """Still here, with so many services, and checks that begin *late* seconds after they are due."""
    late_ms = round(late * 1000)
    WorkerSeen.objects.filter(name=name).update(seen_at=now, services=services, late_ms=late_ms)


def connecting(name: str, picture: dict[str, Any]) -> None:
    """Who connects now, who waits for it, and what is left of the retry budget."""
    WorkerSeen.objects.filter(name=name).update(connecting=picture)


def stopped(name: str, now: datetime) -> None:
    """Gone, on purpose."""
    with transaction.atomic():
        WorkerSeen.objects.filter(name=name).update(seen_at=now, stopped_at=now)
        feed.note(FeedItem.Kind.WORKER, 0, now)


def look_at_file(watch: Watch, now: datetime) -> None:
    """Tell the pages when someone edited mcp.json by hand, and when that is decided."""
    if watch.look(now):
        feed.note(FeedItem.Kind.DRIFT, 0, now)


def export(now: datetime) -> None:
    """Let mcp.json follow. A disk that is full, or a file we may not touch, stops no service."""
    try:
        mcpjson.export_pending(author="", now=now)
    except OSError as exc:
        logger.warning("mcp.json was not exported, it is tried again: %s", exc)


def archive(now: datetime) -> list[str]:
    """Hide services that gave up and have been at rest for a week, never one that a person stopped."""
    before = now - ARCHIVED_AFTER
    idle = ServiceState.objects.filter(
        state=State.DISCONNECTED,
        state_entered_at__lt=before,
        service__desired=Desired.RUNNING,
        service__updated_at__lt=before,
        service__removed_at=None,
        service__archived_at=None,
    )
    ids = list(idle.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE])
    with transaction.atomic():
        names = removal.archive(ids, by="worker", now=now)
        if names:
            feed.note(FeedItem.Kind.LIST, 0, now)
    return names


class Pruning:
    """Forgets old rows a little at a time; every service has its turn."""

    def __init__(self) -> None:
        self._after = 0

    def step(self, service_ids: list[int], now: datetime) -> int:
        """One small round; returns how many rows went."""
        turn = sorted(pk for pk in service_ids if pk > self._after)[:SERVICES_AT_ONCE]
        self._after = turn[-1] if turn else 0
        return feed.prune(now) + sum(_prune_checks(pk, now - CHECKS_KEPT) for pk in turn)


def _prune_checks(service_id: int, before: datetime) -> int:
    """By the primary key's prefix, since no index leads from the time alone to the rows."""
    limit = int(before.timestamp() * 1000)
    old = CheckResult.objects.filter(service_id=service_id, at__lt=limit).order_by("at")
    last = old.values_list("at", flat=True)[:ROWS_AT_ONCE]
    newest = max(last, default=None)
    if newest is None:
        return 0
    return CheckResult.objects.filter(service_id=service_id, at__lte=newest).delete()[0]

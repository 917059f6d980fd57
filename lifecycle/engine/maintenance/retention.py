"""The worker's heartbeat, and retention: old rows deleted, services that gave up archived."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from lifecycle.core.machine.states import State
from lifecycle.core.timing import clock_leaps
from lifecycle.engine.host import identity
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, ServiceState, WorkerSeen
from lifecycle.monitoring.uptime import gaps
from registry.mcpjson import image
from registry.mcpjson.drift import Watch
from registry.models import Desired, RegistryHead
from registry.removed import operations as removed_operations

logger = logging.getLogger(__name__)
WORKERS_KEPT = timedelta(days=7)
ARCHIVED_AFTER = timedelta(hours=168)
ROWS_AT_ONCE = 1000


def started(name: str, host: str, pid: int, now: datetime, where: str = "") -> None:
    """Introduce this worker, and forget those that have long been gone."""
    with transaction.atomic():
        gaps.worker_started(name, now, identity.is_gone)
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
        image.export_pending(author="", now=now)
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
        names = removed_operations.archive(ids, by="worker", now=now)
        if names:
            feed.note(FeedItem.Kind.LIST, 0, now)
    return names


def since_boot() -> float:
    """Seconds that nobody can set, those of sleep among them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Trust:
    """Lets nothing be deleted for its age while the clock may be wrong."""

    def __init__(self, elapsed: Callable[[], float] = since_boot) -> None:
        self._elapsed = elapsed
        self._watch: clock_leaps.Watch | None = None

    def look(self, now: datetime) -> bool:
        """Whether *now* is believed; that, or the doubt so far, is kept for a process after this one."""
        before, elapsed = self._watch, self._elapsed()
        self._watch = (
            clock_leaps.step(before, now, elapsed) if before else clock_leaps.begin(_kept(), now, elapsed)
        )
        doubt = self._watch.doubt
        if doubt is None:
            fields = {"clock_seen_at": now, "clock_doubted_at": None, "clock_waited": 0.0}
        else:
            fields = {"clock_doubted_at": doubt.now, "clock_waited": doubt.waited}
            if before is None or before.believed:
                logger.warning(
                    "the clock is far ahead of when it was read last: "
                    "nothing old is deleted until the console has run for a day"
                )
        RegistryHead.objects.filter(pk=1).update(**fields)
        return doubt is None


def _kept() -> clock_leaps.Kept:
    """What the process before this one left, if there was one."""
    names = ("clock_seen_at", "clock_doubted_at", "clock_waited")
    row = RegistryHead.objects.filter(pk=1).values_list(*names).first()
    return (
        clock_leaps.Kept(seen=row[0], doubted=row[1], waited=row[2]) if row else clock_leaps.Kept(seen=None)
    )

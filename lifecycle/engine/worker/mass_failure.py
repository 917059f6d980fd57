"""Notices when most services fail at once, and when that is over; one row, one alert, one recovery."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Count, Q

from lifecycle.alerts.episodes.subjects import mass_failure
from lifecycle.core.machine.states import TIMED
from lifecycle.core.reconnection.mass_failure import Fleet, step, window
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, MassFailure, ServiceState
from registry.models import Desired

log = structlog.get_logger("lifecycle.worker")


def fleet(interval: timedelta, now: datetime) -> Fleet:
    """All services that should run, as their rows say."""
    wanted = ServiceState.objects.filter(
        state__in=TIMED,
        service__desired=Desired.RUNNING,
        service__removed_at=None,
        service__archived_at=None,
    )
    failing = Q(consecutive_failures__gt=0)
    lately = Q(last_success_at__gte=now - window(interval))
    return Fleet(
        **wanted.aggregate(
            total=Count("pk"),
            failing=Count("pk", filter=failing),
            fallen=Count("pk", filter=failing & lately),
        )
    )


def look(worker: str, interval: timedelta, now: datetime) -> None:
    """Begin a mass failure, follow it, or end it; *interval* is the usual time between checks."""
    under_way = MassFailure.objects.filter(open=True).first()
    seen = fleet(interval, now)
    if under_way is None and not step(False, seen):
        return
    with transaction.atomic():
        if under_way is None:
            mass: MassFailure | None = _begin(worker, seen, now)
        elif step(True, seen):
            mass = _worse(under_way, seen)
        else:
            mass = None
            _end(under_way, now)
        mass_failure.follow(mass, now)


def is_under_way() -> bool:
    """Whether most services fail now; then every worker retries more slowly."""
    return MassFailure.objects.filter(open=True).exists()


def _begin(worker: str, seen: Fleet, now: datetime) -> MassFailure:
    mass = MassFailure.objects.create(began_at=now, total=seen.total, failing=seen.failing, worker=worker)
    feed.note(FeedItem.Kind.MASS, 0, now)
    log.warning("mass failure: most services fail at once", failing=seen.failing, total=seen.total)
    return mass


def _worse(mass: MassFailure, seen: Fleet) -> MassFailure:
    if seen.failing > mass.failing:
        mass.failing, mass.total = seen.failing, seen.total
        mass.save(update_fields=["failing", "total"])
    return mass


def _end(mass: MassFailure, now: datetime) -> None:
    MassFailure.objects.filter(pk=mass.pk).update(open=False, ended_at=now)
    feed.note(FeedItem.Kind.MASS, 0, now)
    log.info("the mass failure is over", lasted_s=round((now - mass.began_at).total_seconds()))

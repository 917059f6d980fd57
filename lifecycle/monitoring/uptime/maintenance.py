"""Maintenance as uptime knows it: time of a service that does not count."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from lifecycle.models import MonitoringGap

Cause = MonitoringGap.Cause


def exclude(services: Collection[int], began: datetime, ended: datetime) -> int:
    """Let this time of these services not count, each once; returns of how many that is new."""
    known = MonitoringGap.objects.filter(cause=Cause.MAINTENANCE, began_at=began, ended_at=ended)
    known = known.filter(service__isnull=False)
    missing = set(services) - set(known.values_list("service", flat=True))
    MonitoringGap.objects.bulk_create(
        MonitoringGap(service_id=key, began_at=began, ended_at=ended, cause=Cause.MAINTENANCE)
        for key in sorted(missing)
    )
    return len(missing)


def shorten(services: Collection[int], began: datetime, ended: datetime, now: datetime) -> None:
    """It ended earlier than it was planned."""
    mine = MonitoringGap.objects.filter(cause=Cause.MAINTENANCE, began_at=began, ended_at=ended)
    mine.filter(service__in=services).update(ended_at=now)

"""Hours and days of each service, once they are over: in small transactions, each with its mark."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db import transaction

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.models import RollupMark
from lifecycle.monitoring.rollups import marks, tables
from registry.models import Service

FINER = {HOUR: MINUTES, DAY: HOUR}
GRACE = 300
"""Seconds that a span waits for checks that are written late; what comes later still is added to it."""
SERVICES_AT_ONCE = 250


def step(now: datetime) -> bool:
    """Do a little; whether there may be more to do. May be repeated, and resumes where a kill ended it."""
    with transaction.atomic():
        if RollupMark.objects.filter(name=marks.BACKFILL).exists():
            return False
        found = marks.locked(marks.SERVICES)
        if len(found) < len(marks.SERVICES):
            marks.begin(now)
            return True
        hours, days = found[HOUR], found[DAY]
        if hours.until + HOUR + GRACE <= now.timestamp():
            return _advance(HOUR, hours)
        if days.until + DAY <= hours.until:
            return _advance(DAY, days)
    return False


def _advance(span: int, mark: RollupMark) -> bool:
    """The next services of the span that begins at the mark."""
    after = Service.objects.filter(pk__gt=mark.service_id).order_by("pk")
    ids = list(after.values_list("pk", flat=True)[:SERVICES_AT_ONCE])
    _roll_up(span, mark.until, ids)
    if len(ids) < SERVICES_AT_ONCE:
        marks.move(mark.name, mark.until + span)
    else:
        marks.move(mark.name, mark.until, ids[-1])
    return True


def _roll_up(span: int, start: int, ids: list[int]) -> None:
    found: dict[int, list[bytes]] = defaultdict(list)
    rows = tables.MODELS[FINER[span]].objects.filter(service_id__in=ids, at__gte=start, at__lt=start + span)
    for service_id, data in rows.values_list("service_id", "data"):
        found[service_id].append(bytes(data))
    tables.put(span, {(service_id, start): packing.merge(parts) for service_id, parts in found.items()})

"""What is usual for each service by the time of day, learnt once a day a few services at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring.expectations import slowness
from lifecycle.core.monitoring.expectations.slowness import DAYS, EMPTY
from lifecycle.core.monitoring.local_days import beginning, day_of
from lifecycle.models import Rollup5m, SlownessProfile
from registry.models import Service

CLOSED_AFTER = 300
"""Seconds after midnight by which all checks of a day are written."""
AT_ONCE = 5
MOST = 100
"""Services learnt in one round of 5 minutes, so that midnight costs no more than other times."""


def behind(now: datetime) -> list[int]:
    """Services of which a day that is over is not learnt yet; those that were never learnt last."""
    zone, today = settings.SHOWN_TIME_ZONE, _today(now)
    known = dict(SlownessProfile.objects.filter(zone=str(zone)).values_list("pk", "until"))
    listed = Service.objects.listed().order_by("pk").values_list("pk", flat=True)
    late = [key for key in listed if known.get(key, 0) < today]
    return sorted(late, key=lambda key: -known.get(key, 0))[:MOST]


def _today(now: datetime) -> int:
    return beginning(now.timestamp() - CLOSED_AFTER, settings.SHOWN_TIME_ZONE)


def find(ids: Sequence[int], now: datetime) -> list[SlownessProfile]:
    """Their profiles with all days that are over; two queries, of 14 days only for one that is new."""
    zone, today = settings.SHOWN_TIME_ZONE, _today(now)
    known = SlownessProfile.objects.filter(zone=str(zone)).in_bulk(ids)
    oldest = beginning(today, zone, DAYS)
    since = {key: max(known[key].until if key in known else oldest, oldest) for key in ids}
    medians = _medians(since, today)
    found = []
    for key in ids:
        data = bytes(known[key].data) if key in known else EMPTY
        day = day_of(since[key], zone).toordinal()
        for ordinal in range(day, day_of(today, zone).toordinal()):
            data = slowness.learn(data, ordinal, medians[key][ordinal])
        days = slowness.days_learnt(data)
        found.append(SlownessProfile(service_id=key, until=today, days=days, zone=str(zone), data=data))
    return found


def _medians(since: dict[int, int], today: int) -> dict[int, dict[int, dict[int, float]]]:
    """By service, day and slot."""
    zone = settings.SHOWN_TIME_ZONE
    found: dict[int, dict[int, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    for first in sorted(set(since.values())):
        ids = [key for key, start in since.items() if start == first]
        rows = Rollup5m.objects.filter(service_id__in=ids, at__gte=first, at__lt=today)
        for key, at, data in rows.values_list("service_id", "at", "data").iterator(chunk_size=5000):
            median = packing.merge([bytes(data)]).p(0.5)
            if median is not None:
                found[key][day_of(at, zone).toordinal()][slowness.slot_of(at, zone)] = median
    return found


def write(rows: Sequence[SlownessProfile]) -> None:
    """Keep the profiles of services that are still there."""
    with transaction.atomic():
        keys = [row.service_id for row in rows]
        there = set(Service.objects.filter(pk__in=keys).values_list("pk", flat=True))
        SlownessProfile.objects.bulk_create(
            [row for row in rows if row.service_id in there],
            update_conflicts=True,
            unique_fields=["service"],
            update_fields=["until", "days", "zone", "data"],
        )

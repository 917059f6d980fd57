"""Who is unusually slow, found each 5 minutes by the house worker: `find` reads, `write` writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import BinaryField, Q
from django.db.models.functions import Substr

from lifecycle.core.machine.states import SERVING
from lifecycle.core.monitoring import packing, spans
from lifecycle.core.monitoring.expectations import slowness
from lifecycle.core.monitoring.expectations.slowness import SLOT, Judgement
from lifecycle.live.feed import feed
from lifecycle.models import FeedItem, Rollup5m, ServiceState, Slowness, SlownessProfile

LOOKED_AT = 6
"""So many 5 minutes back it is seen since when one is slow; before that the last verdict tells."""
WRITTEN_WITHIN = 20
"""Seconds after the end of 5 minutes by which their checks are in the database."""
AT_ONCE = 500
COLUMNS = ("verdict", "since", "evaluated_at", "median_ms", "usual_ms", "mad_ms", "margin_ms", "days")
ABOVE = (Slowness.Verdict.ABOVE, Slowness.Verdict.SLOW)


def serving() -> list[int]:
    """Those that are judged: only who serves can be slow."""
    listed = Q(service__removed_at=None, service__archived_at=None)
    rows = ServiceState.objects.filter(listed, state__in=SERVING).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def end_of(now: datetime) -> int:
    """Where the last 5 minutes end whose checks are all written."""
    return spans.floor(now.timestamp() - WRITTEN_WITHIN, SLOT)


def find(ids: Sequence[int], now: datetime) -> list[Slowness]:
    """The rows of some services; three queries."""
    end = end_of(now)
    first = end - LOOKED_AT * SLOT
    packed: dict[int, dict[int, bytes]] = defaultdict(dict)
    rows = Rollup5m.objects.filter(service_id__in=ids, at__gte=first, at__lt=end)
    for key, at, data in rows.values_list("service_id", "at", "data"):
        packed[key][at] = bytes(data)
    parts = _usual(ids, end)
    before = dict(Slowness.objects.filter(pk__in=ids, verdict__in=ABOVE).values_list("pk", "since"))
    return [_row(key, packed[key], *parts.get(key, (b"", 0)), end, before.get(key)) for key in ids]


def _usual(ids: Sequence[int], end: int) -> dict[int, tuple[bytes, int]]:
    """Of each profile the part for this time of day, and how many days it has learnt."""
    zone = settings.SHOWN_TIME_ZONE
    begin, length = slowness.place(slowness.slot_of(end - SLOT, zone))
    part = Substr("data", begin + 1, length, output_field=BinaryField())
    rows = SlownessProfile.objects.filter(pk__in=ids, zone=str(zone)).annotate(part=part)
    return {key: (bytes(data), days) for key, data, days in rows.values_list("pk", "part", "days")}


def _row(
    key: int, packed: Mapping[int, bytes], part: bytes, days: int, end: int, before: int | None
) -> Slowness:
    slots = [
        packing.merge([packed[at]]).p(0.5) if at in packed else None
        for at in range(end - LOOKED_AT * SLOT, end, SLOT)
    ]
    last = [packed[at] for at in range(end - slowness.HELD * SLOT, end, SLOT) if at in packed]
    window = packing.merge(last).p(0.5) if last else None
    found = slowness.judge(part, days, end, slots, window)
    return Slowness(
        service_id=key,
        verdict=found.verdict.value,
        since=_since(found, end, before),
        evaluated_at=end,
        median_ms=found.median,
        usual_ms=found.usual.median if found.usual else None,
        mad_ms=found.usual.mad if found.usual else None,
        margin_ms=found.usual.margin if found.usual else None,
        days=days,
    )


def _since(found: Judgement, end: int, before: int | None) -> int | None:
    """Where all that was looked at is above the margin, it began when the last verdict says."""
    whole = found.since is not None and found.since <= end - LOOKED_AT * SLOT
    return before if whole and before is not None else found.since


def write(rows: Sequence[Slowness], now: datetime) -> None:
    """Keep the verdicts, and tell the pages of those that begin or cease to be slow."""
    with transaction.atomic():
        keys = [row.service_id for row in rows]
        there = set(ServiceState.objects.filter(pk__in=keys).values_list("pk", flat=True))
        slow = Slowness.Verdict.SLOW
        before = set(Slowness.objects.filter(pk__in=keys, verdict=slow).values_list("pk", flat=True))
        Slowness.objects.bulk_create(
            [row for row in rows if row.service_id in there],
            update_conflicts=True,
            unique_fields=["service"],
            update_fields=COLUMNS,
        )
        after = {row.service_id for row in rows if row.verdict == slow and row.service_id in there}
        if changed := sorted(before ^ after):
            feed.note_all(FeedItem.Kind.SERVICE, changed, now)


def forget(now: datetime) -> None:
    """Of who serves no longer nothing is told."""
    with transaction.atomic():
        old = Slowness.objects.filter(evaluated_at__lt=end_of(now), verdict__in=ABOVE)
        if keys := list(old.values_list("pk", flat=True)):
            old.update(verdict=Slowness.Verdict.NO_DATA, since=None, median_ms=None)
            feed.note_all(FeedItem.Kind.SERVICE, keys, now)

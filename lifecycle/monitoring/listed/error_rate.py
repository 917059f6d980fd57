"""Of whom too many checks or tool calls fail, found each minute by the house worker.

`find` reads, `write` writes. Counted over the last hour, but not from before a service came back: an
outage is told of otherwise.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Max, Q

from lifecycle.core.machine.states import SERVING, State
from lifecycle.core.monitoring import calls, packing, spans
from lifecycle.core.monitoring.spans import MINUTES
from lifecycle.live.feed import feed
from lifecycle.models import (
    ErrorRate,
    FeedItem,
    Rollup5m,
    ServiceCallRollup,
    ServiceState,
    StateChange,
)
from lifecycle.monitoring.settings import in_force

WINDOW = 3600
LEAST = 3
"""Fewer failures mark nobody, whatever their share."""
AT_ONCE = 500
DOWN = (State.RECONNECTING, State.UNREACHABLE)
COUNTS = ("calls", "failed_calls", "checks", "failed_checks")


def find(now: datetime) -> list[ErrorRate]:
    """Those above the threshold that serve; some queries, few rows unless much fails."""
    first = spans.floor(now.timestamp(), MINUTES) + MINUTES - WINDOW
    since = _counted_since(first)
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for key, at, counts in (*_calls(first), *_checks(since, first)):
        if at >= since.get(key, at + 1):
            found[key].update(counts)
    limit = in_force.get().error_rate_threshold
    over = {key: counts for key, counts in found.items() if _is_over(counts, limit)}
    before = dict(ErrorRate.objects.values_list("pk", "since"))
    return [
        ErrorRate(
            service_id=key,
            since=before.get(key, int(now.timestamp())),
            counted_since=since[key],
            **{name: counts[name] for name in COUNTS},
        )
        for key, counts in sorted(over.items())
    ]


def _is_over(counts: Mapping[str, int], limit: float) -> bool:
    return any(
        counts[failed] >= LEAST and counts[failed] > limit * counts[of]
        for failed, of in (("failed_calls", "calls"), ("failed_checks", "checks"))
    )


def _counted_since(first: int) -> dict[int, int]:
    """From when on each that serves is counted: after an outage from the next 5 minutes on."""
    listed = Q(service__removed_at=None, service__archived_at=None)
    since = dict.fromkeys(
        ServiceState.objects.filter(listed, state__in=SERVING).values_list("pk", flat=True), first
    )
    back = StateChange.objects.filter(at__gte=datetime.fromtimestamp(first, UTC), after__in=SERVING)
    fresh = back.exclude(before__in=SERVING).order_by().values_list("service_id", "before")
    for key, before, at in fresh.annotate(at=Max("at")):
        if key in since:
            edge = spans.ceil if before in DOWN else spans.floor
            since[key] = max(since[key], edge(at.timestamp(), MINUTES))
    return since


def _calls(first: int) -> Iterator[tuple[int, int, dict[str, int]]]:
    rows = ServiceCallRollup.objects.filter(span=MINUTES, at__gte=first)
    for key, at, data in rows.values_list("service_id", "at", "data"):
        found = calls.unpack(bytes(data))
        yield key, at, {"calls": found.calls, "failed_calls": found.failed}


def _checks(since: Mapping[int, int], first: int) -> Iterator[tuple[int, int, dict[str, int]]]:
    """Only of those whose last failure is not older: nobody else can have failed."""
    lately = ServiceState.objects.filter(last_failure_at__gte=datetime.fromtimestamp(first, UTC))
    ids = sorted(since.keys() & set(lately.values_list("pk", flat=True)))
    for start in range(0, len(ids), AT_ONCE):
        rows = Rollup5m.objects.filter(service_id__in=ids[start : start + AT_ONCE], at__gte=first)
        for key, at, data in rows.values_list("service_id", "at", "data"):
            found = packing.merge([bytes(data)])
            yield key, at, {"checks": found.checks, "failed_checks": found.checks - found.available}


def write(rows: Sequence[ErrorRate], now: datetime) -> None:
    """Keep them alone, and tell the pages of those that begin or cease to be marked."""
    with transaction.atomic():
        keys = {row.service_id for row in rows}
        there = set(ServiceState.objects.filter(pk__in=keys).values_list("pk", flat=True))
        before = set(ErrorRate.objects.values_list("pk", flat=True))
        _forget(before - there)
        ErrorRate.objects.bulk_create(
            [row for row in rows if row.service_id in there],
            update_conflicts=True,
            unique_fields=["service"],
            update_fields=("since", "counted_since", *COUNTS),
        )
        if changed := sorted(before ^ there):
            feed.note_all(FeedItem.Kind.SERVICE, changed, now)


def _forget(keys: Collection[int]) -> None:
    if keys:
        ErrorRate.objects.filter(pk__in=keys).delete()

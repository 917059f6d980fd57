"""Quick and slow seconds of the members of targets, from the roll-ups of their checks.

A stretch of time counts as slow by the share of its checks that did not answer in time, failed ones too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import chain

from lifecycle.core.monitoring import packing, sketch, spans
from lifecycle.core.monitoring.expectations.slo import BUCKET, DAY, Tally, add_up
from lifecycle.core.monitoring.summary import Summary
from lifecycle.models import Rollup1d, Rollup1h, Rollup5m
from lifecycle.monitoring.rollups import marks

AT_ONCE = 2000
FINE = 6 * 3600
"""Of a target that is new, what is older than this is taken from the hours."""
USUAL_INTERVAL = 60
"""Seconds that one check stands for where a day was not watched whole."""
Rollups = type[Rollup5m] | type[Rollup1h] | type[Rollup1d]


class Recent:
    """The 5 minutes of services since a moment, read once for all targets that are about them."""

    def __init__(self, first: int, now: float) -> None:
        self._first, self._until = first, int(now) + 1
        self._known: dict[int, list[tuple[int, Summary]]] = {}

    def of(self, ids: Sequence[int]) -> Iterable[tuple[int, Summary]]:
        """Of these services, in no order."""
        missing = [key for key in ids if key not in self._known]
        self._known |= {key: [] for key in missing}
        for n in range(0, len(missing), AT_ONCE):
            rows = Rollup5m.objects.filter(service_id__in=missing[n : n + AT_ONCE], at__gte=self._first)
            for key, at, data in rows.filter(at__lt=self._until).values_list("service_id", "at", "data"):
                self._known[key].append((at, packing.merge([bytes(data)])))
        return chain.from_iterable(self._known[key] for key in ids)


def buckets(
    ids: Sequence[int], under_ms: int, first: int, now: float, recent: Recent | None = None
) -> dict[int, Tally]:
    """By the start of each 5 minutes from *first* on; none where nothing was checked."""
    fine = max(min(spans.floor(now - FINE, spans.HOUR), _hours_until()), first)
    found: dict[int, list[Tally]] = defaultdict(list)
    for at, summary in recent.of(ids) if recent else _rows(Rollup5m, ids, fine, int(now) + 1):
        found[at].append(_tally(summary, under_ms, min(BUCKET, max(now - at, 1.0))))
    for hour, summary in _rows(Rollup1h, ids, first, fine):
        part = _tally(summary, under_ms, BUCKET)
        for at in range(hour, hour + spans.HOUR, BUCKET):
            found[at].append(Tally(part.good, part.bad, 0.0, part.failed // 12, part.worst))
    return {at: add_up(tallies) for at, tallies in found.items()}


def _hours_until() -> int:
    """Up to when hours are rolled up."""
    return marks.kept(marks.SERVICES).until.get(spans.HOUR, 0)


def days(ids: Sequence[int], under_ms: int, first: int, until: int) -> dict[int, Tally]:
    """By the start of each day of UTC that is rolled up."""
    found: dict[int, list[Tally]] = defaultdict(list)
    for at, summary in _rows(Rollup1d, ids, first, until):
        found[at].append(_tally(summary, under_ms, min(DAY, summary.total * USUAL_INTERVAL)))
    return {at: add_up(tallies) for at, tallies in found.items()}


def _rows(table: Rollups, ids: Sequence[int], first: int, until: int) -> Iterable[tuple[int, Summary]]:
    if first >= until:
        return
    for n in range(0, len(ids), AT_ONCE):
        rows = table.objects.filter(service_id__in=ids[n : n + AT_ONCE], at__gte=first, at__lt=until)
        for at, data in rows.values_list("at", "data").iterator(chunk_size=5000):
            yield at, packing.merge([bytes(data)])


def _tally(summary: Summary, under_ms: int, seconds: float) -> Tally:
    """What *seconds* with these checks were."""
    if not summary.checks:
        return Tally()
    limit = sketch.index(under_ms)
    quick = sum(count for bucket, count in summary.sketch.items() if bucket <= limit)
    slow = max(summary.checks - quick, 0)
    bad = seconds * slow / summary.checks
    return Tally(seconds - bad, bad, 0.0, slow, bad)

"""What checks amounted to, of services and of the fleet: the one place from which every figure comes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db.models import Q, QuerySet
from django.utils import timezone

from lifecycle.core.monitoring import packing, spans
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.spans import HOUR, MINUTES, RAW, Piece
from lifecycle.core.monitoring.summary import EMPTY, Summary
from lifecycle.models import CheckResult, FleetRollup
from lifecycle.monitoring.rollups import fleet, marks, tables
from lifecycle.monitoring.uptime.fleet import visible_accounts
from registry.models.limits import current
from registry.models.scoped import Keys, keys_in

POINTS = 720
IDS_AT_ONCE = 2000
K = TypeVar("K", bound=Hashable)
Merge = Callable[[K, list[bytes]], Summary]
"""What packed rows amount to together, by what they are of."""
Ids = Collection[int] | Keys
_FleetRow = list[Any]
"""What is packed, how many services, and their seconds."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart: all checks of [at, at + seconds); `at` in seconds since 1970."""

    at: int
    seconds: int
    summary: Summary


@dataclass(frozen=True, slots=True)
class FleetPoint(Point):
    """As `Point`, of the fleet; the times are seconds of one service, added over all."""

    serving_s: float
    down_s: float
    excluded_s: float
    unknown_s: float
    services: int


def window(service_id: int, start: datetime, end: datetime) -> Summary:
    """All checks of one service in [start, end), to the moment where single checks are still there.

    Before that each end is moved back to the start of the finest roll-up that is.
    """
    return totals([service_id], start, end)[service_id]


def totals(
    service_ids: Collection[int], start: datetime, end: datetime, merge: Merge[int] | None = None
) -> dict[int, Summary]:
    """As `window`, for each of several, in as many queries. *merge* may remember what rows amount to."""
    now = timezone.now()
    upto = end.timestamp() if end < now else spans.ceil(end.timestamp(), MINUTES)
    pieces = spans.cover(start.timestamp(), upto, marks.kept(marks.SERVICES))
    found = _sums(service_ids, pieces, lambda service_id, _: service_id, merge or _merge)
    return {service_id: found.get(service_id, EMPTY) for service_id in service_ids}


def series(service_id: int, start: datetime, end: datetime, points: int = POINTS) -> list[Point]:
    """Points of one size, the oldest first, at most so many; where nothing was checked there is none.

    They begin with the first that begins in the window. The finest that are possible: single checks for a
    window of up to two hours, and what is not rolled up yet from finer rows.
    """
    known = marks.kept(marks.SERVICES)
    step = spans.step_for(start.timestamp(), end.timestamp(), points, known)
    pieces = spans.closed_and_open(
        spans.ceil(start.timestamp(), step), end.timestamp(), spans.span_of(step), known
    )
    found = _sums([service_id], pieces, lambda _, at: spans.floor(at, step))
    return [Point(at, step, found[at]) for at in sorted(found)]


def fleet_series(start: datetime, end: datetime, points: int = POINTS) -> list[FleetPoint]:
    """As `series`, of all services together; at least 5 minutes each.

    The fleet's rows are of all services: for whoever sees some, those of each are summed up now.
    """
    if current():
        return _visible_series(start, end, points)
    known = marks.kept(marks.FLEET)
    step = spans.step_for(start.timestamp(), end.timestamp(), points, known, finest=MINUTES)
    found: dict[int, list[_FleetRow]] = defaultdict(list)
    first = spans.ceil(start.timestamp(), step)
    pieces = spans.closed_and_open(first, end.timestamp(), spans.span_of(step), known)
    wanted = [Q(span=piece.span, at__gte=int(piece.start), at__lt=piece.end) for piece in pieces]
    rows = FleetRollup.objects.filter(reduce(or_, wanted)) if wanted else FleetRollup.objects.none()
    # Objects of the model would cost as much as all else.
    for at, *values in rows.values_list("at", "data", "services", *fleet.SECONDS):
        found[spans.floor(at, step)].append(values)
    return [_fleet_point(at, step, found[at]) for at in sorted(found)]


def _visible_series(start: datetime, end: datetime, points: int) -> list[FleetPoint]:
    known, now = marks.kept(marks.SERVICES), timezone.now()
    step = spans.step_for(start.timestamp(), end.timestamp(), points, known, finest=MINUTES)
    first, last = spans.ceil(start.timestamp(), step), min(end, now).timestamp()
    pieces = spans.closed_and_open(first, end.timestamp(), spans.span_of(step), known)
    edges = [*range(first, math.ceil(last), step), last]
    checked: dict[int, list[Summary]] = defaultdict(list)
    ids = keys_in(current())
    for part in range(0, len(ids), IDS_AT_ONCE):
        found = _sums(Keys(ids[part : part + IDS_AT_ONCE]), pieces, lambda _, at: spans.floor(at, step))
        for at, summary in found.items():
            checked[at].append(summary)
    return [
        FleetPoint(
            at=at,
            seconds=step,
            summary=summaries.merge(checked[at]),
            serving_s=spent.serving,
            down_s=spent.down,
            excluded_s=spent.excluded,
            unknown_s=spent.unknown,
            services=len(ids),
        )
        for at, spent in zip(edges, visible_accounts(edges, now), strict=False)
    ]


def _fleet_point(at: int, step: int, rows: Sequence[_FleetRow]) -> FleetPoint:
    packed, services, *seconds = zip(*rows, strict=True)
    times = dict(zip(fleet.SECONDS, map(sum, seconds), strict=True))
    return FleetPoint(at, step, packing.merge(map(bytes, packed)), **times, services=max(services))


def recent(service_ids: Collection[int], hours: int = 24) -> dict[int, list[float | None]]:
    """The median response of each of the last *hours* hours in ms, the one that is under way last."""
    now = timezone.now()
    first = spans.floor(now.timestamp(), HOUR) - (hours - 1) * HOUR
    pieces = spans.closed_and_open(first, first + hours * HOUR, HOUR, marks.kept(marks.SERVICES))
    found = _sums(service_ids, pieces, lambda service_id, at: (service_id, (at - first) // HOUR))
    return {
        service_id: [found.get((service_id, n), EMPTY).p(0.5) for n in range(hours)]
        for service_id in service_ids
    }


def _merge(_key: object, rows: list[bytes]) -> Summary:
    return packing.merge(rows)


def _sums(
    service_ids: Ids,
    pieces: Iterable[Piece],
    key: Callable[[int, int], K],
    merge: Merge[K] = _merge,
) -> dict[K, Summary]:
    """What is stored for the pieces, summed up by a *key* of service and time; rows are merged packed."""
    packed: dict[K, list[bytes]] = defaultdict(list)
    single: dict[K, list[tuple[int, int | None]]] = defaultdict(list)
    rolled = [_stored(service_ids, piece) for piece in pieces if piece.span != RAW]
    for service_id, at, data in _union(rolled) if rolled else ():
        packed[key(service_id, at)].append(bytes(data))
    for piece in (piece for piece in pieces if piece.span == RAW):
        for service_id, ms, level, took in checks(service_ids, piece.start, piece.end):
            single[key(service_id, ms // 1000)].append((level, took))
    found = {name: merge(name, rows) for name, rows in packed.items()}
    for name, seen in single.items():
        found[name] = summaries.merge([found.get(name, EMPTY), summaries.of(seen)])
    return found


def _union(queries: list[QuerySet[Any, Any]]) -> Iterable[Any]:
    first, *others = queries
    return first.union(*others, all=True) if others else first


def _stored(service_ids: Ids, piece: Piece) -> QuerySet[Any, Any]:
    rows = tables.MODELS[piece.span].objects.filter(service_id__in=service_ids)
    return rows.filter(at__gte=int(piece.start), at__lt=piece.end).values_list("service_id", "at", "data")


def checks(service_ids: Ids, start: float, end: float) -> QuerySet[Any, tuple[int, int, int, int | None]]:
    """Single checks in [start, end): service, time in ms since 1970, level, and time of the answer in ms."""
    rows = CheckResult.objects.filter(service_id__in=service_ids)
    within = rows.filter(at__gte=round(start * 1000), at__lt=round(end * 1000))
    return within.values_list("service_id", "at", "level", "ms")

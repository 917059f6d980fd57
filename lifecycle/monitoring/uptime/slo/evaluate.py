"""How far each target is used up, found each minute by the house worker: `find` reads, `write` writes.

All is counted anew from rows from the last 15 minutes on, so that a kill, a second evaluation or a gap that
is noted late changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Min

from lifecycle.core.monitoring import spans
from lifecycle.core.monitoring.expectations import slo as objectives
from lifecycle.core.monitoring.expectations.slo import BUCKET, DAY, NOTHING, Objective, Tally, Trail
from lifecycle.core.monitoring.local_days import beginning
from lifecycle.models import MonitoringGap, Slo, SloState, UptimeMark
from lifecycle.monitoring.uptime.history import moment
from lifecycle.monitoring.uptime.slo import availability, response
from lifecycle.monitoring.uptime.slo.members import digest_of, members_of

AGAIN = 3 * BUCKET
RECENT = 3600
NOTED_WITHIN = timedelta(minutes=10)
FINEST = (objectives.TOTAL, 300)
"""Windows that are counted to the second; the others to 5 minutes."""
COLUMNS = (
    "version", "evaluated_at", "members", "member_digest", "total_s", "left_s", "share", "known_s", "burns",
    "gone_at", "pages", "trail", "closed",
)  # fmt: skip


@dataclass
class _Work:
    """One target on its way."""

    slo: Slo
    ids: Sequence[int]
    digest: str
    first: int
    trail: Trail = field(default_factory=list)
    closed: dict[str, Any] = field(default_factory=dict)
    exact: dict[int, Tally] = field(default_factory=dict)

    @property
    def objective(self) -> Objective:
        return objective_of(self.slo)


def objective_of(slo: Slo) -> Objective:
    return Objective(goal=float(slo.percent) / 100, days=slo.days)


def find(now: datetime) -> list[SloState]:
    """The rows to write; some queries, however many targets and services there are."""
    at = now.timestamp()
    works = _works(at)
    for first in sorted({work.first for work in works if work.slo.kind == Slo.Kind.AVAILABILITY}):
        _availability([work for work in works if work.first == first], first, at)
    recent: dict[int, response.Recent] = {}
    for work in works:
        if work.slo.kind == Slo.Kind.RESPONSE:
            _response(work, at, recent)
    return [_row(work, now) for work in works]


def write(rows: Sequence[SloState]) -> None:
    """Keep what was found of targets that are still there."""
    with transaction.atomic():
        there = dict(Slo.objects.select_for_update().values_list("pk", "version"))
        SloState.objects.bulk_create(
            [row for row in rows if there.get(row.slo_id) == row.version],
            update_conflicts=True,
            unique_fields=["slo"],
            update_fields=COLUMNS,
        )


def _oldest(at: float) -> int:
    return spans.floor(at, BUCKET) - objectives.LONGEST


def _works(at: float) -> list[_Work]:
    slos = list(Slo.objects.select_related("state_row").order_by("pk"))
    members = members_of(slos) if slos else {}
    late = _noted_late(slos)
    return [_begin(slo, members[slo.pk], at, late) for slo in slos]


def _noted_late(slos: Sequence[Slo]) -> float | None:
    """Since when a gap was that may have been noted after the last evaluation."""
    last = min((slo.state_row.evaluated_at for slo in slos if hasattr(slo, "state_row")), default=None)
    if last is None:
        return None
    gaps = MonitoringGap.objects.filter(service=None, ended_at__gte=last - NOTED_WITHIN)
    began = gaps.aggregate(first=Min("began_at"))["first"]
    return began.timestamp() if began else None


def _begin(slo: Slo, ids: Sequence[int], at: float, late: float | None) -> _Work:
    digest, row = digest_of(ids), getattr(slo, "state_row", None)
    if row is None or (row.version, row.member_digest) != (slo.version, digest):
        return _Work(slo, ids, digest, _oldest(at))
    trail = [(start, many, Tally(*values)) for start, many, *values in json.loads(row.trail)]
    first = min(objectives.trail_end(trail) - AGAIN, spans.floor(at, BUCKET))
    if late is not None:
        first = min(first, spans.floor(late, BUCKET))
    return _Work(slo, ids, digest, max(first, _oldest(at)), trail, json.loads(row.closed))


def _availability(works: Sequence[_Work], first: int, at: float) -> None:
    works = [work for work in works if work.slo.kind == Slo.Kind.AVAILABILITY]
    cuts = {float(edge) for edge in range(first, spans.floor(at, BUCKET) + 1, BUCKET)} | {at}
    cuts |= {cut for window in FINEST if (cut := at - window) > first}
    edges = sorted(cuts) if len(cuts) > 1 else [at - 1, at]
    found = availability.tallies({work.slo.pk: work.ids for work in works}, edges, at)
    for work in works:
        _take(work, edges, found[work.slo.pk], at)


def _response(work: _Work, at: float, recent: dict[int, response.Recent]) -> None:
    """Of a long time the rows are not kept for the next target: they would fill the memory."""
    short = None
    if at - work.first <= RECENT:
        short = recent.setdefault(work.first, response.Recent(work.first, at))
    fresh = response.buckets(work.ids, work.slo.under_ms or 0, work.first, at, short)
    work.trail = objectives.extended(work.trail, {work.first: NOTHING} | fresh, _oldest(at))


def _take(work: _Work, edges: Sequence[float], tallies: Sequence[Tally], at: float) -> None:
    fresh: dict[int, Tally] = {}
    for start, tally in zip(edges, tallies, strict=False):
        bucket = spans.floor(start, BUCKET)
        fresh[bucket] = fresh.get(bucket, NOTHING) + tally
        for window in FINEST:
            if start >= at - window:
                work.exact[window] = work.exact.get(window, NOTHING) + tally
    work.trail = objectives.extended(work.trail, fresh, _oldest(at))


def _row(work: _Work, now: datetime) -> SloState:
    at, objective = now.timestamp(), work.objective
    windows = {
        window: work.exact.get(window) or objectives.window(work.trail, at - window, at, at)
        for window in objectives.WINDOWS
    }
    period = _period(work, at)
    left = objectives.budget(objective, period, len(work.ids))
    gone = objectives.gone_at(left, windows[objectives.PAIRS[0].long], at)
    page = objectives.would_page(objective, windows)
    bad = period.bad_share
    return SloState(
        slo=work.slo,
        version=work.slo.version,
        evaluated_at=now,
        members=len(work.ids),
        member_digest=work.digest,
        total_s=left.total,
        left_s=left.left,
        share=None if bad is None else 1 - bad,
        known_s=period.good + period.bad,
        burns={str(window): objectives.burn(objective, tally) for window, tally in windows.items()},
        gone_at=_soon(gone, at),
        pages="" if page is None else "outage" if page == objectives.OUTAGE else f"{page.long}/{page.short}",
        trail=json.dumps([[start, many, *tally.values] for start, many, tally in work.trail]),
        closed=json.dumps(work.closed),
    )


def _soon(gone: float | None, at: float) -> datetime | None:
    """Not later than a year from now: that is as good as never."""
    return moment(gone) if gone is not None and gone - at < 366 * DAY else None


def _period(work: _Work, at: float) -> Tally:
    """All of the period: closed days, and what came after them."""
    if work.slo.kind == Slo.Kind.AVAILABILITY:
        return _local_days(work, at)
    return _days(work, at)


def _local_days(work: _Work, at: float) -> Tally:
    """The last local days, today among them, as uptime has them: closed ones are its rows."""
    zone = settings.SHOWN_TIME_ZONE
    first, today = beginning(at, zone, work.slo.days - 1), beginning(at, zone)
    mark = UptimeMark.objects.filter(zone=str(zone)).first()
    until = min(max(mark.until if mark else first, first), today)
    key = [first, until]
    if work.closed.get("key") != key:
        tally = availability.closed_days(work.ids, first, until)
        work.closed = {"key": key, "tally": tally.values}
    return Tally(*work.closed["tally"]) + objectives.window(work.trail, until, at, at)


def _days(work: _Work, at: float) -> Tally:
    """The last days of UTC, today among them. Those that the trail has whole outlive it."""
    today, stored = spans.floor(at, DAY), work.closed
    first = today - (work.slo.days - 1) * DAY
    begins = spans.ceil(work.trail[0][0], DAY) if work.trail else today
    wanted = [day for day in range(first, today, DAY) if str(day) not in stored]
    older = [day for day in wanted if day < begins]
    if older:
        rolled = response.days(work.ids, work.slo.under_ms or 0, older[0], older[-1] + DAY)
        stored |= {str(day): rolled.get(day, NOTHING).values for day in older}
    for day in wanted:
        if day >= begins:
            stored[str(day)] = objectives.window(work.trail, day, day + DAY, at).values
    work.closed = {day: values for day, values in stored.items() if first <= int(day) < today}
    closed = sum((Tally(*values) for values in work.closed.values()), NOTHING)
    return closed + objectives.window(work.trail, today, at, at)

"""All services together: the 5 minutes under way renewed each minute, what is over summed by hour and day."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from django.db.models import QuerySet

from lifecycle.core.monitoring import packing, spans
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.models import FleetRollup, Rollup5m, RollupMark
from lifecycle.monitoring.rollups import marks
from lifecycle.monitoring.rollups.roll_up import FINER, GRACE
from lifecycle.monitoring.uptime.fleet import fleet_account
from registry.models import Service

SECONDS = ("serving_s", "down_s", "excluded_s", "unknown_s")


def step(now: datetime) -> bool:
    """Close the next span that is over; whether there may be another. Resumes where a kill ended it."""
    ready = _next(now)
    times = _times(*ready, now) if ready else {}  # takes a while, in which others may write
    with transaction.atomic():
        found = marks.locked(marks.FLEET)
        if len(found) < len(marks.FLEET):
            return False
        minutes, hours, days = found[MINUTES], found[HOUR], found[DAY]
        if ready and ready[0] == minutes.until:
            end = _silent_until(*ready)
            _put(ready[0], end, times)
            marks.move(minutes.name, end)
            return True
        return _advance(HOUR, hours, minutes.until) or _advance(DAY, days, hours.until)


def renew(now: datetime) -> None:
    """What is not closed yet, as it is now."""
    mark = RollupMark.objects.filter(name=marks.FLEET[MINUTES]).first()
    if mark is None:
        return
    last = spans.floor(now.timestamp(), MINUTES)
    for at in range(max(mark.until, last - GRACE), last + MINUTES, MINUTES):
        times = _times(at, at + MINUTES, now)
        with transaction.atomic():
            _put(at, at + MINUTES, times)


def _next(now: datetime) -> tuple[int, int] | None:
    """The next 5 minutes that are over, or as many of one hour in which nothing was checked."""
    mark = RollupMark.objects.filter(name=marks.FLEET[MINUTES]).first()
    closed = spans.floor(now.timestamp() - GRACE, MINUTES)
    if mark is None or mark.until >= closed:
        return None
    end = min(spans.floor(mark.until, HOUR) + HOUR, closed)
    return mark.until, _silent_until(mark.until, end)


def _silent_until(start: int, end: int) -> int:
    """*end* if nothing was checked before it, else the end of the first 5 minutes."""
    if end - start > MINUTES and _of_all(start, end).exists():
        return start + MINUTES
    return end


def _times(start: int, end: int, now: datetime) -> dict[str, float]:
    """Of each of these 5 minutes, in seconds of one service."""
    spent = fleet_account(datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC), now)
    every = (spent.serving, spent.down, spent.excluded, spent.unknown)
    parts = (end - start) // MINUTES
    return {name: seconds / parts for name, seconds in zip(SECONDS, every, strict=True)}


def _put(start: int, end: int, times: dict[str, float]) -> None:
    rows = [bytes(data) for data in _of_all(start, end).values_list("data", flat=True)]
    row = {"data": packing.pack(packing.merge(rows)), "services": len(rows), **times}
    FleetRollup.objects.bulk_create(
        [FleetRollup(span=MINUTES, at=at, **row) for at in range(start, end, MINUTES)],
        update_conflicts=True,
        unique_fields=["span", "at"],
        update_fields=[*row],
    )


def _of_all(start: int, end: int) -> QuerySet[Rollup5m]:
    # Each service is looked up by its key: no index leads from the time alone to the rows.
    return Rollup5m.objects.filter(service_id__in=Service.objects.values("pk"), at__gte=start, at__lt=end)


def _advance(span: int, mark: RollupMark, until: int) -> bool:
    """Sum up the span at the mark, if what is finer is closed as far as that."""
    if mark.until + span > until:
        return False
    finer = FleetRollup.objects.filter(span=FINER[span], at__gte=mark.until, at__lt=mark.until + span)
    rows = list(finer)
    values = {
        "data": packing.pack(packing.merge(bytes(row.data) for row in rows)),
        "services": max((row.services for row in rows), default=0),
        **{name: sum(getattr(row, name) for row in rows) for name in SECONDS},
    }
    FleetRollup.objects.update_or_create(span=span, at=mark.until, defaults=values)
    marks.move(mark.name, mark.until + span)
    return True

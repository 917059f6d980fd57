"""What the worker does in the background, done: fleet, marks, days of uptime, figures of the list."""

from __future__ import annotations

from collections.abc import Iterator

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES, RAW
from lifecycle.models import FleetRollup
from lifecycle.monitoring.listed import figures
from lifecycle.monitoring.rollups import marks, tables
from lifecycle.monitoring.rollups.roll_up import GRACE
from lifecycle.monitoring.rollups.write import from_checks
from lifecycle.monitoring.uptime import days as uptime_days
from mcpstore_site.benchmarks.past import shapes
from mcpstore_site.benchmarks.past.bulk import KEPT_DAYS
from mcpstore_site.benchmarks.past.plan import Plan

AT_ONCE = 200


def ends(now: int) -> dict[int, int]:
    """Up to when the rows of each span are there that are over; single checks up to *now*."""
    hour = (now - GRACE) // HOUR * HOUR
    return {MINUTES: now // MINUTES * MINUTES, HOUR: hour, DAY: hour // DAY * DAY, RAW: now}


def write(plan: Plan, ids: list[int]) -> None:
    """All of it, for services *ids*."""
    until = ends(plan.now)
    # What is under way now is not of a whole shape.
    rows = from_checks([(key, until[MINUTES]) for key in ids])
    tables.put(MINUTES, {key: summary for key, summary in rows.items() if summary.total})
    FleetRollup.objects.bulk_create(_fleet(plan, until), batch_size=500)
    for span in (HOUR, DAY):
        marks.move(marks.SERVICES[span], until[span])
    for span in (MINUTES, HOUR, DAY):
        marks.move(marks.FLEET[span], until[span])
    for span, name in marks.PRUNED.items():
        marks.move(name, max(plan.now - KEPT_DAYS[span] * DAY, plan.first))
    while uptime_days.step(plan.now):
        pass
    for at in range(0, len(ids), AT_ONCE):
        figures.renew(ids[at : at + AT_ONCE])


def _fleet(plan: Plan, until: dict[int, int]) -> Iterator[FleetRollup]:
    for day, midnight in plan.midnights():
        counted = [(plan.shapes[number], times) for number, times in plan.counted(day).items()]
        for span in (MINUTES, HOUR, DAY):
            since = plan.now - KEPT_DAYS[span] * DAY
            for at in range(0, DAY, span):
                if since <= midnight + at < until[span]:
                    yield _row(span, midnight, at, counted)


def _row(span: int, midnight: int, at: int, counted: list[tuple[shapes.Shape, int]]) -> FleetRollup:
    """Of all services that had these days."""
    services = sum(times for _, times in counted)
    down = sum(shape.down_in(at, at + span) * times for shape, times in counted)
    whole = shapes.together((shape.spans[span][at], times) for shape, times in counted)
    return FleetRollup(
        span=span,
        at=midnight + at,
        data=packing.pack(whole),
        serving_s=services * span - down,
        down_s=down,
        services=services,
    )

"""Percentiles of 30 days: `python -m mcpstore_site.benchmarks.past.merging DAYS`, with few services.

They are given *DAYS* days of roll-ups and of single checks. The console asks the first, a naive console the
second, in SQL. Prints JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django
from django.conf import settings

TIMES = 9
QUANTILES = (50, 95, 99)
WHERE = "WHERE service_id IN ({ids}) AND at >= {first} AND at < {last} AND ms IS NOT NULL"
QUANTILE = """
SELECT ms FROM lifecycle_checkresult {where} ORDER BY ms
LIMIT 1 OFFSET (SELECT ({percent} * count(*) + 99) / 100 - 1 FROM lifecycle_checkresult {where})"""
CHART = """
SELECT point, min(ms) FROM (
  SELECT at / {step} AS point, ms, row_number() OVER (PARTITION BY at / {step} ORDER BY ms) AS place,
    count(*) OVER (PARTITION BY at / {step}) AS many
  FROM lifecycle_checkresult {where})
WHERE 100 * place >= 95 * many GROUP BY point"""


def main(days: int, now: int) -> dict[str, Any]:
    """Milliseconds of CPU of both, for each question; the console's come first."""
    from lifecycle.core.monitoring import packing
    from lifecycle.models import Rollup5m
    from lifecycle.monitoring.rollups import queries

    ids, start, end = _filled(days, now)
    one = ids[0]
    mine = Rollup5m.objects.filter(service=one, at__gte=start.timestamp()).order_by("at")
    packed = [bytes(data) for data in mine.values_list("data", flat=True)]
    chart = queries.series(one, start, end)
    naive = Naive(start, end)
    return {
        "rows": len(packed),
        "merge": _median(lambda: packing.merge(packed).p(0.95)),
        "ours_ms": queries.window(one, start, end).p(0.95),
        "exact_ms": naive.quantiles([one], (95,))[0],
        "times": {
            "p95 of a service": (
                _median(lambda: queries.window(one, start, end).p(0.95)),
                _median(lambda: naive.quantiles([one], (95,))),
            ),
            "p50, p95 and p99 of a service": (
                _median(lambda: queries.window(one, start, end).percentiles((0.5, 0.95, 0.99))),
                _median(lambda: naive.quantiles([one], QUANTILES)),
            ),
            f"p95 of {len(ids)} services together": (
                _median(lambda: [point.summary.p(0.95) for point in queries.fleet_series(start, end, 1)]),
                _median(lambda: naive.quantiles(ids, (95,)), 3),
            ),
            f"chart of {len(chart)} points of a service": (
                _median(lambda: [point.summary.p(0.95) for point in queries.series(one, start, end)]),
                _median(lambda: naive.chart(one, chart[0].seconds * 1000)),
            ),
        },
    }


class Naive:
    """What one writes first: sort the checks and take the one at its place."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._first, self._last = int(start.timestamp() * 1000), int(end.timestamp() * 1000)

    def quantiles(self, ids: Sequence[int], percents: Sequence[int]) -> list[int]:
        where = self._where(ids)
        return [_sql(QUANTILE.format(where=where, percent=percent))[0][0] for percent in percents]

    def chart(self, service_id: int, step: int) -> Any:
        return _sql(CHART.format(where=self._where([service_id]), step=step))

    def _where(self, ids: Sequence[int]) -> str:
        return WHERE.format(ids=", ".join(map(str, ids)), first=self._first, last=self._last)


def _filled(days: int, now: int) -> tuple[list[int], datetime, datetime]:
    """The services, and their last days."""
    from django.db import connection

    from lifecycle.core.monitoring.spans import MINUTES, RAW
    from mcpstore_site.benchmarks.past import background, bulk, happened, plan
    from registry.models import Service

    ids = list(Service.objects.order_by("pk").values_list("pk", flat=True))
    made = plan.make(len(ids), days + 1, 0, now)
    connection.close()
    place = Path(settings.DATABASES["default"]["NAME"])
    bulk.fill(place, made, ids, background.ends(now), bulk.KEPT_DAYS | {RAW: days + 1, MINUTES: days + 1})
    happened.write(made, ids)
    background.write(made, ids)
    end = datetime.fromtimestamp(now, UTC)
    return ids, end - timedelta(days=days), end


def _sql(sql: str) -> Any:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def _median(work: Callable[[], object], times: int = TIMES) -> float:
    """Milliseconds of CPU, so that others on this machine do not count."""
    took = []
    for _ in range(times):
        began = time.process_time()
        work()
        took.append(1000 * (time.process_time() - began))
    return sorted(took)[times // 2]


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(main(int(sys.argv[1]), int(time.time()))) + "\n")

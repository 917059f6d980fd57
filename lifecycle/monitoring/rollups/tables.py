"""The tables of roll-ups by span, and statements for many rows at once: Django's own are too slow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db import connection

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.core.monitoring.summary import Summary
from lifecycle.models import Rollup1d, Rollup1h, Rollup5m

Key = tuple[int, int]
"""A service, and the start of a span in seconds since 1970."""
MODELS: dict[int, type[Rollup5m] | type[Rollup1h] | type[Rollup1d]] = {
    MINUTES: Rollup5m,
    HOUR: Rollup1h,
    DAY: Rollup1d,
}
SELECT_AT_ONCE = 500


def put(span: int, rows: Mapping[Key, Summary], *, replace: bool = True) -> None:
    """Store them; a row that is there already is replaced, or else left as it is."""
    if not rows:
        return
    then = "UPDATE SET data = excluded.data" if replace else "NOTHING"
    sql = (
        f"INSERT INTO {MODELS[span]._meta.db_table} (service_id, at, data) VALUES (%s, %s, %s)"  # noqa: S608
        f" ON CONFLICT (service_id, at) DO {then}"
    )
    values = [(service_id, at, packing.pack(summary)) for (service_id, at), summary in rows.items()]
    with connection.cursor() as cursor:
        cursor.executemany(sql, values)


def found(span: int, keys: Iterable[Key]) -> dict[Key, Summary]:
    """What is stored of *keys*."""
    by_time: dict[int, list[int]] = defaultdict(list)
    for service_id, at in keys:
        by_time[at].append(service_id)
    return {
        (service_id, at): packing.merge([bytes(data)])
        for at, ids in by_time.items()
        for part in range(0, len(ids), SELECT_AT_ONCE)
        for service_id, data in MODELS[span]
        .objects.filter(service_id__in=ids[part : part + SELECT_AT_ONCE], at=at)
        .values_list("service_id", "data")
    }

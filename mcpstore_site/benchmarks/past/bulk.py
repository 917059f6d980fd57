"""Millions of rows in seconds: days are stored once each, and joined to the services that had them in SQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES, RAW
from lifecycle.models import CheckResult, Rollup1d, Rollup1h, Rollup5m
from mcpstore_site.benchmarks.past.plan import Plan

KEPT_DAYS = {RAW: 2, MINUTES: 14, HOUR: 90, DAY: 730}
TABLES = {
    RAW: CheckResult._meta.db_table,
    MINUTES: Rollup5m._meta.db_table,
    HOUR: Rollup1h._meta.db_table,
    DAY: Rollup1d._meta.db_table,
}
# Filled in the order of the primary key, by walking through the plan.
ROLLUPS = """
INSERT INTO {table} (service_id, at, data)
SELECT p.service, p.midnight + s.at, s.data FROM plan p CROSS JOIN span s
WHERE s.shape = p.shape AND s.span = :span AND p.midnight + s.at >= :since AND p.midnight + s.at < :until
ORDER BY p.n, s.at"""
CHECKS = """
INSERT INTO {table} (service_id, at, level, ms)
SELECT p.service, 1000 * p.midnight + c.at, c.level, c.ms FROM plan p CROSS JOIN checked c
WHERE c.shape = p.shape AND 1000 * p.midnight + c.at >= 1000 * :since
  AND 1000 * p.midnight + c.at < 1000 * :until
ORDER BY p.n, c.at"""
NEEDED = """
CREATE TEMP TABLE plan (n INTEGER PRIMARY KEY, service INTEGER, midnight INTEGER, shape INTEGER);
CREATE TEMP TABLE span (shape INTEGER, span INTEGER, at INTEGER, data BLOB, PRIMARY KEY (shape, span, at))
  WITHOUT ROWID;
CREATE TEMP TABLE checked (shape INTEGER, at INTEGER, level INTEGER, ms INTEGER, PRIMARY KEY (shape, at))
  WITHOUT ROWID;"""
FAST = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536;"""


def fill(
    place: Path, plan: Plan, ids: list[int], until: dict[int, int], kept: Mapping[int, int] = KEPT_DAYS
) -> dict[int, tuple[int, int]]:
    """The rows of services *ids* in the database at *place*, which nobody else has open.

    *until* says of each span up to when; 0 is single checks. Returned: rows and bytes of each.
    """
    found = {}
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        connection.executescript(FAST + NEEDED)
        connection.execute("BEGIN")
        _stage(connection, plan, ids)
        for span, end in until.items():
            since = max(plan.now - kept[span] * DAY, plan.first)
            sql = (ROLLUPS if span else CHECKS).format(table=TABLES[span])
            before = _size(connection)
            rows = connection.execute(sql, {"span": span, "since": since, "until": end}).rowcount
            found[span] = (rows, _size(connection) - before)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")
    return found


def _size(connection: sqlite3.Connection) -> int:
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * size)


def _stage(connection: sqlite3.Connection, plan: Plan, ids: list[int]) -> None:
    connection.executemany("INSERT INTO plan (service, midnight, shape) VALUES (?, ?, ?)", _plan(plan, ids))
    connection.executemany("INSERT INTO span VALUES (?, ?, ?, ?)", _spans(plan))
    connection.executemany("INSERT INTO checked VALUES (?, ?, ?, ?)", _checks(plan))


def _plan(plan: Plan, ids: list[int]) -> Iterator[tuple[int, int, int]]:
    for service_id, days in zip(ids, plan.days, strict=True):
        yield from ((service_id, midnight, days[day]) for day, midnight in plan.midnights())


def _spans(plan: Plan) -> Iterator[tuple[int, int, int, bytes]]:
    for number, shape in enumerate(plan.shapes):
        for span, summaries in shape.spans.items():
            yield from ((number, span, at, packing.pack(one)) for at, one in summaries.items())


def _checks(plan: Plan) -> Iterator[tuple[int, int, int, int | None]]:
    for number, shape in enumerate(plan.shapes):
        yield from ((number, *check) for check in shape.checks)

"""How services fared, as a table for spreadsheets: a line for each span of time of each."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import StringIO
from typing import Any

from django.db.models import QuerySet

from lifecycle.core.health.verdict import LEVELS
from lifecycle.monitoring.charts import metrics
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.export import queries
from registry.models import Service

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
TIMES = ("mean_ms", "min_ms", "max_ms", "p50_ms", "p95_ms", "p99_ms")
CALLS = {"calls": "calls", "failed_calls": "failed", "slow_calls": "slow", "call_p95_ms": "p95_ms"}
COLUMNS = (
    "service",
    "at",
    "seconds",
    "checks",
    *(level.value for level in LEVELS),
    *TIMES,
    "availability",
    *CALLS,
    "cpu_percent",
    "memory_bytes",
    "outage",
)


def text(which: QuerySet[Service], window: Window, now: datetime) -> Iterator[str]:
    """The table in parts, its headings first; service by service, by name."""
    yield line(COLUMNS)
    for service in queries.services(which):
        for row in rows(service, window, now):
            yield line(row.get(column) for column in COLUMNS)


def line(cells: Any) -> str:
    """One line, ended as RFC 4180 has it."""
    out = StringIO()
    csv.writer(out).writerow([safe(cell) for cell in cells])
    return out.getvalue()


def safe(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    if isinstance(cell, datetime):
        return cell.isoformat().replace("+00:00", "Z")
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(RUN_BY_SPREADSHEETS) else cell
    return "" if cell is None else cell


def rows(service: Service, window: Window, now: datetime) -> Iterator[dict[str, Any]]:
    """A line for each span in which anything was measured, by column, oldest first."""
    found = metrics.of(service, window, now, queries.points(window))
    step = found["seconds"] or found["calls_seconds"] or found["process_seconds"]
    lines: dict[datetime, dict[str, Any]] = {}

    def row(at: datetime) -> dict[str, Any]:
        start = _floor(at, step)
        return lines.setdefault(start, {"service": service.name, "at": start, "seconds": step})

    for point in found["points"]:
        row(point["at"]).update(_checked(point))
    for call in found["calls"]:
        _add(row(call["at"]), {ours: call[theirs] for ours, theirs in CALLS.items()})
    for used in found["process"]:
        row(used["at"]).update({key: used[key] for key in ("cpu_percent", "memory_bytes")})
    for mark in found["marks"]:
        if mark["kind"] == "outage" and mark["from"] >= window.start:
            row(mark["from"]).setdefault("outage", mark["reason"])
    yield from (lines[at] for at in sorted(lines))


def _checked(point: Mapping[str, Any]) -> dict[str, Any]:
    levels = {level.value: point["levels"].get(level.value, 0) for level in LEVELS}
    return {**levels, **{key: point[key] for key in ("checks", *TIMES, "availability")}}


def _add(row: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Counts are added where several of theirs lie in one of ours; of percentiles the larger one stands."""
    for key, value in more.items():
        before = row.get(key)
        if before is None or value is None:
            row[key] = value if before is None else before
        else:
            row[key] = max(before, value) if key.endswith("_ms") else before + value


def _floor(at: datetime, step: int) -> datetime:
    seconds = int(at.timestamp())
    return datetime.fromtimestamp(seconds - seconds % step, at.tzinfo) if step else at

"""Tool calls read: single ones, and figures of any window, from roll-ups and at its edges from the calls."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from lifecycle.core.monitoring import calls, spans
from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.spans import RAW, Piece
from lifecycle.models import ToolCall
from lifecycle.monitoring.calls.record import FLEET, SERVICES, TOOLS
from lifecycle.monitoring.usage import series
from lifecycle.monitoring.usage.folding import Table
from registry.models import Service
from registry.models.limits import current

ENDED = ("outcome", "duration_ms", "slow")


@dataclass(frozen=True, kw_only=True, slots=True)
class CallPoint:
    """The calls within a span of time that begins *at*, in seconds since 1970."""

    at: int
    seconds: int
    summary: CallSummary


def history(
    service: Service, *, tool: str = "", outcome: str = "", before: int = 0, limit: int = 50
) -> list[ToolCall]:
    """Single calls, newest first; those before an id, where one is given."""
    rows = ToolCall.objects.filter(service=service)
    rows = rows.filter(tool=tool) if tool else rows
    rows = rows.filter(outcome=outcome) if outcome else rows
    rows = rows.filter(pk__lt=before) if before else rows
    return list(rows.order_by("-id")[:limit])


def last_at(service_id: int) -> int | None:
    """When its last call ended, in milliseconds since 1970."""
    rows = ToolCall.objects.filter(service_id=service_id)
    return rows.order_by("-at").values_list("at", flat=True).first()


def call_totals(
    service_id: int | None, start: datetime, end: datetime, now: datetime | None = None
) -> CallSummary:
    """The calls that ended in [start, end), of one service or of all; exact while single calls are kept."""
    return calls.merge(found[-1] for found in _read(*_of(service_id), start, end, now))


def tool_totals(
    service_id: int, start: datetime, end: datetime, now: datetime | None = None
) -> dict[str, CallSummary]:
    """The same for each tool of one service that was called."""
    found: dict[str, list[CallSummary]] = defaultdict(list)
    for _service, tool, _at, summary in _read(TOOLS, {"service_id": service_id}, start, end, now):
        found[tool].append(summary)
    return {tool: calls.merge(parts) for tool, parts in found.items()}


def service_totals(start: datetime, end: datetime, now: datetime | None = None) -> dict[int, CallSummary]:
    """The same for each service whose tools were called."""
    found: dict[int, list[CallSummary]] = defaultdict(list)
    for service_id, _at, summary in _read(SERVICES, {}, start, end, now):
        found[service_id].append(summary)
    return {service_id: calls.merge(parts) for service_id, parts in found.items()}


def calls_series(
    service_id: int | None,
    start: datetime,
    end: datetime,
    points: int = series.POINTS,
    now: datetime | None = None,
) -> list[CallPoint]:
    """The same as points for a chart; spans without a call are absent."""
    step, piece = series.plan(start, end, points, series.kept(now or timezone.now(), calls.KEPT))
    rows = (found[-2:] for found in _rows(*_of(service_id), [piece]))
    return [
        CallPoint(at=at, seconds=step, summary=summary) for at, summary in series.joined(TOOLS, step, rows)
    ]


def _of(service_id: int | None) -> tuple[Table, dict[str, Any]]:
    if service_id is None:  # the fleet's rows are of all services, also of those that are not to be seen
        return (SERVICES if current() else FLEET), {}
    return SERVICES, {"service_id": service_id}


def _read(
    table: Table, which: dict[str, Any], start: datetime, end: datetime, now: datetime | None
) -> Iterator[tuple[Any, ...]]:
    known = series.kept(now or timezone.now(), calls.KEPT)
    return _rows(table, which, spans.cover(start.timestamp(), end.timestamp(), known))


def _rows(table: Table, which: dict[str, Any], pieces: list[Piece]) -> Iterator[tuple[Any, ...]]:
    """The columns of *table*, a time in seconds since 1970, and a summary; of raw pieces one by one."""
    for piece in pieces:
        if piece.span != RAW:
            yield from series.read(table, which, piece)
            continue
        rows = ToolCall.objects.filter(
            **which, at__gte=math.ceil(piece.start * 1000), at__lt=math.ceil(piece.end * 1000)
        )
        for *columns, at, outcome, ms, slow in rows.values_list(*table.columns, "at", *ENDED):
            yield *columns, at / 1000, calls.one(outcome, ms, slow)

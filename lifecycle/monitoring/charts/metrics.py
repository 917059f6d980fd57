"""The metrics of one service over a window, as REST gives them: the numbers of its charts, and their sums."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lifecycle.core.health.verdict import LEVELS
from lifecycle.core.machine.states import SERVING
from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.summary import Summary
from lifecycle.core.monitoring.uptime import Account, percent
from lifecycle.monitoring.calls import queries as calls
from lifecycle.monitoring.charts import columns, marks, queries
from lifecycle.monitoring.charts.marks import Mark, What
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.hosts import queries as hosts
from lifecycle.monitoring.rollups import queries as rollups
from lifecycle.services import queries as service_queries
from registry.models import Service, Transport

QUANTILES = (0.5, 0.95, 0.99)


def of(service: Service, window: Window, now: datetime, most: int = rollups.POINTS) -> dict[str, Any]:
    """Everything, in at most so many points; few queries, whatever the length of the window."""
    start, end = window.start, window.end
    past = queries.past_of(service, window, now)
    points = rollups.series(service.pk, start, end, most)
    called = calls.calls_series(service.pk, start, end, most, now)
    program = service.transport == Transport.STDIO
    used = hosts.process_series(service.pk, start, end, most, now) if program else []
    happened = marks.of_service(service, past, start, end)
    account = past.account(start.timestamp(), min(end, now).timestamp())
    drawn = columns.response(points, start.timestamp(), end.timestamp())
    uptime = columns.availability(drawn, past, start.timestamp(), now.timestamp())
    ratios = dict(zip(uptime.x, uptime.columns["serving"], strict=False))
    return {
        **_now(service),
        "from": start,
        "to": end,
        "seconds": points[0].seconds if points else 0,
        "totals": {
            **_checks(rollups.window(service.pk, start, end)),
            **_uptime(account, happened),
            **_calls(calls.call_totals(service.pk, start, end, now)),
        },
        "points": [
            {"at": _moment(point.at), **_point(point.summary), "availability": ratios.get(point.at)}
            for point in points
        ],
        "calls_seconds": called[0].seconds if called else 0,
        "calls": [{"at": _moment(one.at), **_called(one.summary)} for one in called],
        "process_seconds": used[0].seconds if used else 0,
        "process": [
            {"at": _moment(one.at), "cpu_percent": one.cpu, "memory_bytes": one.memory} for one in used
        ],
        "marks": [
            {"kind": mark.what, "from": mark.start, "to": mark.end, "reason": mark.why} for mark in happened
        ],
    }


def _now(service: Service) -> dict[str, Any]:
    known, state = service_queries.describe(service), service_queries.state_of(service)
    row = service_queries.state_row(service)
    same = ("status", "state", "tools_count", "consecutive_failures")
    return {key: known[key] for key in same} | {
        "service": service.name,
        "active_connections": int(state in SERVING),
        "last_activity": row.last_ping_at if row else None,
        "last_error": (known["error"] or {}).get("message"),
    }


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _times(summary: Summary) -> dict[str, Any]:
    p50, p95, p99 = summary.percentiles(QUANTILES)
    return {
        "min_ms": summary.min_ms,
        "max_ms": summary.max_ms,
        "p50_ms": p50,
        "p95_ms": p95,
        "p99_ms": p99,
    }


def _point(summary: Summary) -> dict[str, Any]:
    levels = {level.value: count for level, count in zip(LEVELS, summary.levels, strict=True) if count}
    return {"checks": summary.checks, "levels": levels, "mean_ms": summary.mean_ms, **_times(summary)}


def _checks(summary: Summary) -> dict[str, Any]:
    return {
        "checks": summary.checks,
        "inconclusive": summary.unsure,
        "healthy_checks": summary.available,
        "avg_ms": summary.mean_ms,
        **_times(summary),
    }


def _uptime(account: Account, happened: Sequence[Mark]) -> dict[str, Any]:
    outages = [mark for mark in happened if mark.what is What.OUTAGE]
    lasted = [(mark.end - mark.start).total_seconds() for mark in outages if mark.end]
    return {
        "availability": percent(account.ratio, 3),
        "coverage": percent(account.coverage, 3),
        "serving_s": account.serving,
        "down_s": account.down,
        "excluded_s": account.excluded,
        "unknown_s": account.unknown,
        "outages": len(outages),
        "mean_recovery_s": sum(lasted) / len(lasted) if lasted else None,
        "reconnections": len(lasted),
        "restarts": sum(mark.what is What.RESTART for mark in happened),
    }


def _calls(summary: CallSummary) -> dict[str, Any]:
    return {
        "total_calls": summary.calls,
        "failed_calls": summary.failed,
        "slow_calls": summary.slow,
        "refused_calls": summary.refused,
        "error_rate": summary.error_rate,
        "call_p50_ms": summary.p(0.5),
        "call_p95_ms": summary.p(0.95),
    }


def _called(summary: CallSummary) -> dict[str, Any]:
    return {
        "calls": summary.calls,
        "failed": summary.failed,
        "slow": summary.slow,
        "p50_ms": summary.p(0.5),
        "p95_ms": summary.p(0.95),
    }

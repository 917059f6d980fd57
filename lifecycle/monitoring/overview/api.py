"""REST for all services together: the numbers of the overview."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from django.db.models import Avg, Count, Q, Sum
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring.uptime import percent
from lifecycle.models import Episode, ServiceState, WorkerSeen
from lifecycle.monitoring.charts import windows
from lifecycle.monitoring.charts.windows import Window
from lifecycle.monitoring.overview import figures, queries, schemas, transitions
from lifecycle.pages import queries as page_queries
from registry.access.callers import VIEWER
from registry.models.limits import current

router = Router()


@router.get("overview", auth=VIEWER, response=schemas.Overview, by_alias=True, summary="Get the overview")
def overview(
    request: HttpRequest, window: Annotated[Literal["1h", "24h", "7d", "30d"], Query()] = "24h"
) -> dict[str, Any]:
    """How all services stand now, and how they fared over a window."""
    now = timezone.now()
    chosen = windows.named(window, now)
    return {**_now(now), "window": window, **_fared(chosen, now)}


def _now(now: datetime) -> dict[str, Any]:
    standing = queries.now_of(now)
    listed = ServiceState.objects.filter(service__removed_at=None, service__archived_at=None)
    serving, down = [State.HEALTHY, State.WARNING], [State.RECONNECTING, State.UNREACHABLE]
    found = listed.aggregate(
        average_response_ms=Avg("response_ms", filter=Q(state__in=serving)),
        failing=Count("service_id", filter=Q(consecutive_failures__gt=0)),
        reconnections=Sum("reconnect_attempts", filter=Q(state__in=down)),
    )
    return found | {
        "total": standing.total,
        "states": standing.counts,
        "health_rate": standing.health_rate,
        "need_attention": standing.attention,
        "reconnections": found["reconnections"] or 0,
        "open_episodes": _open_episodes(),
        "workers": _workers(now),
    }


def _fared(window: Window, now: datetime) -> dict[str, Any]:
    found, moved = figures.of(window, now), transitions.of(window)
    p50, p95, p99 = found.summary.percentiles((0.5, 0.95, 0.99))
    return {
        "from": window.start,
        "to": window.end,
        "response": {"mean_ms": found.summary.mean_ms, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99},
        "checks": found.summary.checks,
        "failed_checks": found.summary.checks - found.summary.available,
        "inconclusive_checks": found.summary.unsure,
        "uptime": {
            "availability": percent(found.account.ratio, 3),
            "coverage": percent(found.account.coverage, 3),
            "serving_s": found.account.serving,
            "down_s": found.account.down,
            "excluded_s": found.account.excluded,
            "unknown_s": found.account.unknown,
        },
        "calls": {
            "total_calls": found.calls.calls,
            "failed_calls": found.calls.failed,
            "slow_calls": found.calls.slow,
            "error_rate": found.calls.error_rate,
        },
        "transitions": moved.total,
        "transitions_into": dict(moved.into),
        "connect_success_rate": moved.connect_success_rate,
        "errors_by_kind": dict(moved.faults),
        "worst": [
            {"service": name, "availability": percent(account.ratio, 3), "down_s": account.down}
            for name, account in transitions.worst(window, now)
        ],
    }


def _open_episodes() -> int:
    return Episode.objects.filter(state__in=[Episode.State.FIRING, Episode.State.ACKNOWLEDGED]).count()


def _workers(now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "name": seen.name,
            "host": seen.host,
            "live": seen.stopped_at is None and now - seen.seen_at <= page_queries.SILENT_AFTER,
            "started_at": seen.started_at,
            "seen_at": seen.seen_at,
            "services": None if current() else seen.services,
        }
        for seen in WorkerSeen.objects.order_by("-seen_at")[:50]
    ]

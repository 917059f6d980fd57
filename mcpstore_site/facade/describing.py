"""Rows of the database as the facade's records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from lifecycle.core.health.verdict import Level
from lifecycle.core.machine.states import SERVING
from lifecycle.models import StateChange
from lifecycle.monitoring.calls import queries as call_queries
from lifecycle.monitoring.charts import metrics as measured
from lifecycle.monitoring.charts.windows import Window
from lifecycle.services import counts
from lifecycle.services import queries as service_queries
from mcpstore_site.facade.records import ServiceInfo, ServiceMetrics, ServiceRecord, StateMetadata, ToolRecord
from registry.mcpjson import image
from registry.models import Service

TIMES = {
    "avg_response_time": "avg_ms",
    "min_response_time": "min_ms",
    "max_response_time": "max_ms",
    "p50_response_time": "p50_ms",
    "p95_response_time": "p95_ms",
    "p99_response_time": "p99_ms",
}
ANSWERED = (Level.HEALTHY, Level.WARNING, Level.SLOW)


def record(service: Service, agent_id: str) -> ServiceRecord:
    """A line of `list_services`; the service comes with its state."""
    return ServiceRecord(**_plain(service, agent_id))


def info(service: Service, agent_id: str, tools: list[ToolRecord]) -> ServiceInfo:
    """All of one service."""
    known = service_queries.describe(service, full=True)
    more = ("profile", "priority", "server_name", "server_version", "protocol_version")
    return ServiceInfo(
        **_plain(service, agent_id),
        **{key: known[key] for key in more},
        config=config_of(service),
        tools=tools,
        uptime=uptime(service, timezone.now()),
        active_connections=int(_serves(service)),
    )


def config_of(service: Service) -> dict[str, Any]:
    """The entry as mcp.json has it, with its name; secret values are references."""
    (entry,) = image.document(Service.objects.filter(pk=service.pk))["mcpServers"].values()
    return {"name": service.name, **entry}


def _plain(service: Service, agent_id: str) -> dict[str, Any]:
    known = service_queries.describe(service, full=True)
    same = ("name", "transport", "endpoint", "description", "tags", "state", "health", "status", "desired")
    figures = ("since", "response_time_ms", "tools_count")
    fault = known["error"] or {}
    return {key: known[key] for key in (*same, *figures)} | {
        "error": fault.get("message"),
        "state_metadata": _metadata(service, known, agent_id),
    }


def _metadata(service: Service, known: dict[str, Any], agent_id: str) -> StateMetadata:
    fault = known["error"] or {}
    same = ("consecutive_failures", "reconnect_attempts", "not_serving_since", "disconnect_reason")
    return StateMetadata(
        **{key: known[key] for key in same},
        service_name=service.name,
        agent_id=agent_id,
        consecutive_successes=known["consecutive_successes"] or 0,
        last_ping_time=known["last_ping_at"],
        last_success_time=known["last_success_at"],
        last_failure_time=known["last_failure_at"],
        last_health_check=known["last_ping_at"],
        response_time=known["response_time_ms"],
        last_response_time=known["response_time_ms"],
        error_message=fault.get("message"),
        error_kind=fault.get("kind"),
        next_retry_time=known["next_retry_at"],
        state_entered_time=known["since"],
        config_revision_applied=known["revision_applied"],
        service_config=service.entry,
    )


def _serves(service: Service) -> bool:
    return counts.state_of(service) in SERVING


def uptime(service: Service, now: datetime) -> float:
    """Seconds since it began to serve; 0 while it does not."""
    if not _serves(service):
        return 0.0
    known = StateChange.objects.filter(service=service)
    began = known.filter(after__in=SERVING).exclude(before__in=SERVING)
    # Where that is so long ago that it was deleted: since the oldest transition that is left.
    last = began.order_by("id").last() or known.order_by("id").first()
    return (now - last.at).total_seconds() if last else 0.0


def metrics(service: Service, duration: float) -> ServiceMetrics:
    """Checks, uptime and calls of the last *duration* seconds: the figures of the page and of REST."""
    now = timezone.now()
    window = Window(start=now - timedelta(seconds=duration), end=now)
    known, found = service_queries.describe(service, full=True), measured.of(service, window, now, 1)
    totals = found["totals"]
    called = call_queries.last_at(service.pk)
    active = [known["last_ping_at"], datetime.fromtimestamp(called / 1000, UTC) if called else None]
    same = ("status", "tools_count", "consecutive_failures", "reconnect_attempts")
    counts = ("healthy_checks", "total_calls", "failed_calls", "error_rate", "reconnections", "restarts")
    return ServiceMetrics(
        service_name=service.name,
        duration=duration,
        **{key: known[key] for key in same},
        **{key: totals[key] for key in (*counts, "availability", "coverage", "outages")},
        **_times(totals),
        uptime=uptime(service, now),
        active_connections=int(_serves(service)),
        total_checks=totals["checks"],
        time_to_recover=totals["mean_recovery_s"],
        last_check_time=known["last_ping_at"],
        last_activity=max(filter(None, active), default=None),
        last_error=(known["error"] or {}).get("message"),
    )


def _times(totals: dict[str, Any]) -> dict[str, Any]:
    """In seconds."""
    return {name: None if totals[key] is None else totals[key] / 1000 for name, key in TIMES.items()}

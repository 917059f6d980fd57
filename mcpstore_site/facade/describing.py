"""Rows of the database as the facade's records."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from lifecycle import counting, operations, reading
from lifecycle.core.health import LEVELS, Level
from lifecycle.core.states import SERVING
from lifecycle.models import CheckResult, Command, StateChange
from mcpstore_site.facade.records import ServiceInfo, ServiceMetrics, ServiceRecord, StateMetadata, ToolRecord
from registry import mcpjson
from registry.models import Service

ANSWERED = (Level.HEALTHY, Level.WARNING, Level.SLOW)
CALLS_LOOKED_AT = 1000


def record(service: Service, agent_id: str) -> ServiceRecord:
    """A line of `list_services`; the service comes with its state."""
    return ServiceRecord(**_plain(service, agent_id))


def info(service: Service, agent_id: str, tools: list[ToolRecord]) -> ServiceInfo:
    """All of one service."""
    known = reading.describe(service, full=True)
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
    (entry,) = mcpjson.document(Service.objects.filter(pk=service.pk))["mcpServers"].values()
    return {"name": service.name, **entry}


def _plain(service: Service, agent_id: str) -> dict[str, Any]:
    known = reading.describe(service, full=True)
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
    return counting.state_of(service) in SERVING


def uptime(service: Service, now: datetime) -> float:
    """Seconds since it began to serve; 0 while it does not."""
    if not _serves(service):
        return 0.0
    began = StateChange.objects.filter(service=service, after__in=SERVING).exclude(before__in=SERVING)
    last = began.order_by("-id").values_list("at", flat=True).first()
    return (now - last).total_seconds() if last else 0.0


def metrics(service: Service, duration: float) -> ServiceMetrics:
    """Checks and calls of the last *duration* seconds."""
    now = timezone.now()
    known, since = reading.describe(service, full=True), now - timedelta(seconds=duration)
    same = ("status", "tools_count", "consecutive_failures", "reconnect_attempts")
    calls = _calls(service, since)
    failed = sum(1 for command in calls if not _succeeded(command))
    finished = [command.finished_at for command in calls if command.finished_at]
    return ServiceMetrics(
        service_name=service.name,
        duration=duration,
        **{key: known[key] for key in same},
        uptime=uptime(service, now),
        active_connections=int(_serves(service)),
        **_checks(service, since),
        total_calls=len(calls),
        failed_calls=failed,
        error_rate=failed / len(calls) if calls else 0.0,
        last_activity=max([*finished, *filter(None, [known["last_ping_at"]])], default=None),
        last_error=(known["error"] or {}).get("message"),
    )


def _checks(service: Service, since: datetime) -> dict[str, Any]:
    earliest = int(since.timestamp() * 1000)
    rows = list(CheckResult.objects.filter(service=service, at__gte=earliest).values_list("level", "ms"))
    counted = [(LEVELS[level], ms) for level, ms in rows if LEVELS[level] is not Level.UNKNOWN]
    times = [ms / 1000 for _level, ms in counted if ms is not None]
    healthy = sum(1 for level, _ms in counted if level in ANSWERED)
    return {
        "total_checks": len(counted),
        "healthy_checks": healthy,
        "availability": healthy / len(counted) * 100 if counted else None,
        "avg_response_time": sum(times) / len(times) if times else None,
        "min_response_time": min(times, default=None),
        "max_response_time": max(times, default=None),
    }


def _calls(service: Service, since: datetime) -> list[Command]:
    rows = Command.objects.filter(service=service, kind=Command.Kind.CALL_TOOL, finished_at__gte=since)
    return list(rows.order_by("-id")[:CALLS_LOOKED_AT])


def _succeeded(command: Command) -> bool:
    return bool((operations.outcome_of(command) or {}).get("ok"))

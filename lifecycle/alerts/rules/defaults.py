"""The alert rules that a new console has."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lifecycle.models import AlertRule
from registry.access import audit
from registry.access.audit import queries as audit_queries
from registry.models import AuditEntry

ACTION = "alert-rules.shipped"
DOWN = ["RECONNECTING", "UNREACHABLE"]
MEASURED = (
    ("High error rate", "WARNING", "error_rate", 0.1),
    ("Slow response", "WARNING", "response_time", 3.0),
    ("High response time", "ERROR", "response_time", 5.0),
    ("High tool error rate", "WARNING", "call_error_rate", 0.1),
    ("Slow tool calls", "WARNING", "call_time", 5.0),
    ("Flapping", "WARNING", "", 0.0),
)

EXPIRING = (("Certificate expires", "certificate-expires"), ("Access expires", "access-expires"))
HOSTS = (
    ("High CPU of a host", "cpu", 80.0),
    ("High memory of a host", "memory", 85.0),
    ("Disk of a host full", "disk", 90.0),
)


def ensure(now: datetime) -> int:
    """Add the default rules to a new database; those that a person deletes later do not come back."""
    with transaction.atomic():
        shipped = AuditEntry.objects.filter(action=ACTION).exists() or audit_queries.begins_anew()
        if shipped or AlertRule.objects.exists():
            return 0
        AlertRule.objects.bulk_create(
            [
                AlertRule(
                    name="Service down",
                    level="ERROR",
                    condition="state-entered",
                    states=DOWN,
                    scope={"kind": "all"},
                    created_at=now,
                ),
                AlertRule(
                    name="Needs sign-in",
                    level="WARNING",
                    condition="needs-sign-in",
                    scope={"kind": "all"},
                    created_at=now,
                ),
                AlertRule(
                    name="Not serving for 5 minutes",
                    level="CRITICAL",
                    condition="not-serving-for",
                    seconds=300,
                    scope={"kind": "all"},
                    created_at=now,
                ),
                AlertRule(
                    name="Most services fail at once",
                    level="CRITICAL",
                    condition="mass-failure",
                    scope={"kind": "all"},
                    created_at=now,
                ),
                AlertRule(
                    name="Worker silent",
                    level="CRITICAL",
                    condition="worker-silent",
                    for_seconds=0,
                    scope={"kind": "all"},
                    created_at=now,
                ),
                *(_expiring(now, *values) for values in EXPIRING),
                *(_measured(now, *values) for values in MEASURED),
                *(_of_hosts(now, *values) for values in HOSTS),
            ]
        )
        audit.note("console", ACTION, "alert rules", now=now)
    return 5 + len(EXPIRING) + len(MEASURED) + len(HOSTS)


def _measured(now: datetime, name: str, level: str, metric: str, threshold: float) -> AlertRule:
    return AlertRule(
        name=name,
        level=level,
        condition="metric" if metric else "flapping",
        metric=metric or "error_rate",
        threshold=threshold,
        for_seconds=300 if metric else 0,
        scope={"kind": "all"},
        created_at=now,
    )


def _expiring(now: datetime, name: str, condition: str) -> AlertRule:
    return AlertRule(
        name=name,
        level="WARNING",
        condition=condition,
        threshold=14.0,
        for_seconds=0,
        scope={"kind": "all"},
        created_at=now,
    )


def _of_hosts(now: datetime, name: str, metric: str, threshold: float) -> AlertRule:
    return AlertRule(
        name=name,
        level="WARNING",
        condition="host",
        metric=metric,
        threshold=threshold,
        for_seconds=300,
        scope={"kind": "all"},
        created_at=now,
    )

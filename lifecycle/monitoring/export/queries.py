"""What is exported of one service over a window: the figures of its charts, its events and its alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from lifecycle.models import Episode, StateChange
from lifecycle.monitoring.charts import metrics
from lifecycle.monitoring.charts.windows import Window
from registry.models import Service

AT_ONCE = 100
FINEST = 300
"""Points are of five minutes at least, so that checks, calls and programs have the same ones."""
EVENT = ("at", "before", "after", "event", "reason", "error_kind", "error_message", "worker")
ALERT = ("id", "state", "opened_at", "fired_at", "acknowledged_at", "resolved_at", "ending", "summary")

SUBJECT = ("subject_kind", "subject_name")


def points(window: Window) -> int:
    """As many as it takes to get the finest roll-ups that are kept of this window."""
    return max(int((window.end - window.start).total_seconds() // FINEST) + 1, 1)


def of(service: Service, window: Window, now: datetime) -> dict[str, Any]:
    """Everything of one service, as JSON has it."""
    same = ("transport", "desired", "profile", "tags", "created_at")
    return {
        "name": service.name,
        **{key: getattr(service, key) for key in same},
        **metrics.of(service, window, now, points(window)),
        "events": list(_events(service, window)),
        "alerts": list(alerts(Q(service=service), window)),
    }


def _events(service: Service, window: Window) -> Iterator[dict[str, Any]]:
    """Its transitions, oldest first."""
    rows = StateChange.objects.filter(service=service, at__gte=window.start, at__lt=window.end)
    yield from rows.order_by("id").values(*EVENT).iterator(500)


def alerts(which: Q, window: Window) -> Iterator[dict[str, Any]]:
    """Those that were open at some time in the window, oldest first."""
    ended = Q(resolved_at__isnull=False, resolved_at__lt=window.start)
    rows = Episode.objects.filter(which, opened_at__lt=window.end).exclude(ended).order_by("id")
    for row in rows.values("rule__name", "rule__level", "service__name", *SUBJECT, *ALERT).iterator(500):
        about = {"rule": row.pop("rule__name"), "level": row.pop("rule__level")}
        service, kind, name = (row.pop(column) for column in ("service__name", *SUBJECT))
        yield {**about, "service": service, "subject": {"kind": kind, "name": service or name}, **row}


def services(which: QuerySet[Service]) -> Iterator[Service]:
    """These by name, a few at a time."""
    after = ""
    while batch := list(which.filter(name__gt=after).select_related("state_row").order_by("name")[:AT_ONCE]):
        yield from batch
        after = batch[-1].name

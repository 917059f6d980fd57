"""Forgets old samples of hosts, tool calls and their roll-ups, a little at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from lifecycle.core.monitoring import calls
from lifecycle.core.monitoring.spans import DAY
from lifecycle.models import (
    FleetCallRollup,
    HostRollup,
    HostSample,
    ProcessRollup,
    ServiceCallRollup,
    ToolCall,
    ToolRollup,
)
from lifecycle.monitoring.usage import series
from lifecycle.monitoring.usage.folding import SPANS

ROWS_AT_ONCE = 1000


def step(kept_days: Mapping[int, float], now: datetime) -> int:
    """One small round: the oldest of each kind that are too old; how many rows went.

    *kept_days* is by span, for roll-ups.
    """
    since = {span: int(now.timestamp() - days * DAY) for span, days in kept_days.items()}
    old: list[QuerySet[Any]] = [
        HostSample.objects.filter(at__lt=int((now - series.SAMPLES_KEPT).timestamp() * 1000)),
        ToolCall.objects.filter(at__lt=int((now - calls.KEPT).timestamp() * 1000)),
    ]
    tables: tuple[type[Model], ...] = (
        HostRollup,
        ProcessRollup,
        ToolRollup,
        ServiceCallRollup,
        FleetCallRollup,
    )
    old += [rows._default_manager.filter(span=span, at__lt=since[span]) for rows in tables for span in SPANS]
    return sum(_forget(rows) for rows in old)


def _forget(rows: QuerySet[Any]) -> int:
    """All that are as old as the oldest thousand, found by the index of their age."""
    first = list(rows.order_by("at").values_list("at", flat=True)[:ROWS_AT_ONCE])
    return rows.filter(at__lte=first[-1]).delete()[0] if first else 0

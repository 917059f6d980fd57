"""The checks from before an upgrade, summed up in the background: one service at a time."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from lifecycle.core.monitoring import spans
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.spans import MINUTES
from lifecycle.core.monitoring.summary import Summary
from lifecycle.models import CheckResult, RollupMark
from lifecycle.monitoring.rollups import marks, tables
from lifecycle.monitoring.rollups.tables import Key
from registry.models import Service


def step(now: datetime) -> bool:
    """The next service; whether there may be another. May be repeated, and resumes where a kill ended it."""
    mark = RollupMark.objects.filter(name=marks.BACKFILL).first()
    if mark is None:
        return False
    service_id = (
        Service.objects.filter(pk__gt=mark.service_id).order_by("pk").values_list("pk", flat=True).first()
    )
    if service_id is None:
        _finish(now, mark.until)
        return False
    rows = _summed(service_id)
    _store(rows, min([mark.until, *(at for _, at in rows)]), service_id)
    return True


def _summed(service_id: int) -> dict[Key, Summary]:
    found: dict[Key, list[tuple[int, int | None]]] = {}
    checks = CheckResult.objects.filter(service_id=service_id).values_list("at", "level", "ms")
    for at, level, ms in checks.iterator():
        found.setdefault((service_id, spans.floor(at // 1000, MINUTES)), []).append((level, ms))
    return {key: summaries.of(each) for key, each in found.items()}


def _store(rows: dict[Key, Summary], first: int, service_id: int) -> None:
    """A row that is there already was made by whoever wrote checks meanwhile, from all there are."""
    with transaction.atomic():
        tables.put(MINUTES, rows, replace=False)
        marks.move(marks.BACKFILL, first, service_id)


def _finish(now: datetime, first: int) -> None:
    with transaction.atomic():
        marks.begin(now, first)
        RollupMark.objects.filter(name=marks.BACKFILL).delete()

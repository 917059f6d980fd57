"""Targets added, changed and removed: the only writer of `Slo`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from lifecycle.models import Slo
from lifecycle.monitoring.uptime.slo.queries import name_of
from registry.access import audit

MEASURED = ("kind", "service_id", "tag", "under_ms")
"""What makes all that was counted before another matter."""


def picture(slo: Slo) -> dict[str, Any]:
    """As the audit log keeps it."""
    return {
        "of": name_of(slo),
        "kind": slo.kind,
        "percent": f"{slo.percent:f}",
        "under_ms": slo.under_ms,
        "days": slo.days,
    }


def save(slo: Slo | None, values: dict[str, Any], *, by: str, now: datetime) -> Slo:
    """A new target, or *slo* with other values; what it measured before is forgotten if that changed."""
    with transaction.atomic():
        if slo is None:
            made = Slo.objects.create(created_by=by[:150], created_at=now, **values)
            audit.note(by, "target added", name_of(made), now=now, after=picture(made))
            return made
        measured, before = [getattr(slo, name) for name in MEASURED], picture(slo)
        for name, value in values.items():
            setattr(slo, name, value)
        if measured != [getattr(slo, name) for name in MEASURED]:
            slo.version += 1
        slo.save()
        audit.note(by, "target changed", name_of(slo), now=now, before=before, after=picture(slo))
        return slo


def remove(slo: Slo, *, by: str, now: datetime) -> None:
    """With all that was counted for it."""
    with transaction.atomic():
        audit.note(by, "target removed", name_of(slo), now=now, before=picture(slo))
        slo.delete()

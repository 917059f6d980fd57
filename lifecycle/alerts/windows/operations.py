"""Maintenance windows made, changed, ended early and removed: the only writer of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from lifecycle.alerts.silences import signs
from lifecycle.alerts.silences.operations import check_names
from lifecycle.alerts.windows import follow
from lifecycle.core.alerting.windows import BadWindowError
from lifecycle.models import MaintenancePeriod, MaintenanceWindow
from lifecycle.monitoring.uptime import maintenance
from registry.access import audit
from registry.errors import InvalidConfigError

FIELDS = ("name", "services", "tags", "start", "minutes", "rule", "zone", "enabled")


def picture(row: MaintenanceWindow) -> dict[str, Any]:
    """As the audit log keeps it."""
    return {name: getattr(row, name) for name in FIELDS} | {"start": f"{row.start:%Y-%m-%d %H:%M}"}


def save(
    row: MaintenanceWindow | None, values: Mapping[str, Any], *, by: str, now: datetime
) -> MaintenanceWindow:
    """A new window, or *row* with other values: what is planned of it is planned anew."""
    before = picture(row) if row else None
    made = row or MaintenanceWindow(created_by=by[:150], created_at=now)
    with transaction.atomic():
        if row is not None:
            _drop_planned(MaintenanceWindow.objects.get(pk=row.pk), now)
        for name in FIELDS:
            if name in values:
                setattr(made, name, values[name])
        _check(made)
        made.planned_until = now
        made.save()
        if made.enabled:
            follow.plan(made, now)
        action = "maintenance.change" if before else "maintenance.add"
        audit.note(by, action, made.name, now=now, before=before, after=picture(made))
        signs.note_open(now)
    return made


def _check(row: MaintenanceWindow) -> None:
    others = MaintenanceWindow.objects.filter(name=row.name).exclude(pk=row.pk)
    if not row.name or others.exists():
        raise InvalidConfigError("name", "is missing, or used already", "Choose another name")
    check_names(row.services)
    try:
        follow.window_of(row)
    except BadWindowError as exc:
        raise InvalidConfigError(exc.where, str(exc), "Correct it") from None


def _drop_planned(row: MaintenanceWindow, now: datetime) -> None:
    """What has not begun is forgotten; what is under way ends now."""
    row.periods.filter(began_at__gt=now).delete()
    for period in row.periods.filter(began_at__lte=now, ended_at__gt=now):
        maintenance.shorten(follow.covered(row), period.began_at, period.ended_at, now)
        MaintenancePeriod.objects.filter(pk=period.pk).update(ended_at=now, over=True)
        follow.reconnect(follow.covered(row), now)


def end_now(row: MaintenanceWindow, *, by: str, now: datetime) -> bool:
    """The period under way ends; later ones stay. False where none is."""
    live = list(row.periods.filter(began_at__lte=now, ended_at__gt=now))
    if not live:
        return False
    with transaction.atomic():
        for period in live:
            maintenance.shorten(follow.covered(row), period.began_at, period.ended_at, now)
            MaintenancePeriod.objects.filter(pk=period.pk).update(ended_at=now, over=True)
        follow.reconnect(follow.covered(row), now)
        audit.note(by, "maintenance.end", row.name, now=now)
        signs.note_open(now)
    return True


def remove(row: MaintenanceWindow, *, by: str, now: datetime) -> None:
    """With all that is planned of it; the time that was excluded stays so."""
    with transaction.atomic():
        _drop_planned(row, now)
        audit.note(by, "maintenance.remove", row.name, now=now, before=picture(row))
        row.delete()
        signs.note_open(now)

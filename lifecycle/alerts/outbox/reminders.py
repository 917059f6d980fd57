"""Send again what still fires and nobody has taken on, as its rule wants."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from lifecycle.alerts.outbox import write
from lifecycle.alerts.silences import quiet
from lifecycle.models import Episode
from lifecycle.monitoring.settings import queries as monitoring


def remind(now: datetime, at_once: int) -> int:
    """Queue what is due; a silence holds it back, and no longer than it lasts."""
    firing = Episode.objects.filter(state=Episode.State.FIRING, rule__reminder_seconds__gt=0)
    rows = firing.select_related("rule", "service").order_by("pk")
    due = [row for row in rows if _due(row) <= now]
    if not due or not monitoring.current().alerts_enabled:
        return 0
    hush, sent = quiet.now_is(now), 0
    for row in [row for row in due if hush.why(row) is None][:at_once]:
        with transaction.atomic():
            mine = Episode.objects.filter(pk=row.pk, state=Episode.State.FIRING, reminded_at=row.reminded_at)
            if mine.update(reminded_at=now):
                sent += write.queue_reminder(row, now)
    return sent


def _due(row: Episode) -> datetime:
    last = row.reminded_at or row.fired_at or row.opened_at
    return last + timedelta(seconds=row.rule.reminder_seconds)

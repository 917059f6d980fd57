"""Send again what still fires and nobody has taken on, as its rule wants."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from lifecycle.alerts.outbox import write
from lifecycle.alerts.silences import quiet
from lifecycle.core.alerting.explain import telling
from lifecycle.models import Episode
from lifecycle.monitoring.settings import queries as monitoring

EVERY_ONE = Q()
LATE = timedelta(seconds=5)
"""So late a reminder may be without putting off those after it."""
_next: datetime | None = None


def soon(now: datetime) -> bool:
    """Whether one is due that was ahead when they were looked at last; that costs no query."""
    return _next is not None and _next <= now


def remind(now: datetime, at_once: int, which: Q = EVERY_ONE) -> int:
    """Queue what is due; a silence holds it back, and no longer than it lasts."""
    global _next
    times = _times(which)
    _next = min((when for when in times.values() if when > now), default=None)
    keys = [key for key, when in times.items() if when <= now]
    if not keys or not monitoring.current().alerts_enabled:
        return 0
    hush, sent = quiet.now_is(now), 0
    due = Episode.objects.filter(pk__in=keys).select_related("rule", "service").order_by("pk")
    for row in [row for row in due if hush.why(row) is None][:at_once]:
        with transaction.atomic():
            mine = Episode.objects.filter(pk=row.pk, state=Episode.State.FIRING, reminded_at=row.reminded_at)
            when = _due(row)
            if mine.update(reminded_at=when if now - when <= LATE else now):
                sent += write.queue_reminder(row, now)
    return sent


def _times(which: Q) -> dict[int, datetime]:
    """When each that fires is due, of rules that remind."""
    firing = Episode.objects.filter(which, state=Episode.State.FIRING, rule__reminder_seconds__gt=0)
    rows = firing.values_list("pk", "reminded_at", "fired_at", "opened_at", "rule__reminder_seconds")
    return {key: _after(again or fired or opened, seconds) for key, again, fired, opened, seconds in rows}


def _due(row: Episode) -> datetime:
    return _after(row.reminded_at or row.fired_at or row.opened_at, row.rule.reminder_seconds)


def _after(last: datetime, seconds: int) -> datetime:
    return telling.next_reminder(last, timedelta(seconds=seconds)) or last

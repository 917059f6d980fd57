"""Forget old rows, a day's worth at a time; what is forgotten is noted."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from registry.access.audit import chain
from registry.access.audit.write import note
from registry.models import AuditEntry, AuditMember

AT_ONCE, ROUNDS = 1000, 5
GRACE = timedelta(days=1)


def step(now: datetime) -> int:
    """Remove what is older than MCPSTORE_AUDIT_DAYS, once a day at most; how many rows went."""
    days = settings.AUDIT_DAYS
    cutoff = now - timedelta(days=days)
    oldest = AuditEntry.objects.filter(position__isnull=False).order_by("position").first()
    if not days or oldest is None or oldest.at >= cutoff - GRACE:
        return 0
    total = sum(_some(cutoff) for _ in range(ROUNDS))
    note("console", "audit rows removed", f"{total:,} rows", f"older than {cutoff:%Y-%m-%d}", now=now)
    return total


def _some(cutoff: datetime) -> int:
    """From the beginning of the chain up to the first row that is young enough."""
    with transaction.atomic():
        end = chain.head()
        rows = AuditEntry.objects.filter(position__gte=end.first_position).order_by("position")
        old = []
        for row in rows.only("position", "link", "at")[:AT_ONCE]:
            if row.at >= cutoff:
                break
            old.append(row)
        if not old:
            return 0
        gone = [row.pk for row in old]
        AuditMember.objects.filter(entry__in=gone).delete()
        AuditEntry.objects.filter(pk__in=gone).delete()
        end.first_position, end.first_link = (old[-1].position or 0) + 1, old[-1].link
        chain.keep(end)
    return len(old)

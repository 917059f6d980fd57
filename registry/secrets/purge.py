"""Delete stored values that no service uses any more: marked when that is seen, deleted a week later.

What is archived, or removed and can still be brought back, counts as using its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from registry.access import audit
from registry.core.entries import filling
from registry.core.entries.placeholders import reference
from registry.models import Secret, Service
from registry.removed import operations as removed_operations
from registry.services import store_rows

ROWS_AT_ONCE = 50


class Purging:
    """Goes round all stored values, a few at each step."""

    def __init__(self) -> None:
        self._after = 0

    def step(self, now: datetime) -> int:
        """Look at the next few; how many were deleted."""
        rows = list(Secret.objects.filter(pk__gt=self._after).order_by("pk")[:ROWS_AT_ONCE])
        self._after = rows[-1].pk if len(rows) == ROWS_AT_ONCE else 0
        return purge_unused(rows, now)


def purge_unused(rows: Sequence[Secret], now: datetime) -> int:
    """Mark those of *rows* that nothing uses since now, and delete those marked a week ago; how many."""
    with transaction.atomic():
        store_rows.lock_head()
        used = _used(rows)
        again = [row.pk for row in rows if row.pk in used and row.unused_since]
        fresh = [row.pk for row in rows if row.pk not in used and not row.unused_since]
        old = [
            row
            for row in rows
            if row.pk not in used and row.unused_since and row.unused_since <= now - removed_operations.KEPT
        ]
        if again or fresh:
            Secret.objects.filter(pk__in=again).update(unused_since=None)
            Secret.objects.filter(pk__in=fresh).update(unused_since=now)
        if old:
            Secret.objects.filter(pk__in=[row.pk for row in old]).delete()
            audit.together(
                "worker", "unused secret deleted", [audit.Member(name=row.name) for row in old], now=now
            )
    return len(old)


def _used(rows: Sequence[Secret]) -> set[int]:
    """By the id of the value. Only its owner can use one that has an owner."""
    owners = {row.service_id for row in rows if row.service_id is not None}
    entries = dict(Service.objects.filter(pk__in=owners).values_list("pk", "entry"))
    refers = {owner: filling.all_references(entry) for owner, entry in entries.items()}
    return {
        row.pk
        for row in rows
        if (_shared(row.name) if row.service_id is None else row.name in refers.get(row.service_id, ()))
    }


def _shared(name: str) -> bool:
    texts = Service.objects.annotate(text=Cast("entry", TextField()))
    return texts.filter(text__contains=reference(name)).exists()

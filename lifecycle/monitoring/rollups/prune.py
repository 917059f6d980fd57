"""Forgets what is older than its retention: a few services at a time, and of each a few rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection, transaction

from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES, RAW
from lifecycle.models import CheckResult, FleetRollup, RollupMark
from lifecycle.monitoring.rollups import marks, tables
from registry.models import Service

SERVICES_AT_ONCE = 40
TURN = 60
"""After so many rounds every service has had its turn, however many there are."""
ROWS_AT_ONCE = 1000
NEEDED_BY: dict[int, tuple[str, ...]] = {
    RAW: (),
    MINUTES: (marks.SERVICES[HOUR], marks.FLEET[MINUTES]),
    HOUR: (marks.SERVICES[DAY],),
    DAY: (),
}
FLEET_NEEDED_BY = {MINUTES: marks.FLEET[HOUR], HOUR: marks.FLEET[DAY], DAY: ""}


class Pruning:
    """One per worker; every service has its turn."""

    def __init__(self) -> None:
        self._after, self._left = 0, 0

    def step(self, kept_days: Mapping[int, float], now: datetime) -> bool:
        """A small transaction of a round; whether another is left. *kept_days* is by span, 0 is checks."""
        limits = _limits(kept_days, now)
        if limits is None:
            return False
        if not self._left:
            _begin(limits, now)
            self._left = max(1, -(-Service.objects.count() // (SERVICES_AT_ONCE * TURN)))
        self._left -= 1
        self._forget(limits)
        return self._left > 0

    def _forget(self, limits: Mapping[int, int]) -> None:
        after = Service.objects.filter(pk__gt=self._after).order_by("pk")
        ids = list(after.values_list("pk", flat=True)[:SERVICES_AT_ONCE])
        with transaction.atomic():
            for span, limit in limits.items():
                _prune(span, ids, limit)
        self._after = ids[-1] if len(ids) == SERVICES_AT_ONCE else 0


def _limits(kept_days: Mapping[int, float], now: datetime) -> dict[int, int] | None:
    """By span what is deleted: nothing that is not rolled up yet. None while older checks are summed up."""
    until = dict(RollupMark.objects.values_list("name", "until"))
    if marks.BACKFILL in until or marks.SERVICES[HOUR] not in until:
        return None
    return {
        span: min([int(now.timestamp() - kept_days[span] * DAY), *(until[name] for name in names)])
        for span, names in NEEDED_BY.items()
    }


def _begin(limits: Mapping[int, int], now: datetime) -> None:
    """Readers look for nothing older from now on. The fleet's rows are few enough to go at once."""
    with transaction.atomic():
        for span, limit in limits.items():
            marks.raise_pruned(span, limit, now)
        for span, name in FLEET_NEEDED_BY.items():
            until = RollupMark.objects.filter(name=name).values_list("until", flat=True)
            FleetRollup.objects.filter(span=span, at__lt=min([limits[span], *until])).delete()


def _prune(span: int, ids: list[int], limit: int) -> None:
    """By the primary key's prefix, since no index leads from the time alone to the rows."""
    model = CheckResult if span == RAW else tables.MODELS[span]
    before, table = limit * 1000 if span == RAW else limit, model._meta.db_table
    some = f"SELECT at FROM {table} WHERE service_id = %s ORDER BY at LIMIT 1 OFFSET {ROWS_AT_ONCE}"  # noqa: S608
    sql = f"DELETE FROM {table} WHERE service_id = %s AND at < %s AND at < COALESCE(({some}), %s)"  # noqa: S608
    if ids:
        with connection.cursor() as cursor:
            cursor.executemany(sql, [(pk, before, pk, before) for pk in ids])

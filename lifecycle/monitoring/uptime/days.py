"""Closed local days as rows, a few services at a time, with the figures of the list that are sums of them.

Each step is one transaction together with its mark, and writes anew what it finds: a kill costs nothing, and
a day that must be counted again (the zone was changed, or the clock set back) is reached by moving the mark.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Min, Sum

from lifecycle.core.monitoring.local_days import beginning, midnights
from lifecycle.core.monitoring.uptime import Account
from lifecycle.models import ListFigures, MonitoringGap, StateChange, UptimeDay, UptimeMark
from lifecycle.monitoring.settings import in_force
from lifecycle.monitoring.uptime import gaps, history
from registry.models import Service

SHOWN = 90
CLOSED_AFTER = 300
"""Seconds after midnight by which all that was recorded of a day is in the database."""
CHANGES_KEPT = timedelta(days=400)
ROWS_AT_ONCE, SERVICES_AT_ONCE = 2000, 200
# Of each service the last transition before the end stays: it tells the state from then on.
_PRUNE = """
DELETE FROM lifecycle_statechange WHERE id IN (
  SELECT c.id FROM registry_service s JOIN lifecycle_statechange c ON c.service_id = s.id AND c.id < (
    SELECT b.id FROM lifecycle_statechange b WHERE b.service_id = s.id AND b.at <= %s
    ORDER BY b.id DESC LIMIT 1)
  WHERE s.id IN ({ids}) LIMIT 2000)"""


def step(now: float) -> bool:
    """Account a few services more; False where nothing is left to do. Only while the clock is believed."""
    with transaction.atomic():
        mark = _mark(now)
        if mark is None:
            return False
        if mark.until >= mark.target:
            mark.save()
            return False
        edges = midnights(mark.until, mark.target, settings.SHOWN_TIME_ZONE)
        many = min(SERVICES_AT_ONCE, max(ROWS_AT_ONCE // len(edges), 1))
        ids = list(
            Service.objects.filter(pk__gt=mark.after).order_by("pk").values_list("pk", flat=True)[:many]
        )
        if ids:
            write(ids, edges, now)
            _forget(ids, mark, now)
        over = len(ids) < many
        mark.after, mark.until = (0, mark.target) if over else (ids[-1], mark.until)
        mark.save()
    return True


def _mark(now: float) -> UptimeMark | None:
    """How far the days are, and up to which midnight they should be; None before anything was recorded."""
    zone = settings.SHOWN_TIME_ZONE
    mark = UptimeMark.objects.select_for_update().first()
    if mark is None or mark.zone != str(zone):
        first = StateChange.objects.order_by("id").values_list("at", flat=True).first()
        if first is None:
            return None
        mark = mark or UptimeMark()
        oldest = max(first.timestamp(), mark.pruned, now - _kept())
        # Earlier than the first transition, so that no day of another zone is left about it.
        earlier = 0 if oldest > first.timestamp() else 2
        mark.zone, mark.until, mark.after = str(zone), beginning(oldest, zone, earlier), 0
    _lower(mark)
    closed = beginning(now - CLOSED_AFTER, zone)
    if mark.after == 0:
        mark.target = closed
    mark.until = min(mark.until, closed)
    return mark


def _lower(mark: UptimeMark) -> None:
    """Where the clock was set back into a day that is closed, that day is counted again."""
    fresh = StateChange.objects.filter(pk__gt=mark.change).aggregate(last=Max("pk"), first=Min("at"))
    if fresh["last"] is None:
        return
    mark.change = fresh["last"]
    first = beginning(max(fresh["first"].timestamp(), mark.pruned), settings.SHOWN_TIME_ZONE)
    if first < mark.until:
        mark.until, mark.after = first, 0


def write(ids: Collection[int], edges: Sequence[int], now: float) -> None:
    """The days between the midnights *edges*, and the sums of the list up to the last of them."""
    rows = []
    for key, past in history.load(ids, edges[0], now).items():
        for at, account in zip(edges, past.accounts([*map(float, edges)]), strict=False):
            if account.serving or account.down or account.excluded:
                rows.append(_row(key, at, account))
    UptimeDay.objects.filter(service__in=ids, at__gte=edges[0]).delete()
    UptimeDay.objects.bulk_create(rows, batch_size=500)
    sum_up(ids, edges[-1])


def _row(key: int, at: int, account: Account) -> UptimeDay:
    return UptimeDay(
        service_id=key,
        at=at,
        serving_s=round(account.serving, 3),
        down_s=round(account.down, 3),
        excluded_s=round(account.excluded, 3),
        unknown_s=round(account.unknown, 3),
    )


def sum_up(ids: Collection[int], until: int) -> None:
    """The closed ones of the days that the list shows, of which *until* is the last, as one row each."""
    first = beginning(until, settings.SHOWN_TIME_ZONE, SHOWN - 1)
    days = UptimeDay.objects.filter(service__in=ids, at__gte=first, at__lt=until)
    sums = days.order_by().values_list("service").annotate(Sum("serving_s"), Sum("down_s"), Sum("excluded_s"))
    found = {key: parts for key, *parts in sums}
    rows = []
    for key in ids:
        serving, down, excluded = found.get(key, (0.0, 0.0, 0.0))
        rows.append(
            ListFigures(service_id=key, until=until, serving_s=serving, down_s=down, excluded_s=excluded)
        )
    ListFigures.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["service"],
        update_fields=["until", "serving_s", "down_s", "excluded_s"],
    )


def again(service_id: int, now: float) -> None:
    """Count the closed days of one service anew, for its hours have changed."""
    mark = UptimeMark.objects.first()
    first = StateChange.objects.filter(service=service_id).order_by("id").values_list("at", flat=True).first()
    if mark is None or first is None or mark.zone != str(settings.SHOWN_TIME_ZONE):
        return
    oldest = max(first.timestamp(), mark.pruned, now - _kept())
    if oldest < mark.until:
        write([service_id], midnights(oldest, mark.until, settings.SHOWN_TIME_ZONE), now)


def _kept() -> float:
    """For how many seconds days are kept: as long as daily figures, and never less than is shown."""
    return max(in_force.get().metrics_retention_days, SHOWN) * 86_400.0 + 86_400


def _forget(ids: Collection[int], mark: UptimeMark, now: float) -> None:
    """What is too old of these services; no transition of a day that is not yet accounted."""
    oldest = int(now - _kept())
    UptimeDay.objects.filter(service__in=ids, at__lt=oldest).delete()
    before = int(min(now - CHANGES_KEPT.total_seconds(), mark.until))
    mark.pruned = max(mark.pruned, before)
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        moment = connection.ops.adapt_datetimefield_value(history.moment(before))
        cursor.execute(_PRUNE.format(ids=marks), [moment, *ids])
    old = history.moment(before)
    MonitoringGap.objects.filter(service__in=ids, ended_at__lt=old).delete()
    MonitoringGap.objects.filter(service=None, ended_at__lt=old).delete()


def rest(now: float) -> None:
    """Follow the services at rest; before the days, which count them."""
    gaps.rest(history.moment(now))

"""Carry maintenance windows out: plan their periods, let the time not count, and look again at the end."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction

from lifecycle.alerts.outbox import write
from lifecycle.alerts.outbox.escalation import rows as escalation
from lifecycle.alerts.silences import quiet
from lifecycle.core.alerting import windows
from lifecycle.core.alerting.windows import BadWindowError, Window
from lifecycle.core.machine.states import CONNECTING
from lifecycle.models import Command, Delivery, Episode, MaintenancePeriod, MaintenanceWindow, ServiceState
from lifecycle.monitoring.uptime import maintenance
from lifecycle.operations import commands
from registry.errors import NotPossibleError, ServiceNotFoundError
from registry.models import Desired, Service

AHEAD = timedelta(days=8)
AGAIN = timedelta(days=7)
RECONNECTED_AT_MOST = 500


def window_of(row: MaintenanceWindow) -> Window:
    return read(row.start, row.minutes, row.zone, row.rule)


def read(start: datetime, minutes: int, zone: str, rule: str) -> Window:
    """A window that occurs; BadWindowError says what is wrong. *start* is a local time, whatever its zone."""
    try:
        where = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadWindowError("zone", "is no known time zone; write a name such as Europe/Berlin") from None
    return windows.read(start.astimezone(UTC), timedelta(minutes=minutes), where, rule)


def follow(now: datetime) -> None:
    """Called every few seconds; one query where there is nothing to do."""
    for window in MaintenanceWindow.objects.filter(enabled=True, planned_until__lt=now + AGAIN):
        plan(window, now)
    live = list(MaintenancePeriod.objects.filter(over=False, began_at__lte=now).select_related("window"))
    if live:
        _hold_back(now)
    for period in live:
        with transaction.atomic():
            maintenance.exclude(covered(period.window), period.began_at, period.ended_at)
            if period.ended_at <= now:
                _end(period, now)


def _hold_back(now: datetime) -> None:
    """What was queued before a window began, and nobody has tried to send, is told after it if it holds."""
    begins = [Delivery.Kind.FIRING, Delivery.Kind.REMINDER]
    waiting = Delivery.objects.filter(escalation.WAITING, kind__in=begins).values("episode")
    hush = quiet.now_is(now)
    live = Episode.objects.filter(pk__in=waiting).exclude(state=Episode.State.RESOLVED)  # an end tells both
    for row in live.select_related("service", "rule"):
        if (reason := hush.why(row)) is not None:
            quiet.trace(row, reason, now)
            write.withdraw(row, now)


def plan(window: MaintenanceWindow, now: datetime) -> None:
    """Make rows of its occurrences up to some days ahead; those that nobody was there for, too."""
    until = now + AHEAD
    with transaction.atomic():
        MaintenancePeriod.objects.bulk_create(
            [
                MaintenancePeriod(window=window, began_at=began, ended_at=ended)
                for began, ended in windows.occurrences(window_of(window), window.planned_until, until)
            ],
            ignore_conflicts=True,
        )
        MaintenanceWindow.objects.filter(pk=window.pk).update(planned_until=until)


def covered(window: MaintenanceWindow) -> list[int]:
    """The services that it is of, as they are now."""
    target = quiet.target_of(window)
    rows = Service.objects.listed().values_list("pk", "name", "tags")
    return [key for key, name, tags in rows if target.covers(name, tags, None)]


def _end(period: MaintenancePeriod, now: datetime) -> None:
    """What still does not serve is tried again at once, so that nothing is told that is no longer true."""
    MaintenancePeriod.objects.filter(pk=period.pk).update(over=True)
    if now - period.ended_at > timedelta(minutes=5):
        return  # nobody was there; what is down by now has been tried meanwhile
    reconnect(covered(period.window), now)


def reconnect(services: Collection[int], now: datetime) -> None:
    down = ServiceState.objects.filter(
        service__in=services, state__in=CONNECTING, service__desired=Desired.RUNNING
    )
    for name in down.values_list("service__name", flat=True)[:RECONNECTED_AT_MOST]:
        try:
            commands.request(Command.Kind.RECONNECT, name, by="maintenance", now=now)
        except (NotPossibleError, ServiceNotFoundError):
            continue  # somebody does something else with it

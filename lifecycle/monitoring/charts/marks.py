"""What happened meanwhile, to be marked on a chart: outages, restarts, new configurations, stops."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from lifecycle.core.health.verdict import Kind
from lifecycle.core.machine.moves import RECONFIGURED
from lifecycle.core.machine.states import Event
from lifecycle.models import MassFailure, MonitoringGap, StateChange
from lifecycle.monitoring.uptime import queries as uptime
from lifecycle.monitoring.uptime.history import Past
from registry.models import Service

MARKS_AT_MOST = 200
WORTH_A_BAND = 30
"""Seconds: a stop is shorter where it is the first half of a restart, a gap where a check was late."""


class What(StrEnum):
    OUTAGE = "outage"
    STOPPED = "stopped"
    UNWATCHED = "unwatched"
    MAINTENANCE = "maintenance"
    RESTART = "restart"
    REVISION = "revision"
    MASS_FAILURE = "mass-failure"


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Something that began at *start*; `end` is None for a moment, and for what still lasts if it is a band.

    `why` is the reason as it was recorded, `failing` and `total` count services in a mass failure.
    """

    what: What
    start: datetime
    end: datetime | None = None
    why: str = ""
    failing: int = 0
    total: int = 0


def of_service(service: Service, past: Past, start: datetime, end: datetime) -> list[Mark]:
    """The latest in [start, end), in the order of time; *past* holds the times when nobody looked."""
    outages = uptime.outages(service, start, end)
    found = [
        *(Mark(what=What.OUTAGE, start=one.start, end=one.end, why=one.reason) for one in outages),
        *_moments(service, start, end),
        *_unwatched(past, start, end),
        *_maintained(service, start, end),
    ]
    return sorted(found, key=lambda mark: mark.start)[-MARKS_AT_MOST:]


def of_fleet(start: datetime, end: datetime) -> list[Mark]:
    """Times in which most services failed at once, in the order of time."""
    rows = MassFailure.objects.filter(began_at__lt=end).exclude(ended_at__lte=start)
    return [
        Mark(
            what=What.MASS_FAILURE,
            start=row.began_at,
            end=row.ended_at,
            failing=row.failing,
            total=row.total,
        )
        for row in reversed(rows.order_by("-id")[:MARKS_AT_MOST])
    ]


def _moments(service: Service, start: datetime, end: datetime) -> Iterator[Mark]:
    """Starts, restarts of its program, new configurations, and stops until the start that follows."""
    rows = StateChange.objects.filter(service=service, at__gte=start, at__lt=end).order_by("id")
    stopped: datetime | None = None
    for row in rows:
        if row.event == Event.STOP:
            stopped = row.at
        elif row.event in (Event.START, Event.RECONNECT) and stopped is not None:
            if (row.at - stopped).total_seconds() >= WORTH_A_BAND:
                yield Mark(what=What.STOPPED, start=stopped, end=row.at)
            stopped = None
        if row.reason == RECONFIGURED:
            yield Mark(what=What.REVISION, start=row.at)
        elif row.event == Event.START or row.error_kind == Kind.EXITED:
            yield Mark(what=What.RESTART, start=row.at, why=row.reason)
    if stopped is not None:
        yield Mark(what=What.STOPPED, start=stopped)


def _maintained(service: Service, start: datetime, end: datetime) -> Iterator[Mark]:
    rows = MonitoringGap.objects.filter(service=service, cause=MonitoringGap.Cause.MAINTENANCE)
    for row in rows.filter(began_at__lt=end, ended_at__gt=start).order_by("began_at")[:MARKS_AT_MOST]:
        yield Mark(what=What.MAINTENANCE, start=row.began_at, end=row.ended_at)


def _unwatched(past: Past, start: datetime, end: datetime) -> Iterator[Mark]:
    first, until = start.timestamp(), end.timestamp()
    for gap in past.gaps:
        if gap.end > first and gap.start < until and gap.end - gap.start >= WORTH_A_BAND:
            last = datetime.fromtimestamp(gap.end, UTC) if gap.end < until else None
            yield Mark(what=What.UNWATCHED, start=datetime.fromtimestamp(gap.start, UTC), end=last)

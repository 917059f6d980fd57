"""What one scrape tells: read from the rows that pages, REST and exports read (requirements 3.9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count

from lifecycle.core.machine.states import SERVING
from lifecycle.core.monitoring import calls, packing, summary
from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.summary import Summary
from lifecycle.core.monitoring.uptime import Account, total
from lifecycle.models import Episode, ServiceState, StateChange
from lifecycle.monitoring.calls import queries as call_queries
from lifecycle.monitoring.hosts import queries as host_queries
from lifecycle.monitoring.hosts.queries import HostStatus
from lifecycle.monitoring.rollups import queries as rollup_queries
from lifecycle.monitoring.settings import queries as settings_queries
from lifecycle.monitoring.uptime import history
from lifecycle.monitoring.uptime.fleet import fleet_account
from lifecycle.services import counts
from lifecycle.workers import queries as worker_queries
from lifecycle.workers.queries import WorkerStatus
from registry.models import Service
from registry.models.limits import current

DAY = timedelta(hours=24)
AHEAD = timedelta(minutes=1)
"""A window that ends later than now ends with the 5 minutes under way, and no single check is read."""
DOWN = ("RECONNECTING", "UNREACHABLE")


@dataclass(frozen=True, kw_only=True, slots=True)
class OneService:
    """A service as it is now."""

    id: int
    name: str
    state: str
    failures: int
    tools: int

    @property
    def serves(self) -> bool:
        return self.state in SERVING


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts since *since*, by service; those of all together beside them."""

    checks: Mapping[int, Summary]
    all_checks: Summary
    calls: Mapping[int, CallSummary]
    all_calls: CallSummary
    reconnections: Mapping[int, int]
    uptime: Mapping[int, Account]
    all_uptime: Account


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """Everything; `services` are those with series of their own, and none where there are too many."""

    now: datetime
    since: datetime
    limit: int
    limited: bool
    states: Mapping[str, int]
    services: list[OneService]
    figures: Figures
    alerts: Mapping[tuple[str, str], int]
    hosts: list[HostStatus]
    workers: list[WorkerStatus]


class Closed:
    """What rows amounted to at the last scrape, by service: as long as they are the very same bytes."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[list[bytes], Summary]] = {}

    def merge(self, service_id: int, rows: list[bytes]) -> Summary:
        known = self._known.get(service_id)
        if known is None or known[0] != rows:
            known = self._known[service_id] = (rows, packing.merge(rows))
        return known[1]

    def keep(self, ids: Collection[int]) -> None:
        """Forget others."""
        self._known = {key: self._known[key] for key in ids if key in self._known}


_closed = Closed()


def midnight(now: datetime) -> datetime:
    """Counters begin anew at midnight UTC: a day fits into memory, and a restart changes nothing."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def read(now: datetime) -> Scrape:
    """Some twenty queries, whatever the number of services."""
    limit, since = settings_queries.current().prometheus_services, midnight(now)
    there = Service.objects.listed().count()
    services = _services() if there <= limit else []
    ids = [service.id for service in services]
    return Scrape(
        now=now,
        since=since,
        limit=limit,
        limited=there > limit,
        states=counts.counts_by_state(),
        services=services,
        figures=_figures(ids, since, now) if there <= limit else _totals(since, now),
        alerts=_alerts(),
        hosts=[] if current() else host_queries.hosts(now),
        workers=[] if current() else _workers(now),
    )


def _workers(now: datetime) -> list[WorkerStatus]:
    return [one for one in worker_queries.worker_statuses(now) if one.seen.stopped_at is None]


def _services() -> list[OneService]:
    rows = ServiceState.objects.filter(service__in=Service.objects.listed()).order_by("service__name")
    columns = ("service_id", "service__name", "state", "consecutive_failures", "tools_count")
    return [
        OneService(id=pk, name=name, state=state, failures=failures, tools=tools)
        for pk, name, state, failures, tools in rows.values_list(*columns)
    ]


def _figures(ids: Collection[int], since: datetime, now: datetime) -> Figures:
    checked = _checked(ids, since, now)
    called = call_queries.service_totals(since, now, now)
    pasts = history.load(ids, (now - DAY).timestamp(), now.timestamp())
    uptime = {pk: past.account((now - DAY).timestamp(), now.timestamp()) for pk, past in pasts.items()}
    return Figures(
        checks=checked,
        all_checks=summary.merge(checked.values()),
        calls=called,
        all_calls=calls.merge(called.values()),
        reconnections=_reconnections(since),
        uptime=uptime,
        all_uptime=total(uptime.values()),
    )


def _checked(ids: Collection[int], since: datetime, now: datetime) -> dict[int, Summary]:
    """Hours that are over hardly ever change: what they amount to is remembered."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    before = rollup_queries.totals(ids, since, hour, _closed.merge)
    if not current():
        _closed.keep(ids)
    lately = rollup_queries.totals(ids, hour, now + AHEAD)
    return {key: summary.merge([before[key], lately[key]]) for key in ids}


def _totals(since: datetime, now: datetime) -> Figures:
    """Of all services together: their roll-ups are a minute behind at most."""
    points = rollup_queries.fleet_series(since, now + AHEAD)
    return Figures(
        checks={},
        all_checks=summary.merge(point.summary for point in points),
        calls={},
        all_calls=call_queries.call_totals(None, since, now, now),
        reconnections=_reconnections(since),
        uptime={},
        all_uptime=fleet_account(now - DAY, now, now),
    )


def _reconnections(since: datetime) -> dict[int, int]:
    """How often each service served again after it had been down."""
    again = StateChange.objects.filter(at__gte=since, before__in=DOWN, after__in=SERVING).order_by()
    return dict(again.values_list("service_id").annotate(n=Count("pk")))


def _alerts() -> dict[tuple[str, str], int]:
    """Open alerts by level and state."""
    rows = Episode.objects.exclude(state=Episode.State.RESOLVED).order_by()
    found = rows.values_list("rule__level", "state").annotate(n=Count("pk"))
    return {(level, state): n for level, state, n in found}

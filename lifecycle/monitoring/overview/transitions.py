"""What the transitions of a window say of the fleet: how connecting went, which faults, who fared worst."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, Sum

from lifecycle.core.machine.states import Event, State
from lifecycle.core.monitoring.uptime import Account, total
from lifecycle.models import ServiceState, StateChange, UptimeDay
from lifecycle.monitoring.charts.windows import DAYS, Window
from lifecycle.monitoring.uptime import history
from lifecycle.monitoring.uptime import queries as uptime
from registry.models import Service

WORST = 10
LOOKED_AT = 200
DOWN = (State.RECONNECTING.value, State.UNREACHABLE.value)
FAILED = (Event.CONNECT_FAILED.value, Event.EXHAUSTED.value, Event.INCURABLE.value)


@dataclass(frozen=True, kw_only=True)
class Transitions:
    """Those of a window. `connected` and `not_connected`: how connecting ended, retries not counted apart."""

    total: int
    into: Counter[str]
    faults: Counter[str]
    connected: int
    not_connected: int

    @property
    def connect_success_rate(self) -> float | None:
        """From 0 to 1; None where nothing was connected, and nothing failed to be."""
        tried = self.connected + self.not_connected
        return self.connected / tried if tried else None


def of(window: Window) -> Transitions:
    """One query."""
    rows = StateChange.objects.filter(at__gte=window.start, at__lt=window.end).order_by()
    into, faults, ends = Counter[str](), Counter[str](), Counter[str]()
    for after, event, kind, n in rows.values_list("after", "event", "error_kind").annotate(n=Count("id")):
        into[after] += n
        ends[event] += n
        if kind and after in (*DOWN, State.WARNING):
            faults[kind] += n
    return Transitions(
        total=into.total(),
        into=into,
        faults=faults,
        connected=ends[Event.CONNECTED],
        not_connected=sum(ends[event] for event in FAILED),
    )


def worst(window: Window, now: datetime) -> list[tuple[str, Account]]:
    """Those with the lowest uptime in the window, the worst first; none that served all the time."""
    ids = _suspects(window)
    accounts = _accounts(ids, window, now)
    known = [(found.ratio, -found.down, key) for key, found in accounts.items() if found.ratio is not None]
    failing = sorted(one for one in known if one[1])[:WORST]
    names = dict(
        Service.objects.listed().filter(pk__in=[key for *_, key in failing]).values_list("pk", "name")
    )
    return [(names[key], accounts[key]) for *_, key in failing if key in names]


def _suspects(window: Window) -> set[int]:
    """Those that are down or were in the window, most of its time first, as far as that is known."""
    now_down = ServiceState.objects.filter(state__in=DOWN).order_by("not_serving_since")
    found = set(now_down.values_list("service_id", flat=True)[:LOOKED_AT])
    since = window.start
    if window.name in DAYS:
        first = int(window.start.timestamp())
        days = UptimeDay.objects.filter(at__gte=first, down_s__gt=0).values("service_id")
        long = days.annotate(down=Sum("down_s")).order_by("-down")[:LOOKED_AT]
        found |= {row["service_id"] for row in long}
        midnight = window.end.replace(hour=0, minute=0, second=0, microsecond=0)
        since = max(since, midnight - timedelta(days=1))  # yesterday may not be summed up yet
    lately = StateChange.objects.filter(Q(after__in=DOWN), at__gte=since, at__lt=window.end).order_by()
    often = lately.values("service_id").annotate(n=Count("id")).order_by("-n")[:LOOKED_AT]
    return found | {row["service_id"] for row in often}


def _accounts(ids: Collection[int], window: Window, now: datetime) -> dict[int, Account]:
    if not ids:
        return {}
    if window.name in DAYS:
        days = uptime.days_of(ids, now, DAYS[window.name])
        return {key: total(day.account for day in found) for key, found in days.items()}
    first, last = window.start.timestamp(), min(window.end, now).timestamp()
    return {key: past.account(first, last) for key, past in history.load(ids, first, now.timestamp()).items()}

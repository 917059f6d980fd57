"""Uptime of a service and of the fleet: pages, lists, REST, exports and facade all ask here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.conf import settings
from django.db import connection
from django.db.models import Q

from lifecycle.core.machine.states import Event, State
from lifecycle.core.monitoring.local_days import beginning, midnights
from lifecycle.core.monitoring.uptime import NOTHING, Account, Standing, standing_of, total
from lifecycle.models import ListFigures, StateChange
from lifecycle.monitoring.uptime import history
from lifecycle.monitoring.uptime.days import SHOWN
from lifecycle.monitoring.uptime.fleet import fleet_account as fleet_account
from lifecycle.monitoring.uptime.history import Past, Row
from registry.models import Service

HOURS_24 = timedelta(hours=24)
WINDOWS = {"24h": 0, "7d": 7, "30d": 30, "90d": SHOWN}
"""The windows that are shown: local days, today among them; 24 h is the last 24 hours."""
DAY, MARK = 5, 6
_DAYS = f"""
SELECT {MARK}, 0, until, 0, '' FROM lifecycle_uptimemark WHERE zone = %s
UNION ALL SELECT {DAY}, service_id, at, 0, CAST(serving_s AS text) || '|' || CAST(down_s AS text) || '|'
  || CAST(excluded_s AS text) FROM lifecycle_uptimeday WHERE at >= %s AND service_id IN ({{ids}})"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Day:
    """One local day, from its midnight up to the next, or until now."""

    start: datetime
    end: datetime
    account: Account


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which a service was down; `end` is None while it lasts, `reason` is that of its beginning."""

    start: datetime
    end: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Uptime over each of `WINDOWS`, and the days of the longest."""

    windows: Mapping[str, Account]
    days: list[Day]


def account_of(service: Service, start: datetime, end: datetime, now: datetime) -> Account:
    """Exact, from the transitions; of a long window it reads many rows."""
    begin, finish = start.timestamp(), min(end, now).timestamp()
    past = history.load([service.pk], begin, now.timestamp())[service.pk]
    return past.account(begin, finish) if begin < finish else NOTHING


def figures_of(service: Service, now: datetime) -> Figures:
    """Of one service; one query, and another one while days wait to be counted."""
    return figures_of_all([service.pk], now)[service.pk]


def figures_of_all(ids: Collection[int], now: datetime) -> dict[int, Figures]:
    """Of several, in as many queries as of one."""
    read = _read(ids, now.timestamp(), SHOWN)
    return {key: _figures(read, key, now.timestamp()) for key in ids}


def _figures(read: _Read, key: int, at: float) -> Figures:
    days = read.days(key)
    windows = {"24h": read.pasts[key].account(at - HOURS_24.total_seconds(), at)}
    for name in ("7d", "30d", "90d"):
        windows[name] = total(day.account for day in days[-WINDOWS[name] :])
    return Figures(windows=windows, days=days)


def days_of(ids: Collection[int], now: datetime, days: int = SHOWN) -> dict[int, list[Day]]:
    """The last local *days* of each, today among them; one query, or two while days wait to be counted."""
    read = _read(ids, now.timestamp(), days)
    return {key: read.days(key) for key in ids}


@dataclass(frozen=True, slots=True)
class _Read:
    """Stored days by service and midnight, those from the midnight `until` on being counted from `pasts`."""

    edges: list[float]
    until: float
    stored: Mapping[int, Mapping[int, Account]]
    pasts: Mapping[int, Past]

    def days(self, key: int) -> list[Day]:
        """Of one service, the oldest first."""
        late = [at for at in self.edges if at >= self.until]
        counted = dict(zip(late, self.pasts[key].accounts(late), strict=False))
        stored, found = self.stored.get(key, {}), []
        for start, end in pairwise(self.edges):
            account = counted.get(start) or _whole(stored.get(int(start), NOTHING), end - start)
            found.append(Day(history.moment(start), history.moment(end), account))
        return found

    def whole(self, key: int) -> Account:
        """Of one service, all the days together."""
        first, last, stored = self.edges[0], self.edges[-1], self.stored.get(key, {})
        until = max(self.until, first)
        closed = total(account for at, account in stored.items() if at < until)
        return _whole(closed, until - first) + self.pasts[key].account(until, last)


def _read(ids: Collection[int], now: float, days: int) -> _Read:
    zone = settings.SHOWN_TIME_ZONE
    first, today = beginning(now, zone, days - 1), beginning(now, zone)
    since = min(beginning(now, zone, 1), now - HOURS_24.total_seconds())
    sql, params = history.parts(ids, since, now)
    more = _DAYS.format(ids=", ".join(["%s"] * len(ids)) or "NULL")
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} UNION ALL {more}", [*params, str(zone), first, *ids])
        rows: list[Row] = cursor.fetchall()
    until = min([max(row[2], first) for row in rows if row[0] == MARK] or [first])
    stored: dict[int, dict[int, Account]] = {}
    for kind, key, at, _, text in rows:
        if kind == DAY:
            stored.setdefault(key, {})[at] = Account(*map(float, text.split("|")))
    pasts = history.load(ids, until, now) if until < since else history.read(rows, ids, now)
    edges = [*map(float, midnights(first, now, zone))]
    return _Read([*edges, max(now, edges[-1] + 1e-3)], min(until, today), stored, pasts)


def _whole(account: Account, length: float) -> Account:
    """With what is missing as unknown."""
    known = account.serving + account.down + account.excluded
    return Account(account.serving, account.down, account.excluded, max(length - known, 0.0))


def whole_of(ids: Collection[int], now: datetime) -> dict[int, Account]:
    """The last 90 days of each as one account."""
    read = _read(ids, now.timestamp(), SHOWN)
    return {key: read.whole(key) for key in ids}


def listed(figures: ListFigures | None, past: Past, now: datetime) -> Account | None:
    """The last 90 days of a line of the list, from sums and today; None where they are of another day.

    *past* begins no later than today.
    """
    at, zone = now.timestamp(), settings.SHOWN_TIME_ZONE
    today = beginning(at, zone)
    if figures is None or figures.until != today:
        return None
    closed = Account(figures.serving_s, figures.down_s, figures.excluded_s)
    return _whole(closed, today - beginning(at, zone, SHOWN - 1)) + past.account(today, at)


def outages(service: Service, start: datetime, end: datetime) -> list[Outage]:
    """Those that touch [start, end), in the order of time; also those that a gap hides in part."""
    up = StateChange.objects.exclude(
        Q(after__in=(State.RECONNECTING, State.UNREACHABLE)) | Q(event=Event.GIVE_UP)
    )
    rows = up.filter(service=service, at__lte=start).order_by("-id")
    first = rows.values_list("pk", flat=True).first() or 0
    changes = StateChange.objects.filter(service=service, pk__gte=first).order_by("id")
    found: list[Outage] = []
    began, why = None, ""
    for at, after, event, reason in changes.values_list("at", "after", "event", "reason"):
        down = standing_of(after, event) is Standing.DOWN
        if down and began is None:
            began, why = at, reason
        elif not down and began is not None:
            found.append(Outage(began, at, why))
            began = None
    if began is not None:
        found.append(Outage(began, None, why))
    return [one for one in found if one.start < end and (one.end is None or one.end > start)]

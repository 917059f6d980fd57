"""What was recorded of services since a moment: all that uptime is counted from, by one statement."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import connection

from lifecycle.core.monitoring.service_hours import ServiceHours
from lifecycle.core.monitoring.uptime import Account, Change, Interval, account, accounts, standing_of
from lifecycle.models import MonitoringGap
from lifecycle.pages.queries import SILENT_AFTER

Row = tuple[int, int, int, int, str]
CHANGE, GAP, HOURS, LIFE = 1, 2, 3, 4
KINDS = frozenset({CHANGE, GAP, HOURS, LIFE})
# The walk back to the state at the beginning ends at once where the last change lies before it.
_CHANGES = f"""
SELECT {CHANGE}, c.service_id, c.id, 0, CAST(c.at AS text) || '|' || c.after || '|' || c.event
FROM registry_service s JOIN lifecycle_statechange c ON c.service_id = s.id AND c.id >= COALESCE((
  SELECT b.id FROM lifecycle_statechange b WHERE b.service_id = s.id AND b.at <= %s
  ORDER BY b.id DESC LIMIT 1), 0)
WHERE s.id IN ({{ids}})"""  # noqa: S608
_GAPS = f"""
SELECT {GAP}, COALESCE(service_id, 0), id, 0,
  CAST(began_at AS text) || '|' || COALESCE(CAST(ended_at AS text), '') || '|' || cause
FROM lifecycle_monitoringgap WHERE {{whose}} AND (ended_at IS NULL OR ended_at > %s)"""  # noqa: S608
_HOURS = f"""
SELECT {HOURS}, service_id, opens, closes, weekdays || '|' || zone
FROM lifecycle_servicehours WHERE service_id IN ({{ids}})"""  # noqa: S608
_LIFE = f"""
SELECT {LIFE}, COUNT(CASE WHEN stopped_at IS NULL AND seen_at >= %s THEN 1 END), 0, 0,
  CAST(MAX(seen_at) AS text)
FROM lifecycle_workerseen"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Past:
    """Of one service: its transitions in the order of recording, and what is laid over them."""

    changes: list[Change] = field(default_factory=list)
    gaps: list[Interval] = field(default_factory=list)
    excluded: list[Interval] = field(default_factory=list)
    hours: ServiceHours | None = None

    def account(self, start: float, end: float) -> Account:
        """Of a stretch that begins no earlier than what was loaded."""
        return account(self.changes, self.gaps, self.excluded, start, end, self.hours)

    def accounts(self, edges: list[float]) -> list[Account]:
        """From each edge to the next."""
        return accounts(self.changes, self.gaps, self.excluded, edges, self.hours)


def load(ids: Collection[int], since: float, now: float) -> dict[int, Past]:
    """For each of *ids* what counts from *since* on; a time in which no worker lives ends *now*.

    An id that is no service has what counts for all of them.
    """
    sql, params = parts(ids, since, now)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return read(cursor.fetchall(), ids, now)


def parts(ids: Collection[int], since: float, now: float) -> tuple[str, list[Any]]:
    """The statement and its parameters: rows of (kind, service, number, number, text), for `read`."""
    begin = _stored(since)
    marks = ", ".join(["%s"] * len(ids)) or "NULL"
    sql = " UNION ALL ".join(
        [
            _CHANGES.format(ids=marks),
            _GAPS.format(whose="service_id IS NULL"),
            _GAPS.format(whose=f"service_id IN ({marks})"),
            _HOURS.format(ids=marks),
            _LIFE,
        ]
    )
    silent = _stored(now - SILENT_AFTER.total_seconds())
    return sql, [begin, *ids, begin, *ids, begin, *ids, silent]


def read(rows: Iterable[Row], ids: Collection[int], now: float) -> dict[int, Past]:
    """What the rows say of each service; those of other kinds are passed over."""
    known: dict[int, list[Row]] = {kind: [] for kind in KINDS}
    for row in rows:
        if row[0] in KINDS:
            known[row[0]].append(row)
    everywhere = [*_everywhere(known[GAP]), *_silence(known[LIFE], now)]
    hours = {row[1]: _hours(row) for row in known[HOURS]}
    found = {key: Past(gaps=list(everywhere), hours=hours.get(key)) for key in ids}
    for row in sorted(known[CHANGE], key=lambda row: row[2]):
        at, after, event = row[4].split("|")
        found[row[1]].changes.append((seconds(at), standing_of(after, event)))
    for _, service_id, _, _, text in known[GAP]:
        if service_id:
            _lay(found[service_id], text)
    return found


def _everywhere(rows: Iterable[Row]) -> Iterator[Interval]:
    for _, service_id, _, _, text in rows:
        if not service_id:
            began, ended, _ = text.split("|")
            yield Interval(seconds(began), seconds(ended) if ended else math.inf)


def _silence(rows: Iterable[Row], now: float) -> Iterator[Interval]:
    """While no worker lives: since the last sign of life of any."""
    for _, living, _, _, seen in rows:
        if not living and seen is not None:
            yield Interval(seconds(seen), max(now, seconds(seen)))


def _lay(past: Past, text: str) -> None:
    """A gap of one service. A rest ends at the latest as the state changes again."""
    began, ended, cause = text.split("|")
    start, end = seconds(began), seconds(ended) if ended else math.inf
    if cause == MonitoringGap.Cause.RESTING:
        end = min([end, *(at for at, _ in past.changes if at > start)])
        past.excluded.append(Interval(start, end))
    elif cause == MonitoringGap.Cause.MAINTENANCE:
        past.excluded.append(Interval(start, end))
    else:
        past.gaps.append(Interval(start, end))


def _hours(row: Row) -> ServiceHours:
    _, _, opens, closes, text = row
    weekdays, _, zone = text.partition("|")
    return ServiceHours(frozenset(map(int, weekdays)), opens, closes, zone_of(zone))


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """A time zone; UTC for one that this machine does not know any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def seconds(text: str) -> float:
    """A moment as the database writes it, in seconds since 1970."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def moment(at: float) -> datetime:
    """Seconds since 1970 as a moment."""
    return datetime.fromtimestamp(at, UTC)


def _stored(at: float) -> Any:
    return connection.ops.adapt_datetimefield_value(moment(at))

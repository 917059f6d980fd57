"""What the lines of the services list show beside each service's own rows, by one statement for all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection

from lifecycle.core.monitoring.local_days import beginning
from lifecycle.core.monitoring.uptime import Account
from lifecycle.models import CheckResult, ListFigures
from lifecycle.monitoring.uptime import history
from lifecycle.monitoring.uptime import queries as uptime_queries
from lifecycle.monitoring.uptime.history import Past
from lifecycle.services.check_bar import CHECKS
from registry.models import Service

COMPOUND_LIMIT = 400  # SQLite joins at most 500 selects
CHECK = 0
# A window function would read two days of checks to show half an hour of them.
_CHECKS = f"""
SELECT * FROM (SELECT {CHECK}, service_id, at, level, '' FROM {CheckResult._meta.db_table}
WHERE service_id = %s ORDER BY at DESC LIMIT {CHECKS}) c"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class RowFacts:
    """Of one service: levels of its last checks, oldest first; 90 days of uptime; median responses in ms."""

    levels: Sequence[int]
    uptime: Account
    response: str = ""


def last_levels(service_id: int) -> list[int]:
    """The last checks of one service, oldest first."""
    found = _read(f"{_CHECKS}", [service_id])
    return [row[3] for row in sorted(found)]


def of_rows(services: Sequence[Service], now: datetime) -> dict[int, RowFacts]:
    """Of services that were read together with their figures; one query, or two while days are counted."""
    ids = [service.pk for service in services]
    levels: dict[int, list[int]] = {key: [] for key in ids}
    pasts: dict[int, Past] = {}
    for part in _batched(ids):
        levels |= _facts(part, now, pasts)
    figures = {service.pk: _figures(service) for service in services}
    uptimes = {key: uptime_queries.listed(figures[key], pasts[key], now) for key in ids}
    missing = [key for key, account in uptimes.items() if account is None]
    counted = uptime_queries.whole_of(missing, now) if missing else {}
    return {
        key: RowFacts(
            levels=levels[key],
            uptime=uptimes[key] or counted[key],
            response=figure.response if (figure := figures[key]) else "",
        )
        for key in ids
    }


def _facts(ids: Collection[int], now: datetime, pasts: dict[int, Past]) -> dict[int, list[int]]:
    at = now.timestamp()
    sql, params = history.parts(ids, beginning(at, settings.SHOWN_TIME_ZONE), at)
    rows = _read(" UNION ALL ".join([*[_CHECKS] * len(ids), sql]), [*ids, *params])
    pasts |= history.read(rows, ids, at)
    levels: dict[int, list[int]] = {}
    for kind, service_id, _, level, _ in sorted(row for row in rows if row[0] == CHECK):
        assert kind == CHECK
        levels.setdefault(service_id, []).append(level)
    return levels


def _figures(service: Service) -> ListFigures | None:
    try:
        return service.figures
    except ListFigures.DoesNotExist:
        return None


def _read(sql: str, params: Sequence[object]) -> list[history.Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)  # type: ignore[arg-type]
        found: list[history.Row] = cursor.fetchall()
    return found


def _batched(items: Sequence[int]) -> Iterator[Sequence[int]]:
    return (items[start : start + COMPOUND_LIMIT] for start in range(0, len(items), COMPOUND_LIMIT))

"""What the lines of the services list show beside each service's own rows, by one statement for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import connection

from lifecycle.core.monitoring.local_days import beginning
from lifecycle.core.monitoring.uptime import Account
from lifecycle.models import ListFigures
from lifecycle.monitoring.uptime import history
from lifecycle.monitoring.uptime import queries as uptime_queries
from lifecycle.monitoring.uptime.history import Past
from lifecycle.services.bar import spans
from lifecycle.services.bar.spans import Bar
from lifecycle.services.listing import matches
from registry.models import Service

NO_CHECKS = Bar()


@dataclass(frozen=True, slots=True)
class RowFacts:
    """Of one service: the bar of its last hour; 90 days of uptime; median responses in ms."""

    bar: Bar
    uptime: Account
    response: str = ""
    found: dict[int, str] = field(default_factory=dict)


def bar_of(service_id: int, now: datetime) -> Bar:
    """The last hour of one service."""
    sql, params = spans.statement([service_id], now.timestamp())
    return spans.fold(_read(sql, params), now.timestamp()).get(service_id, NO_CHECKS)


def of_rows(services: Sequence[Service], now: datetime, q: str = "") -> dict[int, RowFacts]:
    """Of services that were read together with their figures; one query, or two while days are counted.

    With the tools and descriptions in which *q* was found.
    """
    ids = [service.pk for service in services]
    bars, pasts, found = _facts(ids, now, q)
    figures = {service.pk: _figures(service) for service in services}
    uptimes = {key: uptime_queries.listed(figures[key], pasts[key], now) for key in ids}
    missing = [key for key, account in uptimes.items() if account is None]
    counted = uptime_queries.whole_of(missing, now) if missing else {}
    return {
        key: RowFacts(
            bar=bars.get(key, NO_CHECKS),
            uptime=uptimes[key] or counted[key],
            response=figure.response if (figure := figures[key]) else "",
            found=found.get(key, {}),
        )
        for key in ids
    }


def _facts(
    ids: Sequence[int], now: datetime, q: str
) -> tuple[dict[int, Bar], dict[int, Past], dict[int, dict[int, str]]]:
    at = now.timestamp()
    checks, of_checks = spans.statement(ids, at)
    sql, params = history.parts(ids, beginning(at, settings.SHOWN_TIME_ZONE), at)
    search, words = matches.statement(ids, q)
    rows = _read(f"{checks} UNION ALL {sql}{search}", [*of_checks, *params, *words])
    return spans.fold(rows, at), history.read(rows, ids, at), matches.read(rows)


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

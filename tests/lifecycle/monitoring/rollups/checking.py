"""Checks as a worker writes them, and what they amount to according to the rows themselves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.db import transaction

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.spans import DAY, HOUR, MINUTES
from lifecycle.core.monitoring.summary import Summary
from lifecycle.models import CheckResult
from lifecycle.monitoring.rollups import tables
from lifecycle.monitoring.rollups.tables import Key
from lifecycle.monitoring.rollups.write import Rollups, Sample
from registry.models import Service

START = 1_789_999_200
"""A whole hour."""
Line = tuple[int, float, int, int | None]
"""Service, time in seconds since 1970, level, and time of the answer in ms."""


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def make_services(number: int) -> list[int]:
    when = moment(START)
    return [
        Service.objects.create(name=f"s{n}", transport="sse", created_at=when, updated_at=when).pk
        for n in range(number)
    ]


def insert(lines: Iterable[Line]) -> list[CheckResult]:
    """The rows of checks alone, as before there were sums."""
    rows = [
        CheckResult(service_id=service_id, at=round(at * 1000), level=level, ms=ms)
        for service_id, at, level, ms in lines
    ]
    return CheckResult.objects.bulk_create(rows)


def record(rollups: Rollups, lines: Iterable[Line], epoch: int = 0) -> None:
    """One flush of a worker."""
    with transaction.atomic():
        rows = insert(lines)
        rollups.add([Sample(row.service_id, epoch, row.at, row.level, row.ms) for row in rows])


def by_hand(span: int) -> dict[Key, Summary]:
    """The sums of all checks, computed the slow way."""
    found: dict[Key, list[tuple[int, int | None]]] = {}
    for row in CheckResult.objects.all():
        found.setdefault((row.service_id, row.at // 1000 // span * span), []).append((row.level, row.ms))
    return {key: summaries.of(checks) for key, checks in found.items()}


def stored(span: int) -> dict[Key, Summary]:
    rows = tables.MODELS[span].objects.values_list("service_id", "at", "data")
    return {(service_id, at): packing.unpack(bytes(data)) for service_id, at, data in rows}


def sums_agree(*, closed: bool = False) -> bool:
    """Whether the rows of 5 minutes are what the checks say; *closed*: and those of hours and days."""
    return all(stored(span) == by_hand(span) for span in ((MINUTES, HOUR, DAY) if closed else (MINUTES,)))

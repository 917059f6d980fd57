"""The checks that changed no state, written many at a time: this is most of what a worker writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.core.machine.moves import Snapshot
from lifecycle.engine.leases.fence import Fence
from lifecycle.engine.recording import snapshots
from lifecycle.engine.recording.held import Held
from lifecycle.models import CheckResult, ServiceState
from lifecycle.monitoring.rollups.write import Rollups, Sample
from lifecycle.monitoring.settings import in_force

Row = tuple[Any, ...]
LEVEL_NUMBER = {level: number for number, level in enumerate(LEVELS)}
# Django's own INSERT and UPDATE of so many rows cost five times as much CPU.
INSERT = (
    f"INSERT INTO {CheckResult._meta.db_table} (service_id, at, level, ms) VALUES (%s, %s, %s, %s)"  # noqa: S608
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True)
class Check:
    """One check and the snapshot that it led to."""

    held: Held
    snapshot: Snapshot
    level: Level
    at: datetime
    ms: int | None


def write(checks: Sequence[Check], fence: Fence | None = None, rollups: Rollups | None = None) -> None:
    """One INSERT and one prepared UPDATE for most; a row that somebody else wrote meanwhile is left alone.

    Those whose service another worker has by now are dropped. What is inserted is summed up at once;
    where nothing is to be recorded there is only the UPDATE.
    """
    ours = (fence or Fence()).standing({(check.held.service_id, check.held.epoch) for check in checks})
    checks = [check for check in checks if check.held.service_id in ours]
    if in_force.get().enabled:
        (rollups or Rollups()).add(_insert([_sample(check) for check in checks]))
    latest = {check.held.service_id: check for check in checks}
    _advance([check for check in latest.values() if check.snapshot is check.held.snapshot])


def _sample(check: Check) -> Sample:
    at = int(check.at.timestamp() * 1000)
    return Sample(check.held.service_id, check.held.epoch, at, LEVEL_NUMBER[check.level], check.ms)


def _insert(samples: list[Sample]) -> list[Sample]:
    """Those whose rows are new: a service has one check of a millisecond."""
    rows = [(sample.service_id, sample.at, sample.level, sample.ms) for sample in samples]
    if _all_of_them(INSERT, rows):
        return samples
    with connection.cursor() as cursor:
        return [sample for sample, row in zip(samples, rows, strict=True) if _is_new(cursor, row)]


def _is_new(cursor: CursorWrapper, row: Sequence[Any]) -> bool:
    cursor.execute(INSERT, row)
    return bool(cursor.rowcount == 1)


def _advance(checks: Sequence[Check]) -> None:
    """Of most rows a few columns are enough."""
    usual = [check for check in checks if snapshots.differ_as_usual(check.held.written, check.snapshot)]
    _write(usual, snapshots.USUAL, snapshots.usual)
    if len(usual) < len(checks):
        known = set(map(id, usual))
        rest = [check for check in checks if id(check) not in known]
        _write(rest, snapshots.ROUTINE, snapshots.routine)


def _write(checks: Sequence[Check], names: Sequence[str], stored: Callable[[Snapshot], Row]) -> None:
    """All at once, as they nearly always can be; where one cannot, one after the other, to know which."""
    if not checks:
        return
    sql, adapted = _update(names)
    values = [
        (*adapted(stored(check.snapshot)), check.held.service_id, check.held.version) for check in checks
    ]
    if _all_of_them(sql, values):
        for check in checks:
            check.held.advanced(check.snapshot)
        return
    with connection.cursor() as cursor:
        for check, row in zip(checks, values, strict=True):
            cursor.execute(sql, row)
            if cursor.rowcount == 1:
                check.held.advanced(check.snapshot)
            else:
                check.held.stale = True


class _Beaten(Exception):
    """Not every row was as we had left it."""


def _all_of_them(sql: str, values: Sequence[Sequence[Any]]) -> bool:
    """Whether each touched a row; if not, none did."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(sql, values)
            if cursor.rowcount != len(values):
                raise _Beaten
    except _Beaten:
        return False
    return True


def _update(names: Sequence[str]) -> tuple[str, Callable[[Row], Row]]:
    """The statement, and what makes values as the database has them."""
    columns = snapshots.fields(names)
    assignments = ", ".join(f"{connection.ops.quote_name(str(column.column))} = %s" for column in columns)
    sql = (
        f"UPDATE {ServiceState._meta.db_table} SET {assignments}, version = version + 1"  # noqa: S608
        " WHERE service_id = %s AND version = %s"
    )
    times = [isinstance(column, models.DateTimeField) for column in columns]
    adapt = cache(connection.ops.adapt_datetimefield_value)

    def adapted(values: Row) -> Row:
        return tuple(
            [adapt(value) if is_time else value for value, is_time in zip(values, times, strict=True)]
        )

    return sql, adapted

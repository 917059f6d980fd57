"""The checks that changed no state, written many at a time: this is most of what a worker writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.core.machine.moves import Snapshot
from lifecycle.engine.leases.fence import Fence
from lifecycle.engine.recording import rows, snapshots
from lifecycle.engine.recording.held import Held
from lifecycle.models import CheckResult
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
    found = [(sample.service_id, sample.at, sample.level, sample.ms) for sample in samples]
    if rows.all_of_them(INSERT, found):
        return samples
    with connection.cursor() as cursor:
        return [sample for sample, row in zip(samples, found, strict=True) if _is_new(cursor, row)]


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
    won = rows.advance([(check.held, stored(check.snapshot)) for check in checks], names)
    for check, written in zip(checks, won, strict=True):
        if written:
            check.held.advanced(check.snapshot)
        else:
            check.held.stale = True

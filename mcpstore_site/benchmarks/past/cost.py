"""What roll-ups cost: `python -m mcpstore_site.benchmarks.past.cost BATCHES`, on a database with a past.

Batches of checks are written as the worker does each second, in turn with and without roll-ups; then the
worker's steps in the background are done once more. Prints JSON: milliseconds of CPU for one check of each.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from lifecycle.engine.recording.held import Held
    from lifecycle.engine.recording.routine import Check
    from lifecycle.monitoring.rollups.write import Rollups

RENEWED_EVERY = 60
PERIOD = 30
"""Seconds between two checks of a service, and so the batches until all have been checked."""


def main(batches: int) -> dict[str, Any]:
    """Of writing, with and without; and of each step in the background, and all of those together."""
    from registry.models import Service

    with_ms, without_ms = writing(batches)
    steps = background(Service.objects.count())
    return {"with": with_ms, "without": without_ms, "steps": steps, "later": sum(steps.values())}


def writing(batches: int) -> tuple[float, float]:
    """Milliseconds of CPU for each check with roll-ups, and without; every second batch has them."""
    from lifecycle.monitoring.rollups.write import Rollups, Sample

    class Without(Rollups):
        def add(self, samples: Sequence[Sample]) -> None:
            """Nothing is summed up."""

    every, start = _held(), datetime.now(UTC)
    period = min(PERIOD, len(every))
    kinds, spent, checks = [Rollups(), Without()], [0.0, 0.0], [0, 0]
    for number in range(batches):
        batch = _batch(every[number % period :: period], start + timedelta(seconds=number + 1), number)
        spent[number % 2] += _spent(partial(_write, batch, kinds[number % 2]))
        checks[number % 2] += len(batch)
    return 1000 * spent[0] / checks[0], 1000 * spent[1] / checks[1]


def _held() -> list[Held]:
    """Services that serve, as a worker holds them."""
    from lifecycle.core.machine.states import State
    from lifecycle.engine.recording import snapshots
    from lifecycle.engine.recording.held import Held
    from lifecycle.models import ServiceState

    rows = ServiceState.objects.filter(state=State.HEALTHY).order_by("pk")
    return [Held(row.pk, str(row.pk), snapshots.read(row), row.version) for row in rows]


def _batch(services: Sequence[Held], at: datetime, number: int) -> list[Check]:
    from lifecycle.core.health.verdict import Level
    from lifecycle.engine.recording.routine import Check

    checks = []
    for held in services:
        ms = 20 + 3 * (number % 7)
        took = timedelta(milliseconds=ms)
        held.snapshot = replace(held.snapshot, last_ping_at=at, last_success_at=at, response_time=took)
        checks.append(Check(held, held.snapshot, Level.HEALTHY, at, ms))
    return checks


def _write(batch: Sequence[Check], rollups: Rollups) -> None:
    from django.db import transaction

    from lifecycle.engine.recording import routine

    with transaction.atomic():
        routine.write(batch, None, rollups)


def background(services: int) -> dict[str, float]:
    """Milliseconds of CPU for each check that the last whole hour, day and 5 minutes sum up."""
    from lifecycle.core.monitoring.spans import HOUR, MINUTES
    from lifecycle.models import RollupMark
    from lifecycle.monitoring.rollups import fleet, marks, roll_up

    until = dict(RollupMark.objects.values_list("name", "until"))
    found = {}
    for span, name in marks.SERVICES.items():
        marks.move(name, until[name] - span)
        now = datetime.fromtimestamp(until[marks.SERVICES[HOUR]] + roll_up.GRACE, UTC)
        found[name] = 1000 * _spent(partial(_all, roll_up.step, now)) / (services * span / PERIOD)
    name = marks.FLEET[MINUTES]
    marks.move(name, until[name] - MINUTES)
    now = datetime.fromtimestamp(until[name] + roll_up.GRACE, UTC)
    found["fleet"] = 1000 * _spent(partial(_all, fleet.step, now)) / (services * MINUTES / PERIOD)
    found["fleet, under way"] = 1000 * _spent(partial(fleet.renew, now)) / (services * RENEWED_EVERY / PERIOD)
    return found


def _all(step: Callable[[datetime], bool], now: datetime) -> None:
    while step(now):
        pass


def _spent(work: Callable[[], object]) -> float:
    """Seconds of CPU."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    django.setup()
    sys.stdout.write(json.dumps(main(int(sys.argv[1]))) + "\n")

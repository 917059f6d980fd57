"""Commits changes of state as the worker does: `python -m … .support.moving RATE SECONDS`.

Reads `go` from standard input before it begins. Prints one JSON list: for each change its feed id, the
service's id, the new state, and the wall-clock time just after its commit.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import django

SHOWN = 50


async def move(rate: float, seconds: float) -> list[tuple[int, int, str, float]]:
    """*rate* changes a second, one after another, among the first services by name."""
    from django.utils import timezone

    from lifecycle.core.machine.moves import Change
    from lifecycle.core.machine.states import State
    from lifecycle.engine.host import log_format
    from lifecycle.engine.recording.record import Recorder
    from lifecycle.engine.recording.writer import Writer
    from lifecycle.live.feed import feed

    log_format.configure()
    writer = Writer()
    recorder = Recorder(writer, "benchmark", _no_alerts)
    held = await writer.do(_held)
    sys.stdin.readline()
    done, started = [], time.monotonic()
    for number in range(round(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
        one, now = held[number % len(held)], timezone.now()
        after = State.WARNING if one.snapshot.state is State.HEALTHY else State.HEALTHY
        change = Change(before=one.snapshot.state, after=after, event="slow", reason="a benchmark")
        snap = _moved(one.snapshot, after, now)
        await recorder.change(one, snap, change, now)
        committed = time.time()
        done.append((await writer.do(feed.place), one.service_id, after.value, committed))
    return done


def _no_alerts(*_: object) -> None:
    """Alerts are not what is measured."""


def _moved(snapshot: Any, after: Any, now: Any) -> Any:
    from dataclasses import replace

    return replace(snapshot, state=after, state_entered_at=now)


def _held() -> list[Any]:
    from lifecycle.engine.recording import snapshots
    from lifecycle.engine.recording.held import Held
    from lifecycle.models import ServiceState

    rows = ServiceState.objects.select_related("service").order_by("service__name")[:SHOWN]
    return [Held(row.pk, row.service.name, snapshots.read(row), row.version) for row in rows]


if __name__ == "__main__":
    django.setup()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdout.write(json.dumps(asyncio.run(move(float(sys.argv[1]), float(sys.argv[2])))) + "\n")

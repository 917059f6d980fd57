"""Samples of the worker's host, each 15 s, and of the process trees of its services; with their roll-ups."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from lifecycle.core.monitoring import gauges
from lifecycle.models import HostRollup, HostSample, ProcessRollup
from lifecycle.monitoring.hosts.reading import Reading, read
from lifecycle.monitoring.settings import in_force
from lifecycle.monitoring.usage.folding import Table, fold

HOST_GAUGES = ("cpu", "memory", "memory_total", "disk", "disk_total", "sent", "received")
PROCESS_GAUGES = ("cpu", "memory", "processes")
EVERY = 15.0
SHORTEST = 10.0
"""Seconds; of several workers on one host the first writes the sample."""


def _table(rows: Any, column: str, names: tuple[str, ...]) -> Table:
    def pack(found: gauges.Gauges) -> bytes:
        return gauges.pack(found, names)

    def unpack(data: bytes) -> gauges.Gauges:
        return gauges.unpack(data, names)

    return Table(rows, (column,), gauges.merged, pack, unpack)


HOSTS = _table(HostRollup, "host", HOST_GAUGES)
PROCESSES = _table(ProcessRollup, "service_id", PROCESS_GAUGES)


def this_host() -> str:
    """The name under which a worker of this host is shown."""
    return socket.gethostname()[:200]


def is_wanted() -> bool:
    """Whether what is used is recorded, by the options of monitoring."""
    options = in_force.get()
    return options.enabled and options.performance_monitoring


class HostSampler:
    """Remembers the reading before, since CPU and network are differences of two."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._before: Reading | None = None

    def take(self) -> dict[str, float | int | None]:
        """The columns of a sample; called in a thread, since it reads many small files."""
        now, before = read(self._data_dir), self._before
        self._before = now
        return columns(before, now)


def columns(before: Reading | None, now: Reading) -> dict[str, float | int | None]:
    """What a sample says; without one *before* neither CPU nor network is known."""
    rates: dict[str, float | None] = dict.fromkeys(("cpu_percent", "sent_per_s", "received_per_s"))
    if before is not None and now.clock > before.clock:
        passed = now.clock - before.clock
        busy = max(now.cpu_seconds - before.cpu_seconds, 0.0) / (passed * now.cores) * 100
        rates = {
            "cpu_percent": round(min(busy, 100.0), 1),
            "sent_per_s": max(now.sent - before.sent, 0) / passed,
            "received_per_s": max(now.received - before.received, 0) / passed,
        }
    return {
        **rates,
        "memory_used": now.memory.used,
        "memory_total": now.memory.total,
        "disk_used": now.disk_used,
        "disk_total": now.disk_total,
    }


def write(host: str, row: Mapping[str, Any], now: datetime) -> bool:
    """Store a sample and add it to the roll-ups, in the caller's transaction; False where one is there."""
    at = int(now.timestamp() * 1000)
    near = HostSample.objects.filter(host=host, at__gt=at - SHORTEST * 1000, at__lte=at)
    if near.exists():
        return False
    HostSample.objects.bulk_create([HostSample(host=host, at=at, **row)], ignore_conflicts=True)
    fold(HOSTS, at // 1000, {(host,): gauges_of(row)})
    return True


def gauges_of(row: Mapping[str, Any]) -> dict[str, gauges.Gauge]:
    """A sample as gauges."""
    return gauges.sampled(
        {
            "cpu": row["cpu_percent"],
            "memory": row["memory_used"],
            "memory_total": row["memory_total"],
            "disk": row["disk_used"],
            "disk_total": row["disk_total"],
            "sent": row["sent_per_s"],
            "received": row["received_per_s"],
        }
    )


def write_processes(rows: Iterable[tuple[int, Mapping[str, float | int | None]]], now: datetime) -> None:
    """Add samples of process trees, by service, to their roll-ups; in the caller's transaction."""
    news = {
        (service_id,): gauges.sampled(
            {"cpu": row["cpu_percent"], "memory": row["memory_bytes"], "processes": row["processes"]}
        )
        for service_id, row in rows
    }
    if news:
        fold(PROCESSES, int(now.timestamp()), news)

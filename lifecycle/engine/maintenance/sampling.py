"""Samples what the process trees of stdio services use, all of them together every 15 seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime

from lifecycle.engine.leases.fence import Fence
from lifecycle.engine.session.child.process import Child
from lifecycle.engine.session.child.usage import Usage, measure
from lifecycle.live.feed import feed
from lifecycle.models import ChildProcess, FeedItem
from lifecycle.monitoring.hosts import sampling as host_sampling


class Sampler:
    """Remembers the sample before, since CPU in percent is the difference of two."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[float, float]] = {}

    async def sample(self, children: Mapping[int, Child]) -> dict[int, dict[str, float | int | None]]:
        """The columns to write for each service; read in a thread, for it goes through all processes."""
        roots = {service_id: child.supervisor_pid for service_id, child in children.items()}
        usage = await asyncio.to_thread(measure, roots.values())
        now = time.monotonic()
        rows = {service_id: self._row(pid, usage[pid], now) for service_id, pid in roots.items()}
        self._before = {pid: (now, usage[pid].cpu_seconds) for pid in roots.values()}
        return rows

    def _row(self, pid: int, usage: Usage, now: float) -> dict[str, float | int | None]:
        percent = None
        if before := self._before.get(pid):
            then, seconds = before
            percent = round(max(usage.cpu_seconds - seconds, 0.0) / max(now - then, 0.1) * 100, 1)
        return {"processes": usage.processes, "memory_bytes": usage.memory_bytes, "cpu_percent": percent}


def write(
    rows: Mapping[int, Mapping[str, float | int | None]], now: datetime, fence: Fence | None = None
) -> None:
    """Store the samples of processes that still run, and add them to the roll-ups."""
    written = []
    for service_id in (fence or Fence()).held_now(rows):
        row = rows[service_id]
        running = ChildProcess.objects.filter(service_id=service_id, ended_at=None)
        if running.update(**row, sampled_at=now):
            feed.note(FeedItem.Kind.LOG, service_id, now)
            written.append((service_id, row))
    if host_sampling.is_wanted():
        host_sampling.write_processes(written, now)

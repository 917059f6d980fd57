"""CPU time and memory of process trees, read by one pass over all processes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Of one tree: CPU time in seconds since it began, resident memory in bytes, number of processes."""

    cpu_seconds: float
    memory_bytes: int
    processes: int


def measure(roots: Iterable[int]) -> dict[int, Usage]:
    """What runs below each root, the root itself left out; a root that is gone has nothing.

    Memory that several processes of a tree share is counted for each of them.
    """
    below: dict[int, list[psutil.Process]] = {}
    for process in psutil.process_iter(["ppid"]):
        below.setdefault(process.info["ppid"], []).append(process)
    return {root: _sum(root, below) for root in roots}


def _sum(root: int, below: dict[int, list[psutil.Process]]) -> Usage:
    cpu, memory, count = 0.0, 0, 0
    todo = list(below.get(root, []))
    while todo:
        process = todo.pop()
        todo += below.get(process.pid, [])
        try:
            times, held = process.cpu_times(), process.memory_info().rss
        except psutil.Error:
            continue
        # Children that ended count with their parent, so that the sum does not fall.
        ended = getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        cpu += times.user + times.system + ended
        memory += held
        count += 1
    return Usage(cpu_seconds=cpu, memory_bytes=memory, processes=count)

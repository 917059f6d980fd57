"""Reads how busy this host is, by psutil, and in a container by what Linux lets the container use."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from lifecycle.core.monitoring import cgroups

MOUNT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
LOOPBACK = ("lo", "lo0")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What the control groups of this process allow and have used; None where they set no limit.

    `cores` are a number of processors, `cpu_seconds` the time used since the group began, memory is bytes.
    """

    cores: float | None = None
    cpu_seconds: float | None = None
    memory: int | None = None
    memory_used: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Memory:
    """Bytes; `total` is what may be used."""

    used: int
    total: int

    @property
    def available(self) -> int:
        return max(self.total - self.used, 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The host at one moment. Times are seconds, of which only differences mean something."""

    clock: float
    cpu_seconds: float
    cores: float
    memory: Memory
    disk_used: int
    disk_total: int
    sent: int
    received: int


def read(data_dir: Path) -> Reading:
    """All figures now; the disk is the file system of *data_dir*."""
    found = bounds()
    seconds, cores = cpu(found)
    disk = psutil.disk_usage(str(data_dir))
    sent, received = network()
    return Reading(
        clock=time.monotonic(),
        cpu_seconds=seconds,
        cores=cores,
        memory=memory(found),
        disk_used=disk.used,
        disk_total=disk.used + disk.free,  # a reserve that only root may use is none of ours
        sent=sent,
        received=received,
    )


def cpu(found: Bounds) -> tuple[float, float]:
    """Processor time used so far, and how many processors may be used."""
    cores = float(os.cpu_count() or 1)
    if found.cores is not None and found.cpu_seconds is not None and found.cores < cores:
        return found.cpu_seconds, found.cores
    times = psutil.cpu_times()
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)  # counted as user's, too
    return sum(times) - guests - times.idle - getattr(times, "iowait", 0.0), cores


def memory(found: Bounds) -> Memory:
    """Memory in use, and what may be used."""
    whole = psutil.virtual_memory()
    if found.memory is not None and found.memory_used is not None and found.memory < whole.total:
        return Memory(used=min(found.memory_used, found.memory), total=found.memory)
    return Memory(used=whole.total - whole.available, total=whole.total)


def network() -> tuple[int, int]:
    """Bytes sent and received so far by all interfaces but the loopback."""
    every = psutil.net_io_counters(pernic=True) or {}
    outer = [count for name, count in every.items() if name not in LOOPBACK]
    return sum(count.bytes_sent for count in outer), sum(count.bytes_recv for count in outer)


def bounds(mount: Path = MOUNT, own: Path = OWN) -> Bounds:
    """The tightest limits of this process's groups; none where the system has no such groups."""
    groups = cgroups.own_groups(_text(own))
    if (mount / "cgroup.controllers").exists():
        return _bounds_v2([mount / name for name in cgroups.lineage(groups.get("", "/"))])
    cpus = [mount / "cpu" / name for name in cgroups.lineage(groups.get("cpu", "/"))]
    memories = [mount / "memory" / name for name in cgroups.lineage(groups.get("memory", "/"))]
    return _bounds_v1(cpus, memories, mount / "cpuacct", groups.get("cpuacct", "/"))


def _bounds_v2(folders: list[Path]) -> Bounds:
    cores = _tightest(folders, lambda folder: cgroups.cores_v2(_text(folder / "cpu.max")))
    held = _tightest(folders, lambda folder: cgroups.memory_limit(_text(folder / "memory.max")))
    used = cgroups.figures(_text(cores[1] / "cpu.stat")).get("usage_usec") if cores else None
    return Bounds(
        cores=cores[0] if cores else None,
        cpu_seconds=None if used is None else used / 1e6,
        memory=int(held[0]) if held else None,
        memory_used=_in_use(held[1], "memory.current") if held else None,
    )


def _bounds_v1(cpus: list[Path], memories: list[Path], accounts: Path, account: str) -> Bounds:
    quota, period = "cpu.cfs_quota_us", "cpu.cfs_period_us"
    cores = _tightest(cpus, lambda at: cgroups.cores_v1(_text(at / quota), _text(at / period)))
    held = _tightest(memories, lambda at: cgroups.memory_limit(_text(at / "memory.limit_in_bytes")))
    uses = (_text(accounts / name / "cpuacct.usage") for name in cgroups.lineage(account))
    used = next((count for text in uses if (count := cgroups.count(text)) is not None), None)
    return Bounds(
        cores=cores[0] if cores else None,
        cpu_seconds=None if used is None else used / 1e9,
        memory=int(held[0]) if held else None,
        memory_used=_in_use(held[1], "memory.usage_in_bytes") if held else None,
    )


def _tightest(folders: list[Path], limit: Callable[[Path], float | None]) -> tuple[float, Path] | None:
    """The lowest limit of these, and whose it is."""
    found = [(value, folder) for folder in folders if (value := limit(folder)) is not None]
    return min(found, key=lambda pair: pair[0], default=None)


def _in_use(folder: Path, current: str) -> int | None:
    used = cgroups.count(_text(folder / current))
    return None if used is None else cgroups.in_use(used, cgroups.figures(_text(folder / "memory.stat")))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""

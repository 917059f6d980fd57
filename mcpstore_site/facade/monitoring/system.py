"""The host on which this program runs; no database is asked for."""

from __future__ import annotations

import time

import psutil

from lifecycle.monitoring.hosts import reading

CPU_OVER = 1.0
"""Seconds over which the CPU is looked at."""


class SystemMetrics:
    """CPU, memory, disk and network, as the limits of a container allow. Sizes are bytes."""

    @staticmethod
    def get_cpu_usage() -> float:
        """Percent of all processors that may be used, over one second, which it takes."""
        before, since = reading.cpu(reading.bounds())[0], time.monotonic()
        time.sleep(CPU_OVER)
        after, cores = reading.cpu(reading.bounds())
        return min(max(after - before, 0.0) / ((time.monotonic() - since) * cores) * 100, 100.0)

    @staticmethod
    def get_memory_usage() -> dict[str, float]:
        """`total` and `available`, `used`, and `percentage` of the total."""
        found = reading.memory(reading.bounds())
        return {
            "total": found.total,
            "available": found.available,
            "used": found.used,
            "percentage": found.used / found.total * 100,
        }

    @staticmethod
    def get_disk_usage(path: str = "/") -> dict[str, float]:
        """`total`, `used` and `free` of the file system that holds *path*, and `percentage` of the total.

        What is kept back for root is not in the total.
        """
        disk = psutil.disk_usage(path)
        total = disk.used + disk.free
        return {
            "total": total,
            "used": disk.used,
            "free": disk.free,
            "percentage": disk.used / total * 100 if total else 100.0,
        }

    @staticmethod
    def get_network_stats() -> dict[str, int]:
        """Bytes and packets since the host began, over all interfaces."""
        stats = psutil.net_io_counters()
        names = ("bytes_sent", "bytes_recv", "packets_sent", "packets_recv")
        return {name: getattr(stats, name, 0) for name in names}

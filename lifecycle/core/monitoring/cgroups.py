"""The files in which Linux says what a container may use, version 1 and 2 of control groups."""

from __future__ import annotations

UNLIMITED = 1 << 60
"""Version 1 writes the largest number of pages where there is no limit."""


def own_groups(text: str) -> dict[str, str]:
    """`/proc/self/cgroup`: the group's path by controller; under "" that of version 2."""
    found = {}
    for line in text.splitlines():
        _number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if path.startswith("/"):
            found.update(dict.fromkeys(controllers.split(","), path))
    return found


def lineage(path: str) -> list[str]:
    """The folder of a group below its mount, those around it, and last the mount itself, which is empty."""
    parts = [part for part in path.split("/") if part and part != ".."]
    return ["/".join(parts[:end]) for end in range(len(parts), -1, -1)]


def cores_v2(cpu_max: str) -> float | None:
    """`cpu.max`, such as "150000 100000"; None without a limit."""
    quota, *rest = cpu_max.split() or ["max"]
    period = _number(rest[0]) if rest else 100_000
    return _cores(_number(quota), period)


def cores_v1(quota: str, period: str) -> float | None:
    """`cpu.cfs_quota_us` and `cpu.cfs_period_us`; a quota of -1 is no limit."""
    return _cores(_number(quota.strip()), _number(period.strip()))


def _cores(quota: int | None, period: int | None) -> float | None:
    return quota / period if quota and period else None


def memory_limit(text: str) -> int | None:
    """`memory.max` or `memory.limit_in_bytes`; None without a limit."""
    found = _number(text.strip())
    return found if found is not None and 0 < found < UNLIMITED else None


def count(text: str) -> int | None:
    """A file with one number in it."""
    return _number(text.strip())


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def figures(stat: str) -> dict[str, int]:
    """`cpu.stat` or `memory.stat`: one name and one number a line."""
    pairs = (line.split() for line in stat.splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def in_use(current: int, stat: dict[str, int]) -> int:
    """Memory that cannot be had back at once: without files that were only read some time ago."""
    cached = stat.get("total_inactive_file", stat.get("inactive_file", 0))
    return max(current - cached, 0)

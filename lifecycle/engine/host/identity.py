"""Identity of a process: others on the same machine see at once that it is dead."""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")


def here() -> str:
    """`boot.namespace.pid.start` of this process; empty where the system does not tell."""
    machine, since = _machine(), started(os.getpid())
    return f"{machine}.{os.getpid()}.{since}" if machine and since else ""


def is_gone(where: str) -> bool:
    """Whether the process *where* certainly has ended; False for one on another machine."""
    machine, _, rest = where.partition(".")
    pid, _, since = rest.partition(".")
    # Where the processes of other accounts are hidden, one that cannot be seen may well be alive.
    if not pid.isdigit() or machine != _machine() or not (PROC / "1").is_dir():
        return False
    return started(int(pid)) != since


def _machine() -> str:
    """The boot of the kernel, and the room in which numbers of processes mean the same."""
    try:
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{(PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def started(pid: int) -> str:
    """When the process started, as the kernel counts; empty for one that has ended, collected or not."""
    try:
        fields = (PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in b"ZX" else fields[19].decode()

"""The mark that our children carry in their environment, and the sweep for those that outlived a worker."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lifecycle.engine.host.identity import started

MARKER = "MCPSTORE_CHILD"
PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """`installation.pid.start` names the worker; a number behind it one of its children."""

    installation: str
    pid: int
    started: str

    @classmethod
    def of_this_process(cls, run_dir: Path) -> Mark:
        digest = hashlib.sha256(str(run_dir.absolute()).encode()).hexdigest()[:16]
        return cls(installation=digest, pid=os.getpid(), started=started(os.getpid()))

    def child(self, number: int) -> str:
        return f"{self.installation}.{self.pid}.{self.started}.{number}"


def _marked() -> Iterator[tuple[int, str]]:
    """Processes of this account that carry a mark."""
    needle = f"{MARKER}=".encode()
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                for variable in (entry / "environ").read_bytes().split(b"\0"):
                    if variable.startswith(needle):
                        yield int(entry.name), variable[len(needle) :].decode("utf-8", "replace")


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def sweep_one(mark: str) -> int:
    """Kill whatever carries exactly *mark*."""
    found = [pid for pid, text in _marked() if text == mark and pid != os.getpid()]
    for pid in found:
        _kill(pid)
    return len(found)


def sweep(installation: str) -> int:
    """Kill the children of workers of this installation that are no longer there; returns how many."""
    count = 0
    for pid, text in list(_marked()):
        owner, _, rest = text.partition(".")
        worker, _, rest = rest.partition(".")
        since = rest.partition(".")[0]
        if owner != installation or not worker.isdigit() or pid == os.getpid():
            continue
        if started(int(worker)) != since:
            _kill(pid)
            count += 1
    return count

"""`manage.py runlifecycle` as a process of its own, on the database that the test looks at with Django."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from django.conf import settings
from django.db import connection

from lifecycle.models import WorkerSeen
from tests.support.console import eventually
from tests.support.tools import ROOT


def database_url() -> str:
    """The address of the test's own database."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    return f"postgresql://{given['USER']}:{given['PASSWORD']}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def environment() -> dict[str, str]:
    """What a process needs to work on the test's database with the test's keys."""
    return {**os.environ, "MCPSTORE_DATA_DIR": str(settings.DATA_DIR), "DATABASE_URL": database_url()}


class WorkerProgram:
    """The worker; ends with the block, politely."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "runlifecycle"],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        eventually(WorkerSeen.objects.filter(pid=self.pid).exists, "the worker is at work", 40)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    @property
    def seen(self) -> WorkerSeen:
        return WorkerSeen.objects.get(pid=self.pid)

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def memory(self, what: str = "VmHWM") -> float:
        """Its peak of memory so far (or `VmRSS`: now), in MB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1]) / 1024
        raise AssertionError(f"no {what} of the worker")

    def reset_peak(self) -> None:
        """From now on `memory` tells the peak after this moment."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

"""At most one worker on SQLite: a lock that the system frees the moment its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from django.conf import settings
from django.db import connection


def beside_database(what: str) -> Path | None:
    """A lock that every console on this SQLite file finds, whatever its data directory."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "sqlite" or ":memory:" in name or name.startswith("file:"):
        return None
    path = Path(name).resolve()
    return path.with_name(f"{path.name}-{what}.lock")


class AnotherWorkerError(Exception):
    """Another worker holds the services of this database."""


class OnlyWorker:
    """A file lock beside an SQLite database; on PostgreSQL, where leases say who holds what, nothing."""

    def __init__(self) -> None:
        self._files: list[int] = []

    def __enter__(self) -> OnlyWorker:
        if connection.vendor == "sqlite":
            self._lock_file(settings.DATA_DIR / "worker.lock")
            if beside := beside_database("worker"):
                self._lock_file(beside)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            os.close(file)

    def _lock_file(self, path: Path) -> None:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._files.append(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(file, 32, 0).decode(errors="replace").strip() or "unknown"
            for held in self._files:
                os.close(held)
            raise AnotherWorkerError(
                f"Another worker (process {holder}) already runs on {path.parent}. "
                "SQLite has room for one; stop that one first, or use PostgreSQL's DATABASE_URL."
            ) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)

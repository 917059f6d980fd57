"""At most one worker on SQLite: a lock that the system frees the moment its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from django.conf import settings
from django.db import connection


class AnotherWorkerError(Exception):
    """Another worker holds the services of this database."""


class OnlyWorker:
    """A file lock beside an SQLite database; on PostgreSQL, where leases say who holds what, nothing."""

    def __init__(self) -> None:
        self._file: int | None = None

    def __enter__(self) -> OnlyWorker:
        if connection.vendor == "sqlite":
            self._lock_file(settings.DATA_DIR / "worker.lock")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)

    def _lock_file(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise AnotherWorkerError(
                f"Another worker (process {holder}) already runs on {settings.DATA_DIR}. "
                "SQLite has room for one; stop that one first, or use PostgreSQL's DATABASE_URL."
            ) from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

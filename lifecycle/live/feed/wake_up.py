"""Noticing that the database changed: a wake-up shortens a wait, and missing one costs only time."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

from django.conf import settings
from django.db import connection

from lifecycle.live.feed import notices

LOOK_EVERY = 0.05
LOOK_OFTEN = 0.02
LISTEN_EVERY = 0.02
BLIND_WAIT = 0.25


def _sqlite_file() -> Path | None:
    """The database's file; None for another database, or one in memory."""
    database = settings.DATABASES["default"]
    name = str(database["NAME"])
    if not database["ENGINE"].endswith("sqlite3") or ":memory:" in name or "mode=memory" in name:
        return None
    return Path(name)


class Waker:
    """Waits until somebody commits. On SQLite it looks at `data_version`; on PostgreSQL it listens to what
    the others tell, and returns after a quarter of a second at the latest.

    Our own process's commits wake it too, since it looks through a connection of its own.
    """

    def __init__(self, look_every: float = LOOK_EVERY) -> None:
        self._path = _sqlite_file()
        self._listens = connection.vendor == "postgresql"
        self._look_every = LISTEN_EVERY if self._listens else look_every
        if self._listens:
            notices.ear.open()
        self._connection: sqlite3.Connection | None = None
        self._seen = self._version()

    async def wait(self, timeout: float) -> None:
        """Return when the database changed since the last return, or after *timeout* seconds."""
        until = time.monotonic() + self._at_most(timeout)
        while (left := until - time.monotonic()) > 0 and not self._changed():  # noqa: ASYNC110 - it polls
            await asyncio.sleep(min(left, self._look_every))

    def pause(self, timeout: float) -> None:
        """As `wait`, for code without an event loop."""
        until = time.monotonic() + self._at_most(timeout)
        while (left := until - time.monotonic()) > 0 and not self._changed():
            time.sleep(min(left, self._look_every))

    def _at_most(self, timeout: float) -> float:
        return timeout if self._path is not None else min(timeout, BLIND_WAIT)

    def _changed(self) -> bool:
        before, self._seen = self._seen, self._version()
        return before != self._seen

    def close(self) -> None:
        """Let the file go, or stop listening."""
        if self._listens:
            self._listens = False
            notices.ear.close()
        self._close_file()

    def _close_file(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _version(self) -> int:
        """SQLite's count of other connections' commits, or that of what was heard; 0 where there is none."""
        if self._listens:
            return notices.ear.count()
        if self._path is None or not self._path.exists():
            return 0
        try:
            if self._connection is None:
                self._connection = _open(self._path)
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error:
            self._close_file()
            return -1


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1, check_same_thread=False)

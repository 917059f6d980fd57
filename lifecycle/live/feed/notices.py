"""Wake-ups on PostgreSQL: whoever changed something says so, at most twenty times a second and process.

One NOTIFY for each change would make all writers wait for each other. So the first of a burst is told, and
who hears it looks a second time a moment later; what falls through is seen by the next poll.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from typing import Any

from django.db import connection

CHANNEL = "mcpstore"
TOLD_EVERY = 0.05
SECOND_LOOK_AFTER = 0.06
AGAIN_AFTER = 1.0
_told_at = float("-inf")


def tell() -> None:
    """Say that something was committed; call it after the commit."""
    global _told_at
    if connection.vendor != "postgresql" or time.monotonic() - _told_at < TOLD_EVERY:
        return
    _told_at = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")


class Ear:
    """Hears what others tell, in one thread for all of this process; it listens while anybody does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._heard = 0
        self._again_at = float("inf")
        self._stop: int | None = None

    def open(self) -> None:
        """Begin to listen, if nobody did yet."""
        with self._lock:
            self._users += 1
            if self._users == 1:
                read_end, self._stop = os.pipe()
                address = _address()
                threading.Thread(target=self._run, args=[address, read_end], name="ear", daemon=True).start()

    def close(self) -> None:
        """End it with the last."""
        with self._lock:
            self._users -= 1
            if self._users == 0 and self._stop is not None:
                os.close(self._stop)
                self._stop = None

    def count(self) -> int:
        """Grows with what was heard, and once more a moment later."""
        with self._lock:
            if time.monotonic() >= self._again_at:
                self._again_at = float("inf")
                self._heard += 1
            return self._heard

    def _run(self, address: dict[str, Any], stop: int) -> None:
        """Until the other end of *stop* is closed; the polls go on where this fails."""
        from psycopg import Error  # some MB that are needed on PostgreSQL alone

        try:
            while not _ready(0, stop):
                with contextlib.suppress(Error, OSError):
                    self._listen(address, stop)
                _ready(AGAIN_AFTER, stop)
        finally:
            os.close(stop)

    def _listen(self, address: dict[str, Any], stop: int) -> None:
        from psycopg import connect

        with connect(**address, autocommit=True) as link:
            link.execute(f"LISTEN {CHANNEL}")
            while stop not in _ready(None, link.fileno(), stop):
                if any(True for _ in link.notifies(timeout=0)):
                    with self._lock:
                        self._heard += 1
                        self._again_at = time.monotonic() + SECOND_LOOK_AFTER


def _ready(seconds: float | None, *files: int) -> list[int]:
    """Those that can be read, within *seconds*; `select` refuses the high numbers of a large worker."""
    poll = select.poll()
    for file in files:
        poll.register(file, select.POLLIN)
    return [file for file, _ in poll.poll(None if seconds is None else seconds * 1000)]


def _address() -> dict[str, Any]:
    """What Django connects with, for a connection that is no part of its pool."""
    params = dict(connection.get_connection_params())
    for ours in ("cursor_factory", "context", "prepare_threshold", "pool", "server_side_binding"):
        params.pop(ours, None)
    return params


ear = Ear()

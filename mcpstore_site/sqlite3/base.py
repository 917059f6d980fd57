"""Django's SQLite with a queue for those who want to write.

SQLite lets one write at a time, and those who wait look again now and then, up to 100 ms apart. Beside a
process that commits without a pause, as the worker does while many services connect, the gap between two
commits is rarely met: a write of another process may wait until its time is over ("database is locked").
Here whoever wants to write first takes the turnstile, a locked file beside the database, and gives it back
once the transaction has begun. The one who has just committed finds it taken, and comes after. Within one
process they stand in a `line`.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from mcpstore_site.sqlite3.line import line_of

logger = logging.getLogger(__name__)
Found = TypeVar("Found")
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
LOOK_EVERY = 0.002
BRIEFLY = 5
"""Milliseconds for which SQLite itself waits while this process has the turnstile: nobody else is ahead."""


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection. The file of the turnstile is opened with its first write."""

    _turnstile: int | None = None
    _reads_only = False
    _hurry: float | None = None
    _file: tuple[int, int] | None = None
    stays = False
    """Whether the file stays open from request to request: in a thread that stays, too."""

    def connect(self) -> None:
        super().connect()
        if self.stays:
            self.close_at = None

    def get_new_connection(self, conn_params: Any) -> sqlite3.Connection:
        """A database that was there and is gone is not made anew: there would be nobody in it."""
        place = str(self.settings_dict["NAME"])
        if place in _known and not Path(place).exists():
            raise OperationalError(f"unable to open database file: {place} is gone") from _gone(place)
        connection: sqlite3.Connection = super().get_new_connection(conn_params)
        self._file = _identity(place)
        if self._file is not None:
            _known.add(place)
        return connection

    def close_if_unusable_or_obsolete(self) -> None:
        """Before and after a request: one that stays open must still be the file of its name."""
        if self.stays and self.connection is not None and self._file != _identity(self.settings_dict["NAME"]):
            self.close()
        super().close_if_unusable_or_obsolete()

    def create_cursor(self, name: str | None = None) -> Any:
        return self.connection.cursor(factory=lambda connection: _Cursor(connection, self))

    def _close(self) -> None:
        if self._turnstile is not None:
            os.close(self._turnstile)
            self._turnstile = None
        super()._close()  # type: ignore[misc]

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A transaction that begins within takes neither turn nor lock; what it reads is of one moment."""
        self._reads_only = True
        try:
            yield
        finally:
            self._reads_only = False

    @contextmanager
    def impatient(self, seconds: float) -> Iterator[None]:
        """A transaction that begins within gives up its turn after *seconds*."""
        self._hurry = seconds
        try:
            yield
        finally:
            self._hurry = None

    def _start_transaction_under_autocommit(self) -> None:
        if self._reads_only:
            self.connection.execute("BEGIN")
        else:
            self.in_turn(super()._start_transaction_under_autocommit)  # type: ignore[misc]

    def in_turn(self, begin: Callable[[], Found]) -> Found:
        """Do what takes the write lock once it is our turn; OperationalError if that takes too long."""
        if self.is_in_memory_db() or str(self.settings_dict["NAME"]).startswith("file:"):
            return begin()
        until = time.monotonic() + (self._patience() if self._hurry is None else self._hurry)
        with self._passing(until), self._waiting_briefly():
            while True:
                try:
                    return begin()
                except (sqlite3.OperationalError, OperationalError) as exc:
                    if not _is_busy(exc) or time.monotonic() >= until:
                        raise

    @contextmanager
    def _passing(self, until: float) -> Iterator[None]:
        """Hold the turnstile; after *until* go on without it, and let SQLite say what there is to say."""
        line = line_of(str(self.settings_dict["NAME"]))
        first = line.enter(until)
        try:
            if first:
                line.give_way()
                self._take_turn(until)
            yield
        finally:
            if self._turnstile is not None:
                fcntl.flock(self._turnstile, fcntl.LOCK_UN)
            if first:
                line.leave()

    def _take_turn(self, until: float) -> None:
        try:
            if self._turnstile is None:
                self._turnstile = _opened(str(self.settings_dict["NAME"]))
            while not _locked(self._turnstile) and time.monotonic() < until:
                time.sleep(LOOK_EVERY)
        except OSError as exc:  # it is a courtesy: without it there is but no order among those who wait
            _warn_once(f"writers on SQLite do not take turns: {exc}")

    @contextmanager
    def _waiting_briefly(self) -> Iterator[None]:
        self.connection.execute(f"PRAGMA busy_timeout = {BRIEFLY}")
        try:
            yield
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {self._patience() * 1000:.0f}")

    def _patience(self) -> float:
        return float(self.settings_dict["OPTIONS"].get("timeout", 5))


_known: set[str] = set()
"""Databases that this process has opened."""


def _identity(place: object) -> tuple[int, int] | None:
    """What tells a file from another one of its name."""
    with suppress(OSError):
        found = Path(str(place)).stat()
        return found.st_dev, found.st_ino
    return None


def _gone(place: str) -> sqlite3.OperationalError:
    """As SQLite would say it, if it were not allowed to make the file."""
    fault = sqlite3.OperationalError(f"unable to open database file: {place} is gone")
    fault.sqlite_errorcode, fault.sqlite_errorname = sqlite3.SQLITE_CANTOPEN, "SQLITE_CANTOPEN"
    return fault


@lru_cache(maxsize=8)
def _warn_once(said: str) -> None:
    logger.warning(said)


def _opened(database: str) -> int:
    """The turnstile belongs to whom the database belongs to, also if root is the first to write."""
    file = os.open(f"{database}-turn", os.O_RDWR | os.O_CREAT, 0o600)
    if os.geteuid() == 0:
        owner = Path(database).stat()
        os.fchown(file, owner.st_uid, owner.st_gid)
    return file


def _locked(file: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _is_busy(exc: BaseException) -> bool:
    """Whether another try may succeed; it does not for somebody who reads what has changed since."""
    cause = exc if isinstance(exc, sqlite3.Error) else exc.__cause__
    code = getattr(cause, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY and code != sqlite3.SQLITE_BUSY_SNAPSHOT


class _Cursor(base.SQLiteCursorWrapper):
    """A statement that writes outside a transaction waits in the queue, too."""

    def __init__(self, connection: sqlite3.Connection, wrapper: DatabaseWrapper) -> None:
        super().__init__(connection)
        self._wrapper = wrapper

    def execute(self, query: str, params: Any = None) -> Any:
        if self._begins(query):
            return self._wrapper.in_turn(lambda: super(_Cursor, self).execute(query, params))
        return super().execute(query, params)

    def _begins(self, query: str) -> bool:
        return not self.connection.in_transaction and query.lstrip()[:7].upper().startswith(WRITES)

"""Trouble with database or disk: recognised, logged, and told with when to try again."""

from __future__ import annotations

import errno
import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)
FULL = (errno.ENOSPC, errno.EDQUOT)
SAID_EVERY = 10.0
_said: dict[str, float] = {}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """`what` is wrong, how to `mend` it, and the answer's status and code."""

    status: int
    code: str
    what: str
    mend: str
    after: int = 10

    @property
    def text(self) -> str:
        return f"{self.what} {self.mend}"


def crowded(after: int) -> Trouble:
    """More requests than can be answered in time."""
    return Trouble(
        status=503,
        code="too_busy",
        what=_("Too many requests at once: this one was not processed."),
        mend=_("Send it again in a few seconds."),
        after=after,
    )


def of(exc: BaseException | None) -> Trouble | None:
    """The trouble behind an error; None if it is a mistake of the console."""
    for cause in _causes(exc):
        if isinstance(cause, sqlite3.Error):
            return _of_sqlite(cause)
        if isinstance(cause, OSError) and cause.errno in FULL:
            return _full()
        if state := getattr(cause, "sqlstate", None):
            return _of_postgres(str(state))
        if type(cause).__module__.startswith("psycopg"):
            return _unreachable() if type(cause).__name__ in ("OperationalError", "PoolTimeout") else None
    return None


def _causes(exc: BaseException | None) -> Iterator[BaseException]:
    """The innermost first: what a library says of an error is nearer to it than what we make of it."""
    chain: list[BaseException] = []
    while exc is not None and exc not in chain:
        chain.append(exc)
        exc = exc.__cause__ or (None if exc.__suppress_context__ else exc.__context__)
    return reversed(chain)


def _of_sqlite(exc: sqlite3.Error) -> Trouble | None:
    match getattr(exc, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return _full()
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return _locked()
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return _absent()
        case sqlite3.SQLITE_READONLY:
            return _readonly()
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_PROTOCOL:
            return _unreadable()
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return _damaged()
    return _absent() if "no such table" in str(exc) else None


def _of_postgres(state: str) -> Trouble | None:
    if state == "53100":
        return _full()
    if state == "55P03":
        return _locked()
    if state == "25006":
        return _readonly()
    return _unreachable() if state[:2] in ("08", "53", "57", "58") else None


def _full() -> Trouble:
    return Trouble(
        status=507,
        code="disk_full",
        what=_("The console's disk is full, so nothing was saved."),
        mend=_("Free up space on the disk that holds the data directory or the database, then try again."),
        after=60,
    )


def _locked() -> Trouble:
    return Trouble(
        status=503,
        code="database_locked",
        what=_("Another program is holding the database's write lock, so nothing was saved."),
        mend=_(
            "Try again. If this persists, look for a program that keeps the database open, such as a backup."
        ),
    )


def _absent() -> Trouble:
    return Trouble(
        status=503,
        code="database_missing",
        what=_("The console's database cannot be opened: its file or one of its tables is missing."),
        mend=_("Put the database back into the data directory, then restart the console."),
        after=30,
    )


def _readonly() -> Trouble:
    return Trouble(
        status=503,
        code="database_read_only",
        what=_("The console's database is read-only, so nothing was saved."),
        mend=_("Give the console's account write permission, or mount the disk writable."),
        after=30,
    )


def _unreadable() -> Trouble:
    return Trouble(
        status=503,
        code="database_unreadable",
        what=_("The console's database cannot be read or written: the disk reports an error."),
        mend=_("Check the system log for errors of the disk that holds the data directory."),
        after=30,
    )


def _damaged() -> Trouble:
    return Trouble(
        status=503,
        code="database_damaged",
        what=_("The console's database is damaged."),
        mend=_("Stop the console, restore a backup, and start it again."),
        after=60,
    )


def _unreachable() -> Trouble:
    return Trouble(
        status=503,
        code="database_unreachable",
        what=_("The console's database does not respond."),
        mend=_("Check that its server is running and has connections left, then try again."),
    )


def note(trouble: Trouble, what: str, exc: BaseException) -> None:
    """One line in the log, and not one for each request."""
    now = time.monotonic()
    if now - _said.get(trouble.code, float("-inf")) > SAID_EVERY:
        _said[trouble.code] = now
        logger.error("%s: %s (%s)", what, trouble.text, exc)


def warn(exc: BaseException) -> None:
    """Where the worker goes on and tries again: in words if it is trouble, else as it came."""
    if found := of(exc):
        note(found, "database trouble", exc)
    else:
        logger.warning("database trouble: %s", exc)

"""How many files and sockets this process may have open."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import sys
import time

import structlog

log = structlog.get_logger("lifecycle.worker")
FILES_WANTED = 65536
SOCKETS_OF_ONE = 60
"""Live sockets of one session: far more than anybody has tabs."""
KEPT = 128
"""So many files stay for the console's own needs; of a small limit a quarter."""
SAID_EVERY = 60.0


def allow_many_files() -> int:
    """Raise the soft limit, which is usually 1,024, as far as one may; what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return FILES_WANTED if soft == resource.RLIM_INFINITY else soft


def none_left() -> bool:
    """Whether nearly all files that may be open are in use: no further connection is opened."""
    return _lowest_free() >= _limit() - _kept(_limit())


def scarce(number: int) -> bool:
    """Whether a connection of this file is one of so many that it had better not be kept while idle.

    The system gives the lowest number that is free, so that a high one tells of many that are open. An eighth
    of the limit is left to those that are opened for one request alone.
    """
    limit = _limit()
    return number >= limit - _kept(limit) - limit // 8


def _limit() -> int:
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def _kept(limit: int) -> int:
    return min(KEPT, limit // 4)


class Room:
    """Whether there are files left for one more connection. What is open already needs none."""

    def __init__(self) -> None:
        self._said = float("-inf")

    def gone(self) -> bool:
        """Whether nearly all are in use; that is logged, at most once a minute."""
        if not none_left():
            return False
        if time.monotonic() - self._said >= SAID_EVERY:
            self._said = time.monotonic()
            log.warning("no further connection: nearly all files that may be open are in use", limit=_limit())
        return True


def _lowest_free() -> int:
    """The number of the next file, which the system takes as low as it can; many where there is none."""
    try:
        number = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return sys.maxsize
    os.close(number)
    return number


def give_memory_back() -> None:
    """What is free goes back to the system; left to itself glibc keeps it for ever."""
    gc.collect()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)

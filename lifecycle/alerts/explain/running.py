"""Which back-tests run in this process: one for each person, and a few together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Event, Lock

AT_ONCE = 2
_room = BoundedSemaphore(AT_ONCE)
_lock = Lock()
_running: dict[int, Event] = {}


class BusyError(Exception):
    """As many run as may."""


@contextmanager
def one_of(person: int) -> Iterator[Callable[[], bool]]:
    """Room for one more; what this person had begun before stops. Yields whether it shall stop itself."""
    mine = Event()
    with _lock:
        if before := _running.get(person):
            before.set()
        if not _room.acquire(blocking=before is not None, timeout=5 if before else None):
            raise BusyError
        _running[person] = mine
    try:
        yield mine.is_set
    finally:
        _room.release()
        with _lock:
            if _running.get(person) is mine:
                del _running[person]


def stop(person: int) -> bool:
    """Whether one ran."""
    with _lock:
        found = _running.get(person)
    if found is not None:
        found.set()
    return found is not None

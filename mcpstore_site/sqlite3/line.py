"""Those of one process who want to write, in the order in which they came.

Only the first of them looks at the turnstile, which is between processes; the others sleep until it is their
turn. A process with many writers leaves a gap now and then, in which another process comes to its turn.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from functools import lru_cache

GAP = 0.003
GAP_EACH = 0.025


class Line:
    """One for each database file and process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._busy = False
        self._left_at = self._gap_at = float("-inf")

    def enter(self, until: float) -> bool:
        """Wait for one's turn; False if that did not come until then, and nobody need leave."""
        with self._lock:
            if not self._busy:
                self._busy = True
                return True
            mine = threading.Event()
            self._waiting.append(mine)
        if mine.wait(max(until - time.monotonic(), 0)):
            return True
        with self._lock:
            if mine.is_set():
                return True
            self._waiting.remove(mine)
            return False

    def leave(self) -> None:
        """Let the next one come."""
        with self._lock:
            self._left_at = time.monotonic()
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._busy = False

    def give_way(self) -> None:
        """Whoever is first, before the turnstile: leave it free for a moment if it has long been ours."""
        now = time.monotonic()
        ours = now - self._left_at < GAP
        if ours and now - self._gap_at < GAP_EACH:
            return
        if ours:
            time.sleep(GAP)
        self._gap_at = time.monotonic()


@lru_cache(maxsize=64)
def line_of(database: str) -> Line:
    """The line before this database."""
    return Line()

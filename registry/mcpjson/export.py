"""Background export: mcp.json follows each commit within moments, several changes at once."""

from __future__ import annotations

import logging
import threading
import time

from django.db import connections
from django.utils import timezone

from registry.mcpjson import image

logger = logging.getLogger(__name__)
COALESCE = 0.05
DUTY = 20
LONGEST_WAIT = 5.0


class _Exporter:
    """One thread at most. The larger the document, the longer it waits for further changes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._authors: list[str] = []
        self._asked = self._running = False
        self._took = 0.0

    def ask(self, author: str) -> None:
        with self._lock:
            self._asked = True
            if author and author not in self._authors:
                self._authors.append(author)
            if self._running:
                return
            self._running = True
        threading.Thread(target=self._run, name="mcpjson-export", daemon=True).start()

    def _take(self) -> str | None:
        with self._lock:
            if not self._asked:
                self._running = False
                return None
            authors, self._authors, self._asked = self._authors, [], False
            return ", ".join(authors)

    def _run(self) -> None:
        try:
            while True:
                time.sleep(min(max(COALESCE, DUTY * self._took), LONGEST_WAIT))
                author = self._take()
                if author is None:
                    return
                self._export(author)
        finally:
            connections.close_all()

    def _export(self, author: str) -> None:
        began = time.monotonic()
        try:
            image.export_pending(author=author, now=timezone.now())
        # A foreign boundary: disk and database. The worker looks again within a second and exports then.
        except Exception as exc:
            logger.warning("mcp.json was not exported, the worker will try again: %s", exc)
        self._took = time.monotonic() - began

    def idle(self) -> bool:
        with self._lock:
            return not self._running


_exporter = _Exporter()


def soon(author: str) -> None:
    """Export within moments; returns at once."""
    _exporter.ask(author)


def wait_idle(timeout: float) -> bool:
    """Whether no export is under way, waiting for it at most *timeout* seconds."""
    until = time.monotonic() + timeout
    while not _exporter.idle():
        if time.monotonic() >= until:
            return False
        time.sleep(0.01)
    return True

"""Figures asked for now and again, and kept by name: what a dashboard and a performance monitor share."""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from registry.errors import RegistryError

if TYPE_CHECKING:
    from mcpstore_site.facade.context import StoreContext
    from mcpstore_site.store import MCPStore

KEPT = 24 * 3600.0


class History:
    """Asks the store for the figures of every service each *interval*, in one thread, until it is stopped.

    The console measures all the time; a program that wants its history asks for it with `from` and `to`.
    """

    def __init__(self, store: MCPStore | StoreContext) -> None:
        self.store = store
        self.metrics_history: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def monitoring(self) -> bool:
        """Whether it is at work."""
        return self._thread is not None and self._thread.is_alive()

    def start_monitoring(self, interval: float = 30) -> None:
        """Begin; a second start changes nothing."""
        if self.monitoring:
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(interval,), name="monitoring", daemon=True)
        self._thread.start()

    def stop_monitoring(self) -> None:
        """End, and wait for that."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, interval: float) -> None:
        from django.db import connection

        try:
            while not self._stop.is_set():
                self.collect()
                self._stop.wait(interval)
        finally:
            connection.close()

    def collect(self) -> None:
        """The figures of every service as they are now, put behind those before; 24 hours are kept."""
        now = time.time()
        for service in self.store.list_services():
            past = self.metrics_history[service.name]
            past.append({**self._figures(service.name), "timestamp": now})
            while past[0]["timestamp"] <= now - KEPT:
                del past[0]

    def _figures(self, name: str) -> dict[str, Any]:
        try:
            return dict(self.store.get_service_metrics(name))
        except RegistryError as exc:  # it may be removed meanwhile
            return {"service_name": name, "status": "error", "error": str(exc)}


def say(text: str = "") -> None:
    """One line for whoever runs the program."""
    sys.stdout.write(f"{text}\n")

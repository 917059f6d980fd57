"""Figures collected in a thread for some seconds; service names are arguments."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from typing import Any

from mcpstore_site.store import MCPStore


class ServicePerformanceMonitor:
    def __init__(self, store: MCPStore) -> None:
        self.store = store
        self.metrics: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.stop = threading.Event()
        self.monitor_thread: threading.Thread | None = None

    def start_monitoring(self, interval: float) -> None:
        self.monitor_thread = threading.Thread(target=self._monitor_loop, args=(interval,))
        self.monitor_thread.start()

    def stop_monitoring(self) -> None:
        self.stop.set()
        if self.monitor_thread is not None:
            self.monitor_thread.join()

    def _monitor_loop(self, interval: float) -> None:
        while not self.stop.wait(interval):
            for service in self.store.list_services():
                start_time = time.time()
                status = self.store.get_service_status(service["name"])
                point = {"status": status, "response_time": time.time() - start_time}
                self.metrics[service["name"]].append({**point, "healthy": status == "running"})

    def get_service_metrics(self, service_name: str) -> dict[str, Any]:
        recent = self.metrics[service_name]
        times = [point["response_time"] for point in recent]
        healthy_count = sum(1 for point in recent if point["healthy"])
        return {
            "total_checks": len(recent),
            "availability": healthy_count / len(recent) * 100,
            "avg_response_time": sum(times) / len(times),
        }


def main() -> None:
    store = MCPStore()
    store.check_services()
    monitor = ServicePerformanceMonitor(store)
    monitor.start_monitoring(interval=0.1)
    time.sleep(1.5)
    monitor.stop_monitoring()
    seen = {name: monitor.get_service_metrics(name) for name in sys.argv[1:]}
    own = {name: dict(store.get_service_metrics(name)) for name in sys.argv[1:]}
    print(json.dumps({"seen": seen, "own": own}, default=str))


if __name__ == "__main__":
    main()

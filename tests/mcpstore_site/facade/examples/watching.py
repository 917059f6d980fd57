"""States as they change, what is wrong, and figures of all services. A name and a URL are arguments."""

from __future__ import annotations

import sys
import time
from typing import Any

from mcpstore_site.store import MCPStore


def monitor_service_lifecycle(name: str, url: str) -> None:
    store = MCPStore.setup_store()
    store.for_store().add_service({"name": name, "url": url})
    last_states: dict[str, str] = {}
    end = time.time() + 30
    while last_states.get(name) != "HEALTHY" and time.time() < end:
        for service in store.for_store().list_services():
            current_state, last_state = service.state, last_states.get(service.name)
            if service.name == name and current_state != last_state:
                last_states[service.name] = current_state
                service_info = store.for_store().get_service_info(service.name)
                if service_info and service_info.state_metadata:
                    metadata = service_info.state_metadata
                    failures, attempts = metadata.consecutive_failures, metadata.reconnect_attempts
                    print(f"{service.name}: -> {current_state} ({failures} failures, {attempts} attempts)")
        time.sleep(0.05)


def diagnose_service_issues() -> None:
    store = MCPStore.setup_store()
    for service in store.for_store().list_services():
        if service.state == "HEALTHY":
            continue
        metadata = store.for_store().get_service_info(service.name).state_metadata
        print(f"{service.name} is {service.state}: {metadata.error_kind}: {metadata.error_message}")
        if metadata.next_retry_time:
            print(f"{service.name} is tried again")


def collect_lifecycle_metrics() -> dict[str, Any]:
    services = MCPStore.setup_store().for_store().list_services()
    metrics: dict[str, Any] = {"total_services": len(services)}
    for state in ("HEALTHY", "WARNING", "RECONNECTING", "UNREACHABLE"):
        metrics[f"{state.lower()}_services"] = sum(1 for service in services if service.state == state)
    times = [row.state_metadata.response_time for row in services if row.state_metadata.response_time]
    metrics["average_response_time"] = sum(times) / len(times) if times else 0
    metrics["total_failures"] = sum(row.state_metadata.consecutive_failures for row in services)
    metrics["health_rate"] = metrics["healthy_services"] / metrics["total_services"] * 100
    return metrics


def main() -> None:
    monitor_service_lifecycle(sys.argv[1], sys.argv[2])
    diagnose_service_issues()
    metrics = collect_lifecycle_metrics()
    print(f"services: {metrics['total_services']}, healthy: {metrics['health_rate']:.1f}%")
    print(f"failures: {metrics['total_failures'] > 0}, response: {metrics['average_response_time'] > 0}")


if __name__ == "__main__":
    main()

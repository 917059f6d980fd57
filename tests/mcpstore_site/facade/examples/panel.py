"""A panel, drawn once; a letter for each trouble that begins, with words about what to do. No arguments."""

from __future__ import annotations

from datetime import UTC, datetime

from mcpstore_site.store import MCPStore

ICONS = {
    "HEALTHY": "ok",
    "WARNING": "slow",
    "RECONNECTING": "trying",
    "UNREACHABLE": "down",
    "INITIALIZING": "starting",
    "DISCONNECTING": "stopping",
    "DISCONNECTED": "off",
}
ADVICE = {
    "WARNING": "look at the network and the load",
    "RECONNECTING": "wait, or look at the configuration",
    "UNREACHABLE": "see whether it runs, restart it by hand",
}
last_states: dict[str, str] = {}


def monitoring_dashboard(store: MCPStore) -> None:
    services = store.for_store().list_services()
    healthy = sum(1 for service in services if service.state == "HEALTHY")
    print(f"services: {len(services)}, healthy: {healthy / len(services) * 100:.1f}%")
    for service in services:
        print(f"{ICONS.get(service.state, '?')} {service.name}: {service.status}")


def monitor_with_alerts(store: MCPStore) -> None:
    for service in store.for_store().list_services():
        current_state, last_state = service.state, last_states.get(service.name)
        if current_state != last_state:
            last_states[service.name] = current_state
            if current_state in ADVICE:
                print(f"letter: {service.name} from {last_state} to {current_state}: {ADVICE[current_state]}")
        metadata = store.for_store().get_service_info(service.name).state_metadata
        if current_state in ADVICE and metadata.state_entered_time:
            seconds = (datetime.now(UTC) - metadata.state_entered_time).total_seconds()
            print(f"{service.name} has been so for a while: {seconds >= 0}")


def main() -> None:
    store = MCPStore.setup_store()
    monitoring_dashboard(store)
    for _ in range(2):
        monitor_with_alerts(store)


if __name__ == "__main__":
    main()

"""Services that fail are restarted, and registered anew where that does not help; names are arguments."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from typing import Any

from mcpstore_site.store import MCPStore


class ServiceAutoRecovery:
    def __init__(self, store: MCPStore) -> None:
        self.store = store
        self.recovery_policies: dict[str, dict[str, Any]] = {}
        self.recovery_attempts: dict[str, int] = defaultdict(int)
        self.max_attempts = 3
        self.recovery_delay = 0.2

    def add_recovery_policy(self, service_name: str, policy: dict[str, Any]) -> None:
        self.recovery_policies[service_name] = policy

    def check_and_recover(self) -> None:
        for service in self.store.list_services():
            service_name = service["name"]
            status = self.store.get_service_status(service_name)
            if status in ["error", "stopped"] and service_name in self.recovery_policies:
                print(f"{service_name}: {status}, recovered: {self._attempt_recovery(service_name)}")

    def _attempt_recovery(self, service_name: str) -> bool:
        if self.recovery_attempts[service_name] >= self.max_attempts:
            return False
        self.store.stop_service(service_name, force=True)
        time.sleep(self.recovery_delay)
        success = self.store.start_service(service_name)
        self.recovery_attempts[service_name] = 0 if success else self.recovery_attempts[service_name] + 1
        return success


def manual_recovery() -> None:
    store = MCPStore.setup_store()
    services = store.for_store().list_services()
    problematic = [row.name for row in services if row.state in ["UNREACHABLE", "RECONNECTING"]]
    for service_name in problematic:
        success = store.for_store().restart_service(service_name)
        print(f"{service_name}: restarted: {success}")
        if not success:
            service_info = store.for_store().get_service_info(service_name)
            store.for_store().remove_service(service_name)
            store.for_store().add_service(service_info.config)
            print(f"{service_name}: registered anew")


def main() -> None:
    recovery = ServiceAutoRecovery(MCPStore())
    for name in sys.argv[1:]:
        recovery.add_recovery_policy(name, {"restart_on_error": True})
    recovery.check_and_recover()
    manual_recovery()


if __name__ == "__main__":
    main()

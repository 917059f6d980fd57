"""Services that depend on each other are started in their order. Configuration on standard input."""

from __future__ import annotations

import json
import sys

from mcpstore_site.store import MCPStore


class ServiceDependencyManager:
    def __init__(self, store: MCPStore) -> None:
        self.store = store
        self.dependencies: dict[str, list[str]] = {}

    def add_dependency(self, service: str, depends_on: list[str]) -> None:
        self.dependencies.setdefault(service, []).extend(depends_on)

    def get_start_order(self) -> list[str]:
        visited: set[str] = set()
        order: list[str] = []

        def visit(service: str) -> None:
            if service in visited:
                return
            visited.add(service)
            for dependency in self.dependencies.get(service, []):
                visit(dependency)
            order.append(service)

        for service in self.dependencies:
            visit(service)
        return order

    def start_all_services(self) -> dict[str, bool]:
        return {service: self.store.start_service(service) for service in self.get_start_order()}


def main() -> None:
    store = MCPStore.setup_store()
    store.add_service(json.load(sys.stdin))
    manager = ServiceDependencyManager(store)
    manager.add_dependency("api", ["database", "auth"])
    manager.add_dependency("auth", ["database"])
    manager.add_dependency("web", ["api"])
    print(json.dumps(manager.start_all_services()))


if __name__ == "__main__":
    main()

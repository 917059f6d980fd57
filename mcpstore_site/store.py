"""The console from Python: `from mcpstore_site.store import MCPStore`.

It calls the functions that the pages and REST call. It opens no connection to a service itself: the
worker does, so one must be running. It acts with the rights of an admin, since whoever can run it can
read the database.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mcpstore_site.facade import setup
from mcpstore_site.facade.errors import (
    NotSetUpError,
    ProtocolError,
    ServiceConnectionError,
    ServiceTimeoutError,
    ToolFailedError,
    ToolNotFoundError,
)
from mcpstore_site.facade.monitoring.system import SystemMetrics
from mcpstore_site.facade.waiting import WaitStrategy
from registry.errors import (
    ContractError,
    InvalidConfigError,
    NotAllowedError,
    NotPossibleError,
    RegistryError,
    ServiceNotFoundError,
)

if TYPE_CHECKING:
    from mcpstore_site.facade.context import StoreContext
    from mcpstore_site.facade.monitoring.config import MonitoringConfig

    _AsStore = StoreContext
else:
    _AsStore = object

__all__ = [
    "ContractError",
    "InvalidConfigError",
    "MCPStore",
    "NotAllowedError",
    "NotPossibleError",
    "NotSetUpError",
    "ProtocolError",
    "RegistryError",
    "ServiceConnectionError",
    "ServiceDependencyManager",
    "ServiceNotFoundError",
    "ServiceTimeoutError",
    "SystemMetrics",
    "ToolFailedError",
    "ToolNotFoundError",
    "WaitStrategy",
]


class MCPStore(_AsStore):
    """The store. What `for_store()` has can be called on it directly, too."""

    def __init__(self, *, monitoring_config: MonitoringConfig | None = None) -> None:
        setup.ready()
        if monitoring_config is not None:
            self.for_store().set_monitoring_settings(monitoring_config.changes())

    @classmethod
    def setup_store(cls, *, monitoring_config: MonitoringConfig | None = None) -> MCPStore:
        """The store, with Django set up where it is not yet; *monitoring_config* is set for everybody."""
        return cls(monitoring_config=monitoring_config)

    def for_store(self) -> StoreContext:
        """All services."""
        # Models cannot be imported before Django is set up, and this module can.
        from mcpstore_site.facade.context import StoreContext

        return StoreContext()

    def for_agent(self, agent_id: str) -> StoreContext:
        """The services of one agent, which comes to be with the first service that is added to it."""
        from mcpstore_site.facade.context import StoreContext

        return StoreContext(agent_id)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(name)
            return getattr(self.for_store(), name)


class ServiceDependencyManager:
    """The dependencies of a store's services. They are saved with the services, so each manager sees them."""

    def __init__(self, store: MCPStore | StoreContext) -> None:
        self.store = store

    @property
    def dependencies(self) -> dict[str, list[str]]:
        """Who needs whom, by name."""
        return self.store.get_dependencies()

    def add_dependency(self, service: str, depends_on: str | Iterable[str]) -> None:
        """Save that *service* needs these, too. InvalidConfigError names a cycle, or who is not known."""
        self.store.add_dependency(service, depends_on)

    def get_start_order(self) -> list[str]:
        """All that take part in a dependency, each after what it needs."""
        return self.store.get_start_order()

    def start_all_services(self, timeout: float = 60.0) -> dict[str, bool]:
        """Start these in their order, independent ones together; by name, whether it is connected."""
        return self.store.start_all_services(timeout)

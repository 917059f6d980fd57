"""The console from Python: `from mcpstore_site.store import MCPStore`.

It calls the functions that the pages and REST call. It opens no connection to a service itself: the
worker does, so one must be running. It acts with the rights of an admin, since whoever can run it can
read the database.
"""

from __future__ import annotations

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
    "ServiceNotFoundError",
    "ServiceTimeoutError",
    "ToolFailedError",
    "ToolNotFoundError",
    "WaitStrategy",
]


class MCPStore(_AsStore):
    """The store. What `for_store()` has can be called on it directly, too."""

    def __init__(self) -> None:
        setup.ready()

    @classmethod
    def setup_store(cls) -> MCPStore:
        """The store, with Django set up where it is not yet."""
        return cls()

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

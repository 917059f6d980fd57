"""Which services a context speaks of: all of them, or those of one agent."""

from __future__ import annotations

from django.db import close_old_connections
from django.db.models import QuerySet

from registry.agents import operations as agent_operations
from registry.agents.operations import GLOBAL_AGENT
from registry.errors import ServiceNotFoundError
from registry.models import Service
from registry.services import register

BY = "python"


class Scope:
    """The services of one agent. An agent that there is not has none, until one is added to it."""

    def __init__(self, agent_id: str = GLOBAL_AGENT) -> None:
        self.agent_id = agent_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.agent_id}>"

    @property
    def whole(self) -> bool:
        """Whether this is the whole store."""
        return self.agent_id == GLOBAL_AGENT

    def services(self) -> QuerySet[Service]:
        """Its listed services."""
        # Each call may be the first after hours, or in a thread of its own.
        close_old_connections()
        return Service.objects.listed().filter(agent_operations.among(self.agent_id))

    def service(self, name: str) -> Service:
        """The service of this name; ServiceNotFoundError also where only others have it."""
        services = self.services()
        found = register.get(name)
        if not self.whole and not services.filter(pk=found.pk).exists():
            raise ServiceNotFoundError(name)
        return found

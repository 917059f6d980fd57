"""Look at services, start and stop them, and wait for what becomes of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models.functions import Lower
from django.utils import timezone

from lifecycle.core.timing.durations import span
from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from lifecycle.pages import queries as page_queries
from lifecycle.services import queries as service_queries
from mcpstore_site.facade import describing, waiting
from mcpstore_site.facade.errors import ServiceTimeoutError
from mcpstore_site.facade.records import CheckRecord, ServiceInfo, ServiceMetrics, ServiceRecord
from mcpstore_site.facade.scope import BY, Scope
from mcpstore_site.facade.tools import names as tool_names
from registry.models import Desired, Service

logger = logging.getLogger(__name__)
Kind = Command.Kind
PYTHON = Command.Origin.PYTHON


class Operating(Scope):
    """What runs, and asking the worker for something else."""

    def list_services(self) -> list[ServiceRecord]:
        """All services, by name."""
        rows = self.services().select_related("state_row").order_by(Lower("name"), "id")
        return [describing.record(service, self.agent_id) for service in rows]

    def get_service_info(self, name: str) -> ServiceInfo:
        """One service with its tools and its configuration."""
        service = self.service(name)
        tools = [tool for tool in tool_names.tools_of(self.services()) if tool.service_name == name]
        return describing.info(service, self.agent_id, tools)

    def get_service_status(self, name: str) -> str:
        """The coarse word, such as "running"; the exact state is in `get_service_info(name).state`."""
        status: str = service_queries.describe(self.service(name))["status"]
        return status

    def get_service_metrics(self, name: str, duration: float = 300) -> ServiceMetrics:
        """Figures over the last *duration* seconds."""
        return describing.metrics(self.service(name), duration)

    def start_service(self, name: str, timeout: float = 30.0) -> bool:
        """Start it and wait until it is connected; false if it could not be. The console goes on trying."""
        return self._ask(Kind.START, name, timeout)

    def stop_service(self, name: str, force: bool = False, timeout: float = 30.0) -> bool:
        """Stop it and wait until it is; *force* ends its process tree at once."""
        return self._ask(Kind.STOP, name, timeout, force=force)

    def restart_service(self, name: str, timeout: float = 30.0) -> bool:
        """Stop and start it; whether it is connected again."""
        return self._ask(Kind.RESTART, name, timeout)

    def set_service_state(self, name: str, state: str, timeout: float = 30.0) -> bool:
        """Set its state ("RECONNECTING"), along the table of moves; the error says which are possible."""
        return self._ask(Kind.SET_STATE, name, timeout, arguments={"state": state.upper()})

    def _ask(self, kind: Command.Kind, name: str, timeout: float, **more: Any) -> bool:
        service = self.service(name)
        command = operation_commands.request(
            kind, service.name, by=BY, now=timezone.now(), origin=PYTHON, **more
        )
        finished = operation_commands.wait_sync(command.pk, timeout)
        if finished.state not in operation_commands.FINISHED:
            raise ServiceTimeoutError(f"{kind.label} {name}: no answer within {span(timeout)}{_why()}.")
        if finished.state == Command.State.FAILED:
            logger.warning("%s %s: %s", kind.label, name, finished.error)
        return finished.state == Command.State.DONE

    def wait_service(
        self,
        name: str,
        status: str | Iterable[str] = "healthy",
        timeout: float = 10.0,
        raise_on_timeout: bool = False,
    ) -> bool:
        """Whether the service came into one of these states ("healthy") or statuses ("running") in time."""
        states, statuses = waiting.words(status)

        def there() -> bool:
            known = service_queries.describe(self.service(name))
            return known["state"] in states or known["status"] in statuses

        reached = waiting.until(there, timeout)
        if not reached and raise_on_timeout:
            now = service_queries.describe(self.service(name))["state"]
            raise ServiceTimeoutError(f"{name} is {now} after {span(timeout)}{_why()}.")
        return reached

    def check_services(self, timeout: float = 15.0) -> dict[str, CheckRecord]:
        """Check every running service now; by name, stopped ones too."""
        running = list(self.services().filter(desired=Desired.RUNNING))
        checked = self._check(running, time.monotonic() + timeout)
        return {row.name: _checked(row, row.name in checked) for row in self.list_services()}

    @staticmethod
    def _check(services: list[Service], end: float) -> set[str]:
        asked = [
            (
                service.name,
                operation_commands.request(
                    Kind.CHECK, service.name, by=BY, now=timezone.now(), origin=PYTHON
                ).pk,
            )
            for service in services
        ]
        ended = {
            name: operation_commands.wait_sync(command, max(0.0, end - time.monotonic())).state
            for name, command in asked
        }
        return {name for name, state in ended.items() if state in operation_commands.FINISHED}


def _checked(row: ServiceRecord, checked: bool) -> CheckRecord:
    return CheckRecord(
        healthy=row.health in describing.ANSWERED,
        checked=checked,
        status=row.status,
        state=row.state,
        health=row.health,
        response_time_ms=row.response_time_ms,
        error=row.error,
    )


def _why() -> str:
    """The likeliest reason why nobody answered."""
    live = page_queries.read(timezone.now()).live
    return "" if live else f"; no worker is running (`{settings.COMMAND} runlifecycle`)"

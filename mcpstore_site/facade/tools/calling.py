"""The tools of services, and calling them through the worker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from lifecycle.core.health.verdict import Kind
from lifecycle.core.timing.durations import span
from lifecycle.models import Command
from lifecycle.operations import commands as operation_commands
from lifecycle.policies import operations as policy_operations
from mcpstore_site.facade.errors import (
    ProtocolError,
    ServiceConnectionError,
    ServiceTimeoutError,
    ToolFailedError,
)
from mcpstore_site.facade.records import CallResult, ToolRecord
from mcpstore_site.facade.scope import BY, Scope
from mcpstore_site.facade.tools import names
from registry.errors import RegistryError
from registry.models import Service, Tool

MARGIN = 5.0
BROKEN = frozenset({Kind.PROTOCOL, Kind.OVERSIZE})


class Calling(Scope):
    """What can be called, and the call."""

    def list_tools(self, service_name: str | None = None) -> list[ToolRecord]:
        """The tools as they were last listed, of all services or of one; nothing is asked for now."""
        if service_name is not None:
            self.service(service_name)
        found = names.tools_of(self.services())
        return [tool for tool in found if service_name in (None, tool.service_name)]

    def call_tool(
        self, name: str, args: Mapping[str, Any] | None = None, raise_on_error: bool = True
    ) -> CallResult:
        """Call a tool and wait for its answer.

        Without *raise_on_error* a call that went wrong gives a result whose `ok` is false. A name that
        means no tool, and a service that is stopped, raise in any case.
        """
        tool = names.find(self.services(), name)
        asked = {"tool": tool.name, "arguments": dict(args or {})}
        kind, service = Command.Kind.CALL_TOOL, tool.service
        more: dict[str, Any] = {"arguments": asked, "origin": Command.Origin.PYTHON}
        command = operation_commands.request(kind, service.name, by=BY, now=timezone.now(), **more)
        limit = service.timeout or policy_operations.effective(service).call_timeout.total_seconds()
        finished = operation_commands.wait_sync(command.pk, limit + MARGIN)
        result, error = _read(finished, service, tool, limit)
        if error is not None and raise_on_error:
            raise error
        return result


def _read(
    command: Command, service: Service, tool: Tool, limit: float
) -> tuple[CallResult, RegistryError | None]:
    """The result, and the error that goes with one that went wrong."""
    outcome = operation_commands.outcome_of(command) or {}
    said = outcome.get("error") or command.error or ""
    if command.state not in operation_commands.FINISHED:
        said = f"no answer within {span(limit)}"
    result = CallResult(
        ok=bool(outcome.get("ok")),
        content=outcome.get("content") or [],
        structured=outcome.get("structured"),
        duration_ms=outcome.get("duration_ms") or 0.0,
        error=said or None,
    )
    text = f"{service.name}, {tool.name}: {said}"
    return result, None if result.ok else _error(command, outcome, result, text)


def _error(command: Command, outcome: Mapping[str, Any], result: CallResult, text: str) -> RegistryError:
    """By layer: nobody answered, no connection, not as the protocol has it, or the tool's own error."""
    fault = outcome.get("fault")
    if command.state not in operation_commands.FINISHED or fault == Kind.TIMEOUT:
        return ServiceTimeoutError(text)
    if fault in BROKEN:
        return ProtocolError(text)
    if fault or not outcome:
        return ServiceConnectionError(text)
    return ToolFailedError(text, result)

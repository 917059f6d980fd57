"""Writes down each tool call as its command ends: one row, and the roll-ups of the tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from lifecycle.core.health.verdict import Kind
from lifecycle.core.monitoring import calls
from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.models import Command, FleetCallRollup, ServiceCallRollup, ToolCall, ToolRollup
from lifecycle.monitoring.settings import in_force
from lifecycle.monitoring.usage.folding import Table, fold
from registry.core.entries.filling import MASK
from registry.core.secrecy import arguments as secret_arguments
from registry.errors import SecretsError
from registry.models import Service, Tool
from registry.secrets import masking, vault

_HOW = (calls.merge, calls.pack, calls.unpack)
TOOLS = Table(ToolRollup, ("service_id", "tool"), *_HOW)
SERVICES = Table(ServiceCallRollup, ("service_id",), *_HOW)
FLEET = Table(FleetCallRollup, (), *_HOW)
LONGEST_ARGUMENTS = 2000
LONGEST_ERROR = 1000
Outcome = ToolCall.Outcome


def record(
    command: Command, outcome: Mapping[str, Any] | None, error: str, now: datetime, *, refused: bool = False
) -> None:
    """The call that *command* was, if it was one; in the caller's transaction, once for each command.

    Where the key file is gone nothing of the command can be read, and nothing is written.
    """
    if command.kind != Command.Kind.CALL_TOOL or not in_force.get().enabled:
        return
    how = Outcome.REFUSED if refused else outcome_of(outcome or {})
    with suppress(SecretsError):
        given = json.loads(vault.unseal(command.arguments)) if command.arguments else {}
        row = ToolCall(command=command, by=command.requested_by, origin=command.origin, outcome=how)
        _save(row, command.service, given, outcome or {}, error, now)


def refuse(
    service: Service, given: Mapping[str, Any], why: str, *, by: str, origin: str, now: datetime
) -> None:
    """A call that was not even made a command of; *given* are its tool and arguments.

    Each row for itself, since it is the web process that writes: rows of several services locked together
    could wait for those of a worker that waits for ours.
    """
    if in_force.get().enabled:
        with suppress(SecretsError):
            _save(ToolCall(by=by, origin=origin, outcome=Outcome.REFUSED), service, given, {}, why, now)


def _save(
    row: ToolCall,
    service: Service,
    given: Mapping[str, Any],
    outcome: Mapping[str, Any],
    error: str,
    now: datetime,
) -> None:
    """Complete the row, and add it to the roll-ups of its tool."""
    hidden = vault.known_values(service)
    row.service, row.tool = service, str(given.get("tool", ""))[:500]
    row.at, row.answer_bytes = int(now.timestamp() * 1000), _size(outcome)
    row.duration_ms = outcome.get("duration_ms")
    row.slow = (row.duration_ms or 0) > in_force.get().slow_call_threshold * 1000
    said = masking.mask(str(outcome.get("error") or error), hidden)
    row.error = vault.seal(clip(said, LONGEST_ERROR)) if said else ""
    row.arguments = vault.seal(_arguments(service.pk, row.tool, given.get("arguments") or {}, hidden))
    row.save(force_insert=True)
    count(service.pk, row.tool, calls.one(row.outcome, row.duration_ms, row.slow), row.at // 1000)


def count(service_id: int, tool: str, summary: CallSummary, at: int) -> None:
    """Add to the roll-ups of the tool, its service and the fleet; the rows that all share are locked last."""
    fold(TOOLS, at, {(service_id, tool): summary})
    fold(SERVICES, at, {(service_id,): summary})
    fold(FLEET, at, {(): summary})


def outcome_of(outcome: Mapping[str, Any]) -> Outcome:
    """How a call ended that was made; without any answer it failed."""
    if outcome.get("ok"):
        return Outcome.OK
    fault = outcome.get("fault")
    if fault == Kind.TIMEOUT:
        return Outcome.TIMEOUT
    return Outcome.FAILED if fault or not outcome else Outcome.TOOL_ERROR


def _arguments(service_id: int, tool: str, given: Any, hidden: frozenset[str]) -> str:
    """As JSON without secrets, not endless."""
    return clip(json.dumps(masked(service_id, tool, given, hidden), ensure_ascii=False), LONGEST_ARGUMENTS)


def masked(service_id: int, tool: str, given: Any, hidden: frozenset[str]) -> Any:
    """Arguments with neither the service's secrets in it nor what is named or looks like one."""
    found = Tool.objects.filter(service_id=service_id, name=tool)
    schema = found.values_list("input_schema", flat=True).first()
    return secret_arguments.without_credentials(schema, masking.masked(given, hidden), MASK)


def _size(outcome: Mapping[str, Any]) -> int:
    """Bytes of the answer's content as JSON."""
    parts = (outcome.get("content"), outcome.get("structured"))
    found = (json.dumps(part, ensure_ascii=False) for part in parts if part)
    return sum(len(text.encode("utf-8", "replace")) for text in found)


def clip(text: str, most: int) -> str:
    """Cut with an ellipsis where it is longer than *most* characters."""
    return text if len(text) <= most else text[: most - 1] + "…"

"""The arguments of an earlier call, to be used again: without what was secret in them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from lifecycle.core.playground.kinds import ABSENT
from lifecycle.models import ToolCall
from lifecycle.monitoring.calls import record
from lifecycle.operations import commands as operation_commands
from registry.core.entries.filling import MASK
from registry.models import Service
from registry.secrets import vault

SHOWN: Final = 10


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """Arguments as they were; `left_out`: something in them was hidden."""

    arguments: dict[str, Any]
    left_out: bool


def arguments_of(service: Service, tool: str, call_id: str) -> Earlier | None:
    """Those of one call of this tool; None where it is not there, or they are no longer kept."""
    if not (call_id.isascii() and call_id.isdigit() and len(call_id) < 19):
        return None
    calls = ToolCall.objects.select_related("command").filter(service=service, tool=tool)
    row = calls.filter(pk=int(call_id)).first()
    found = _kept(service, tool, row) if row else None
    if not isinstance(found, dict):
        return None
    arguments = _without_dots(found)
    return Earlier(arguments=arguments, left_out=arguments != found)


def _kept(service: Service, tool: str, row: ToolCall) -> Any:
    """Of the command, whole; else of the history, where longer ones are cut."""
    if row.command and row.command.arguments:
        given = operation_commands.arguments_of(row.command).get("arguments") or {}
        return record.masked(service.pk, tool, given, vault.known_values(service))
    try:
        return json.loads(vault.unseal(row.arguments)) if row.arguments else {}
    except ValueError:
        return None


def _without_dots(value: Any) -> Any:
    """Nobody should send dots where a secret was."""
    if isinstance(value, dict):
        kept = {key: _without_dots(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not ABSENT}
    if isinstance(value, list):
        kept_items = [_without_dots(item) for item in value]
        return [item for item in kept_items if item is not ABSENT]
    return ABSENT if isinstance(value, str) and MASK in value else value

"""Tool calls: beside the checks, bounded, answered in the command's row."""

from __future__ import annotations

import time
from typing import Any

from lifecycle import operations
from lifecycle.core.policy import Policy
from lifecycle.engine.connection import Connection
from lifecycle.engine.faults import ConnectionFault
from lifecycle.engine.looking import Wanted
from lifecycle.engine.shop import Shop, as_json, without_secrets
from lifecycle.models import Command
from registry import approving
from registry.core.arguments import secret_values
from registry.masking import variants
from registry.models import Service, Tool


async def call(
    shop: Shop,
    command: Command,
    connection: Connection,
    wanted: Wanted,
    policy: Policy,
    secret: frozenset[str],
) -> None:
    """Call the tool that *command* names. A tool that fails is an outcome too, not a failed command."""
    limit = wanted.timeout or policy.call_timeout.total_seconds()
    given = operations.arguments_of(command)
    tool, arguments = str(given.get("tool", "")), given.get("arguments") or {}
    if why := await shop.writer.do(waiting, wanted.id, tool):
        await shop.answer(command, error=why)
        return
    schema = await shop.writer.do(_schema, wanted.id, tool)
    hidden = secret | variants(secret_values(schema, arguments))
    started = time.monotonic()
    outcome = await _outcome(connection, tool, arguments, limit)
    outcome["duration_ms"] = round((time.monotonic() - started) * 1000, 1)
    await shop.answer(command, outcome=without_secrets(as_json(outcome), hidden))


def _schema(service_id: int, tool: str) -> object:
    """What the service said of the tool's arguments: some of them may be credentials."""
    found = Tool.objects.filter(service_id=service_id, name=tool)
    return found.values_list("input_schema", flat=True).first()


def waiting(service_id: int, tool: str) -> str:
    """Why it may not be called; it may have changed after the call was asked for."""
    return approving.why_waiting(Service.objects.get(pk=service_id), tool)


async def _outcome(
    connection: Connection, tool: str, arguments: dict[str, Any], limit: float
) -> dict[str, Any]:
    try:
        result = await connection.call_tool(tool, arguments, limit)
    except ConnectionFault as exc:
        failed = {"ok": False, "content": [], "structured": None, "error": exc.fault.message}
        return {**failed, "fault": exc.fault.kind.value}
    return {
        "ok": result.ok,
        "content": result.content,
        "structured": result.structured,
        "error": result.error,
    }

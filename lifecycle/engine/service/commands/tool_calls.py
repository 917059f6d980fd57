"""Tool calls: beside the checks, bounded, answered in the command's row."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.policy.policy import Policy
from lifecycle.engine.context import EngineContext, as_json, without_secrets
from lifecycle.engine.session.connection import CallOutcome, Connection
from lifecycle.engine.worker.desired_state import Wanted
from lifecycle.models import Command
from lifecycle.monitoring.telemetry.call import Call, Sender
from lifecycle.operations import commands as operation_commands
from registry.contracts import approve as contract_approve
from registry.core.secrecy.arguments import secret_values
from registry.models import Service, Tool
from registry.secrets.masking import variants

Connected = Callable[[Connection | None, float], Awaitable[Connection | None]]
"""Waits, up to so many seconds, for a connection other than the one given."""
NOT_CONNECTED = "there was no connection to the service in time"
CLOSED = Fault(kind=Kind.CLOSED, message=NOT_CONNECTED)


async def call(
    context: EngineContext,
    command: Command,
    connected: Connected,
    wanted: Wanted,
    policy: Policy,
    secret: Callable[[], frozenset[str]],
) -> None:
    """Call the tool that *command* names. A tool that fails is an outcome too, not a failed command."""
    limit = wanted.timeout or policy.call_timeout.total_seconds()
    given = operation_commands.arguments_of(command)
    tool, arguments = str(given.get("tool", "")), given.get("arguments") or {}
    if why := await context.writer.do(waiting, wanted.id, tool):
        await context.answer(command, error=why, refused=True)
        return
    schema = await context.writer.do(_schema, wanted.id, tool)
    hidden = secret() | variants(secret_values(schema, arguments))
    about = Call(
        service=wanted.name, tool=tool, transport=wanted.transport, parent=str(given.get("traceparent", ""))
    )
    ask = partial(_ask, context.telemetry, about, arguments, limit, hidden)
    started = time.monotonic()
    result = await _result(connected, ask, limit)
    outcome = _as_outcome(result)
    outcome["duration_ms"] = round((time.monotonic() - started) * 1000, 1)
    await context.answer(command, outcome=without_secrets(as_json(outcome), hidden | secret()))


def _schema(service_id: int, tool: str) -> object:
    """What the service said of the tool's arguments: some of them may be credentials."""
    found = Tool.objects.filter(service_id=service_id, name=tool)
    return found.values_list("input_schema", flat=True).first()


def waiting(service_id: int, tool: str) -> str:
    """Why it may not be called; it may have changed after the call was asked for."""
    return contract_approve.why_waiting(Service.objects.get(pk=service_id), tool)


async def _ask(
    telemetry: Sender,
    about: Call,
    arguments: dict[str, Any],
    limit: float,
    hidden: frozenset[str],
    connection: Connection,
) -> CallOutcome:
    """Ask the service, and tell the collector, if there is one, how it went."""
    with telemetry.call(replace(about, protocol=connection.greeting.protocol_version)) as seen:
        result = await connection.call_tool(about.tool, arguments, limit, seen.meta())
        if not result.ok:
            kind = result.fault.kind.value if result.fault else "tool_error"
            seen.ended(kind, str(without_secrets(result.error, hidden)))
        return result


async def _result(
    connected: Connected, ask: Callable[[Connection], Awaitable[CallOutcome]], limit: float
) -> CallOutcome:
    """Call it; once more on the new session where the old one was gone, so that the tool did not run."""
    connection, result = await connected(None, limit), None
    while connection is not None:
        first, result = result, await ask(connection)
        if first is not None or result.fault is None or not result.fault.turned_away:
            return result
        connection = await connected(connection, limit)
    return result or CallOutcome(ok=False, content=[], structured=None, error=NOT_CONNECTED, fault=CLOSED)


def _as_outcome(result: CallOutcome) -> dict[str, Any]:
    outcome = {
        "ok": result.ok,
        "content": result.content,
        "structured": result.structured,
        "error": result.error,
    }
    return outcome if result.fault is None else {**outcome, "fault": result.fault.kind.value}

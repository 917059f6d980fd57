"""One trial: connect, read the lists, close. Nothing of it is saved, and nothing is left running."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from lifecycle.core.answers.causes import Cause
from lifecycle.core.answers.proof import Phase
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.timing.durations import span
from lifecycle.engine.context import presentable, without_secrets
from lifecycle.engine.session.connection import Connection, Connector
from lifecycle.engine.session.faults.faults import ConnectionFault
from lifecycle.engine.trials import issuer
from lifecycle.operations.trials.operations import LIMIT
from registry.core.entries.entry import ServiceConfig
from registry.models import Transport

BOUND = LIMIT - 1.0
"""Of all that is asked; the rest is for closing."""
START, EACH = BOUND - 0.5, 3.5
"""Of a start, which then says how far it came; of each answer over HTTP, where two questions may be asked."""
TOOLS_NAMED = 12
LATE = Fault(kind=Kind.TIMEOUT, message=f"no answer within {span(BOUND)}")


async def attempt(
    connector: Connector, config: ServiceConfig, hidden: frozenset[str], name: str
) -> dict[str, Any]:
    """What was found, fit to be shown; *name* is that of no service. A fault of the server is an outcome."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(BOUND):
            found = await _found(connector, config, name)
    except ConnectionFault as exc:
        found = await _failed(connector, config, exc.fault, hidden)
    except TimeoutError:
        found = await _failed(connector, config, LATE, hidden)
    finally:
        connector.unlearn(name)
    shown: dict[str, Any] = without_secrets(found, hidden)
    return shown | {"took_ms": round((time.monotonic() - started) * 1000)}


async def _found(connector: Connector, config: ServiceConfig, name: str) -> dict[str, Any]:
    limit = START if config.transport == Transport.STDIO else EACH
    connection = await connector.open(
        config, name=name, mode="auto", timeout=limit, on_lost=_ignore, on_tools_changed=_nothing
    )
    try:
        return await _offered(connection, limit)
    finally:
        await asyncio.shield(connection.close(force=True))


async def _offered(connection: Connection, limit: float) -> dict[str, Any]:
    content, greeting = await connection.content(limit, Phase.CONNECT), connection.greeting
    return {
        "ok": True,
        "protocol": greeting.protocol_version,
        "modern": greeting.protocol_version in MODERN_PROTOCOL_VERSIONS,
        "server": greeting.server_name,
        "version": greeting.server_version,
        "tools": len(content.tools),
        "named": [tool.name for tool in content.tools[:TOOLS_NAMED]],
        "items": len(content.items),
        "note": connection.notes.get("moved", ""),
    }


async def _failed(
    connector: Connector, config: ServiceConfig, fault: Fault, hidden: frozenset[str]
) -> dict[str, Any]:
    fault = presentable(fault, hidden)
    asks = fault.kind is Kind.AUTH and config.transport != Transport.STDIO
    return {
        "ok": False,
        "kind": fault.kind.value,
        "cause": fault.cause.value if fault.cause else "",
        "message": fault.message,
        "output": fault.output,
        "elsewhere": _elsewhere(config.url, fault),
        "issuer": await issuer.of(connector.http, config.url) if asks else "",
    }


def _elsewhere(url: str, fault: Fault) -> str:
    """The address to use in its place; none for one with a part that a new address would lose."""
    if any(sign in url for sign in "?#@"):
        return ""
    return url.replace("http:", "https:", 1) if fault.cause is Cause.PLAIN_TO_TLS else fault.elsewhere


def _ignore(_: Fault) -> None:
    """It is asked at once, and by nobody later."""


def _nothing() -> None:
    """Its tools are listed once."""

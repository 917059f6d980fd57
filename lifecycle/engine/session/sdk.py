"""The SDK's session of one connection: opened by FastMCP, put to rest, made anew where it is wanted."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, cast

import mcp_types
from fastmcp import Client

from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.faults.faults import ConnectionFault
from lifecycle.engine.session.faults.trace import TRACE, Trace
from lifecycle.engine.session.runner import Ending, OwnTransport
from lifecycle.engine.session.session import Session
from lifecycle.engine.session.web.streamable import StreamableTransport

CLIENT_INFO = mcp_types.Implementation(name="mcpstore-console", version="0.1.0")
NO_GREETING = 12.0


async def _ignore(_: object) -> None:
    """Log messages of a server are its own affair."""


class SdkSession:
    """At most one session at a time, all on the same connections.

    *keep* starts what goes on in the background.
    """

    __slots__ = ("_client", "_keep", "_on_message", "_transport", "_waking")

    def __init__(
        self,
        on_message: Callable[[object], Awaitable[None]],
        keep: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._on_message, self._keep = on_message, keep
        self._client: Client[OwnTransport] | None = None
        self._transport: OwnTransport | None = None
        self._waking: asyncio.Task[None] | None = None

    def make(self, transport: OwnTransport, mode: str, limit: float) -> Client[OwnTransport]:
        """The client that is to greet the server."""
        self._transport = transport
        self._client = self._new(transport, mode, limit)
        return self._client

    @property
    def current(self) -> Session:
        """It ends when somebody closes the connection, which whoever waits to ask may not know yet."""
        if self._client is not None:
            with contextlib.suppress(RuntimeError):  # what FastMCP says of a session that ended
                return cast(Session, self._client.session)
        ended = Fault(kind=Kind.CLOSED, message="not connected", lost=True, turned_away=True)
        raise ConnectionFault(ended)

    async def awake(self) -> Session:
        """The session, made anew where it rests."""
        if self._client is None and isinstance(self._transport, StreamableTransport):
            if self._waking is None:
                context = contextvars.copy_context()
                context.run(TRACE.set, Trace())
                self._waking = asyncio.create_task(self._wake(self._transport), context=context)
            await asyncio.shield(self._waking)
        return self.current

    def rest(self) -> None:
        """End the session where nothing is heard by it alone: no stream of the server is open, or may be."""
        transport, client = self._transport, self._client
        if not isinstance(transport, StreamableTransport) or client is None or self._waking is not None:
            return
        if transport.guarded.streams is not False and transport.guarded.session_id:
            return
        transport.keep(self.current)
        self._client = None
        self._keep(_end(client, transport.detached()))

    async def close(self, version: str) -> None:
        """End it, and the server's session with it; never raises."""
        if self._waking is not None:
            await asyncio.wait({self._waking})
        client, self._client = self._client, None
        if client is not None and self._transport is not None:
            await _end(client, self._transport)
        if isinstance(self._transport, StreamableTransport):
            with contextlib.suppress(Exception):  # a foreign boundary: whatever it raises, we are leaving
                await self._transport.farewell(version)
        self._transport = None

    async def _wake(self, transport: StreamableTransport) -> None:
        try:
            client = self._new(transport, "auto", NO_GREETING)
            await client.__aenter__()  # type: ignore[no-untyped-call]
            self._client = client
        finally:
            self._waking = None

    def _new(self, transport: OwnTransport, mode: str, limit: float) -> Client[OwnTransport]:
        return Client(
            transport,
            mode=mode,
            timeout=None,
            init_timeout=limit,
            client_info=CLIENT_INFO,
            log_handler=_ignore,
            message_handler=self._on_message,
        )


async def _end(client: Client[OwnTransport], transport: Ending) -> None:
    # The first close may re-raise the session's old error and skip the rest; the second then does it.
    for _ in range(2):
        with contextlib.suppress(Exception):  # a foreign boundary: whatever it raises, we are leaving
            await client.close()  # type: ignore[no-untyped-call]
    await transport.end()

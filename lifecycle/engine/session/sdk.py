"""The SDK's session of one connection: alone at first, and with the rest of the SDK where that is wanted."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Coroutine
from functools import cache
from typing import Any, NamedTuple, cast

import mcp_types
from fastmcp import Client
from fastmcp.client.client import _conformant_discover_only
from fastmcp.client.transports import StdioTransport
from mcp.client._probe import negotiate_auto

from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.faults.faults import WRAPPED, ConnectionFault
from lifecycle.engine.session.faults.trace import TRACE, Trace
from lifecycle.engine.session.runner import Ending, OwnTransport
from lifecycle.engine.session.session import Session
from lifecycle.engine.session.web.direct import Direct
from lifecycle.engine.session.web.plainly import HandOverError
from lifecycle.engine.session.web.streamable import StreamableTransport

CLIENT_INFO = mcp_types.Implementation(name="mcpstore-console", version="0.1.0")
NO_GREETING = 12.0


async def _ignore(_: object) -> None:
    """Log messages of a server are its own affair."""


class _Bare(NamedTuple):
    """A session without the rest of the SDK."""

    session: Session
    direct: Direct


class SdkSession:
    """At most one session at a time, all on the same connections.

    *keep* starts what goes on in the background.
    """

    __slots__ = ("_bare", "_client", "_keep", "_mode", "_on_message", "_transport", "_waking")

    def __init__(
        self,
        on_message: Callable[[object], Awaitable[None]],
        keep: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._on_message, self._keep, self._mode = on_message, keep, "auto"
        self._client: Client[OwnTransport] | None = None
        self._bare: _Bare | None = None
        self._transport: OwnTransport | None = None
        self._waking: asyncio.Task[None] | None = None

    async def greet(self, transport: OwnTransport, mode: str, limit: float) -> Session:
        """Greet the server; the session that came of it."""
        self._transport, self._mode = transport, mode
        undiscovered: ConnectionFault | None = None
        if isinstance(transport, StreamableTransport) and (bare := self._make_bare(transport)) is not None:
            self._bare = bare
            try:
                await _negotiate(bare.session, mode)
                await bare.direct.greeted()
                return bare.session
            except HandOverError:
                pass
            except ConnectionFault as exc:  # as FastMCP hands it on, so that its trace is looked at
                raise RuntimeError(WRAPPED) from exc
            self._bare, undiscovered = None, bare.session.undiscovered
            transport.retell(bare.direct.hand_over())
        # What was not answered in time is not asked again.
        self._client = self._new(transport, "legacy" if undiscovered else mode, limit)
        await self._client.__aenter__()  # type: ignore[no-untyped-call]
        self.current.undiscovered = self.current.undiscovered or undiscovered
        return self.current

    @property
    def current(self) -> Session:
        """It ends when somebody closes the connection, which whoever waits to ask may not know yet."""
        if self._bare is not None:
            return self._bare.session
        if self._client is not None:
            with contextlib.suppress(RuntimeError):  # what FastMCP says of a session that ended
                return cast(Session, self._client.session)
        ended = Fault(kind=Kind.CLOSED, message="not connected", lost=True, turned_away=True)
        raise ConnectionFault(ended)

    async def awake(self) -> Session:
        """The session, made anew where it rests."""
        return self.current if self._bare is not None else await self.whole()

    async def whole(self) -> Session:
        """The session with all of the SDK around it: what is given up is told to the server, too."""
        if self._client is None and isinstance(self._transport, StreamableTransport):
            if self._waking is None:
                context = contextvars.copy_context()
                context.run(TRACE.set, Trace())
                self._waking = asyncio.create_task(self._wake(self._transport), context=context)
            await asyncio.shield(self._waking)
        return self.current

    def rest(self) -> None:
        """End the session where nothing is heard by it alone: no stream of the server is open, or may be."""
        transport, client, bare = self._transport, self._client, self._bare
        if not isinstance(transport, StreamableTransport) or self._waking is not None:
            return
        if transport.guarded.streams is not False and transport.guarded.session_id:
            return
        if bare is not None:
            transport.keep(bare.session)
            self._end_bare()
        elif client is not None:
            transport.keep(self.current)
            self._client = None
            self._keep(_end(client, transport.detached()))

    async def close(self, version: str) -> None:
        """End it, and the server's session with it; never raises."""
        if self._waking is not None:
            await asyncio.wait({self._waking})
        self._end_bare()
        client, self._client = self._client, None
        if client is not None and self._transport is not None:
            await _end(client, self._transport)
        if isinstance(self._transport, StreamableTransport):
            with contextlib.suppress(Exception):  # a foreign boundary: whatever it raises, we are leaving
                await self._transport.farewell(version)
        self._transport = None

    def _end_bare(self) -> None:
        if self._bare is not None:
            self._bare.direct.end()
            self._bare = None

    async def _wake(self, transport: StreamableTransport) -> None:
        """With what was agreed; one that has not rested yet hears all that was heard without it."""
        bare = self._bare
        try:
            if bare is not None:
                transport.retell(bare.direct.hand_over())
            client = self._new(transport, self._mode if bare else "auto", NO_GREETING)
            await client.__aenter__()  # type: ignore[no-untyped-call]
            if bare is not None:
                cast(Session, client.session).go_on_from(bare.session, bare.direct.count)
            self._client, self._bare = client, None
        finally:
            self._waking = None

    def _make_bare(self, transport: StreamableTransport) -> _Bare | None:
        direct = transport.direct(self.whole)
        if direct is None:
            return None
        usual = {**_usual(), "message_handler": self._on_message}
        session = Session(dispatcher=cast(Any, direct), **usual)
        session.patience = transport.patience
        return _Bare(session, direct)

    def _new(self, transport: OwnTransport, mode: str, limit: float) -> Client[OwnTransport]:
        return _client(transport, mode, limit, self._on_message)


def _client(
    transport: Any, mode: str, limit: float, on_message: Callable[[object], Awaitable[None]]
) -> Client[OwnTransport]:
    return Client(
        transport,
        mode=mode,
        timeout=None,
        init_timeout=limit,
        client_info=CLIENT_INFO,
        log_handler=_ignore,
        message_handler=on_message,
    )


@cache
def _usual() -> dict[str, Any]:
    """What FastMCP makes each session with."""
    return dict(_client(StdioTransport("none", []), "auto", NO_GREETING, _ignore)._session_kwargs)


async def _negotiate(session: Session, mode: str) -> None:
    """As FastMCP does it."""
    if mode == "legacy":
        await session.initialize()
        return
    async with _conformant_discover_only(session):
        await negotiate_auto(session)


async def _end(client: Client[OwnTransport], transport: Ending) -> None:
    # The first close may re-raise the session's old error and skip the rest; the second then does it.
    for _ in range(2):
        with contextlib.suppress(Exception):  # a foreign boundary: whatever it raises, we are leaving
            await client.close()  # type: ignore[no-untyped-call]
    await transport.end()

"""The SSE transport of 2024-11-05 as a transport of FastMCP."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncIterator, Callable
from typing import Any, Unpack

import anyio
import httpx2
from fastmcp.client.transports.base import SessionKwargs, TransportOptions
from mcp import ClientSession
from mcp.client.sse import sse_client

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.timing.durations import span
from lifecycle.engine.bounded import late
from lifecycle.engine.session.faults.faults import ConnectionFault
from lifecycle.engine.session.faults.trace import (
    TRACE,
    Trace,
)
from lifecycle.engine.session.runner import OwnTransport
from lifecycle.engine.session.session import Patience, Session


class EventStreamTransport(OwnTransport):
    """The SSE transport of 2024-11-05, which knows no later protocol."""

    legacy_only = True

    def __init__(self, url: str, maker: Callable[[], httpx2.AsyncClient], patience: Patience) -> None:
        self._url, self._maker, self._patience = url, maker, patience

    @contextlib.asynccontextmanager
    async def connect_session(
        self, *, transport_options: TransportOptions | None = None, **session_kwargs: Unpack[SessionKwargs]
    ) -> AsyncIterator[ClientSession]:
        self._remember()

        def factory(*_: Any, **__: Any) -> httpx2.AsyncClient:
            return self._maker()

        try:
            with anyio.fail_after(self._patience.each) as opening:
                async with (
                    sse_client(self._url, httpx_client_factory=factory) as (read, write),
                    Session(read, write, **session_kwargs) as session,
                ):
                    opening.deadline = math.inf
                    session.patience = self._patience
                    yield session
        except TimeoutError:
            raise ConnectionFault(_never_opened(TRACE.get(), self._patience.each)) from None


def _never_opened(trace: Trace | None, limit: float) -> Fault:
    """Of an SSE session that the SDK waits for in vain: no stream came, or one that leads nowhere."""
    if trace is None or trace.status != 200:
        return late("the request for the event stream", limit)
    said = (
        f"the event stream opened, but named no address for messages of the same origin within {span(limit)}"
    )
    return Fault(kind=Kind.PROTOCOL, message=said, cause=Cause.NO_ENDPOINT, lost=True)

"""Streamable HTTP as a transport of FastMCP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Unpack

import httpx2
from fastmcp.client.transports.base import SessionKwargs, TransportOptions
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER

from lifecycle.engine.session.runner import OwnTransport
from lifecycle.engine.session.session import Patience, Session
from lifecycle.engine.session.web.agreed import Agreed
from lifecycle.engine.session.web.direct import KINDS, Direct
from lifecycle.engine.session.web.guarded import BODY_LIMIT, GuardedTransport
from lifecycle.engine.session.web.repeating import SESSION_ID, Base
from lifecycle.engine.session.web.retold import Heard, Retold

FAREWELL = 5.0


class StreamableTransport(OwnTransport):
    """Streamable HTTP; FastMCP's own leaves the event limit at 1 MiB and builds its client differently.

    The connections outlive the SDK's session, which can be ended and made anew on them: then it takes up what
    was agreed before, instead of greeting the server again.
    """

    def __init__(
        self,
        url: str,
        guarded: GuardedTransport,
        client: Callable[[httpx2.AsyncBaseTransport], httpx2.AsyncClient],
        first: Callable[[str, Mapping[str, str]], httpx2.Request],
        patience: Patience,
    ) -> None:
        self._first = first
        self._url, self.guarded, self._client, self.patience = url, guarded, client, patience
        self._agreed: Agreed | None = None
        self._heard: Sequence[Heard] = ()
        self._closed = False

    @contextlib.asynccontextmanager
    async def connect_session(
        self, *, transport_options: TransportOptions | None = None, **session_kwargs: Unpack[SessionKwargs]
    ) -> AsyncIterator[ClientSession]:
        self._remember()
        heard, self._heard = self._heard, ()
        http, agreed = self._client(Retold(self.guarded, heard) if heard else self.guarded), self._agreed
        if agreed is not None and self.guarded.session_id:
            http.headers[SESSION_ID] = self.guarded.session_id
        async with (
            streamable_http_client(
                self._url, http_client=http, terminate_on_close=False, max_sse_event_size=BODY_LIMIT
            ) as (read, write),
            Session(read, write, **session_kwargs) as session,
        ):
            session.patience = self.patience
            if agreed is not None:
                agreed.take_up(session)
            yield session

    def direct(self, sdk: Callable[[], Awaitable[Session]]) -> Direct | None:
        """What a session can do without the rest of the SDK; None where requests are put together anew."""
        first = self._first(self._url, KINDS)
        own = any(name.startswith("mcp-") for name in first.headers)
        if own or first.url.userinfo or not self.guarded.repeats(first.url):
            return None
        return Direct(self.guarded, Base(first), sdk)

    def retell(self, heard: Sequence[Heard]) -> None:
        """The next session of the SDK hears this first."""
        self._heard = heard

    def keep(self, session: Session) -> None:
        """What was agreed with the server, for the next session of the SDK."""
        self._agreed = Agreed(session)

    async def farewell(self, version: str) -> None:
        """End the server's session, where there is one, and the connections; within 5 s."""
        if self._closed:
            return
        self._closed = True
        http = self._client(self.guarded)
        try:
            if self.guarded.session_id:
                names = {SESSION_ID: self.guarded.session_id, MCP_PROTOCOL_VERSION_HEADER: version}
                async with asyncio.timeout(FAREWELL):
                    await http.delete(
                        self._url, headers={name: value for name, value in names.items() if value}
                    )
        finally:
            await http.aclose()

"""Servers that answer every request alike, and the reason that is given for it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from lifecycle.core.health.verdict import Fault
from lifecycle.engine.session.connection import ConnectionFault
from registry.core.entries.entry import ServiceConfig
from tests.support.holding import Holder

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A port at which *handler* has each connection."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await handler(reader, writer)
        tasks.discard(task)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.sleep(0)


def saying(status: str, body: str = "", kind: str = "text/plain", extra: str = "") -> Handler:
    """Answers whatever is asked with the same status and text."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)  # of TLS there is no end of a head to wait for
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body.encode())}\r\n"
            f"Connection: close\r\n{extra}\r\n{body}".encode()
        )
        await writer.drain()

    return handler


async def reason(holder: Holder, url: str, transport: str = "streamable-http", limit: float = 5) -> Fault:
    with pytest.raises(ConnectionFault) as caught:
        await holder.open(ServiceConfig(transport=transport, url=url), timeout=limit)
    return caught.value.fault

"""Server-sent events and bodies, read from an answer as they come."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import cast

import httpx2

BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
EVENT_LIMIT = 16 * 1024 * 1024
LINGER = 0.05


class EventTooLargeError(Exception):
    """An event went past the limit."""


async def body_of(response: httpx2.Response) -> bytes:
    """All of it; the transport sets the limit."""
    stream = cast(httpx2.AsyncByteStream, response.stream)
    return b"".join([chunk async for chunk in stream])


async def events_of(response: httpx2.Response) -> AsyncGenerator[bytes, None]:
    """The data of each message among server-sent events."""
    buffer = b""
    async for chunk in cast(httpx2.AsyncByteStream, response.stream):
        *whole, buffer = BLANK_LINE.split(buffer + chunk)
        if len(buffer) > EVENT_LIMIT:
            raise EventTooLargeError
        for event in whole:
            lines = [line.partition(b":") for line in event.splitlines()]
            if all(value.strip() == b"message" for name, _, value in lines if name == b"event"):
                yield b"\n".join(value.removeprefix(b" ") for name, _, value in lines if name == b"data")


async def let_end(events: AsyncIterator[bytes]) -> None:
    """What ends at once leaves a connection that can be used again."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            async for _ in events:
                pass

"""Bodies of answers: bounded, and of those that say failure the first words written down."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import httpx2

from lifecycle.engine.session.faults.trace import Trace

TEXT_LIMIT = 4096
TEXT_PATIENCE = 2.0


class BodyTooLargeError(httpx2.StreamError):
    """A body went past the limit; the SDK survives this kind of error with its session intact."""


class Body(httpx2.AsyncByteStream):
    """Passes a body on up to *limit*; calls *on_end* when nothing more will come."""

    def __init__(
        self, inner: httpx2.AsyncByteStream, trace: Trace, limit: int | None, on_end: Callable[[], None]
    ) -> None:
        self._inner, self._trace, self._limit, self._on_end = inner, trace, limit, on_end

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._inner:
            size += len(chunk)
            if self._limit is not None and size > self._limit:
                self._trace.oversize = True
                raise BodyTooLargeError("the body is too large")
            self._trace.size = size
            yield chunk
        self._on_end()

    async def aclose(self) -> None:
        await self._inner.aclose()
        self._on_end()


class Begun(httpx2.AsyncByteStream):
    """A body whose beginning was read already."""

    def __init__(self, inner: Body) -> None:
        self._inner, self._chunks = inner, aiter(inner)
        self._begun: list[bytes] = []

    async def begin(self) -> bytes:
        """The first few KiB, or what of it comes in good time."""
        size = 0
        with contextlib.suppress(TimeoutError, httpx2.HTTPError, httpx2.StreamError):
            async with asyncio.timeout(TEXT_PATIENCE):
                while size < TEXT_LIMIT and (chunk := await anext(self._chunks, b"")):
                    self._begun.append(chunk)
                    size += len(chunk)
        return b"".join(self._begun)[:TEXT_LIMIT]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._begun:
            yield chunk
        async for chunk in self._chunks:
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


async def begun(body: Body, trace: Trace) -> Begun:
    """The body of an answer that says failure, with its first words written down."""
    found = Begun(body)
    trace.text = (await found.begin()).decode("utf-8", "replace")
    return found

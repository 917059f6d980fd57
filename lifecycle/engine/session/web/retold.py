"""What was heard of a server without the SDK, told to the SDK as if it had asked itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import cast

import httpx2

from lifecycle.engine.session.web.guarded import Whole

Answer = Whole | httpx2.Response
STREAM = "GET"


@dataclass(eq=False)
class Heard:
    """What came of one request: `asked` is its method in MCP, or `STREAM` for the server's own stream."""

    asked: str
    answer: Answer | asyncio.Task[Answer]

    async def response(self) -> httpx2.Response:
        """As the SDK reads it."""
        answer = self.answer if not isinstance(self.answer, asyncio.Task) else await _of(self.answer)
        if isinstance(answer, Whole):
            return httpx2.Response(answer.status, headers=answer.headers, content=answer.body)
        return answer


async def _of(task: asyncio.Task[Answer]) -> Answer:
    """The end of what is under way; whoever asks may give up, and it goes on."""
    return await asyncio.shield(task)


class Retold(httpx2.AsyncBaseTransport):
    """Gives the answers that were heard, each once and to the request that it belongs to; then asks."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, heard: Sequence[Heard]) -> None:
        self._inner, self._heard = inner, list(heard)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self._heard:
            asked = _asked(request)
            for heard in self._heard:
                if heard.asked == asked:
                    self._heard.remove(heard)
                    return await heard.response()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _asked(request: httpx2.Request) -> str:
    return str(json.loads(request.content).get("method")) if request.method == "POST" else request.method


class Kept(httpx2.AsyncByteStream):
    """A body that can be read from its beginning once more: what the first reads of it is kept."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner, self._chunks = inner, aiter(inner)
        self._kept: list[bytes] | None = None
        self.size = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        before, self._kept = self._kept or [], [] if self._kept is None else None
        for chunk in before:
            yield chunk
        async for chunk in self._chunks:
            if self._kept is not None:
                self._kept.append(chunk)
                self.size += len(chunk)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def keep_body(response: httpx2.Response) -> Kept:
    """From now on the body of *response* can be read twice."""
    response.stream = kept = Kept(cast(httpx2.AsyncByteStream, response.stream))
    return kept

"""An HTTP server that answers as a provider of messages does: well, badly, too much or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REASONS = {
    200: "OK",
    202: "Accepted",
    204: "No Content",
    302: "Found",
    307: "Temporary Redirect",
    429: "Too Many Requests",
}


@dataclass(frozen=True)
class Reply:
    """What it answers: a status and a body, *cut* in its middle; *hang* and *endless* are what they say."""

    status: int = 200
    body: Any = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    cut: bool = False
    endless: bool = False

    @property
    def data(self) -> bytes:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        return text.encode()


@dataclass
class Taken:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found


class Provider:
    """Answers each request with the next of `replies`, the last one for ever."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [Reply()]
        self.requests: list[Taken] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while await self._one(reader, writer):
                pass

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append(Taken(path=head[0].split(" ")[1], headers=headers, body=body))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return await _answer(reply, writer)


async def _answer(reply: Reply, writer: asyncio.StreamWriter) -> bool:
    if reply.hang:
        await asyncio.Event().wait()
    length = len(reply.data) + (1000 if reply.cut else 0)
    lines = [f"HTTP/1.1 {reply.status} {REASONS.get(reply.status, 'Some Reason')}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items()]
    lines += [] if reply.endless else [f"Content-Length: {length}"]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + reply.data)
    await writer.drain()
    while reply.endless:
        writer.write(b" " * 65536)
        await writer.drain()
    return not reply.cut


@contextlib.asynccontextmanager
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    tasks: set[asyncio.Task[None]] = set()

    async def kept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await made.serve(reader, writer)
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(kept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)

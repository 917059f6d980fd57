"""HTTP/1.1 for httpx2 over connections of our own, at a tenth of the work of httpcore and h11."""

from __future__ import annotations

import asyncio
import contextvars
import re
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, cast

import httpx2

from lifecycle.engine.egress.addresses import Rule
from lifecycle.engine.host import file_limits
from lifecycle.engine.wire import dialling
from lifecycle.engine.wire.link import Link, Origin
from lifecycle.engine.wire.reading import FRAMING, Reading

PORTS = {"http": 80, "https": 443}
NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(rb"(?:[^\x00\s]+(?:[ \t]+[^\x00\s]+)*)?")
TARGET = re.compile(rb"[\x21-\x7e]+")
CONNECTIONS = 20
CONNECT_LIMIT = POOL_LIMIT = 15.0
Follow = Callable[[str, object], Awaitable[None]]


def origin_of(url: httpx2.URL) -> Origin:
    """Where a request goes: only there its connection may be used again."""
    if url.scheme not in PORTS:
        raise httpx2.UnsupportedProtocol(f"the protocol {url.scheme} is not spoken here")
    return url.scheme, url.host, url.port or PORTS[url.scheme]


def line_of(name: bytes, value: bytes) -> bytes:
    """One header; LocalProtocolError where it cannot be sent."""
    if not NAME.fullmatch(name):
        raise httpx2.LocalProtocolError(f"Illegal header name {name!r}")
    if not VALUE.fullmatch(value):
        raise httpx2.LocalProtocolError(f"Illegal header value {value!r}")
    return b"%s: %s" % (name, value)


def lines_of(request: httpx2.Request) -> list[bytes]:
    """The lines of its head, but for how long its body is."""
    target = request.url.raw_path
    if not TARGET.fullmatch(target):
        raise httpx2.LocalProtocolError(f"illegal target {target!r}")
    first = b"%s %s HTTP/1.1" % (request.method.encode("ascii"), target)
    headers = [line_of(name, value) for name, value in request.headers.raw if name.lower() not in FRAMING]
    return [first, *headers]


def head_of(request: httpx2.Request, length: int | None) -> bytes:
    """The request but for its body, which has so many bytes; LocalProtocolError where it cannot be sent."""
    lines = lines_of(request)
    if length or request.method in ("POST", "PUT", "PATCH"):
        lines.append(b"Content-Length: %d" % (length or 0))
    return b"\r\n".join([*lines, b"", b""])


class WireTransport(httpx2.AsyncBaseTransport):
    """The connections of one client, each kept for *keepalive* seconds when idle.

    Where this process has too many open for that, a new one is for one request alone: a session of MCP does
    not end with its connection.
    """

    def __init__(self, rule: Rule, *, ssl_context: ssl.SSLContext, keepalive: float) -> None:
        self._rule, self._context, self._keepalive = rule, ssl_context, keepalive
        self._idle: list[Link] = []
        self._busy: set[Link] = set()
        self._opening = 0
        self._closed = False
        self._queue: list[asyncio.Future[None]] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        stream = cast(httpx2.AsyncByteStream, request.stream)
        body = b"".join([chunk async for chunk in stream])
        whole, follow = head_of(request, len(body)) + body, request.extensions.get("trace")
        link, reading = await self.exchange(origin_of(request.url), whole, follow)
        return self.response(link, reading, follow)

    async def exchange(self, origin: Origin, whole: bytes, follow: Follow | None) -> tuple[Link, Reading]:
        """Send a request; the connection, which is to be given back by `done`, and the head of the answer."""
        link = await self._take(origin, follow)
        try:
            if follow is not None:
                await follow("http11.send_request_headers.started", None)
            return link, await link.ask(whole)
        except BaseException:
            self._leave(link)
            raise

    async def whole(self, link: Link, reading: Reading, limit: int) -> bytes | None:
        """The body; None as soon as it is larger than *limit*."""
        parts = []
        while data := await link.more(reading):
            if reading.size > limit:
                return None
            parts.append(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def response(self, link: Link, reading: Reading, follow: Follow | None) -> httpx2.Response:
        """The answer, for whoever reads it by httpx2."""
        return httpx2.Response(
            reading.status,
            headers=reading.headers,
            stream=_Body(self, link, reading, follow),
            extensions={"network_stream": Beneath(link)},
        )

    def done(self, link: Link) -> None:
        """Nothing more is read of the answer: the connection is kept if it was read to its end."""
        if link in self._busy and link.rest(self._keepalive):
            if link.kept:
                self._idle.append(link)
            else:
                link.close()
        self._leave(link)

    async def aclose(self) -> None:
        """Close all; whoever still reads an answer hears so."""
        self._closed = True
        for link in self._idle:
            link.close()
        for link in list(self._busy):
            link.abort()
        self._idle.clear()
        self._busy.clear()

    # -- connections ------------------------------------------------------------------------------------

    async def _take(self, origin: Origin, follow: Follow | None) -> Link:
        """An idle connection that can be used, or a new one."""
        while len(self._busy) + self._opening >= CONNECTIONS:
            await self._turn()
        if (link := self._rested(origin)) is None:
            self._opening += 1
            try:
                link = await self._open(origin, follow)
            finally:
                self._opening -= 1
                self._call_next()
        if self._closed:
            link.abort()
            raise httpx2.ReadError("the client was closed")
        self._busy.add(link)
        return link

    def _rested(self, origin: Origin) -> Link | None:
        """The one used last; those that cannot be used any more are closed."""
        now, found = time.monotonic(), None
        for link in reversed(self._idle[:]):
            if not link.usable(now):
                self._idle.remove(link)
                link.close()
            elif found is None and link.origin == origin:
                self._idle.remove(link)
                found = link
        return found

    async def _open(self, origin: Origin, follow: Follow | None) -> Link:
        scheme, host, port = origin
        if follow is not None:
            await follow("connection.connect_tcp.started", None)
        link = await self._apart(dialling.dial(host, port, self._rule, CONNECT_LIMIT))
        if scheme == "https":
            if follow is not None:
                await follow("connection.start_tls.started", None)
            await dialling.secure(link, self._context, host, CONNECT_LIMIT)
        link.origin, link.kept = origin, not file_limits.scarce(link.number)
        return link

    async def _apart(self, opening: Coroutine[Any, Any, Link]) -> Link:
        """In a context of its own: that of the request would live as long as the connection."""
        task = asyncio.get_running_loop().create_task(opening, context=contextvars.Context())
        try:
            return await task
        except asyncio.CancelledError:
            if task.done() and not task.cancelled() and task.exception() is None:
                task.result().abort()
            raise

    def _leave(self, link: Link) -> None:
        self._busy.discard(link)
        self._call_next()

    async def _turn(self) -> None:
        """Wait until another request is through."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout(POOL_LIMIT):
                await turn
        except TimeoutError as exc:
            raise httpx2.PoolTimeout("too many requests at once") from exc
        finally:
            if turn in self._queue:
                self._queue.remove(turn)

    def _call_next(self) -> None:
        while self._queue:
            turn = self._queue.pop(0)
            if not turn.done():
                turn.set_result(None)
                return


class _Body(httpx2.AsyncByteStream):
    """The body of one answer."""

    def __init__(self, transport: WireTransport, link: Link, reading: Reading, follow: Follow | None) -> None:
        self._transport, self._link, self._reading, self._follow = transport, link, reading, follow
        self._open = True

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while data := await self._link.more(self._reading):
                yield data
        except BaseException:
            await self.aclose()
            raise
        if self._follow is not None:
            await self._follow("http11.receive_response_body.complete", None)

    async def aclose(self) -> None:
        if self._open:
            self._open = False
            self._transport.done(self._link)


class Beneath:
    """What `response.extensions["network_stream"]` tells of the connection."""

    __slots__ = ("_link",)

    def __init__(self, link: Link) -> None:
        self._link = link

    def get_extra_info(self, info: str) -> Any:
        """Only TLS is asked for here."""
        return self._link.tls if info == "ssl_object" else None

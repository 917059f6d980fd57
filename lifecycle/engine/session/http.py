"""HTTP as this worker speaks it: one SSLContext, checked addresses, bounded bodies, and nothing forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NoReturn, Unpack

import anyio
import httpcore2
import httpx2
from fastmcp.client.transports.base import SessionKwargs, TransportOptions
from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from lifecycle.core.answers.causes import Cause
from lifecycle.core.answers.proof import Phase
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.timing.durations import span
from lifecycle.engine.bounded import late
from lifecycle.engine.egress import outward
from lifecycle.engine.egress.addresses import Rule
from lifecycle.engine.egress.pinned import PinnedBackend
from lifecycle.engine.session.faults.breaks import CONNECT_LIMIT, UNASKED
from lifecycle.engine.session.faults.faults import ConnectionFault, classify
from lifecycle.engine.session.faults.trace import TRACE, TooManyHeadersError, Trace, read_retry_after
from lifecycle.engine.session.moved import Moves
from lifecycle.engine.session.runner import OwnTransport
from lifecycle.engine.session.session import Patience, Session
from lifecycle.engine.session.stream_pace import Pace

BODY_LIMIT = 16 * 1024 * 1024
EVENT_LIMIT = 1024 * 1024  # what the SDK reads of one event over SSE, and cannot be told otherwise
HEADERS_LIMIT = 1000
KEEPALIVE = 90.0
LONGEST_KEEPALIVE = 900.0
TEXT_LIMIT = 4096
TEXT_PATIENCE = 2.0
TIMEOUT = httpx2.Timeout(connect=CONNECT_LIMIT, write=30.0, pool=15.0, read=None)


@dataclass(frozen=True, kw_only=True)
class SseWatch:
    """Whom an SSE session tells: of a message refused, an event too large, the end of the stream."""

    on_refused: Callable[[Fault, Trace], None]
    on_oversize: Callable[[], None]
    on_end: Callable[[], None]


def _nothing() -> None:
    """Other streams may end as they like."""


async def _begun(body: _Body, trace: Trace) -> _Begun:
    """The body of an answer that says failure, with its first words written down."""
    begun = _Begun(body)
    trace.text = (await begun.begin()).decode("utf-8", "replace")
    return begun


def _resumes(request: httpx2.Request) -> bool:
    """Whether this GET goes on with the answer to one request, which waits for it.

    The server's own stream, which may be resumed as well, belongs to what connected.
    """
    current = TRACE.get()
    return "last-event-id" in request.headers and current is not None and current.phase is not Phase.CONNECT


class BodyTooLargeError(httpx2.StreamError):
    """A body went past the limit; the SDK survives this kind of error with its session intact."""


class _Body(httpx2.AsyncByteStream):
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


class _Begun(httpx2.AsyncByteStream):
    """A body whose beginning was read already."""

    def __init__(self, inner: _Body) -> None:
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


class _Stream(_Body):
    """The event stream of an SSE session; tells of an event that is larger than the SDK reads."""

    def __init__(self, inner: httpx2.AsyncByteStream, trace: Trace, sse: SseWatch) -> None:
        super().__init__(inner, trace, None, sse.on_end)
        self._sse = sse

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in super().__aiter__():
            end = max(chunk.rfind(b"\n\n"), chunk.rfind(b"\n\r\n"))
            size = size + len(chunk) if end < 0 else len(chunk) - end
            if size > EVENT_LIMIT:
                self._sse.on_oversize()
            yield chunk


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Writes down what the SDK will forget, and cuts bodies off at the limit.

    Of an SSE session a message that could not be sent and the end of the event stream are reported, since the
    SDK would let every later request wait in vain. A message that was refused fails alone: the SDK, which
    would end its writer over it, is told that it was taken.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport, sse: SseWatch | None, moves: Moves) -> None:
        self._inner, self._sse, self._moves = inner, sse, moves
        self._pace = Pace()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        trace = self._trace(request)
        if self._sse is None and request.method == "GET" and not _resumes(request):
            await asyncio.sleep(self._pace.wait())
        trace.verb = request.method
        request.extensions = {**request.extensions, "trace": trace.follow}
        try:
            request, response = await self._moves.send(self._inner, request)
        except Exception as exc:  # a foreign boundary: whatever it is, the SDK hides it
            trace.note_break(exc)
            self._lose(request, trace, exc)
            raise
        if self._sse is None and request.method == "POST":
            trace.sent = (self, request)
        self._note(request, response, trace)
        events = response.headers.get("content-type", "").startswith("text/event-stream")
        stream = response.stream
        if isinstance(stream, httpx2.AsyncByteStream):
            body = self._bounded(request, stream, trace, events)
            response.stream = body if response.status_code < 400 else await _begun(body, trace)
        return await self._taken(request, response, trace)

    def _bounded(
        self, request: httpx2.Request, stream: httpx2.AsyncByteStream, trace: Trace, events: bool
    ) -> _Body:
        """The body with its limit; of an event stream the end, or an event too large, is noticed."""
        if request.method != "GET" or not events:
            return _Body(stream, trace, None if events else BODY_LIMIT, _nothing)
        if self._sse is not None:
            return _Stream(stream, trace, self._sse)
        if _resumes(request):
            return _Body(stream, trace, None, _nothing)
        self._pace.opened()
        return _Body(stream, trace, None, self._pace.ended)

    def _trace(self, request: httpx2.Request) -> Trace:
        """The trace of the request that this one serves; side traffic gets one that nobody reads."""
        current = TRACE.get()
        relevant = request.method == "POST" or self._sse is not None
        return current if current is not None and relevant else Trace()

    def _note(self, request: httpx2.Request, response: httpx2.Response, trace: Trace) -> None:
        headers = response.headers
        if len(headers.raw) > HEADERS_LIMIT:
            self._refuse(request, trace, TooManyHeadersError(f"sent {len(headers.raw)} headers"))
        trace.transport = "streamable-http" if self._sse is None else "sse"
        trace.status = response.status_code
        trace.content_type = headers.get("content-type", "").lower()
        trace.challenge = headers.get("www-authenticate", "")
        if location := headers.get("location", ""):
            trace.location, trace.url = location, str(request.url)
        trace.retry_after = read_retry_after(headers.get("retry-after", ""), datetime.now(UTC))
        if "set-cookie" in headers:
            trace.sent = None  # the next request of this kind has other cookies
        message = self._sse is not None and request.method == "POST"
        trace.had_session = message or "mcp-session-id" in request.headers
        if headers.get("content-encoding", "identity") != "identity":
            # The limit counts bytes as they travel; unpacked they could be a thousand times as many.
            unasked = httpx2.RemoteProtocolError(UNASKED)
            self._refuse(request, trace, unasked)
        # What was not followed here is followed by nobody else.
        headers.pop("location", None)
        if 300 <= response.status_code < 400:
            self._lose(request, trace, httpx2.HTTPError("redirected"))

    async def _taken(
        self, request: httpx2.Request, response: httpx2.Response, trace: Trace
    ) -> httpx2.Response:
        """*response*, or over SSE what keeps the SDK's writer alive after a message that was refused."""
        if self._sse is None or request.method != "POST" or response.status_code < 400:
            return response
        await response.aclose()
        self._sse.on_refused(classify(httpx2.HTTPError("refused"), trace), trace)
        return httpx2.Response(202, request=request)

    def _refuse(self, request: httpx2.Request, trace: Trace, exc: httpx2.RemoteProtocolError) -> NoReturn:
        trace.note_break(exc)
        self._lose(request, trace, exc)
        raise exc

    def _lose(self, request: httpx2.Request, trace: Trace, exc: Exception) -> None:
        if self._sse is not None and request.method == "POST":
            self._sse.on_refused(replace(classify(exc, trace), lost=True), trace)

    async def aclose(self) -> None:
        await self._inner.aclose()


def keepalive(interval: float) -> float:
    """How long an idle connection is kept: over the next check, so that it is not made anew for each.

    Not for ever: what lies between may forget a connection that says nothing for a quarter of an hour.
    """
    return min(max(KEEPALIVE, interval * 1.2 + 30), LONGEST_KEEPALIVE)


class HttpMaker:
    """Makes the HTTP clients of one worker."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._context = outward.make_ssl_context()

    async def dial(self, host: str, port: int) -> httpcore2.AsyncNetworkStream:
        """A bare connection, to an address that may be reached."""
        return await PinnedBackend(self._rule).connect_tcp(host, port, TIMEOUT.connect)

    def client(
        self,
        headers: Mapping[str, str],
        sse: SseWatch | None = None,
        *,
        interval: float = 30.0,
        on_moved: Callable[[str], None] = lambda path: None,
    ) -> httpx2.AsyncClient:
        """A client of a service that is checked every *interval* seconds."""
        inner = outward.transport(
            self._rule, ssl_context=self._context, keepalive_expiry=keepalive(interval), max_connections=20
        )
        return httpx2.AsyncClient(
            transport=GuardedTransport(inner, sse, Moves(on_moved)),
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )


class StreamableTransport(OwnTransport):
    """Streamable HTTP; FastMCP's own leaves the event limit at 1 MiB and builds its client differently."""

    def __init__(self, url: str, maker: Callable[[], httpx2.AsyncClient], patience: Patience) -> None:
        self._url, self._maker, self._patience = url, maker, patience

    @contextlib.asynccontextmanager
    async def connect_session(
        self, *, transport_options: TransportOptions | None = None, **session_kwargs: Unpack[SessionKwargs]
    ) -> AsyncIterator[ClientSession]:
        self._remember()
        async with (
            self._maker() as http,
            streamable_http_client(self._url, http_client=http, max_sse_event_size=BODY_LIMIT) as (
                read,
                write,
            ),
            Session(read, write, **session_kwargs) as session,
        ):
            session.patience = self._patience
            yield session


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

"""HTTP as this worker speaks it: one SSLContext, checked addresses, bounded bodies, and nothing forgotten."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, NoReturn, Unpack

import certifi
import httpx2
from fastmcp.client.transports.base import SessionKwargs, TransportOptions
from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client

from lifecycle.core.health import Fault
from lifecycle.egress import Rule
from lifecycle.engine.faults import classify
from lifecycle.engine.runner import OwnTransport
from lifecycle.engine.session import Session
from lifecycle.engine.trace import TRACE, TooManyHeadersError, Trace, read_retry_after
from lifecycle.pinning import PinnedTransport

BODY_LIMIT = 16 * 1024 * 1024
HEADERS_LIMIT = 1000
KEEPALIVE = 90.0
LONGEST_KEEPALIVE = 900.0
TIMEOUT = httpx2.Timeout(connect=15.0, write=30.0, pool=15.0, read=None)


@dataclass(frozen=True, kw_only=True)
class SseWatch:
    """Whom an SSE session tells of its end: a message that was refused, and the stream that ended."""

    on_refused: Callable[[Fault], None]
    on_end: Callable[[], None]


def _nothing() -> None:
    """Other streams may end as they like."""


def make_ssl_context() -> ssl.SSLContext:
    """The system's authorities and certifi's; making one takes 18 ms and 0.8 MiB, so a worker makes one."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


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
            yield chunk
        self._on_end()

    async def aclose(self) -> None:
        await self._inner.aclose()
        self._on_end()


class GuardedTransport(httpx2.AsyncBaseTransport):
    """Writes down what the SDK will forget, and cuts bodies off at the limit.

    Of an SSE session a refused message and the end of the event stream are reported, since the SDK would let
    every later request wait in vain.
    """

    def __init__(self, inner: PinnedTransport, sse: SseWatch | None) -> None:
        self._inner = inner
        self._sse = sse

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        trace = self._trace(request)
        if self._sse is None and request.method == "POST":
            trace.sent = (self, request)
        try:
            response = await self._inner.handle_async_request(request)
        except Exception as exc:  # a foreign boundary: whatever it is, the SDK hides it
            trace.note_break(exc)
            self._lose(request, trace, exc)
            raise
        self._note(request, response, trace)
        events = response.headers.get("content-type", "").startswith("text/event-stream")
        stream = response.stream
        if isinstance(stream, httpx2.AsyncByteStream):
            on_end = self._sse.on_end if self._sse is not None and request.method == "GET" else _nothing
            response.stream = _Body(stream, trace, None if events else BODY_LIMIT, on_end)
        return response

    def _trace(self, request: httpx2.Request) -> Trace:
        """The trace of the request that this one serves; side traffic gets one that nobody reads."""
        current = TRACE.get()
        relevant = request.method == "POST" or self._sse is not None
        return current if current is not None and relevant else Trace()

    def _note(self, request: httpx2.Request, response: httpx2.Response, trace: Trace) -> None:
        headers = response.headers
        if len(headers.raw) > HEADERS_LIMIT:
            self._refuse(request, trace, TooManyHeadersError(f"sent {len(headers.raw)} headers"))
        trace.status = response.status_code
        trace.content_type = headers.get("content-type", "").lower()
        trace.challenge = headers.get("www-authenticate", "")
        trace.location = headers.get("location", "").partition("?")[0]
        trace.retry_after = read_retry_after(headers.get("retry-after", ""), datetime.now(UTC))
        if "set-cookie" in headers:
            trace.sent = None  # the next request of this kind has other cookies
        trace.had_session = "mcp-session-id" in request.headers
        if headers.get("content-encoding", "identity") != "identity":
            # The limit counts bytes as they travel; unpacked they could be a thousand times as many.
            unasked = httpx2.RemoteProtocolError("compressed its answer although asked not to")
            self._refuse(request, trace, unasked)
        if response.status_code >= 300:
            self._lose(request, trace, httpx2.HTTPError("refused"))

    def _refuse(self, request: httpx2.Request, trace: Trace, exc: httpx2.RemoteProtocolError) -> NoReturn:
        trace.note_break(exc)
        self._lose(request, trace, exc)
        raise exc

    def _lose(self, request: httpx2.Request, trace: Trace, exc: Exception) -> None:
        if self._sse is not None and request.method == "POST":
            self._sse.on_refused(replace(classify(exc, trace), lost=True))

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
        self._context = make_ssl_context()

    def client(
        self, headers: Mapping[str, str], sse: SseWatch | None = None, *, interval: float = 30.0
    ) -> httpx2.AsyncClient:
        """A client of a service that is checked every *interval* seconds."""
        pinned = PinnedTransport(
            self._rule, ssl_context=self._context, keepalive_expiry=keepalive(interval), max_connections=20
        )
        return httpx2.AsyncClient(
            transport=GuardedTransport(pinned, sse),
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )


class StreamableTransport(OwnTransport):
    """Streamable HTTP; FastMCP's own leaves the event limit at 1 MiB and builds its client differently."""

    def __init__(self, url: str, maker: Callable[[], httpx2.AsyncClient], discover_limit: float) -> None:
        self._url, self._maker, self._discover_limit = url, maker, discover_limit

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
            session.discover_limit = self._discover_limit
            yield session


class EventStreamTransport(OwnTransport):
    """The SSE transport of 2024-11-05, which knows no later protocol."""

    legacy_only = True

    def __init__(self, url: str, maker: Callable[[], httpx2.AsyncClient]) -> None:
        self._url, self._maker = url, maker

    @contextlib.asynccontextmanager
    async def connect_session(
        self, *, transport_options: TransportOptions | None = None, **session_kwargs: Unpack[SessionKwargs]
    ) -> AsyncIterator[ClientSession]:
        self._remember()

        def factory(*_: Any, **__: Any) -> httpx2.AsyncClient:
            return self._maker()

        async with (
            sse_client(self._url, httpx_client_factory=factory) as (read, write),
            Session(read, write, **session_kwargs) as session,
        ):
            yield session

"""HTTP to one service: nothing of it forgotten, its bodies bounded, its redirects judged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple, NoReturn

import httpx2

from lifecycle.core.answers.proof import Phase
from lifecycle.core.health.verdict import Fault
from lifecycle.engine.egress import outward
from lifecycle.engine.egress.certificates import Certificates
from lifecycle.engine.session.faults.bodies import Body, BodyTooLargeError, begun
from lifecycle.engine.session.faults.breaks import UNASKED
from lifecycle.engine.session.faults.faults import classify
from lifecycle.engine.session.faults.trace import (
    TRACE,
    Stage,
    TooManyHeadersError,
    Trace,
    read_retry_after,
)
from lifecycle.engine.session.web.moved import Moves
from lifecycle.engine.session.web.repeating import JSON, SESSION_ID, Repeatable, bare, plain
from lifecycle.engine.session.web.stream_pace import Pace
from lifecycle.engine.wire.link import Link
from lifecycle.engine.wire.reading import Reading
from lifecycle.engine.wire.transport import WireTransport

BODY_LIMIT = 16 * 1024 * 1024
EVENT_LIMIT = 1024 * 1024  # what the SDK reads of one event over SSE, and cannot be told otherwise
HEADERS_LIMIT = 1000
NO_STREAM = frozenset({400, 404, 405, 406, 501})


class Whole(NamedTuple):
    """A plain answer, read to its end."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str:
        """Empty where it is missing."""
        wanted = name.encode()
        found = (value.decode("latin-1") for key, value in self.headers if key.lower() == wanted)
        return next(found, "")


@dataclass(frozen=True, kw_only=True)
class SseWatch:
    """Whom an SSE session tells: of a message refused, an event too large, the end of the stream."""

    on_refused: Callable[[Fault, Trace], None]
    on_oversize: Callable[[], None]
    on_end: Callable[[], None]


def _nothing() -> None:
    """Other streams may end as they like."""


def _resumes(request: httpx2.Request) -> bool:
    """Whether this GET goes on with the answer to one request, which waits for it.

    The server's own stream, which may be resumed as well, belongs to what connected.
    """
    current = TRACE.get()
    return "last-event-id" in request.headers and current is not None and current.phase is not Phase.CONNECT


class _Stream(Body):
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

    `session_id` is the one that requests name; `streams` whether the server has a stream of its own messages,
    None while that is not known.
    """

    def __init__(
        self,
        inner: httpx2.AsyncBaseTransport,
        sse: SseWatch | None,
        moves: Moves,
        certificates: Certificates,
        wire: WireTransport | None = None,
    ) -> None:
        self._inner, self._sse, self._moves, self._certificates = inner, sse, moves, certificates
        self._pace, self._wire = Pace(), wire
        self.session_id = ""
        self.streams: bool | None = None

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
        return await self._judged(request, response, trace)

    def repeats(self, url: httpx2.URL) -> bool:
        """Whether requests to *url* can be sent as they are: none is led elsewhere, or goes by a proxy."""
        alone = self._wire is None or self._sse is not None or self._moves.any
        return not alone and not outward.by_proxy(url)

    def repeatable(self, request: httpx2.Request) -> Repeatable | None:
        """What `repeat` sends; None where each request may be put together anew."""
        return Repeatable.of(request) if self.repeats(request.url) else None

    async def repeat(self, one: Repeatable, body: bytes) -> bytes | httpx2.Response:
        """Send it with *body*: the body of a plain answer, or the answer as any other request has it."""
        trace = TRACE.get() or Trace()
        link, reading = await self._sent(one, body, trace)
        if plain(reading):
            return await self._whole(one, link, reading, trace)
        return await self._judged(one.request(body), self._response(link, reading, trace), trace)

    async def exchange(self, one: Repeatable, body: bytes) -> Whole | httpx2.Response:
        """As `repeat`, for a request of any kind: redirects are followed, and the headers told."""
        post = one.verb == "POST"
        trace = (TRACE.get() if post else None) or Trace()
        link, reading = await self._sent(one, body, trace)
        if post and (plain(reading) or (reading.status == 202 and bare(reading))):
            trace.text, trace.challenge, trace.retry_after, trace.sign_in = "", "", None, None
            whole = await self._whole(one, link, reading, trace)
            return Whole(reading.status, reading.headers, whole)
        if not post and reading.status in NO_STREAM and bare(reading):
            self.streams = False
            return Whole(reading.status, reading.headers, await self._whole(one, link, reading, trace))
        request, response = one.request(body), self._response(link, reading, trace)
        try:
            request, response = await self._moves.follow(self._inner, request, response)
        except Exception as exc:  # a foreign boundary, as above
            trace.note_break(exc)
            raise
        return await self._judged(request, response, trace)

    async def _sent(self, one: Repeatable, body: bytes, trace: Trace) -> tuple[Link, Reading]:
        assert self._wire is not None
        trace.verb = one.verb
        try:
            return await self._wire.exchange(one.origin, one.head + body, trace.follow)
        except Exception as exc:  # a foreign boundary: whatever it is, it is noted as for the SDK
            trace.note_break(exc)
            raise

    def _response(self, link: Link, reading: Reading, trace: Trace) -> httpx2.Response:
        assert self._wire is not None
        return self._wire.response(link, reading, trace.follow)

    async def _whole(self, one: Repeatable, link: Link, reading: Reading, trace: Trace) -> bytes:
        """The body of a plain answer, within the limit."""
        assert self._wire is not None
        self._certificates.look_at(link.tls)
        trace.transport, trace.status, trace.had_session = "streamable-http", reading.status, one.in_session
        trace.content_type = JSON if reading.status == 200 else ""
        try:
            whole = await self._wire.whole(link, reading, BODY_LIMIT)
        except Exception as exc:  # a foreign boundary, as above
            trace.note_break(exc)
            raise
        finally:
            self._wire.done(link)
        if whole is None:
            trace.oversize = True
            raise BodyTooLargeError("the body is too large")
        trace.size, trace.stage = len(whole), Stage.ANSWERED
        return whole

    async def _judged(
        self, request: httpx2.Request, response: httpx2.Response, trace: Trace
    ) -> httpx2.Response:
        """What came, written down and bounded."""
        self._certificates.look(response)
        if self._sse is None and request.method == "POST":
            trace.sent = (self, request)
        self._note(request, response, trace)
        events = response.headers.get("content-type", "").startswith("text/event-stream")
        stream = response.stream
        if isinstance(stream, httpx2.AsyncByteStream):
            body = self._bounded(request, stream, trace, events)
            response.stream = body if response.status_code < 400 else await begun(body, trace)
        return await self._taken(request, response, trace)

    def _bounded(
        self, request: httpx2.Request, stream: httpx2.AsyncByteStream, trace: Trace, events: bool
    ) -> Body:
        """The body with its limit; of an event stream the end, or an event too large, is noticed."""
        if request.method != "GET" or not events:
            return Body(stream, trace, None if events else BODY_LIMIT, _nothing)
        if self._sse is not None:
            return _Stream(stream, trace, self._sse)
        if _resumes(request):
            return Body(stream, trace, None, _nothing)
        self._pace.opened()
        return Body(stream, trace, None, self._pace.ended)

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
        trace.sign_in = response.extensions.get("sign_in")
        if location := headers.get("location", ""):
            trace.location, trace.url = location, str(request.url)
        trace.retry_after = read_retry_after(headers.get("retry-after", ""), datetime.now(UTC))
        if "set-cookie" in headers:
            trace.sent = None  # the next request of this kind has other cookies
        message = self._sse is not None and request.method == "POST"
        self.session_id = request.headers.get(SESSION_ID, "")
        trace.had_session = message or bool(self.session_id)
        answers = response.status_code in (200, *NO_STREAM)
        if request.method == "GET" and answers and not _resumes(request):
            self.streams = response.status_code == 200
        if headers.get("content-encoding", "identity") != "identity":
            # The limit counts bytes as they travel; unpacked they could be a thousand times as many.
            self._refuse(request, trace, httpx2.RemoteProtocolError(UNASKED))
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

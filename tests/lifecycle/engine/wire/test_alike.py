"""Every answer is the same over our own connections and over httpcore with h11, or else the same fault."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from lifecycle.core.answers.causes import Cause
from lifecycle.engine.egress.addresses import Rule
from lifecycle.engine.egress.certificates import Certificates
from lifecycle.engine.egress.pinned import PinnedTransport
from lifecycle.engine.session.faults.faults import classify
from lifecycle.engine.session.faults.trace import TRACE, Trace
from lifecycle.engine.session.web.guarded import GuardedTransport
from lifecycle.engine.session.web.moved import Moves
from lifecycle.engine.wire.transport import WireTransport

OK = b"HTTP/1.1 200 OK\r\n"
JSON = b"Content-Type: application/json\r\n"
CHUNKED = OK + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
SAID = b'{"jsonrpc":"2.0"}'
WHOLE = OK + JSON + b"Content-Length: %d\r\n\r\n" % len(SAID) + SAID
ANSWERS = {
    "plain": WHOLE,
    "chunked": CHUNKED + b"3\r\n{} \r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked with an extension and a trailer": CHUNKED + b"2;a=b\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n",
    "until the connection ends": OK + JSON + b"\r\n" + SAID,
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 12\r\n\r\n",
    "accepted": b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n",
    "without a reason": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "version 1.0": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "after an informational answer": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + WHOLE,
    "after a permission to go on": b"HTTP/1.1 100 Continue\r\n\r\n" + WHOLE,
    "lines that end in a line feed alone": WHOLE.replace(b"\r\n", b"\n"),
    "a header of several lines": OK + b"X-Long: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "a header without a value": OK + b"X-None:\r\nContent-Length: 2\r\n\r\n{}",
    "a header twice": OK + b"X-Two: a\r\nX-Two: b\r\nContent-Length: 2\r\n\r\n{}",
    "401": b'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm="x"\r\nContent-Length: 2\r\n\r\nno',
    "404 in a session": b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nNot Found",
    "429": b"HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
    "503": b"HTTP/1.1 503 Ill\r\nRetry-After: 30\r\nContent-Length: 3\r\n\r\nill",
    "to another origin": b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.2:9/x\r\nContent-Length: 0\r\n\r\n",
    "nothing": b"",
    "half a head": OK + b"Content-Le",
    "half a body": OK + JSON + b"Content-Length: 99\r\n\r\n{",
    "half a chunk": CHUNKED + b"9\r\n{}",
    "a chunk that is none": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no HTTP, a page": b"<html>hello</html>\r\n\r\n",
    "a header without a colon": OK + b"nonsense\r\n\r\n",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a length that is none": OK + b"Content-Length: two\r\n\r\n{}",
    "a head without end": OK + b"X-Huge: " + b"x" * 300_000,
    "a head of 300 KB": OK + b"X-Huge: " + b"x" * 300_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "1,200 headers": OK + b"".join(b"X%d: 1\r\n" % n for n in range(1200)) + b"Content-Length: 0\r\n\r\n",
    "packed": OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b",
    "a body of 17 MiB": OK + b"Content-Length: %d\r\n\r\n" % (17 << 20) + b" " * (17 << 20),
}
WORDS_OF_H11 = re.compile(r"(?<=broke off: )[^;]*| \(.*")
"""What is wrong with its framing is told by whoever reads it."""


@asynccontextmanager
async def saying(answer: bytes) -> AsyncIterator[str]:
    """A server that gives this answer and ends the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(2)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"


def guarded(inner: httpx2.AsyncBaseTransport) -> httpx2.AsyncClient:
    transport = GuardedTransport(inner, None, Moves(lambda path: None), Certificates(lambda ends: None))
    return httpx2.AsyncClient(transport=transport, trust_env=False, timeout=5)


async def outcome(inner: httpx2.AsyncBaseTransport, answer: bytes) -> object:
    """What whoever asks learns of it."""
    trace = Trace()
    TRACE.set(trace)
    async with saying(answer) as url, guarded(inner) as client:
        try:
            response = await client.post(url, content=b"{}", headers={"Mcp-Session-Id": "s"})
        except Exception as exc:
            fault = classify(exc, trace)
            return fault.kind, fault.cause, fault.lost, WORDS_OF_H11.sub("", fault.message)
        headers = [(name.lower(), value) for name, value in response.headers.raw]
        seen = trace.status, trace.content_type, trace.challenge, trace.retry_after, trace.text, trace.size
        return response.status_code, headers, response.content, seen, trace.stage


@pytest.mark.parametrize("name", ANSWERS)
async def test_an_answer_is_read_alike(name: str) -> None:
    context = ssl.create_default_context()
    rule = Rule(private=True)
    ours = await outcome(WireTransport(rule, ssl_context=context, keepalive=9), ANSWERS[name])
    theirs = await outcome(PinnedTransport(rule, ssl_context=context), ANSWERS[name])
    assert ours == theirs


async def test_what_greets_by_itself_is_not_http_and_need_not_end_for_that() -> None:
    transport = WireTransport(Rule(private=True), ssl_context=ssl.create_default_context(), keepalive=9)
    told = await outcome(transport, b"SSH-2.0-OpenSSH_9.2\r\n")
    assert isinstance(told, tuple)
    assert told[1] is Cause.NOT_HTTP
